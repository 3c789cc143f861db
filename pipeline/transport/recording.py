"""A recording: the answers of runs as a folder of plain files (``docs/recordings.md``).

Promises: an exchange is on disk, whole, before the run goes on with it; a later, different answer lies beside the
earlier one; killed at any moment, everything the index names can be read. No secret is written: of headers only those
named here, of an address only what is below the platform's base URL, and AniDB's client name is masked.
"""

import errno
import fcntl
import os
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Final, Self

from pydantic import ValidationError
from yarl import URL

from pipeline.domain.canonical import Digest, digest_bytes, digest_of, dump_json, load_json
from pipeline.domain.exchange import Answer, Request
from pipeline.domain.names import Platform
from pipeline.errors import BadInput, Damaged, InUse, one_line

__all__ = ["MANIFEST", "PICTURES", "Manifest", "Recorder", "Recording", "below", "masked"]

MANIFEST: Final = "recording.json"
PICTURES: Final = "images"
"""Stands where a platform's name stands for pictures, which are asked for by address."""

_INDEX: Final = "INDEX.jsonl"
_FORMAT: Final = "anime-enrich recording"
_VERSION: Final = 1
_KEPT_HEADERS: Final = frozenset(
    {
        "cache-control", "cf-mitigated", "content-type", "date", "etag", "expires", "last-modified",
        "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after",
        "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset",
    }
)  # fmt: skip
_MASKED: Final[Mapping[Platform, frozenset[str]]] = {Platform.ANIDB: frozenset({"client", "clientver"})}
_MASK: Final = "-"
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a recording says of itself: which platforms were asked, whether pictures were, of which catalogue."""

    format: str = _FORMAT
    version: int = _VERSION
    platforms: tuple[str, ...] = ()
    has_pictures: bool = False
    catalogue: str | None = None
    questions: dict[str, Digest] = field(default_factory=dict)
    """How each platform was asked: a digest that changes with the words of its first questions."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One exchange in the index. ``file`` is the name of its pair, without ending."""

    at: str
    platform: str
    kind: str
    ids: tuple[str, ...]
    path: str
    params: tuple[tuple[str, str], ...]
    status: int
    key: Digest
    file: str


@dataclass(frozen=True, slots=True)
class _Head:
    """Everything of an exchange but the body, which lies beside it."""

    at: str
    platform: str
    kind: str
    ids: tuple[str, ...]
    method: str
    path: str
    params: tuple[tuple[str, str], ...]
    json_body: str | None
    status: int
    headers: dict[str, str]
    url: str
    body_bytes: int
    body_digest: Digest


def masked(request: Request) -> Request:
    """The request as it may be written down, which is also how it is found again, whoever asks."""
    secret = _MASKED.get(request.platform, frozenset())
    return replace(request, params=tuple((n, _MASK if n in secret else v) for n, v in request.params))


def below(base_url: str, url: str) -> str:
    """The path of an address below a base: without host, query or whatever the base itself holds."""
    return URL(url).raw_path.removeprefix(URL(base_url).raw_path.rstrip("/"))


def _picture_key(url: str) -> Digest:
    return digest_of("picture", url)


class Recorder:
    """Writes a recording. One process at a time; a context manager.

    Raises ``BadInput`` for a folder that holds something else, ``InUse`` for one another run records in, ``Damaged``
    when it cannot be written.
    """

    def __init__(self, folder: Path, about: Manifest) -> None:
        self._folder = folder
        try:
            _write_manifest(folder, about)
            self._index = (folder / _INDEX).open("a+b", buffering=0)
            try:
                fcntl.flock(self._index, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                self._index.close()
                raise InUse(
                    f"another run records in {str(folder)!r}: name another folder, or wait until it ends"
                ) from error
            _cut_torn_line(folder / _INDEX)
        except OSError as error:
            raise _unwritable(folder, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._index.close()

    def note_answer(self, request: Request, answer: Answer, *, at: float) -> None:
        """Keep a platform's answer. Its ``url`` is written as it is: hand in what :func:`below` gives."""
        asked = masked(request)
        body = None if asked.json_body is None else asked.json_body.decode()
        self._keep(
            asked.key,
            _Head(
                at=_instant(at),
                platform=asked.platform.value,
                kind=asked.kind,
                ids=asked.ids,
                method=asked.method,
                path=asked.path,
                params=asked.params,
                json_body=body,
                status=answer.status,
                headers=_kept_headers(answer),
                url=answer.url,
                body_bytes=len(answer.body),
                body_digest=digest_bytes(answer.body),
            ),
            answer.body,
        )

    def note_picture(self, url: str, answer: Answer, *, at: float) -> None:
        """Keep the answer to a picture's address."""
        self._keep(
            _picture_key(url),
            _Head(
                at=_instant(at),
                platform=PICTURES,
                kind="picture",
                ids=(),
                method="GET",
                path=url,
                params=(),
                json_body=None,
                status=answer.status,
                headers=_kept_headers(answer),
                url="",
                body_bytes=len(answer.body),
                body_digest=digest_bytes(answer.body),
            ),
            answer.body,
        )

    def _keep(self, key: Digest, head: _Head, body: bytes) -> None:
        """The body, then the head, then the line: what the index names is whole."""
        which = digest_of(head.status, head.body_digest)
        name = "-".join([*(_plain(id_)[:40] for id_ in head.ids[:1]), key[:16], which[:8]])
        file = PurePosixPath(head.platform, _plain(head.kind), name)
        line = _Line(head.at, head.platform, head.kind, head.ids, head.path, head.params, head.status, key, str(file))
        try:
            _write_whole(self._folder / f"{file}.body", body)
            _write_whole(self._folder / f"{file}.json", dump_json(_Head, head) + b"\n")
            self._append(dump_json(_Line, line) + b"\n")
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def _append(self, line: bytes) -> None:
        """All of a line or nothing of it."""
        end = self._index.seek(0, os.SEEK_END)
        if self._index.write(line) != len(line):
            self._index.truncate(end)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(self._index.fileno())


class Recording:
    """A recording, for reading. Opening reads its index; bodies are read when asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.about = _read_manifest(folder)
        self._by_key: dict[Digest, list[str]] = {}
        self._by_id: dict[tuple[str, str, str], list[str]] = {}
        for line in _read_index(folder):
            _note_last(self._by_key.setdefault(line.key, []), line.file)
            for id_ in line.ids:
                _note_last(self._by_id.setdefault((line.platform, line.kind, id_), []), line.file)

    def answers(self, request: Request) -> Sequence[str]:
        """Files of the answers to this very request, the newest first."""
        return tuple(reversed(self._by_key.get(masked(request).key, ())))

    def pictures(self, url: str) -> Sequence[str]:
        """Files of the answers to a picture's address, the newest first."""
        return tuple(reversed(self._by_key.get(_picture_key(url), ())))

    def covering(self, platform: Platform, kind: str, id_: str) -> Sequence[str]:
        """Files of the answers of a kind that cover this id, alone or among others, the newest last."""
        return tuple(self._by_id.get((platform.value, kind, id_), ()))

    def exchange(self, file: str) -> tuple[Request, Answer]:
        """A platform's exchange. Raises ``Damaged``, which names the file, when it is torn."""
        head = self._head(file)
        asked = Request(
            platform=Platform(head.platform),
            kind=head.kind,
            path=head.path,
            ids=head.ids,
            params=head.params,
            json_body=None if head.json_body is None else head.json_body.encode(),
        )
        return asked, self._answer(file, head)

    def picture(self, file: str) -> Answer:
        """The answer to a picture's address. Raises ``Damaged``, which names the file, when it is torn."""
        return self._answer(file, self._head(file))

    def _head(self, file: str) -> _Head:
        path = self.folder / f"{file}.json"
        try:
            return load_json(_Head, path.read_bytes())
        except (OSError, ValidationError) as error:
            raise Damaged(f"{str(path)!r} is torn or missing") from error

    def _answer(self, file: str, head: _Head) -> Answer:
        path = self.folder / f"{file}.body"
        try:
            body = path.read_bytes()
        except OSError as error:
            raise Damaged(f"{str(path)!r} is missing") from error
        if digest_bytes(body) != head.body_digest:
            raise Damaged(f"{str(path)!r} is torn: {len(body)} of {head.body_bytes} bytes, or other ones")
        return Answer(head.status, head.headers, body, head.url)


def _note_last(files: list[str], file: str) -> None:
    if file in files:
        files.remove(file)
    files.append(file)


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _plain(text: str) -> str:
    return _NO_NAME.sub("_", text) or "_"


def _kept_headers(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name in _KEPT_HEADERS}


def _write_manifest(folder: Path, about: Manifest) -> None:
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{str(folder)!r} is a file: name a folder to record in")
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / MANIFEST).exists():
        old = _read_manifest(folder)
        changed = [name for name, asked in about.questions.items() if old.questions.get(name, asked) != asked]
        if changed:
            raise BadInput(
                f"{str(folder)!r} was recorded by a version that asks {', '.join(changed)} in other words: record in a "
                "new folder"
            )
        about = replace(
            about,
            platforms=tuple(sorted({*old.platforms, *about.platforms})),
            has_pictures=old.has_pictures or about.has_pictures,
            questions=old.questions | about.questions,
        )
    elif any(folder.iterdir()):
        raise BadInput(
            f"{str(folder)!r} holds other files and no {MANIFEST}: name an empty or a new folder to record in"
        )
    _write_whole(folder / MANIFEST, dump_json(Manifest, about) + b"\n")


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        about = load_json(Manifest, path.read_bytes())
    except OSError as error:
        raise BadInput(f"{str(folder)!r} is no recording: it has no {MANIFEST} that can be read") from error
    except ValidationError as error:
        raise Damaged(f"{str(path)!r} is torn or no manifest of a recording: take the folder from a copy") from error
    if about.format != _FORMAT or about.version != _VERSION:
        raise BadInput(
            f"{str(folder)!r} is a recording of format {about.format!r}, version {about.version}; this program knows "
            f"version {_VERSION} of {_FORMAT!r}: use the program that wrote it, or record in a new folder"
        )
    return about


def _read_index(folder: Path) -> Iterator[_Line]:
    """The lines, but for a last one that is cut: a killed run left it, and asks that request again."""
    path = folder / _INDEX
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            if not text.endswith(b"\n"):
                return
            try:
                line = load_json(_Line, text)
            except ValidationError as error:
                raise Damaged(f"{str(path)!r}, line {number}, is torn: {one_line(text, 60)!r}") from error
            place = PurePosixPath(line.file)
            if place.is_absolute() or ".." in place.parts:
                raise BadInput(f"{str(path)!r}, line {number}, names {line.file!r}, which is not in the folder")
            yield line


def _cut_torn_line(path: Path) -> None:
    """Take away what a killed run left of its last line."""
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        size = end
        while size:
            start = max(0, size - 65_536)
            file.seek(start)
            place = file.read(size - start).rfind(b"\n")
            if place >= 0:
                size = start + place + 1
                break
            size = start
        if size != end:
            file.truncate(size)


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{uuid.uuid4().hex}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _unwritable(folder: Path, error: OSError) -> Damaged:
    return Damaged(
        f"the recording in {str(folder)!r} cannot be written: {error.strerror}; check the space and the rights there "
        "and start again; nothing done is lost"
    )
