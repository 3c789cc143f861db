"""What was asked of the practice platforms, counted by platform; the numbers that prove a client polite."""

from collections import Counter
from dataclasses import dataclass, field

from pipeline.domain.names import HOSTS, Host

__all__ = ["Counters", "PlatformCounts"]


@dataclass(slots=True)
class PlatformCounts:
    """One platform's numbers since the last reset."""

    requests: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    over_windows: Counter[str] = field(default_factory=Counter)
    """Requests that came while a window was full, by window; zero for a polite client."""
    refusals: Counter[str] = field(default_factory=Counter)
    """Requests that were not answered: ``limit`` or ``ban``."""
    faults: Counter[str] = field(default_factory=Counter)


class Counters:
    """The numbers of all platforms."""

    def __init__(self) -> None:
        self.by_platform: dict[Host, PlatformCounts] = {}
        self.images = 0
        self.reset()

    def reset(self) -> None:
        """Start again from nothing."""
        self.by_platform = {host: PlatformCounts() for host in HOSTS.values()}
        self.images = 0

    def as_json(self) -> dict[str, object]:
        """All numbers as plain JSON data, names sorted."""
        platforms: dict[str, object] = {
            platform.value: {
                "requests": counts.requests,
                "kinds": dict(sorted(counts.kinds.items())),
                "statuses": dict(sorted(counts.statuses.items())),
                "over_windows": dict(sorted(counts.over_windows.items())),
                "refusals": dict(sorted(counts.refusals.items())),
                "faults": dict(sorted(counts.faults.items())),
            }
            for platform, counts in self.by_platform.items()
        }
        return {"platforms": platforms, "images": self.images}
