"""Practice platforms: one server on this machine that speaks all six platforms' protocols.

Answers are made up from catalogue rows (or are recorded ones), the same every time, in the platforms' real shapes and
behind their real limits, with faults on demand and with counters that prove a client polite. ``World`` and the
settings are light; the web server is imported only by ``pipeline.practice.server``.
"""

from pipeline.practice.catalogue import read_practice_rows
from pipeline.practice.faults import Fault, FaultKind, parse_fault
from pipeline.practice.settings import PracticeSettings
from pipeline.practice.world import World

__all__ = ["Fault", "FaultKind", "PracticeSettings", "World", "parse_fault", "read_practice_rows"]
