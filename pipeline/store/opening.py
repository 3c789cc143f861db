"""Which store the settings name: an embedded one in the checkpoints folder, or a server by URL."""

from collections.abc import Mapping

from pipeline.errors import EnrichError
from pipeline.settings import Settings
from pipeline.store.identity import VectorSpec, specs_of
from pipeline.store.port import VectorStore

__all__ = ["open_store"]

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


def _store(settings: Settings, specs: Mapping[str, VectorSpec]) -> VectorStore:
    wanted = settings.store
    if wanted.url is None:
        from pipeline.store.edge import EdgeVectorStore  # noqa: PLC0415  # see above

        return EdgeVectorStore(settings.checkpoints / "qdrant" / wanted.collection, specs, batch=wanted.batch)
    from pipeline.store.server import ServerVectorStore, connect  # noqa: PLC0415  # see above

    client = connect(wanted.url, wanted.api_key, timeout_s=wanted.timeout_s)
    return ServerVectorStore(client, wanted.collection, specs, batch=wanted.batch)
