"""What a run came to, in numbers a person asks for; filled while it goes on, so a display can watch it."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import IntEnum

from pipeline.domain.canonical import JsonValue
from pipeline.domain.names import Outcome, Platform, Tier
from pipeline.enrich.quality import Tally

__all__ = ["ExitCode", "Problem", "RunReport", "Stale", "Unrecorded", "iso_time"]


class ExitCode(IntEnum):
    """How a command ends."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    DEGRADED = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """A title that ended degraded or failed, and why."""

    title_id: str
    name: str
    result: str
    why: str


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """What a replay was asked for and its folder does not hold. ``platform`` is ``images`` for a picture."""

    platform: str
    kind: str
    ids: tuple[str, ...]
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Stale:
    """Titles for which a platform's earlier answers serve, and how old the oldest of them is (Unix time)."""

    titles: int
    since: float


@dataclass(slots=True)
class RunReport:
    """One run. ``selected`` titles were wanted, ``due`` of them had something to do."""

    selected: int = 0
    due: int = 0
    done: int = 0
    degraded: int = 0
    failed: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    """Sent to platforms and image hosts, retries counted."""
    settled: Counter[str] = field(default_factory=Counter)
    """Titles whose outcome on a platform is known, by platform."""
    outcomes: dict[Platform, Counter[Outcome]] = field(default_factory=dict)
    fields_filled: int = 0
    fields_possible: int = 0
    quality: Tally = field(default_factory=Tally)
    """The figures of the titles whose record this run made or made again."""
    vectors_made: int = 0
    vectors_written: int = 0
    points_written: int = 0
    points_deleted: int = 0
    wall_s: dict[str, float] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    switched_off: dict[Platform, str] = field(default_factory=dict)
    quarantined: dict[Platform, str] = field(default_factory=dict)
    stale: dict[Platform, Stale] = field(default_factory=dict)
    tier: Tier = Tier.PAGES
    """How far the run went."""
    held_elsewhere: int = 0
    replayed: Counter[str] | None = None
    """Of a replay: answers taken from its folder, by platform. The replay's own, so that it fills while it goes on."""
    not_recorded: list[Unrecorded] = field(default_factory=list)
    """Of a replay: what was not in its folder. The replay's own as well."""

    @property
    def finished(self) -> int:
        """Titles that are through."""
        return self.done + self.degraded + self.failed

    @property
    def exit_code(self) -> ExitCode:
        """1: a title failed, a replay lacked something; 3: a title is degraded, a platform in quarantine; else 0."""
        if self.failed or self.not_recorded:
            return ExitCode.FAILED
        return ExitCode.DEGRADED if self.degraded or self.quarantined else ExitCode.DONE

    def note_stale(self, platform: Platform, heard_at: float) -> None:
        """Count one more title for which what ``platform`` said at ``heard_at`` serves."""
        so_far = self.stale.get(platform, Stale(0, heard_at))
        self.stale[platform] = Stale(so_far.titles + 1, min(so_far.since, heard_at))

    def as_json(self) -> dict[str, JsonValue]:
        """Plain data for ``--json`` and the run log."""
        return {
            "selected": self.selected,
            "due": self.due,
            "done": self.done,
            "degraded": self.degraded,
            "failed": self.failed,
            "unchanged": self.selected - self.due,
            "requests": dict(sorted(self.requests.items())),
            "outcomes": {
                platform.value: {outcome.value: n for outcome, n in sorted(counts.items())}
                for platform, counts in self.outcomes.items()
            },
            "fields_filled": self.fields_filled,
            "fields_possible": self.fields_possible,
            "quality": asdict(self.quality.means),
            "vectors_made": self.vectors_made,
            "vectors_written": self.vectors_written,
            "points_written": self.points_written,
            "points_deleted": self.points_deleted,
            "wall_s": {step: round(s, 3) for step, s in self.wall_s.items()},
            "cpu_s": {step: round(s, 3) for step, s in self.cpu_s.items()},
            "problems": [
                {"title_id": p.title_id, "name": p.name, "result": p.result, "why": p.why} for p in self.problems
            ],
            "switched_off": {platform.value: why for platform, why in self.switched_off.items()},
            "replayed": None if self.replayed is None else dict(sorted(self.replayed.items())),
            "not_recorded": [
                {"platform": u.platform, "kind": u.kind, "ids": list(u.ids), "path": u.path, "why": u.why}
                for u in self.not_recorded
            ],
            "quarantined": {platform.value: why for platform, why in self.quarantined.items()},
            "stale": {
                platform.value: {"titles": stale.titles, "since": iso_time(stale.since)}
                for platform, stale in self.stale.items()
            },
            "tier": self.tier.value,
            "exit_code": int(self.exit_code),
        }


def iso_time(at: float) -> str:
    """``2026-01-10T15:30:00Z`` of a Unix time."""
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
