"""The anime-offline-database: reading its rows, and which ids they carry. Pure reading; nothing is remembered here."""

from pipeline.catalogue.ids import Identified, canonical_url, identify_url, ids_of, parse_id
from pipeline.catalogue.parsing import load_row, row_bytes
from pipeline.catalogue.reading import BadRow, Catalogue, CatalogueMeta, Row, open_catalogue

__all__ = [
    "BadRow",
    "Catalogue",
    "CatalogueMeta",
    "Identified",
    "Row",
    "canonical_url",
    "identify_url",
    "ids_of",
    "load_row",
    "open_catalogue",
    "parse_id",
    "row_bytes",
]
