"""Which store the settings name: an embedded one in the checkpoints folder, or a server by URL."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import EnrichError
from pipeline.settings import Settings
from pipeline.store.identity import VectorSpec, check_same, specs_of
from pipeline.store.port import VectorStore

__all__ = ["open_store", "read_collection_id"]

# Both engines are imported where they are chosen: neither is loaded for who only reads the payload's shape.


def open_store(settings: Settings, vectors: Mapping[str, int], model_ids: Mapping[str, str]) -> VectorStore:
    """The open store, its collection made if it was not there. ``vectors`` and ``model_ids`` are by vector name.

    Raises ``InUse``, ``Damaged``, ``Misconfigured`` (made for other models), ``RetryLater`` (no server there).
    """
    store = _store(settings, specs_of(vectors, model_ids))
    try:
        store.ensure_schema()
    except EnrichError:
        store.close()
        raise
    return store


def read_collection_id(settings: Settings, vectors: Mapping[str, int], model_ids: Mapping[str, str]) -> str | None:
    """The id of the collection the settings name, ``None`` when there is none yet; takes no lock of the embedded one.

    Raises as :func:`open_store` does, but ``InUse``.
    """
    if settings.store.url is None:
        from pipeline.store._edge_files import read_collection  # noqa: PLC0415  # see above

        identity = read_collection(_folder(settings))
        if identity is not None:
            check_same(identity.vectors, specs_of(vectors, model_ids), f"the collection in {str(_folder(settings))!r}")
        return None if identity is None else identity.collection_id
    store = open_store(settings, vectors, model_ids)
    try:
        return store.collection_id
    finally:
        store.close()


def _folder(settings: Settings) -> Path:
    return settings.checkpoints / "qdrant" / settings.store.collection


def _store(settings: Settings, specs: Mapping[str, VectorSpec]) -> VectorStore:
    wanted = settings.store
    if wanted.url is None:
        from pipeline.store.edge import EdgeVectorStore  # noqa: PLC0415  # see above

        return EdgeVectorStore(_folder(settings), specs, batch=wanted.batch)
    from pipeline.store.server import ServerVectorStore, connect  # noqa: PLC0415  # see above

    client = connect(wanted.url, wanted.api_key, timeout_s=wanted.timeout_s)
    return ServerVectorStore(client, wanted.collection, specs, batch=wanted.batch)
