"""A step's code does not change under its feet: what was made under a version was made by that version's code."""

import ast

import pytest

from tests.house.versions import LOCK, current, locked, shape

_AGAIN = f"then write the lock anew: python tests/house/versions.py ({LOCK.name})"


@pytest.mark.parametrize("step", sorted(current()))
def test_a_step_changes_only_with_its_version(step: str) -> None:
    """Results are kept by version, so code that gives other results under the same version would never be run."""
    was, now = locked().get(step), current()[step]
    assert was is not None, f"{step} is new; {_AGAIN}"
    if was["version"] == now["version"]:
        assert was["code"] == now["code"], (
            f"the code of {step!r} changed, its version is still {now['version']}. If it may give another result for "
            f"any input, raise the version; if it cannot, leave it; {_AGAIN}"
        )
    assert was["version"] <= now["version"], f"{step!r} went back to version {now['version']}; versions only rise"
    assert was == now, f"{step!r} has a new version; {_AGAIN}"


def test_the_lock_names_no_step_that_is_gone() -> None:
    """The lock holds exactly the steps there are."""
    assert sorted(locked()) == sorted(current()), _AGAIN


@pytest.mark.parametrize(
    "other",
    ['"""Doc."""\nx = 1  # why\n', "x  =  (1)\n", 'x = 1\n"""What x is."""\n'],
)
def test_comments_docstrings_and_layout_are_no_change(other: str) -> None:
    """Only what the interpreter does counts."""
    assert shape(ast.parse(other)) == shape(ast.parse("x = 1\n"))


@pytest.mark.parametrize("other", ["x = 2\n", "x = 1.0\n", "y = 1\n", "x = 1\nx\n", "x = '1'\n", "x: int = 1\n"])
def test_code_is_a_change(other: str) -> None:
    """Any other value, name or statement counts."""
    assert shape(ast.parse(other)) != shape(ast.parse("x = 1\n"))
