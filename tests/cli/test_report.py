"""The quality report as an operator makes it, and status's short form: what is on the page, and what can never be."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from commanding import TITLES, anime_enrich, told

from pipeline.cli.page.markup import el, render, said
from pipeline.cli.page.plots import Series, histogram, stacked, timeline
from pipeline.domain.canonical import digest_of
from pipeline.domain.names import Outcome, Platform, Site, Source
from pipeline.domain.quality import SOURCE_OF, Quality, Unknown
from pipeline.domain.record import AnimeRecord
from pipeline.ledger import Ledger
from pipeline.ledger.fetched import SettledOutcome
from pipeline.ledger.identity import ListedRow
from pipeline.ledger.quarantine import Quarantine
from pipeline.ledger.tables import TITLE_QUALITY
from pipeline.ledger.titles import Finished, Release

VOID = frozenset({"meta", "br", "link", "img", "input", "hr", "col"})
HOSTILE = (
    "<script>alert('1')</script>",
    "\u202egnorw si siht & \"so\" is 'this'",
    "عنوان عربي",
    "a\x00b\x1b[31mc\ud800",
    "]]></style></bdi></td><b>",
    "x" * 3000,
)


class Page(HTMLParser):
    """A page taken apart: fails on a tag that is not closed, or closed by another, or twice the same attribute."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), (tag, attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append((self.open[-1] if self.open else "", data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def texts(self, tag: str) -> list[str]:
        return [text for where, text in self.text if where == tag]


@contextmanager
def ledger_in(folder: Path) -> Iterator[Ledger]:
    folder.mkdir(exist_ok=True)
    ledger = Ledger(f"sqlite:///{folder / 'ledger.sqlite3'}", str(folder / "blobs"), now=time.time)
    try:
        yield ledger
    finally:
        ledger.close()


def fill(folder: Path, *names: str) -> None:
    """A ledger of finished titles with these names, every figure there can be, and a platform in quarantine."""
    rows = [
        ListedRow(n, name.replace("\ud800", "\ufffd"), (f"https://myanimelist.net/anime/{n + 1}",),
                  ((Site.MAL, f"{n + 1}; rm x" if n == 1 else str(n + 1)),), b"row", digest_of(n))
        for n, name in enumerate(names)
    ]  # fmt: skip
    with ledger_in(folder) as ledger:
        ledger.titles.apply_release(Release("d", "<file>", "2026-11-20", len(rows), ()), rows)
        titles = ledger.titles.load(ledger.titles.active())
        ledger.runs.start("run", "run")
        ledger.fetched.settle(
            SettledOutcome(t.title_id, platform, Outcome.FAILED if platform is Platform.KITSU else Outcome.FOUND)
            for t in titles
            for platform in Platform
        )
        ledger.titles.finish(
            [
                Finished(t.title_id, t.row_digest, "c", 9e12, "done", "", None, None, quality=_odd(t.name))
                for t in titles
            ],
            run_id="run",
        )
        ledger.quality.note_run("run", finished=len(titles))
        if names:
            now = time.time()
            evidence = {"<i>field</i>": 0.5}
            ledger.quarantines.impose(Platform.ANIDB, Quarantine(now, now + 9e5, "<u>lost</u>", evidence), [])


def _odd(name: str) -> Quality:
    return Quality(
        completeness=0.4, agreement=0.5, confidence=0.6, popularity=4.0,
        sources={"title": (Source.CATALOGUE, Source.MAL), "year": (Source.MAL,)},
        confidences={"title": 0.7, "year": 0.5}, agreements={"year": 0.5}, missing=("synopsis", "genres"),
        conflicts=("year",), broken={"title_missing": 1}, findings={"bad_address": 2},
        drift=(Unknown(Source.KITSU, "<b>", name[:200]),), heard=(Platform.JIKAN,),
    )  # fmt: skip


def report(folder: Path, *arguments: str) -> str:
    ended = anime_enrich("report", *arguments, "--checkpoints", folder.name, folder=folder.parent)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def page(finished: Path) -> Page:
    """The report of the finished folder."""
    ended = anime_enrich("report", "--practice", "--checkpoints", str(finished), folder=finished.parent)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[0] == f"report    {finished / 'report.html'}"
    assert ended.stdout.splitlines()[1].startswith(f"quality   {len(TITLES)} titles: completeness ")
    assert not list(finished.glob(".report*"))
    return Page((finished / "report.html").read_text("utf-8"))


def test_the_page_needs_nothing_from_elsewhere(page: Page) -> None:
    """No script, no address that is followed, no picture, no font; and a policy by which a browser loads nothing."""
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    addresses = [
        v for _, attributes in page.tags for k, v in attributes.items() if k in ("href", "src", "data", "action")
    ]
    assert [address for address in addresses if not str(address).startswith("#")] == []
    assert not [k for _, attributes in page.tags for k in attributes if k.startswith("on")]
    (css,) = page.texts("style")
    assert not re.search(r"url\(|@import|https?:", css)
    policies = [m.get("content") for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_every_link_leads_to_a_place_on_the_page(page: Page) -> None:
    """Each section is in the contents, once."""
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert [f"#{id_}" for id_ in ids] == [a["href"] for a in page.all("a")]
    assert len(ids) == len(set(ids)) == 10


def test_every_plot_names_itself_and_every_table_has_a_caption(page: Page) -> None:
    """A reader who sees no plot is told what it is, and finds its numbers in a table."""
    plots = page.all("svg")
    assert len(plots) > 20
    assert all(plot["role"] == "img" and plot["aria-label"] for plot in plots)
    assert len(page.texts("title")) == len(plots) + 1
    assert len(page.all("caption")) == len(page.all("table")) == len(page.texts("caption"))
    assert len(page.all("figcaption")) == len(page.all("figure")) == 4
    assert (page.tags[0][0], page.tags[0][1].get("lang")) == ("html", "en")
    assert all(th.get("scope") in ("col", "row") for th in page.all("th"))


def test_page_json_and_status_say_the_same(page: Page, finished: Path) -> None:
    """The figures of the whole, the fields and the platforms; nobody is left out."""

    def told_json(*command: str) -> dict[str, Any]:
        ended = anime_enrich(*command, "--json", "--practice", "--checkpoints", str(finished), folder=finished.parent)
        assert ended.returncode == 0, ended.stderr
        return dict(json.loads(ended.stdout))

    figures, status = told_json("report"), told_json("status")
    assert status["quality"] == figures["quality"]
    quality = figures["quality"]
    large = page.texts("b")
    assert large[:4] == [str(len(TITLES)), *(f"{quality[n]:.1%}" for n in ("completeness", "agreement", "confidence"))]
    assert 0.5 < quality["completeness"] < 1
    assert 0.5 < quality["agreement"] <= 1
    heads = page.texts("th")
    (silent,) = [
        text.removesuffix(".").split(": ")[1].split(", ") for text in page.texts("p") if "in no title:" in text
    ]
    for name, field in figures["fields"].items():
        assert (name in heads, name in silent) == (field["filled"] > 0, field["filled"] == 0), name
    assert {platform.value for platform in Platform} <= set(heads)
    assert figures["fields"]["title"]["filled"] == figures["fields"]["title"]["sources"]["mal"] == len(TITLES)
    assert [td["title"] for td in page.all("td") if "style" in td] == list(_cells(figures))
    jikan = quality["platforms"]["jikan"]
    assert jikan["fields_filled"] == sum(field["sources"].get("mal", 0) for field in figures["fields"].values())
    assert [run["titles"] for run in figures["runs"]] == [len(TITLES)]
    assert figures["runs"][0]["completeness"] == quality["completeness"]
    assert sum(figures["distributions"]["completeness"]) == len(TITLES)
    assert {title["id"] for title in figures["worst"]} == set(TITLES) == {title["id"] for title in figures["slowest"]}


def _cells(figures: dict[str, Any]) -> Iterator[str]:
    """What the heat map's coloured cells say, row by row, reckoned from the JSON."""
    titles, found = figures["quality"]["titles"], figures["found"]
    columns = [(SOURCE_OF[platform].value, found[platform.value]) for platform in Platform]
    columns += [(name, titles) for name in ("catalogue", "derived", "review")]
    for name in (name for name in AnimeRecord.model_fields if name in figures["fields"]):
        field = figures["fields"][name]
        pairs = [(field["filled"], field["filled"] + field["missing"] if field["missing"] else titles)]
        pairs += [(field["sources"].get(source, 0), of) for source, of in columns]
        yield from (f"{count} of {of} titles" for count, of in pairs if count)


def test_titles_of_before_there_were_figures_are_told(tmp_path: Path) -> None:
    """How many of those with a record have figures; the next run makes the others'."""
    fill(tmp_path / "c", "One", "Two")
    with ledger_in(tmp_path / "c") as ledger, ledger.database.write() as c:
        c.execute(sa.delete(TITLE_QUALITY).where(TITLE_QUALITY.c.title_id == ledger.titles.active()[0]))
    assert "quality   1 of 2 titles: completeness 40.0%" in report(tmp_path / "c")
    with ledger_in(tmp_path / "c") as ledger, ledger.database.write() as c:
        c.execute(sa.delete(TITLE_QUALITY))
    assert "none of 2 titles has figures yet: the next run makes them" in report(tmp_path / "c")


def test_status_tells_the_figures_in_short(finished: Path) -> None:
    """One line for the whole, a column each for what a platform gives and for what we do not know of it."""
    out = anime_enrich("status", "--practice", "--checkpoints", str(finished), folder=finished.parent).stdout
    (line,) = [line for line in out.splitlines() if line.startswith("quality")]
    assert re.fullmatch(
        r"quality +3 titles: completeness \d\d\.\d%, agreement \d+\.\d%, confidence \d\d\.\d%; "
        r"\d+ conflicts, \d+ invariants broken, \d+ unknown values",
        line,
    )
    table = [line.split() for line in out.splitlines() if line.startswith(("platform", "jikan"))]
    assert table[0][-2:] == ["fields", "drift"]
    assert float(table[1][-2]) > 20


def test_a_command_of_the_page_can_be_run_as_it_stands(page: Page, finished: Path) -> None:
    """It leads to the title, in the same place."""
    command = next(text for text in page.texts("code") if text.startswith("anime-enrich show "))
    ended = anime_enrich(*command.split()[1:], folder=finished.parent)
    assert ended.returncode == 0, ended.stderr
    assert "why" in command
    assert f"--practice --checkpoints {finished}" in command


def test_hostile_words_are_words(tmp_path: Path) -> None:
    """Markup in a name, a value or a reason is shown, not followed; what turns the direction turns only itself."""
    fill(tmp_path / "c", *HOSTILE)
    report(tmp_path / "c")
    text = (tmp_path / "c" / "report.html").read_text("utf-8")
    page = Page(text)
    assert not {tag for tag, _ in page.tags} & {"script", "i", "u"}
    shown = page.texts("bdi")
    for name in HOSTILE:
        readable = re.sub("[\x00\x1b\ud800]", "\ufffd", name)
        assert readable in shown, readable[:30]
    assert "<u>lost</u>" in shown
    assert "<i>field</i> 0.5" in shown
    assert "<file>" in shown
    assert "\u2039U+202E\u203agnorw si siht & \"so\" is 'this'" in shown
    assert "anime-enrich show 'mal:2; rm x' --why --checkpoints c" in page.texts("code")
    attributes = [str(value) for _, found in page.tags for value in found.values()]
    assert not [value for value in attributes if "\u202e" in value]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", text)


def test_a_quarantine_and_a_failing_platform_are_told_with_what_ends_them(tmp_path: Path) -> None:
    """On the page and in status; both name the platform to look at first."""
    fill(tmp_path / "c", "One")
    assert "quality   1 titles: completeness 40.0%, agreement 50.0%, confidence 60.0%" in report(
        tmp_path / "c", "own.html"
    )
    page = Page((tmp_path / "own.html").read_text("utf-8"))
    assert "anime-enrich release anidb --checkpoints c" in page.texts("code")
    assert page.texts("strong")[-1] == "kitsu: 1 of 1 titles failed, 1 unknown values"
    out = anime_enrich("status", "--checkpoints", "c", folder=tmp_path).stdout
    assert "worst     kitsu: 1 of 1 titles failed, 1 unknown values; `anime-enrich report` shows more" in out
    assert "title_missing" in page.texts("code")
    assert "synopsis, genres" in page.texts("div")


def test_an_empty_ledger_makes_a_page_that_says_so(tmp_path: Path) -> None:
    """Neither a ledger without a catalogue nor one whose titles nobody enriched is an error."""
    with ledger_in(tmp_path / "c"):
        pass
    assert report(tmp_path / "c").splitlines()[1] == "quality   no title has figures yet"
    page = Page((tmp_path / "c" / "report.html").read_text("utf-8"))
    assert "Nothing to show yet" in page.texts("h2")
    assert "anime-enrich run --all --checkpoints c" in page.texts("code")
    assert json.loads(report(tmp_path / "c", "--json"))["quality"]["completeness"] is None
    assert "no title has figures yet" not in anime_enrich("status", "--checkpoints", "c", folder=tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["/nonexistent/x.html"], ["'/nonexistent/x.html'", "No such file"]),
        (["x.html", "--json"], ["'x.html'", "--json"]),
        (["--checkpoints", "nowhere"], ["'nowhere'", "anime-enrich run"]),
    ],
)
def test_what_cannot_be_done_is_one_sentence(tmp_path: Path, arguments: list[str], says: list[str]) -> None:
    """It names what was given and what to do."""
    with ledger_in(tmp_path / "c"):
        pass
    ended = anime_enrich("report", *(["--checkpoints", "c"] if "--checkpoints" not in arguments else []), *arguments,
                         folder=tmp_path)  # fmt: skip
    assert all(word in told(ended, 2) for word in says)


def test_a_page_that_cannot_be_written_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the name when it is whole, and not before."""
    fill(tmp_path / "c", "One")
    report(tmp_path / "c")
    before = (tmp_path / "c" / "report.html").read_bytes()

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.cli.whole_file.os.fsync", full)
    ended = anime_enrich("report", "--checkpoints", "c", folder=tmp_path)
    assert "No space left" in told(ended, 2)
    assert (tmp_path / "c" / "report.html").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "c").glob("*report*")) == ["report.html"]


def test_the_tree_is_written_as_text_whatever_is_in_it() -> None:
    """Text and attributes are escaped each in its way; what turns the direction is taken from attributes."""
    node = el("p", "a<b&c\x00", said("\u202e<i>"), class_="n", title="\"<'\u202e&\x07", aria_label=None, data_n=1.5)
    attributes = 'class="n" title="&quot;&lt;&#x27;&amp;\ufffd" data-n="1.5"'
    text = "a&lt;b&amp;c\ufffd<bdi>\u202e&lt;i&gt;</bdi>"
    assert render(node) == f"<!doctype html>\n<p {attributes}>{text}</p>\n"


def _numbers(page: Page, tag: str, *names: str) -> list[tuple[float, ...]]:
    return [tuple(float(found[name] or "nan") for name in names) for found in page.all(tag)]


def test_bars_are_as_high_as_their_counts() -> None:
    """The fullest bin reaches the top, half as many half of it; an empty bin has no bar; places follow the bins."""
    counts = [0] * 20
    counts[3], counts[19] = 4, 8
    bars = _numbers(Page(render(histogram(counts, title="x"))), "rect", "x", "y", "width", "height")
    (left, _, width, low), (right, top, _, high) = bars
    assert high == 2 * low
    assert top == 12
    assert right - left == pytest.approx(16 * (width + 2), abs=0.2)
    assert Page(render(histogram([0] * 20, title="x"))).all("rect") == []


def test_lines_go_through_their_shares_in_time() -> None:
    """Left to right by time, higher for more, within the plot; what was not measured is left out; one is a point."""
    times, series = [100.0, 200.0, 300.0], [Series("a", [0.85, 0.95, None]), Series("b", [None, None, None])]
    text = render(timeline(times, series, title="x"))
    ((first, low), (last, high)) = _numbers(Page(text), "circle", "cx", "cy")
    assert first < last
    assert 12 <= high < low <= 194
    assert "a 95.0%" in Page(text).texts("text")
    assert not [name for name in Page(text).texts("text") if name.startswith("b")]
    assert len(Page(render(timeline([5.0], [Series("a", [1.0])], title="x"))).all("circle")) == 1


def test_a_stacked_bar_is_as_long_as_its_parts() -> None:
    """One behind the other, without a gap; of nothing only the track is there."""
    _, found, failed = Page(render(stacked({"found": 3, "failed": 1}, title="x"))).all("rect")
    assert (found["x"], found["width"], failed["x"], failed["width"]) == ("0", "75", "75", "25")
    assert _numbers(Page(render(stacked({}, title="x"))), "rect", "width") == [(100.0,)]
