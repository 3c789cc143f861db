"""Whatever is odd about a title stands on its record under a name: the ways of being wrong that are known by now."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.assembly import record_bytes, validate
from pipeline.assembly.assembling import Assembled
from pipeline.domain.names import Outcome, Platform, Site
from pipeline.domain.title import CatalogueRow

from .recorded_titles import ADAPTERS, Recorded
from .spoiling import LONG
from .test_fuzz import check_reasons, merged

BEBOP = Recorded("Cowboy Bebop", CatalogueRow((), "Cowboy Bebop"), {Site.MAL: ("1",), Site.ANILIST: ("1",)})


def set_fields(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda tree: tree.update(fields)


def own_sequel(media: dict[str, Any]) -> None:
    """Two works that are each other's sequel, and this one is both."""
    node = {"id": 1, "type": "ANIME", "title": {"romaji": "Cowboy Bebop"}}
    edges = [{"relationType": kind, "node": node} for kind in ("SEQUEL", "PREQUEL")]
    media["relations"] = {"edges": edges}


def tags(count: int) -> list[dict[str, Any]]:
    return [{"id": n, "name": f"Tag {n}", "rank": 50, "isMediaSpoiler": False} for n in range(count)]


def repeated(media: dict[str, Any]) -> None:
    media["characters"] = {"edges": [{"id": 7, "role": "MAIN", "node": {"id": 1, "name": {"full": "Spike"}}}] * 2}


def both(recordings: Path, change: Callable[[dict[str, Any]], None], *, of: Platform) -> Assembled:
    """Cowboy Bebop by MyAnimeList and AniList, one of them changed."""
    full = orjson.loads((recordings / "jikan/anime_full/1.json").read_bytes())
    media = orjson.loads((recordings / "anilist/media/1.json").read_bytes())["data"]["Media"]
    change(full["data"] if of is Platform.JIKAN else media)
    sources = (
        ADAPTERS[Platform.JIKAN].convert("1", {"full": orjson.dumps(full)}),
        ADAPTERS[Platform.ANILIST].convert("1", {"media": orjson.dumps(media)}),
    )
    made = merged(BEBOP, sources, dict.fromkeys((Platform.JIKAN, Platform.ANILIST), Outcome.FOUND))
    check_reasons(made, sources)
    validate(record_bytes(made.record))
    return made


@pytest.mark.parametrize(
    ("platform", "change", "code"),
    [
        (Platform.JIKAN, set_fields(synopsis=LONG), "text_too_long"),
        (Platform.JIKAN, set_fields(background=LONG), "text_too_long"),
        (Platform.JIKAN, set_fields(title="x" * 2_000, titles=[]), "text_too_long"),
        (Platform.ANILIST, set_fields(tags=tags(5_000)), "too_many_entries"),
        (Platform.JIKAN, set_fields(title="\u202epobeB yobwoC\u202c", titles=[]), "turns_direction"),
        (Platform.JIKAN, set_fields(aired={"from": "1998-02-31", "to": None}), "impossible_date"),
        (Platform.ANILIST, set_fields(startDate={"year": 1998, "month": 13, "day": 1}), "impossible_date"),
        (Platform.ANILIST, set_fields(endDate={"year": 1997, "month": 1, "day": 1}), "end_before_start"),
        (Platform.ANILIST, own_sequel, "self_relation"),
        (Platform.JIKAN, set_fields(status="Sleeping"), "drift"),
        (Platform.ANILIST, repeated, "repeated"),
        (Platform.ANILIST, set_fields(episodes=3, status="FINISHED"), None),
    ],
)  # fmt: skip
def test_an_oddity_is_a_finding(
    recordings: Path, platform: Platform, change: Callable[[dict[str, Any]], None], code: str | None
) -> None:
    """On the record by its code, in the provenance by its sentence; a contradiction is a conflict of its field."""
    plain = both(recordings, lambda _: None, of=platform)
    odd = both(recordings, change, of=platform)
    if code is None:
        reason = odd.provenance.fields["episodes"]
        assert reason.conflict
        assert not plain.provenance.fields["episodes"].conflict
        assert odd.record.episodes == plain.record.episodes
    else:
        assert code not in plain.record.enrichment_metadata.findings
        assert code in odd.record.enrichment_metadata.findings


def test_zero_width_signs_make_no_other_name(recordings: Path) -> None:
    """They are gone from what is shown and do not part what belongs together."""
    hidden = both(recordings, set_fields(title="Cow\u200bboy\ufeff Bebop", titles=[]), of=Platform.JIKAN)
    assert hidden.record.title == "Cowboy Bebop"
    assert not [name for name in hidden.record.synonyms if "\u200b" in name.text or "\ufeff" in name.text]


def test_a_platform_that_says_nothing_leaves_the_others_word(recordings: Path) -> None:
    """Every field null but the id: the title is what the other platform says; both null, it is the catalogue's."""

    def empty(tree: dict[str, Any]) -> None:
        tree.update(dict.fromkeys(tree.keys() - {"id", "type"}))

    made = both(recordings, empty, of=Platform.ANILIST)
    assert (made.record.title, made.record.year) == ("Cowboy Bebop", 1998)
    jikan = ADAPTERS[Platform.JIKAN].convert("1", {"full": b'{"data": {"mal_id": 1}}'})
    nothing = merged(BEBOP, (jikan,), {Platform.JIKAN: Outcome.FOUND})
    validate(record_bytes(nothing.record))
    assert nothing.record.title == "Cowboy Bebop"
    assert nothing.record.enrichment_metadata.findings == ["says_nothing"]
    check_reasons(nothing, (jikan,))


def naruto(media: dict[str, Any]) -> None:
    """Another show's facts under this one's id."""
    media.update(
        title={"romaji": "NARUTO", "english": "Naruto", "native": "NARUTO -ナルト-", "userPreferred": "NARUTO"},
        synonyms=[],
        startDate={"year": 2002, "month": 10, "day": 3},
        seasonYear=2002,
    )


def test_an_id_that_leads_to_another_show_is_said_and_looked_at_first(recordings: Path) -> None:
    """Its names are nobody else's and its year is another; a new name, or another year alone, is no other show."""
    odd = both(recordings, naruto, of=Platform.ANILIST)
    [finding] = [one for one in odd.provenance.findings if one["code"] == "another_work"]
    assert finding["source"] == "anilist"
    assert finding["message"] == (
        "anilist:1 is called 'NARUTO' and dated 2002; the others have no such name and say 1998"
    )
    assert [(one.field, one.uncertainty) for one in odd.review.items if one.code == "another_work"] == [
        ("platform_ids", 1.0)
    ]
    for change in (set_fields(startDate={"year": 2004}), set_fields(title={"romaji": "X"}, synonyms=[])):
        assert "another_work" not in both(recordings, change, of=Platform.ANILIST).record.enrichment_metadata.findings


def test_two_ids_of_one_platform_are_both_heard(recordings: Path) -> None:
    """A platform that lists a show twice, as two different works: the record says so."""
    sources = tuple(
        ADAPTERS[Platform.ANILIST].convert(id_, {"media": orjson.dumps(
            orjson.loads((recordings / f"anilist/media/{id_}.json").read_bytes())["data"]["Media"]
        )}) for id_ in ("1", "20")
    )  # fmt: skip
    made = merged(BEBOP, sources, {Platform.ANILIST: Outcome.FOUND})
    check_reasons(made, sources)
    other_way = merged(BEBOP, sources[::-1], {Platform.ANILIST: Outcome.FOUND})
    assert record_bytes(made.record) == record_bytes(other_way.record)
    assert {"several_sources", "several_statistics", "several_types"} & set(made.record.enrichment_metadata.findings)
