"""The practice catalogue that comes with the package: 24 invented titles, one of every kind that makes trouble."""

from pathlib import Path
from typing import Final

from pipeline.catalogue import Row, open_catalogue
from pipeline.domain.title import CatalogueRow

__all__ = ["PRACTICE_CATALOGUE", "read_practice_rows"]

PRACTICE_CATALOGUE: Final = Path(__file__).with_name("catalogue.jsonl")


def read_practice_rows(location: str | Path = PRACTICE_CATALOGUE) -> tuple[CatalogueRow, ...]:
    """All good rows of a catalogue file; bad ones are left out, as the pipeline leaves them out.

    Raises ``BadInput`` when there is no such file or it is none.
    """
    with open_catalogue(str(location)) as catalogue:
        return tuple(row.row for row in catalogue.rows() if isinstance(row, Row))
