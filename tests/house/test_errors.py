"""The tree of errors is the one drawn, and every foreign error has its place in it."""

import re

import aiohttp
import pytest

from pipeline import errors
from pipeline.errors import Broken, Damaged, EnrichError, Misconfigured, RetryLater, Transient, one_line
from pipeline.transport.faults import foreign_faults, map_fault


def _drawn() -> dict[str, str]:
    """Child to parent, as the module's docstring draws it."""
    lines = re.findall(r"^    ([│├└─ ]*)(\w+)", errors.__doc__ or "", re.MULTILINE)
    above: dict[int, str] = {}
    found: dict[str, str] = {}
    for branch, name in lines:
        depth = len(branch) // 4
        above[depth] = name
        if depth:
            found[name] = above[depth - 1]
    return found


def _public_parent(kind: type) -> str:
    """The nearest ancestor that has a public name."""
    return next(base.__name__ for base in kind.__mro__[1:] if not base.__name__.startswith("_"))


def test_the_tree_is_as_drawn() -> None:
    """The docstring shows every error and its parent, and nothing else."""
    kinds = [getattr(errors, name) for name in errors.__all__ if isinstance(getattr(errors, name), type)]
    assert _drawn() == {kind.__name__: _public_parent(kind) for kind in kinds if kind is not EnrichError}


def _foreign_kinds() -> list[type[BaseException]]:
    names = [name for name in dir(aiohttp) if not name.startswith("_")]
    kinds = [getattr(aiohttp, name) for name in names]
    return [k for k in kinds if isinstance(k, type) and issubclass(k, aiohttp.ClientError)]


@pytest.mark.parametrize("kind", _foreign_kinds(), ids=lambda kind: kind.__name__)
def test_every_error_of_the_http_library_is_mapped(kind: type[BaseException]) -> None:
    """Whatever the library may raise becomes ours and keeps its cause; what a repeat cannot mend is not repeated."""
    raised = kind.__new__(kind)
    raised.args = ("a secret",)
    with pytest.raises(EnrichError) as caught, foreign_faults("jikan"):
        raise _printable(raised)
    assert caught.value.__cause__ is raised
    is_ours_to_fix = isinstance(raised, aiohttp.InvalidURL | aiohttp.TooManyRedirects) or "Certificate" in kind.__name__
    is_ours_to_fix = is_ours_to_fix or kind is aiohttp.ServerFingerprintMismatch
    assert isinstance(caught.value, Broken if is_ours_to_fix else Transient)


def _printable(error: BaseException) -> BaseException:
    """Made without its constructor, so that no class needs a case of its own; what they read must be there."""
    for name in ("_os_error", "host", "port", "_conn_key", "errno"):
        if not hasattr(error, name):
            try:
                setattr(error, name, None)
            except AttributeError:
                continue
    return error


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionResetError(104, "reset"), OSError(28, "full")])
def test_the_systems_errors_may_pass(error: OSError) -> None:
    """A time-out or a reset is worth another try."""
    assert isinstance(map_fault(error, "kitsu"), RetryLater)


def test_what_is_not_foreign_is_left_alone() -> None:
    """A bug of ours is not dressed up as the platform's fault."""
    with pytest.raises(ZeroDivisionError), foreign_faults("kitsu"):
        raise ZeroDivisionError


def test_missing_extra_names_the_extra_and_what_it_is_for() -> None:
    """The message can be followed as it stands."""
    error = errors.MissingExtra("models", "BGE-M3")
    assert isinstance(error, Misconfigured)
    assert error.extra == "models"
    assert "BGE-M3" in str(error)
    assert "anime-enrich[models]" in str(error)


def test_in_use_is_damage_for_whoever_does_not_wait() -> None:
    """A held file may be treated like any other file that cannot be used."""
    assert issubclass(errors.InUse, Damaged)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb\t c", "a b c"),
        (b"\xff\x00z", "\ufffd z"),
        ("x" * 300, "x" * 199 + "…"),
        ("\x1b[31mred", "[31mred"),
        ("", ""),
    ],
)
def test_foreign_text_becomes_one_short_line(text: str | bytes, line: str) -> None:
    """No foreign text breaks a message into lines, colours a terminal, or fills a screen."""
    assert one_line(text) == line
