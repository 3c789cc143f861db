"""Peak memory of planning a fetch of the whole catalogue, of which nothing was fetched yet.

``python benchmarks/plan_memory.py [--catalogue FILE]``

Reading the catalogue and planning are a process each, for a process's peak never falls. The memory of a fetch itself is
printed by ``benchmarks/fetch.py``.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from _catalogues import WHOLE

from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.opening import open_ledger
from pipeline.enrich.plan import plan_run
from pipeline.enrich.rehearsal import pointed_at, practice_catalogue
from pipeline.enrich.syncing import sync_catalogue
from pipeline.settings import Settings


def read(settings: Settings) -> None:
    with closing(open_ledger(settings, now=time.time)) as ledger:
        sync_catalogue(ledger, settings.catalogue or "")
        told("reading", len(ledger.titles.active()))


def plan(settings: Settings) -> None:
    adapters = make_adapters(settings)
    told("before planning", 0)
    began = time.perf_counter()
    with closing(open_ledger(settings, now=time.time)) as ledger:
        due = ledger.titles.active()
        planned = plan_run(settings, ledger, adapters, due, selected=len(due), now=time.time)
    told(f"planning, {time.perf_counter() - began:.1f} s", planned.due)
    pole = planned.long_pole
    if pole is not None:
        print(
            f"long pole: {pole.platform.value}, {pole.request_count} requests, {pole.eta_s / 3600:.1f} h at its limits"
        )


def told(what: str, titles: int) -> None:
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:<22} {titles:>6} titles, peak {peak_mib:.0f} MiB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", default=str(WHOLE) if WHOLE.exists() else practice_catalogue())
    parser.add_argument("--step", choices=["read", "plan"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step is not None:
        settings = Settings(checkpoints=given.folder, catalogue=given.catalogue)
        settings = pointed_at(settings, "http://127.0.0.1:9", speed=1.0)
        (read if given.step == "read" else plan)(settings)
        return
    with tempfile.TemporaryDirectory(prefix="bench-plan-") as folder:
        for step in ("read", "plan"):
            command = [sys.executable, __file__, "--catalogue", given.catalogue, "--step", step, "--folder", folder]
            subprocess.run(command, check=True, env=os.environ)


if __name__ == "__main__":
    main()
