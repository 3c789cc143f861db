"""The commands and their options. Light on purpose: a command's own module is imported when the command runs."""

from pathlib import Path
from typing import Annotated, Final

import typer

from pipeline.domain.names import Platform, Tier
from pipeline.enrich.memory import tune_memory

__all__ = ["app", "main"]

app = typer.Typer(
    name="anime-enrich",
    help="Enriches an anime catalogue from six platforms and loads it, searchable, into Qdrant.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
practice_app = typer.Typer(no_args_is_help=True, help="Practice platforms: six servers in miniature on this machine.")
catalogue_app = typer.Typer(no_args_is_help=True, help="The anime-offline-database file.")
anidb_app = typer.Typer(no_args_is_help=True, help="AniDB, which is asked for about 200 answers a day.")
jikan_app = typer.Typer(no_args_is_help=True, help="MyAnimeList, which can be asked for its whole list.")
animeschedule_app = typer.Typer(no_args_is_help=True, help="AnimeSchedule, which can be asked for all it has.")
app.add_typer(practice_app, name="practice")
app.add_typer(catalogue_app, name="catalogue")
app.add_typer(anidb_app, name="anidb")
app.add_typer(animeschedule_app, name="animeschedule")
app.add_typer(jikan_app, name="jikan")
review_app = typer.Typer(no_args_is_help=True, help="What a person should look at, and what a person decided.")
app.add_typer(review_app, name="review")

Titles = Annotated[
    list[str] | None, typer.Argument(metavar="TITLE…", help="Ids (mal:1), source URLs, title_ids or names.")
]
CatalogueFile = Annotated[str | None, typer.Option("--catalogue", help="Path or URL of the catalogue file.")]
Checkpoints = Annotated[Path | None, typer.Option("--checkpoints", help="Folder of ledger, blobs and points.")]
Practice = Annotated[bool, typer.Option("--practice", help="Ask practice platforms, started for the run.")]
Recordings = Annotated[
    Path | None, typer.Option("--recordings", help="Folder of recorded answers the practice platforms give first.")
]
Record = Annotated[Path | None, typer.Option("--record", help="Also write every answer to this folder.")]
Replay = Annotated[
    Path | None,
    typer.Option("--replay", help="Ask nobody: take all answers from this folder, and say what it lacks."),
]
Speed = Annotated[float, typer.Option("--speed", min=1.0, help="Shortens the practice platforms' windows.")]
AsJson = Annotated[bool, typer.Option("--json", help="Plain JSON on standard output.")]

UpTo = Annotated[
    Tier, typer.Option("--tier", help="How far to go: the catalogue's row alone, also the APIs, also pages.")
]

IdsFile = Annotated[Path | None, typer.Option("--ids-file", help="File of titles, one a line; - reads standard input.")]

_SPEED: Final = 20.0


@app.command()
def run(
    titles: Titles = None,
    *,
    catalogue: CatalogueFile = None,
    everything: Annotated[bool, typer.Option("--all", help="The whole catalogue.")] = False,
    ids_file: IdsFile = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many titles.")] = None,
    practice: Practice = False,
    recordings: Recordings = None,
    speed: Speed = _SPEED,
    record: Record = None,
    replay: Replay = None,
    tier: UpTo = Tier.PAGES,
    checkpoints: Checkpoints = None,
    as_json: AsJson = False,
) -> None:
    """Enrich titles through every step into Qdrant. Does only what is not done yet."""
    from pipeline.cli.run import RunOptions, run_command

    options = RunOptions(
        titles=tuple(titles or ()), is_everything=everything, limit=limit, ids_file=ids_file,
        is_json=as_json, practice=_practice(practice, recordings, speed), catalogue=catalogue, checkpoints=checkpoints,
        record=record, replay=_replay(replay, practice, record),
        tier=tier,
    )  # fmt: skip
    raise typer.Exit(run_command(options))


@app.command()
def plan(
    titles: Titles = None,
    *,
    catalogue: CatalogueFile = None,
    everything: Annotated[bool, typer.Option("--all", help="The whole catalogue.")] = False,
    ids_file: IdsFile = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many titles.")] = None,
    practice: Practice = False,
    tier: UpTo = Tier.PAGES,
    checkpoints: Checkpoints = None,
    as_json: AsJson = False,
) -> None:
    """Say what a run would ask of each platform, and how long that takes at the limits. Asks nothing."""
    from pipeline.cli.plan import plan_command
    from pipeline.cli.run import RunOptions

    options = RunOptions(
        titles=tuple(titles or ()), is_everything=everything, limit=limit, ids_file=ids_file,
        is_json=as_json, practice=_practice(practice, None, _SPEED), catalogue=catalogue, checkpoints=checkpoints,
        tier=tier,
    )  # fmt: skip
    raise typer.Exit(plan_command(options))


@app.command()
def status(*, checkpoints: Checkpoints = None, practice: Practice = False, as_json: AsJson = False) -> None:
    """Where things stand: titles, platforms, points, runs, who works now."""
    from pipeline.cli.status import status_command

    raise typer.Exit(status_command(checkpoints, is_practice=practice, is_json=as_json))


@app.command()
def show(
    title: Annotated[str, typer.Argument(metavar="TITLE", help="Id (mal:1), URL, title_id or name.")],
    *,
    field: Annotated[str | None, typer.Option("--field", help="One field only.")] = None,
    why: Annotated[bool, typer.Option("--why", help="Rule, sources, confidence and what was passed over.")] = False,
    checkpoints: Checkpoints = None,
    practice: Practice = False,
    as_json: AsJson = False,
) -> None:
    """Show a title's record, and why each field is what it is."""
    from pipeline.cli.show import ShowOptions, show_command

    options = ShowOptions(title=title, field=field, is_why=why, is_json=as_json)
    raise typer.Exit(show_command(options, checkpoints, is_practice=practice))


@app.command()
def convert(
    platform: Annotated[str, typer.Argument(metavar="PLATFORM", help="jikan, anilist, kitsu, anidb …")],
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Recorded answers; several of one title go together.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Show what recorded answers of a platform become in our terms. Asks nothing, keeps nothing."""
    from pipeline.cli.convert import convert_command

    raise typer.Exit(convert_command(platform, files, is_json=as_json))


@app.command()
def diff(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN_A [RUN_B]]", help="Run ids as `status --json` lists them, or their beginnings."),
    ] = None,
    *,
    title: Annotated[str | None, typer.Option("--title", help="One title only: id, URL, title_id or name.")] = None,
    field: Annotated[str | None, typer.Option("--field", help="One field only.")] = None,
    checkpoints: Checkpoints = None,
    practice: Practice = False,
    as_json: AsJson = False,
) -> None:
    """Say what changed between two runs, field by field and why. Without runs: what the last finished one changed."""
    from pipeline.cli.diff import DiffOptions, diff_command

    options = DiffOptions(runs=tuple(runs or ()), title=title, field=field, is_json=as_json)
    raise typer.Exit(diff_command(options, checkpoints, is_practice=practice))


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="What to look for.")],
    *,
    vector: Annotated[str | None, typer.Option("--vector", help="One vector (default: all text vectors)")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100)] = 10,
    checkpoints: Checkpoints = None,
    practice: Practice = False,
    as_json: AsJson = False,
) -> None:
    """Search what was loaded."""
    from pipeline.cli.search import SearchOptions, search_command

    options = SearchOptions(text=text, vector=vector, limit=limit, is_json=as_json)
    raise typer.Exit(search_command(options, checkpoints, is_practice=practice))


@app.command()
def export(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="records.jsonl, .jsonl.zst or records.parquet")],
    *,
    provenance: Annotated[bool, typer.Option("--provenance", help="Also write why, beside it (JSON Lines).")] = False,
    checkpoints: Checkpoints = None,
    practice: Practice = False,
) -> None:
    """Write every finished record to a file."""
    from pipeline.cli.export import export_command

    raise typer.Exit(export_command(target, checkpoints, is_practice=practice, is_provenance=provenance))


@app.command()
def report(
    target: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to (default: beside the ledger).")
    ] = None,
    *,
    checkpoints: Checkpoints = None,
    practice: Practice = False,
    as_json: AsJson = False,
) -> None:
    """Write how good the records are as one HTML page: what is filled, by whom, how sure, and where to look."""
    from pipeline.cli.report import ReportOptions, report_command

    options = ReportOptions(target=target, is_json=as_json)
    raise typer.Exit(report_command(options, checkpoints, is_practice=practice))


@app.command()
def doctor(
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Do not try to reach anything.")] = False,
    recover: Annotated[bool, typer.Option("--recover", help="Copy a damaged ledger's rows into a fresh one.")] = False,
    checkpoints: Checkpoints = None,
    practice: Practice = False,
    as_json: AsJson = False,
) -> None:
    """Check settings, disk, ledger, store, credentials, limits, and whether platforms can be reached."""
    from pipeline.cli.doctor import DoctorOptions, doctor_command

    options = DoctorOptions(is_offline=offline, is_recover=recover, is_json=as_json)
    raise typer.Exit(doctor_command(options, checkpoints, is_practice=practice))


@app.command()
def release(
    platform: Annotated[Platform, typer.Argument(help="The platform that is to be asked again.")],
    *,
    new_normal: Annotated[
        bool, typer.Option("--new-normal", help="What it says from now on is normal: forget what was.")
    ] = False,
    checkpoints: Checkpoints = None,
    practice: Practice = False,
) -> None:
    """End a platform's quarantine: the next run asks it again."""
    from pipeline.cli.release import release_command

    raise typer.Exit(release_command(platform, checkpoints, is_practice=practice, is_new_normal=new_normal))


@practice_app.command("serve")
def practice_serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8100,
    speed: Speed = 1.0,
    catalogue: CatalogueFile = None,
    recordings: Recordings = None,
) -> None:
    """Serve all six platforms for the rows of a catalogue, with their real limits, headers and errors."""
    from pipeline.cli.practice import practice_serve_command

    raise typer.Exit(practice_serve_command(host, port, speed=speed, catalogue=catalogue, recordings=recordings))


@catalogue_app.command("info")
def catalogue_info(
    location: Annotated[str | None, typer.Argument(metavar="FILE", help="Path or URL.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Read a catalogue and say what is in it: age, rows, ids per site, bad rows. Keeps nothing."""
    from pipeline.cli.catalogue import catalogue_info_command

    raise typer.Exit(catalogue_info_command(location, is_json=as_json))


@catalogue_app.command("sync")
def catalogue_sync(
    location: Annotated[str | None, typer.Argument(metavar="FILE", help="Path or URL.")] = None,
    *,
    checkpoints: Checkpoints = None,
    as_json: AsJson = False,
) -> None:
    """Bring the identity registry in step with a catalogue file: new, merged, split and vanished titles."""
    from pipeline.cli.catalogue import catalogue_sync_command

    raise typer.Exit(catalogue_sync_command(location, checkpoints, is_json=as_json))


@anidb_app.command("import")
def anidb_import(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="Zip file or folder of XML answers, one an aid.")],
    *,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Day (2026-03-26) all answers were given; else each file's own date.")
    ] = None,
    checkpoints: Checkpoints = None,
    practice: Practice = False,
    as_json: AsJson = False,
) -> None:
    """Take AniDB's answers from an archive, so that runs need not ask for them. Works without a registered client."""
    from pipeline.cli.anidb import anidb_import_command

    raise typer.Exit(anidb_import_command(archive, as_of, checkpoints, is_practice=practice, is_json=as_json))


@animeschedule_app.command("sweep")
def animeschedule_sweep(
    *, practice: Practice = False, speed: Speed = _SPEED, checkpoints: Checkpoints = None, as_json: AsJson = False
) -> None:
    """Ask for the whole list, 18 records a page: for a whole catalogue cheaper than runs that ask for 18 ids a page."""
    from pipeline.cli.sweep import sweep_command

    practising = _practice(practice, None, speed)
    raise typer.Exit(sweep_command(Platform.ANIMESCHEDULE, checkpoints, practice=practising, is_json=as_json))


@jikan_app.command("sweep")
def jikan_sweep(
    *, practice: Practice = False, speed: Speed = _SPEED, checkpoints: Checkpoints = None, as_json: AsJson = False
) -> None:
    """Ask for the whole list, 25 titles a page (the official API: 500): every title has its main facts soon.

    With platforms.jikan.base as list or mal_v2_list runs are content with them.
    """
    from pipeline.cli.sweep import sweep_command

    practising = _practice(practice, None, speed)
    raise typer.Exit(sweep_command(Platform.JIKAN, checkpoints, practice=practising, is_json=as_json))


ReviewTitle = Annotated[str, typer.Argument(metavar="TITLE", help="Id (mal:1), URL, title_id or name.")]
ReviewField = Annotated[str, typer.Argument(metavar="FIELD", help="A field, or a question as `review show` names it.")]


@review_app.command("list")
def review_list(
    *,
    field: Annotated[str | None, typer.Option("--field", help="One field or kind of question only.")] = None,
    code: Annotated[str | None, typer.Option("--code", help="One reason only: low_confidence, conflict …")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 20,
    checkpoints: Checkpoints = None,
    practice: Practice = False,
    as_json: AsJson = False,
) -> None:
    """List what a person should look at, the most pressing first: uncertainty times the people who follow a title."""
    from pipeline.cli.review import ListOptions, review_list_command

    options = ListOptions(field=field, code=code, limit=limit, is_json=as_json)
    raise typer.Exit(review_list_command(options, checkpoints, is_practice=practice))


@review_app.command("show")
def review_show(
    title: ReviewTitle,
    field: Annotated[
        str | None, typer.Argument(metavar="[FIELD]", help="A field or question; all that are in doubt if none.")
    ] = None,
    *,
    checkpoints: Checkpoints = None,
    practice: Practice = False,
    as_json: AsJson = False,
) -> None:
    """Show what stands and why, who says what else, numbered, and where to look."""
    from pipeline.cli.review import review_show_command

    raise typer.Exit(review_show_command(title, field, checkpoints, is_practice=practice, is_json=as_json))


@review_app.command("resolve")
def review_resolve(
    title: ReviewTitle,
    field: ReviewField,
    *,
    value: Annotated[str | None, typer.Option("--value", metavar="JSON", help="What is right, as JSON.")] = None,
    choose: Annotated[int | None, typer.Option("--choose", metavar="N", help="What `review show` numbers N.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="What stands is right.")] = False,
    seen: Annotated[bool, typer.Option("--seen", help="Lock nothing; out of the queue until it changes.")] = False,
    by: Annotated[str | None, typer.Option("--by", help="Who decides (default: the user of this machine).")] = None,
    note: Annotated[str, typer.Option("--note", help="Why.")] = "",
    checkpoints: Checkpoints = None,
    practice: Practice = False,
) -> None:
    """Decide a field or a question. Later runs obey it, and `review export` makes it a golden case."""
    from pipeline.cli.review import ResolveOptions, review_resolve_command

    options = ResolveOptions(
        title=title, field=field, value=value, choose=choose, is_keep=keep, is_seen=seen, by=by, note=note
    )
    raise typer.Exit(review_resolve_command(options, checkpoints, is_practice=practice))


@review_app.command("unlock")
def review_unlock(
    title: ReviewTitle, field: ReviewField, *, checkpoints: Checkpoints = None, practice: Practice = False
) -> None:
    """Take a decision back: the rules decide again."""
    from pipeline.cli.review import review_unlock_command

    raise typer.Exit(review_unlock_command(title, field, checkpoints, is_practice=practice))


@review_app.command("export")
def review_export(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines, one case a lock.")],
    *,
    checkpoints: Checkpoints = None,
    practice: Practice = False,
) -> None:
    """Write every decision to a file: for colleagues, and as golden cases for tests."""
    from pipeline.cli.review import review_export_command

    raise typer.Exit(review_export_command(target, checkpoints, is_practice=practice))


@review_app.command("import")
def review_import(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="What `review export` wrote.")],
    *,
    checkpoints: Checkpoints = None,
    practice: Practice = False,
) -> None:
    """Take a colleague's decisions over; of two of one field the later one stands."""
    from pipeline.cli.review import review_import_command

    raise typer.Exit(review_import_command(source, checkpoints, is_practice=practice))


def _practice(is_on: bool, recordings: Path | None, speed: float) -> "tuple[float, Path | None] | None":
    if not is_on and recordings is not None:
        raise typer.BadParameter("--recordings is for --practice runs", param_hint="--recordings")
    return (speed, recordings) if is_on else None


def _replay(folder: Path | None, is_practice: bool, record: Path | None) -> Path | None:
    if folder is not None and is_practice:
        raise typer.BadParameter("a replay asks nobody, so leave --practice out", param_hint="--replay")
    if folder is not None and record is not None:
        raise typer.BadParameter("a replay asks nobody, so there is nothing to --record", param_hint="--replay")
    return folder


def main() -> None:
    """Entry point of the ``anime-enrich`` script."""
    from pipeline.cli.ending import ending_well

    tune_memory()
    with ending_well():
        app(prog_name="anime-enrich")
