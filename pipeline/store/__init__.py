"""Qdrant: one port, two engines (embedded in a folder, a server by URL).

Importing this package loads neither engine; :func:`open_store` does.
"""

from pipeline.store.identity import CollectionIdentity, VectorSpec
from pipeline.store.opening import open_store, read_collection_id
from pipeline.store.payload import PAYLOAD_INDEXES, PayloadIndex, payload_of
from pipeline.store.port import Floats, Hit, Point, VectorStore, Where

__all__ = [
    "PAYLOAD_INDEXES",
    "CollectionIdentity",
    "Floats",
    "Hit",
    "PayloadIndex",
    "Point",
    "VectorSpec",
    "VectorStore",
    "Where",
    "open_store",
    "payload_of",
    "read_collection_id",
]
