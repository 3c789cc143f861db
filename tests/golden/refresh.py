"""``python tests/golden/refresh.py``: write the golden summaries anew. Read the diff as carefully as code."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import structlog
from summary import FOLDER, render, summarise_all


def main() -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    shared = Path(os.environ.get("SHARED_MATERIAL", FOLDER.parent.parent.parent / "shared"))
    with tempfile.TemporaryDirectory() as checkpoints:
        summaries = asyncio.run(summarise_all(shared / "recordings", shared / "catalogue", Path(checkpoints)))
    for slug, summary in summaries.items():
        (FOLDER / f"{slug}.json").write_text(render(summary), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
