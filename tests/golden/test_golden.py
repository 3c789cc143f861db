"""Four well-known titles end to end; what came out is compared with the checked-in summaries."""

import difflib
from pathlib import Path

import pytest

from .summary import FOLDER, TITLES, fact, render, summarise_all

REFRESH = "read the difference; if it is right: python tests/golden/refresh.py"


@pytest.fixture(scope="module")
def rendered_once() -> dict[str, str]:
    return {}


@pytest.fixture
async def rendered(
    rendered_once: dict[str, str], recordings: Path, catalogue_folder: Path, tmp_path: Path
) -> dict[str, str]:
    """The summaries of one run over all titles; asking the platforms once serves all tests."""
    if not rendered_once:
        summaries = await summarise_all(recordings, catalogue_folder, tmp_path)
        rendered_once |= {slug: render(summary) for slug, summary in summaries.items()}
    return rendered_once


@pytest.mark.parametrize("slug", TITLES)
async def test_a_title_comes_out_as_it_was_reviewed(slug: str, rendered: dict[str, str]) -> None:
    """Every value, reason, count and outcome is the one a person read and found right."""
    golden = (FOLDER / f"{slug}.json").read_text(encoding="utf-8")
    if rendered[slug] != golden:
        lines = difflib.unified_diff(
            golden.splitlines(), rendered[slug].splitlines(), f"{slug}.json", "this run", lineterm="", n=0
        )
        pytest.fail("\n".join([*(line[:600] for line in lines), REFRESH]), pytrace=False)


def test_every_golden_file_belongs_to_a_title() -> None:
    """A file of a title that is no longer run would never be compared."""
    assert {path.stem for path in FOLDER.glob("*.json")} == set(TITLES)


def test_a_long_text_is_kept_as_its_digest_only() -> None:
    """Nobody's prose gets into the repository, however deep it stands."""
    text = "A lamp nobody lit stood in a harbour nobody named, for years on end."
    kept = fact({"value": [{"text": text, "short": "Lamp"}], "empty": None})
    assert kept["value"][0]["short"] == "Lamp"
    assert set(kept["value"][0]["text"]) == {"sha256", "characters"}
    assert text not in render({"fields": {"synopsis": {"value": kept}}})
