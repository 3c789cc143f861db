"""Figures of many titles added up, and what a run leaves of them."""

import time
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.names import Outcome, Platform, Source
from pipeline.domain.quality import Quality, Unknown
from pipeline.enrich import steps
from pipeline.enrich.opening import open_ledger, opened
from pipeline.enrich.quality import BINS, Tally, find_trouble
from pipeline.enrich.runner import Runner
from pipeline.enrich.survey import survey
from pipeline.enrich.syncing import sync_catalogue
from pipeline.ledger.quality import Means, RunQuality, SourceShare

from .rehearsing import FILM, RADIO, Platforms, enrich, settings_for, write_catalogue

FIELDS = ("title", "year", "genres")
PALETTE = [
    Quality(
        completeness=n / 9, agreement=None if n % 3 else n / 9, confidence=None if n % 4 else n / 11, popularity=1.0,
        sources={name: tuple(Source)[n % 5 : n % 5 + 3] for name in FIELDS[: n % 4]},
        confidences={name: (n + len(name)) / 18 for name in FIELDS[: n % 4]},
        agreements={name: (n + len(name)) / 19 for name in FIELDS[: min(n % 4, 2)]},
        missing=FIELDS[n % 4 :], conflicts=FIELDS[: min(n % 4, 1)], broken={"a": n} if n % 2 else {},
        findings={"c": 1, "d": n} if n % 3 else {}, heard=tuple(Platform)[: n % 6],
        drift=tuple(Unknown(Source.KITSU, "f", str(value)) for value in range(n % 3)),
    )
    for n in range(10)
]  # fmt: skip
SOME = st.lists(st.sampled_from(PALETTE), max_size=8)


def tallied(qualities_: list[Quality]) -> Tally:
    tally = Tally()
    for n, quality in enumerate(qualities_):
        tally.add(str(n), quality)
    return tally


def plain(tally: Tally) -> dict[str, Any]:
    """Everything but the examples, floats as they are shown."""
    return {
        "means": asdict(tally.means),
        "bins": (tally.completeness, tally.agreement, tally.confidence),
        "fields": {
            name: (c.filled, c.missing, c.sources, c.mean_confidence, c.mean_agreement, c.compared, c.conflicts)
            for name, c in tally.fields.items()
        },
        "heard": tally.heard,
        "seen": [
            {k: (s.titles, s.times) for k, s in seen.items()} for seen in (tally.broken, tally.findings, tally.drift)
        ],
    }


@settings(max_examples=60, deadline=None)
@given(SOME, st.randoms(use_true_random=False))
def test_the_order_of_titles_changes_nothing(some: list[Quality], chance: Any) -> None:
    """Every count and every mean to the last digit shown but one; only which titles are the examples may differ."""
    shuffled = list(some)
    chance.shuffle(shuffled)
    first, second = plain(tallied(some)), plain(tallied(shuffled))
    assert first["bins"] == second["bins"]
    assert first["heard"] == second["heard"]
    assert first["seen"] == second["seen"]
    assert first["means"] == pytest.approx(second["means"], abs=2e-4)
    assert first["fields"].keys() == second["fields"].keys()
    for name, counts in first["fields"].items():
        assert counts[2] == second["fields"][name][2]
        assert [*counts[:2], *counts[3:]] == pytest.approx(
            [*second["fields"][name][:2], *second["fields"][name][3:]], abs=2e-4
        )


@settings(max_examples=60, deadline=None)
@given(SOME)
def test_nothing_is_lost_and_nothing_counted_twice(some: list[Quality]) -> None:
    """Each title is in one bin of each distribution it has a figure for; a field is filled or missing."""
    tally = tallied(some)
    assert sum(tally.completeness) == tally.titles == len(some)
    assert sum(tally.agreement) == sum(one.agreement is not None for one in some)
    assert all(count.filled + count.missing == len(some) for count in tally.fields.values())
    assert all(n <= count.filled for count in tally.fields.values() for n in count.sources.values())
    means = tally.means
    assert all(mean is None or 0.0 <= mean <= 1.0 for mean in (means.completeness, means.agreement, means.confidence))
    assert means.broken == sum(sum(one.broken.values()) for one in some)


@pytest.mark.parametrize(("share", "place"), [(0.0, 0), (0.0499, 0), (0.05, 1), (0.15, 3), (0.999, 19), (1.0, 19)])
def test_a_share_falls_into_its_bin(share: float, place: int) -> None:
    """The lower bound belongs to it; 1 is in the last."""
    tally = tallied([Quality(share, None, None, 1.0)])
    assert tally.completeness == [int(n == place) for n in range(BINS)]


def test_nothing_has_no_means() -> None:
    """Not nought."""
    assert Tally().means == Means(0, None, None, None, 0, 0, 0)


def test_the_platform_that_fails_most_is_looked_at_first() -> None:
    """By its share of those asked; where none fails by unknown values a title; where nothing is wrong, none."""
    fine = {Outcome.FOUND: 90, Outcome.ABSENT: 10}
    outcomes = {Platform.JIKAN: fine, Platform.KITSU: {Outcome.FOUND: 6, Outcome.FAILED: 4, Outcome.NOT_LISTED: 90},
                Platform.ANIDB: {Outcome.FOUND: 80, Outcome.FAILED: 20}}  # fmt: skip
    shares = {Source.KITSU: SourceShare(9, 1), Source.MAL: SourceShare(9, 5)}
    failing = find_trouble(outcomes, shares)
    assert failing is not None
    assert failing.told == "kitsu: 4 of 10 titles failed, 1 unknown values"
    drifting = find_trouble({Platform.JIKAN: fine, Platform.KITSU: fine}, shares)
    assert drifting is not None
    assert drifting.told == "jikan: 5 unknown values"
    assert find_trouble({Platform.JIKAN: fine}, {Source.MAL: SourceShare(9, 0)}) is None
    assert find_trouble({}, {}) is None


class Stop(BaseException):
    """A run that ends in the middle."""


async def test_a_run_that_is_cut_off_has_figures_of_what_it_finished(tmp_path: Path, platforms: Platforms) -> None:
    """Noted as it goes, not when it ends; the next run has a row of its own, and which one came to its end is told."""
    rows = write_catalogue(tmp_path / "catalogue.jsonl", (FILM, RADIO))
    place = settings_for(tmp_path / "c", platforms.url, rows, window=1, images={"enabled": False})
    seen: list[list[RunQuality]] = []
    with closing(open_ledger(place, now=time.time)) as ledger:
        sync_catalogue(ledger, rows)

        def stop(step: str) -> None:
            if step == "finish":
                seen.append(ledger.quality.runs())
                if len(seen) == 2:
                    raise Stop

        async with opened(place, ledger, now=time.time) as parts:
            with pytest.raises(BaseExceptionGroup):
                await Runner(parts, stop).run()
        first, (noted,) = seen
        assert first == []
        assert (noted.finished, noted.means.titles, noted.is_whole) == (1, 1, False)
        (cut_off,) = ledger.quality.runs()
        assert replace(cut_off, at=noted.at) == noted
        ledger.claims.leave()
    await enrich(place)
    with closing(open_ledger(place, now=time.time)) as ledger:
        assert [(run.finished, run.means.titles, run.is_whole) for run in ledger.quality.runs()] == [
            (1, 1, False),
            (1, 2, True),
        ]


async def test_a_run_leaves_figures_and_a_changed_measure_makes_them_anew(
    tmp_path: Path, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Per title and for the run; a second run leaves no row; another measure is applied without asking anybody."""
    place = settings_for(tmp_path / "c", platforms.url, write_catalogue(tmp_path / "catalogue.jsonl", (FILM, RADIO)))
    told = await enrich(place)
    with closing(open_ledger(place, now=lambda: 0.0)) as ledger:
        seen = survey(ledger, at=0.0)
    assert seen.means.titles == 2
    assert seen.means == told.report.quality.means == seen.runs[0].means
    assert (len(seen.runs), seen.runs[0].finished) == (1, 2)
    (film, radio) = sorted(seen.worst, key=lambda one: -one.quality.completeness)
    assert (film.title.name, radio.title.name) == (FILM, RADIO)
    assert len(film.quality.heard) > len(radio.quality.heard)
    assert {one.title.name for one in seen.slowest} == {FILM, RADIO}
    assert {one.platform for one in seen.platforms if one.fields} >= {Platform.JIKAN, Platform.ANILIST}

    def measure_otherwise(*arguments: Any) -> Quality:
        return replace(film.quality, completeness=0.123)

    before = platforms.answered()
    monkeypatch.setattr(steps, "QUALITY_VERSION", steps.QUALITY_VERSION + 1)
    monkeypatch.setattr(steps, "measure_quality", measure_otherwise)
    again = await enrich(place)
    assert (again.report.due, again.report.quality.means.completeness) == (2, 0.123)
    assert platforms.since(before) == {}
    with closing(open_ledger(place, now=lambda: 0.0)) as ledger:
        assert ledger.quality.means().completeness == 0.123
        assert [run.means.completeness for run in ledger.quality.runs()] == [seen.means.completeness, 0.123]
