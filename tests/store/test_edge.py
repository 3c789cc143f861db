"""The embedded engine: files, locks, kills."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import qdrant_edge

from pipeline.errors import Broken, Damaged, EnrichError, InUse, Misconfigured
from pipeline.settings import Settings
from pipeline.store import PAYLOAD_INDEXES, VectorSpec, open_store
from pipeline.store._edge_files import sync_log
from pipeline.store.edge import EdgeVectorStore, _EdgeErrors

from .conftest import AXES, SPECS, point, title_id

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from conftest import SPECS, point
from pipeline.store.edge import EdgeVectorStore
store = EdgeVectorStore(Path({folder!r}), SPECS)
store.ensure_schema()
print("open", flush=True)
for n in range(100_000):
    store.write_points([point(n)])
    print(n, flush=True)
"""


def opened(folder: Path, specs: dict[str, VectorSpec] = SPECS) -> EdgeVectorStore:
    store = EdgeVectorStore(folder, specs)
    try:
        store.ensure_schema()
    except EnrichError:
        store.close()
        raise
    return store


def writer(folder: Path) -> "subprocess.Popen[str]":
    code = WRITER.format(tests=str(Path(__file__).parent), folder=str(folder))
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_killed_writer_loses_nothing_it_was_told_is_written(tmp_path: Path) -> None:
    """SIGKILL in the middle of writing: all acknowledged points are there, and writing goes on."""
    folder = tmp_path / "qdrant"
    acknowledged = -1
    for _ in range(2):
        child = writer(folder)
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        for line in child.stdout:
            acknowledged = max(acknowledged, int(line))
            if int(line) >= 40:
                child.send_signal(signal.SIGKILL)
                break
        acknowledged = max([acknowledged, *(int(line) for line in child.stdout.read().split())])
        child.wait()
        child.stdout.close()
        assert child.returncode == -signal.SIGKILL
        store = opened(folder)
        stored = set(store.scroll_ids())
        assert {title_id(n) for n in range(acknowledged + 1)} <= stored
        for n in (0, acknowledged):
            assert store.read_fingerprints([title_id(n)])[title_id(n)]["title"] == f"title-{n}"
            assert store.query("title", AXES[n % 4], 1)[0].score == pytest.approx(1.0, abs=0.02)
        store.close()


def test_what_the_engine_had_not_flushed_is_read_from_the_log(tmp_path: Path) -> None:
    """As after a power cut: its files are those of its last flush, and the log is what was synced."""
    folder, cut = tmp_path / "qdrant", tmp_path / "cut"
    store = opened(folder)
    store.write_points([point(1), point(2)])
    store.close()
    shutil.copytree(folder, cut)

    store = opened(folder)
    store.write_points([point(n) for n in range(3, 9)])
    store.update_vectors([replace(point(1), vectors={"title": AXES[3]})])
    store.delete_points([title_id(2)])
    assert sync_log(folder)
    shutil.rmtree(cut / "data" / "shard" / "wal")
    shutil.copytree(folder / "data" / "shard" / "wal", cut / "data" / "shard" / "wal")
    store.close()

    after = opened(cut)
    assert sorted(after.scroll_ids()) == sorted(title_id(n) for n in (1, *range(3, 9)))
    assert after.query("title", AXES[3], 1)[0].title_id in {title_id(n) for n in (1, 3, 7)}
    assert after.query("title", AXES[1], 9)[0].title_id == title_id(5)
    after.close()


def test_the_engine_flushes_before_its_log_grows_long(tmp_path: Path) -> None:
    """Then it reads only the end of it when it is opened: the files alone hold the rest."""
    folder, cut = tmp_path / "qdrant", tmp_path / "cut"
    store = opened(folder)
    for n in range(70):
        store.write_points([point(n)])
    shutil.copytree(folder, cut)
    store.close()
    shutil.rmtree(cut / "data" / "shard" / "wal")
    without_log = opened(cut)
    assert 60 <= without_log.count() < 70
    without_log.close()


def test_without_a_log_there_is_nothing_to_sync(tmp_path: Path) -> None:
    """The store flushes instead."""
    assert not sync_log(tmp_path)
    (tmp_path / "data" / "shard" / "wal").mkdir(parents=True)
    assert not sync_log(tmp_path)


def test_second_process_is_told_who_has_the_folder(tmp_path: Path) -> None:
    """The message names folder, process and the way out; afterwards the folder is free."""
    folder = tmp_path / "qdrant"
    child = writer(folder)
    assert child.stdout is not None
    child.stdout.readline()
    with pytest.raises(InUse, match=rf"qdrant'.*process {child.pid}.*store\.url"):
        EdgeVectorStore(folder, SPECS)
    child.kill()
    child.wait()
    child.stdout.close()
    opened(folder).close()


def test_second_opener_in_the_same_process_is_refused(tmp_path: Path) -> None:
    """One store per folder, wherever the second one comes from."""
    store = opened(tmp_path)
    with pytest.raises(InUse, match=str(os.getpid())):
        EdgeVectorStore(tmp_path, SPECS)
    store.close()
    opened(tmp_path).close()


def test_shard_held_without_our_lock_is_in_use_too(tmp_path: Path) -> None:
    """Whoever opened Qdrant's files by other means is noticed by their own lock."""
    opened(tmp_path).close()
    other = qdrant_edge.EdgeShard.load(str(tmp_path / "data" / "shard"))
    with pytest.raises(InUse, match="another process"):
        opened(tmp_path)
    other.close()
    opened(tmp_path).close()


def test_fork_is_refused_instead_of_hanging(tmp_path: Path) -> None:
    """A forked child gets a sentence; the parent's store goes on."""
    store = opened(tmp_path)
    store.write_points([point(1)])
    child = os.fork()
    if child == 0:
        code = 1
        try:
            store.count()
        except InUse:
            store.close()
            code = 7
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert store.count() == 1
    with pytest.raises(InUse):
        EdgeVectorStore(tmp_path, SPECS)
    store.close()


def test_threads_share_one_store(tmp_path: Path) -> None:
    """Eight threads write at once, and every point is there."""
    store = opened(tmp_path)
    threads = [
        threading.Thread(target=lambda k=k: store.write_points([point(n) for n in range(k * 20, k * 20 + 20)]))
        for k in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.count() == 160
    store.close()


def test_another_model_is_refused_and_both_are_named(tmp_path: Path) -> None:
    """Vectors of two models do not compare; neither do two lengths, nor is a name added unseen."""
    store = opened(tmp_path)
    store.write_points([point(1)])
    store.close()
    for changed, said in (
        ({**SPECS, "title": VectorSpec(4, "model-b@1")}, "'model-a@1' with 4 .*'model-b@1' with 4"),
        ({**SPECS, "cover": VectorSpec(5, "eye@2")}, "'eye@2' with 3 .*'eye@2' with 5"),
        ({**SPECS, "music": VectorSpec(4, "model-a@1")}, "'music' as absent"),
        ({n: s for n, s in SPECS.items() if n != "cover"}, "'cover'.* want absent"),
    ):
        with pytest.raises(Misconfigured, match=said):
            opened(tmp_path, changed)
    store = opened(tmp_path)
    assert store.count() == 1
    store.close()


def test_deleted_store_comes_back_as_another_collection(tmp_path: Path) -> None:
    """A ledger that remembers the id sees that the points it knows of are not there."""
    store = opened(tmp_path / "a")
    first = store.collection_id
    store.close()
    shutil.rmtree(tmp_path / "a")
    store = opened(tmp_path / "a")
    assert store.collection_id != first
    store.close()


@pytest.mark.parametrize("keep", [0, 1, 40, -1])
def test_torn_description_is_damaged_not_empty(tmp_path: Path, keep: int) -> None:
    """A cut collection.json stops the opening; the points are untouched and come back with it."""
    store = opened(tmp_path)
    store.write_points([point(1)])
    store.close()
    path = tmp_path / "data" / "collection.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:keep])
    with pytest.raises(Damaged, match=r"collection\.json"):
        opened(tmp_path)
    path.write_bytes(whole)
    store = opened(tmp_path)
    assert store.count() == 1
    store.close()


def test_edited_description_is_damaged(tmp_path: Path) -> None:
    """Its digest notices a value changed by hand, and unknown fields."""
    opened(tmp_path).close()
    path = tmp_path / "data" / "collection.json"
    content = json.loads(path.read_bytes())
    for change in ({"collection_id": "other"}, {"format": 2}, {"extra": 1}, {"digest": "0"}):
        path.write_text(json.dumps(content | change))
        with pytest.raises(Damaged):
            opened(tmp_path)


def test_missing_description_or_shard_is_damaged(tmp_path: Path) -> None:
    """Half a collection is never taken for none."""
    opened(tmp_path / "a").close()
    (tmp_path / "a" / "data" / "collection.json").unlink()
    with pytest.raises(Damaged, match="missing beside a shard"):
        opened(tmp_path / "a")
    opened(tmp_path / "b").close()
    shutil.rmtree(tmp_path / "b" / "data" / "shard")
    with pytest.raises(Damaged, match="cannot open"):
        opened(tmp_path / "b")


def test_creation_killed_half_way_is_begun_anew(tmp_path: Path) -> None:
    """What lies in the place of making is thrown away; nothing was acknowledged from there."""
    making = tmp_path / "making" / "shard"
    making.mkdir(parents=True)
    (making / "edge_config.json").write_text("{")
    store = opened(tmp_path)
    store.write_points([point(1)])
    assert store.count() == 1
    assert not (tmp_path / "making").exists()
    store.close()


def test_payload_indexes_stand_after_creation(tmp_path: Path) -> None:
    """Fields that are filtered by are indexed before the first point comes."""
    opened(tmp_path).close()
    shard = qdrant_edge.EdgeShard.load(str(tmp_path / "data" / "shard"))
    assert set(shard.info().payload_schema) == {index.key for index in PAYLOAD_INDEXES}
    shard.close()


def test_closed_store_says_so(tmp_path: Path) -> None:
    """Using a closed store is an error with a sentence, not a crash of the engine."""
    store = opened(tmp_path)
    store.close()
    with pytest.raises(Misconfigured, match="not open"):
        store.count()


@pytest.mark.parametrize(
    ("text", "doing", "kind"),
    [
        ("failed to open WAL: Kind(WouldBlock)", "open", InUse),
        ("cannot load edge shard", "open", Damaged),
        ("IO error: No space left on device (os error 28)", "write points", Damaged),
        ("Wrong input: Vector dimension error", "write points", Broken),
    ],
)
def test_every_error_of_the_engine_is_one_of_ours(text: str, doing: str, kind: type[EnrichError]) -> None:
    """The engine only knows ``Exception`` with a text; its cause stays attached."""
    with pytest.raises(kind) as caught, _EdgeErrors(Path("folder"), doing):
        raise Exception(text)  # noqa: TRY002  # this is what the engine raises
    assert str(caught.value.__cause__) == text


def test_errors_that_are_not_the_engines_pass(tmp_path: Path) -> None:
    """Only the engine's own error is mapped; a mistake of ours stays what it is."""
    with pytest.raises(KeyError), _EdgeErrors(tmp_path, "open"):
        raise KeyError("ours")


def test_settings_open_an_embedded_store_in_the_checkpoints_folder(tmp_path: Path) -> None:
    """Without a URL the store is a folder; a failed opening leaves the folder free."""
    settings = Settings(checkpoints=tmp_path)
    store = open_store(settings, {"title": 4}, {"title": "model-a@1"})
    known = store.collection_id
    assert (tmp_path / "qdrant" / "anime" / "data" / "collection.json").is_file()
    store.close()
    with pytest.raises(Misconfigured, match="model-b"):
        open_store(settings, {"title": 4}, {"title": "model-b@1"})
    again = open_store(settings, {"title": 4}, {"title": "model-a@1"})
    assert again.collection_id == known
    again.close()


@pytest.mark.parametrize(("vectors", "models"), [({"title": 4}, {}), ({}, {}), ({"title": 4}, {"titel": "m"})])
def test_every_vector_needs_length_and_model(tmp_path: Path, vectors: dict[str, int], models: dict[str, str]) -> None:
    """A collection without a known model for each vector is not made."""
    with pytest.raises(Misconfigured, match="length and the model"):
        open_store(Settings(checkpoints=tmp_path), vectors, models)
    assert list(tmp_path.iterdir()) == []


def test_importing_the_room_loads_no_engine() -> None:
    """Whoever only builds payloads pays for no engine."""
    code = (
        "import sys, pipeline.store; "
        "print([m for m in ('numpy', 'qdrant_edge', 'qdrant_client', 'grpc') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
