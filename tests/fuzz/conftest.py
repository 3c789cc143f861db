"""Counts the examples that really ran, and prints how many."""

from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Iterator[Callable[[], None]]:
    """To be called at the end of every example that held."""
    ran = 0

    def count() -> None:
        nonlocal ran
        ran += 1

    yield count
    record_property("examples", ran)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many examples held, over all processes."""
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    done = [report for report in reports if getattr(report, "when", None) == "teardown"]
    ran = sum(value for report in done for name, value in report.user_properties if name == "examples")
    if ran:
        terminalreporter.write_line(f"fuzz: {ran} examples held")
