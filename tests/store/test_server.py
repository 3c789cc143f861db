"""The server engine: what goes over the wire, and what comes back when things go wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException

from pipeline.errors import Broken, EnrichError, Misconfigured, ShrinkBatch, Throttled, Transient
from pipeline.settings import Settings
from pipeline.store import PAYLOAD_INDEXES, Point, VectorSpec, open_store
from pipeline.store._server_errors import server_errors
from pipeline.store.identity import CollectionIdentity
from pipeline.store.server import ServerVectorStore, connect

from .conftest import SPECS, point, title_id

Script = Callable[[int, list[str]], httpx.Response | Exception | None]
IDENTITY = CollectionIdentity("11111111-1111-4111-8111-111111111111", SPECS)


def answer(result: object, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"result": result, "status": "ok", "time": 0.0}, headers=headers)


def refusal(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"status": {"error": "no"}, "time": 0.0}, headers=headers)


class Wire:
    """A server that keeps its collection in a dictionary and fails by a script.

    ``script`` is asked before every write of points, with the number of the write and the ids in it.
    """

    def __init__(self, script: Script = lambda _number, _ids: None) -> None:
        self.script = script
        self.requests: list[httpx.Request] = []
        self.writes: list[list[str]] = []
        self.metadata: dict[str, object] | None = {"anime_enrich": IDENTITY.to_json()}
        self.indexes: list[str] = []
        self.status = ["green"]
        self.made: dict[str, object] | None = None
        self.exists = True
        self.create_answers: list[httpx.Response] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path, method = request.url.path, request.method
        body = json.loads(request.content or b"{}")
        if path.endswith("/exists"):
            return answer({"exists": self.exists})
        if path.endswith("/index"):
            self.indexes.append(body["field_name"])
            return answer({"operation_id": 1, "status": "completed"})
        if path.endswith("/points") and method == "PUT":
            return self._write([p["id"] for p in body["points"]])
        if method == "PUT":
            return self._create(body)
        if method == "GET":
            return answer(self._info())
        return answer({"points": [], "count": 3})

    def _create(self, body: dict[str, object]) -> httpx.Response:
        self.made = body
        self.metadata = body["metadata"]  # type: ignore[assignment]
        self.exists = True
        return self.create_answers.pop(0) if self.create_answers else answer(True)

    def _write(self, ids: list[str]) -> httpx.Response:
        self.writes.append(ids)
        scripted = self.script(len(self.writes), ids)
        if isinstance(scripted, Exception):
            raise scripted
        return scripted or answer({"operation_id": 1, "status": "completed"})

    def _info(self) -> dict[str, object]:
        return {
            "status": self.status.pop(0) if len(self.status) > 1 else self.status[0],
            "optimizer_status": "ok",
            "segments_count": 1,
            "payload_schema": {},
            "config": {
                "params": {"vectors": {"title": {"size": 4, "distance": "Cosine"}}},
                "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000},
                "optimizer_config": {
                    "deleted_threshold": 0.2,
                    "vacuum_min_vector_number": 1000,
                    "default_segment_number": 0,
                    "flush_interval_sec": 5,
                },
                "metadata": self.metadata,
            },
        }


def over(wire: Wire, *, batch: int = 4, specs: dict[str, VectorSpec] = SPECS) -> tuple[ServerVectorStore, list[float]]:
    """A store over a wire, and the pauses it makes."""
    pauses: list[float] = []
    client = QdrantClient(url="http://127.0.0.1:6333", transport=httpx.MockTransport(wire), check_compatibility=False)
    return ServerVectorStore(client, "anime", specs, batch=batch, sleep=pauses.append), pauses


def test_writes_wait_and_go_in_batches() -> None:
    """Every write asks the server to wait, and no batch is larger than the settings say."""
    wire = Wire()
    store, _ = over(wire)
    store.write_points([point(n) for n in range(10)])
    assert [len(ids) for ids in wire.writes] == [4, 4, 2]
    assert all(request.url.params["wait"] == "true" for request in wire.requests)


@pytest.mark.parametrize(
    ("failure", "pauses"),
    [
        (refusal(500), [0.5, 1.0]),
        (refusal(503), [0.5, 1.0]),
        (httpx.ConnectError("refused"), [0.5, 1.0]),
        (httpx.RemoteProtocolError("cut"), [0.5, 1.0]),
        (refusal(429), [0.5, 1.0]),
        (refusal(429, **{"retry-after": "17"}), [17.0, 17.0]),
        (refusal(429, **{"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}), [0.5, 1.0]),
        (answer({"operation_id": 1, "status": "wait_timeout"}), [0.5, 1.0]),
        (answer({"operation_id": 1, "status": "acknowledged"}), [0.5, 1.0]),
    ],
)
def test_passing_faults_are_tried_again_with_growing_or_stated_pauses(
    failure: httpx.Response | Exception, pauses: list[float]
) -> None:
    """The same batch goes out until it is written; a stated wait is kept to the second."""
    wire = Wire(lambda number, _: failure if number <= 2 else None)
    store, waited = over(wire)
    store.write_points([point(n) for n in range(4)])
    assert [len(ids) for ids in wire.writes] == [4, 4, 4]
    assert waited == pauses


def test_retries_end() -> None:
    """A server that stays away is the caller's business after six tries."""
    wire = Wire(lambda *_: refusal(502))
    store, waited = over(wire)
    with pytest.raises(Transient, match="502"):
        store.write_points([point(1)])
    assert len(wire.writes) == 6
    assert len(waited) == 5


def test_very_long_stated_wait_goes_to_the_caller_at_once() -> None:
    """An hour is not slept away inside a write."""
    wire = Wire(lambda *_: refusal(429, **{"retry-after": "3600"}))
    store, waited = over(wire)
    with pytest.raises(Throttled) as caught:
        store.write_points([point(1)])
    assert caught.value.wait_s == 3600.0
    assert waited == []


@pytest.mark.parametrize("failure", [refusal(413), httpx.ReadTimeout("slow"), httpx.WriteTimeout("slow")])
def test_heavy_or_slow_batches_are_halved_without_losing_a_point(failure: httpx.Response | Exception) -> None:
    """Halves of halves arrive, in order, each point once."""
    wire = Wire(lambda _, ids: failure if len(ids) > 1 else None)
    store, _ = over(wire)
    store.write_points([point(n) for n in range(4)])
    written = [ids[0] for ids in wire.writes if len(ids) == 1]
    assert written == [title_id(n) for n in range(4)]


def test_single_point_too_heavy_is_broken_and_named() -> None:
    """One point cannot be halved; its id is in the message."""
    store, waited = over(Wire(lambda *_: refusal(413)))
    with pytest.raises(Broken, match=title_id(7)):
        store.write_points([point(7)])
    assert waited == []


def test_single_point_too_slow_is_tried_again() -> None:
    """A time-out of one point is a passing fault."""
    wire = Wire(lambda number, _: httpx.ReadTimeout("slow") if number == 1 else None)
    store, waited = over(wire)
    store.write_points([point(7)])
    assert waited == [0.5]


@pytest.mark.parametrize("status", [400, 404, 422])
def test_refused_batch_names_its_points_and_is_not_repeated(status: int) -> None:
    """What the server calls wrong stays wrong; the ids say where to look."""
    wire = Wire(lambda *_: refusal(status))
    store, waited = over(wire)
    with pytest.raises(Broken, match=title_id(1)) as caught:
        store.write_points([point(0), point(1)])
    assert caught.value.status == status
    assert (len(wire.writes), waited) == (1, [])


@pytest.mark.parametrize("status", [401, 403])
def test_wrong_key_names_the_setting(status: int) -> None:
    """The operator reads which setting to look at."""
    store, _ = over(Wire(lambda *_: refusal(status)))
    with pytest.raises(Misconfigured, match=r"store\.api_key"):
        store.write_points([point(0)])


@pytest.mark.parametrize("content", [b"<html>proxy</html>", b"", b"{"])
def test_answer_that_is_not_json_is_no_acknowledgement(content: bytes) -> None:
    """A proxy's page or a cut body with status 200 means the write is repeated."""
    wire = Wire(lambda number, _: httpx.Response(200, content=content) if number == 1 else None)
    store, waited = over(wire)
    store.write_points([point(0)])
    assert (len(wire.writes), waited) == (2, [0.5])


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"result": null}', b'{"result": {"status": "done"}}'])
def test_answer_of_another_shape_is_broken(content: bytes) -> None:
    """JSON that is not Qdrant's is somebody else's server: not repeated."""
    wire = Wire(lambda *_: httpx.Response(200, content=content))
    store, _ = over(wire)
    with pytest.raises(Broken):
        store.write_points([point(0)])
    assert len(wire.writes) == 1


def test_collection_is_made_with_its_identity_and_indexes() -> None:
    """Vectors, 8-bit copies, the models as metadata, then the indexes, before any point."""
    wire = Wire()
    wire.exists = False
    store, _ = over(wire)
    store.ensure_schema()
    assert wire.made is not None
    assert set(wire.made["vectors"]) == set(SPECS)  # type: ignore[call-overload]
    assert wire.made["quantization_config"]["scalar"]["type"] == "int8"  # type: ignore[index]
    assert wire.metadata is not None
    assert store.collection_id == wire.metadata["anime_enrich"]["collection_id"]  # type: ignore[index]
    assert wire.indexes == [index.key for index in PAYLOAD_INDEXES]
    store.ensure_schema()
    assert len(wire.indexes) == len(PAYLOAD_INDEXES)


def test_lost_acknowledgement_of_the_creation_is_harmless() -> None:
    """Made, then told it is there already: the collection that is there is taken."""
    wire = Wire()
    wire.exists = False
    wire.create_answers = [refusal(500), refusal(409)]
    store, _ = over(wire)
    store.ensure_schema()
    assert store.collection_id


def test_foreign_and_differing_collections_are_refused() -> None:
    """A collection of somebody else's, or made for another model, is not written to."""
    wire = Wire()
    wire.metadata = None
    with pytest.raises(Misconfigured, match="not made by this program"):
        over(wire)[0].ensure_schema()
    wire.metadata = {"anime_enrich": IDENTITY.to_json()}
    with pytest.raises(Misconfigured, match=r"model-a@1.*model-b@1"):
        over(wire, specs={**SPECS, "title": VectorSpec(4, "model-b@1")})[0].ensure_schema()


def test_optimize_waits_for_green() -> None:
    """A load is done when the server has built its indexes."""
    wire = Wire()
    wire.status = ["yellow", "yellow", "green"]
    store, waited = over(wire)
    store.optimize()
    assert waited == [2.0, 2.0]


def test_every_error_of_the_client_is_one_of_ours() -> None:
    """All of the client's and the transport's classes are mapped, with their cause attached."""

    def classes(root: type[Exception]) -> set[type[Exception]]:
        return {root}.union(*(classes(kind) for kind in root.__subclasses__()))

    request = httpx.Request("GET", "http://127.0.0.1")
    for kind in classes(httpx.TransportError):
        with pytest.raises((Transient, ShrinkBatch)) as caught, server_errors("test"):
            raise ResponseHandlingException(kind("x", request=request))  # type: ignore[call-arg]
        assert caught.value.__cause__ is not None
    for error in (ApiException("x"), QdrantException("x"), ResponseHandlingException(RuntimeError("x"))):
        with pytest.raises(EnrichError), server_errors("test"):
            raise error


def test_settings_with_a_url_open_a_server_store(tmp_path: Path) -> None:
    """No server there: an error that can be tried later, and no folder is made."""
    settings = Settings(checkpoints=tmp_path, store={"url": "http://127.0.0.1:9", "timeout_s": 1})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.store.server._ATTEMPTS", 1)
        with pytest.raises(Transient, match="broke"):
            open_store(settings, {"title": 4}, {"title": "m"})
    assert list(tmp_path.iterdir()) == []


def test_key_goes_to_the_server_only() -> None:
    """A secret key is given to the client and printed nowhere."""
    client = connect("https://127.0.0.1:6333", SecretStr("hush"), timeout_s=60)
    store = ServerVectorStore(client, "anime", SPECS)
    assert "hush" not in repr(store)
    store.close()


def test_point_of_fourteen_vectors_stays_far_below_the_servers_limit() -> None:
    """Sixteen points of 14 x 1024 numbers are a request of about 5 MB; the server's limit is 32."""
    sizes: list[int] = []

    class Measuring(Wire):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            sizes.append(len(request.content))
            return super().__call__(request)

    specs = {f"v{i}": VectorSpec(1024, "m") for i in range(14)}
    store, _ = over(Measuring(), batch=16, specs=specs)
    vector = [1.0 / 32.0 + 1e-9 * i for i in range(1024)]
    store.write_points([Point(title_id(n), dict.fromkeys(specs, vector), {}) for n in range(16)])
    assert len(sizes) == 1
    assert sizes[0] < 8_000_000
