"""Step 5: the record and its provenance, put together from the stages' drafts, checked, and written canonically.

``assemble`` puts together and decides nothing; what persons decided stands over the rules (``locking``), and what a
person should look at comes out beside the record (``reviewing``). ``validate`` refuses what is not a record.
``load_record`` reads what any released version wrote. ``measure_quality`` says in figures how good one is. ``schemas``
writes the JSON Schemas of everything that leaves the house.
"""

from pipeline.assembly.assembling import ASSEMBLE_VERSION, Assembled, assemble
from pipeline.assembly.quality import QUALITY_VERSION, measure_quality
from pipeline.assembly.reading import load_record, provenance_bytes, record_bytes
from pipeline.assembly.validation import validate

__all__ = [
    "ASSEMBLE_VERSION",
    "QUALITY_VERSION",
    "Assembled",
    "assemble",
    "load_record",
    "measure_quality",
    "provenance_bytes",
    "record_bytes",
    "validate",
]
