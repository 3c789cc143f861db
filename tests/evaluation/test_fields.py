"""The golden titles as far as every run of the tests can afford them, and how they are scored."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.domain.names import RelationKind, TitleType
from pipeline.domain.record import AnimeRecord, EnrichmentMetadata, RelatedWork
from tests.evaluation import fields
from tests.evaluation.golden_titles import FIELDS, GoldenTitle, Judged, judge, read_titles

TITLES = {title.name: title for title in read_titles()}
QUICK = (
    "assassins-pride",
    "elfen-lied-special",
    "kago-shintarou-anime-sakuhin-shuu",
    "library-cross",
    "overflow",
    "spy-x-family-2",
    "tenki-no-ko",
    "yakusoku-no-neverland",
)
"""Small ones of every kind: a night, a bare year, a stand-in date, a studio with two names, an adult title."""

METADATA = EnrichmentMetadata(outcomes={}, tier="catalogue", is_degraded=False, stage_status={}, completeness=0.0)


def test_there_are_enough_titles_and_some_are_held_out() -> None:
    """Every one has all twenty fields, and every value a reason."""
    assert len(TITLES) >= 25
    assert sum(title.is_held_out for title in TITLES.values()) == 7
    assert len(FIELDS) == 20
    for title in TITLES.values():
        assert tuple(title.expected) == FIELDS
        assert all(expected.why for expected in title.expected.values()), title.name


@pytest.fixture(scope="module")
def verdicts(recordings: Path, catalogue_folder: Path) -> list[fields.Verdict]:
    assert recordings.parent == catalogue_folder.parent
    return fields.evaluate([TITLES[name] for name in QUICK], recordings.parent)


def test_quick_golden_titles_are_right(verdicts: list[fields.Verdict]) -> None:
    """What `make eval-fields` says of all, of a few."""
    assert len(verdicts) == 20 * len(QUICK)
    wrong = {f"{one.title.name}: {one.field}": one.judged.said for one in verdicts if not one.judged.is_right}
    assert wrong == {}


def title_of(tmp_path: Path, **changed: str) -> GoldenTitle:
    lines = dict.fromkeys(FIELDS, '{ none = true, why = "made up" }')
    lines |= {"title": '{ is = "Lamp", why = "made up" }', "type": '{ is = "TV", why = "made up" }'}
    lines |= {"status": '{ is = "UNKNOWN", why = "made up" }', "related_anime": '{ why = "made up" }'} | changed
    (tmp_path / "open").mkdir(exist_ok=True)
    text = "\n".join(['show = "mal:1"', *(f"{name} = {value}" for name, value in lines.items())])
    (tmp_path / "open" / "lamp.toml").write_text(text, encoding="utf-8")
    return read_titles(tmp_path)[0]


def judged(tmp_path: Path, field: str, expected: str, value: object) -> Judged:
    record = AnimeRecord(title_id="1", enrichment_metadata=METADATA, **{"title": "Lamp", "type": "TV", field: value})
    return {one.expected.field: one for one in judge(title_of(tmp_path, **{field: expected}), record)}[field]


def work(kind: RelationKind, **ids: str) -> RelatedWork:
    return RelatedWork(relation=kind, ids={site: [id_] for site, id_ in ids.items()}, confidence=1.0)


@pytest.mark.parametrize(
    ("field", "expected", "right", "wrong"),
    [
        ("title", 'is = "Frieren: Journey\'s End"', "FRIEREN Journey\u2019s \uff25nd", "Frieren: Journeys Ends"),
        ("title_english", 'any = ["A", "B"], none = true', "b", "C"),
        ("title_english", 'is = "A", none = true', None, "B"),
        ("title_english", "none = true", None, "A"),
        ("title_english", 'is = "A"', "a", None),
        ("type", 'is = "OVA"', TitleType.OVA, TitleType.TV),
        ("nsfw", "is = false", False, None),
        ("nsfw", "is = false", False, True),
        ("aired_dates", 'is = "2008/.."', {"start": "2008"}, {"start": "2008-01-01"}),
        ("aired_dates", "none = true", {}, {"end": "2008"}),
        ("broadcast", 'is = "FRIDAY 01:05"', {"day": "FRIDAY", "time": "01:05"}, {"day": "FRIDAY", "time": "01:06"}),
        ("duration", "is = 1440", 1500, 1501),
        ("duration", "is = 1440, within = 120", 1320, 1319),
        ("genres", 'has = ["Drama/Romance"], not = ["Comedy"]', ["Sports", "Romance"], ["Drama", "Comedy"]),
        ("genres", 'has = ["Drama/Romance"], not = ["Comedy"]', ["Drama", "Romance"], ["Sports"]),
        ("genres", "none = true", [], ["Drama"]),
        ("demographics", "none = true", [], ["Shounen"]),
        ("demographics", 'has = ["Shounen"], may = ["Seinen"]', ["Seinen", "Shounen"], ["Seinen"]),
        ("demographics", 'has = ["Shounen"]', ["Shounen"], ["Shounen", "Seinen"]),
        ("studios", 'has = ["Lamp/Lamp Films"]', [{"name": "LAMP films"}], [{"name": "Lamp"}, {"name": "Lamp Films"}]),
        ("studios", 'has = ["A", "B"]', [{"name": "B"}, {"name": "A"}], [{"name": "A"}]),
        (
            "related_anime",
            'has = ["SEQUEL mal:2"]',
            [work(RelationKind.SEQUEL, mal="2"), work(RelationKind.OTHER, mal="3")],
            [work(RelationKind.PREQUEL, mal="2")],
        ),
        ("related_anime", "", [work(RelationKind.OTHER, mal="3")], [work(RelationKind.OTHER, mal="1")]),
        ("related_anime", "", [], [work(RelationKind.OTHER, mal="3"), work(RelationKind.SEQUEL, mal="3")]),
    ],
)
def test_a_value_is_right_or_wrong_as_the_labels_say(
    tmp_path: Path, field: str, expected: str, right: object, wrong: object
) -> None:
    """Every way of expecting, with a value just inside and one just outside."""
    written = f'{{ {expected}{", " if expected else ""}why = "made up" }}'
    assert judged(tmp_path, field, written, right).is_right
    assert not judged(tmp_path, field, written, wrong).is_right


@pytest.mark.parametrize("value", ['{ is = "A" }', '{ is = "A", why = "" }', '{ is = "A", wy = "x", why = "x" }'])
def test_a_label_that_is_not_as_described_is_told_by_file_and_field(tmp_path: Path, value: str) -> None:
    with pytest.raises(ValueError, match=r"lamp\.toml: title_romaji .*why"):
        title_of(tmp_path, title_romaji=value)


def test_a_label_file_without_all_fields_is_told(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "lamp.toml").write_text('show = "mal:1"\ntitle = { is = "A", why = "x" }', encoding="utf-8")
    with pytest.raises(ValueError, match=r"lamp\.toml: has the fields title; write exactly title, title_english"):
        read_titles(tmp_path)


@pytest.mark.parametrize(("right", "of", "bound"), [(0, 0, 0.0), (0, 10, 0.0), (10, 10, 0.7225), (549, 560, 0.9651)])
def test_the_lower_bound_is_wilsons(right: int, of: int, bound: float) -> None:
    assert fields.wilson(right, of) == pytest.approx(bound, abs=1e-4)


def test_the_report_names_what_is_wrong_and_keeps_the_held_out_to_itself(
    verdicts: list[fields.Verdict], capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake is shown with what was expected, the rule and what it passed over."""
    title = TITLES["yakusoku-no-neverland"]
    held_out = replace(title, is_held_out=True)
    mine = [one for one in verdicts if one.title is title]
    [dates] = [one for one in mine if one.field == "aired_dates"]
    wrong = replace(dates, judged=replace(dates.judged, said="2019", is_right=False))
    spoilt = [wrong if one is dates else one for one in mine]
    assert fields.print_report(spoilt, with_held_out=False) == 19 / 20
    out = capsys.readouterr().out
    assert "yakusoku-no-neverland: aired_dates\n    expected  2019-01-11/2019-03-29" in out
    assert "we say    2019\n    by        rule:date_vote@" in out
    fields.print_report([replace(one, title=held_out) for one in spoilt], with_held_out=False)
    out = capsys.readouterr().out
    assert "yakusoku" not in out
    assert "19 / 20" in out


def test_a_wrong_name_is_told_with_the_right_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert fields.main(["lamp"]) == 2
    assert "no golden title 'lamp'; there are assassins-pride, " in capsys.readouterr().err
