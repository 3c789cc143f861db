"""Kitsu as a platform: twenty titles a request, by GraphQL or by JSON:API."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from pipeline.domain.exchange import Answer, Part, Reading, Request, Wanted
from pipeline.domain.names import Platform, Site
from pipeline.domain.source_title import SourceTitle
from pipeline.errors import Broken, Misconfigured, ShrinkBatch, Transient, one_line
from pipeline.platforms._http import check_json, check_status, is_challenge, is_html
from pipeline.platforms._reading import EMPTY, JsonObject, json_bytes
from pipeline.platforms.kitsu.convert import convert_title
from pipeline.platforms.kitsu.payload import slice_document
from pipeline.platforms.kitsu.requests import (
    LARGEST_BATCH,
    MAX_BATCH,
    expect_jsonapi_pages,
    expect_pages,
    id_of_alias,
    plan_graphql,
    plan_jsonapi,
)

__all__ = ["KitsuAdapter"]

_TOO_HEAVY: Final = frozenset({500, 502, 504})
_NODE_LIMIT: Final = re.compile(r"node limit|exceeds the", re.IGNORECASE)
_PAGED: Final = re.compile(r"^(?:episodes|characters)_\d+$")


def _body(answer: Answer) -> JsonObject:
    value = check_json(answer, Platform.KITSU)
    return JsonObject(value) if isinstance(value, dict) else EMPTY


@dataclass(frozen=True, slots=True)
class KitsuAdapter:
    """Asks for whole records of many titles at once, then for the rest of long series.

    By GraphQL it begins with ``batch`` titles; the engine goes up to ``largest_batch`` while the server is quick.
    """

    name: ClassVar[Platform] = Platform.KITSU
    convert_version: ClassVar[int] = 4
    batch: int = MAX_BATCH
    largest_batch: int = LARGEST_BATCH
    api: Literal["graphql", "jsonapi"] = "graphql"

    def __post_init__(self) -> None:
        """Refuse a mode that does not exist and a batch JSON:API would cut."""
        if self.api not in ("graphql", "jsonapi"):
            raise Misconfigured(f"kitsu: api {self.api!r} is neither 'graphql' nor 'jsonapi'")
        if self.api == "jsonapi" and not 1 <= self.batch <= MAX_BATCH:
            raise Misconfigured(
                f"kitsu: batch {self.batch} is not 1 to {MAX_BATCH}, which is all JSON:API gives a page"
            )
        if self.api == "graphql" and not 1 <= self.batch <= self.largest_batch <= LARGEST_BATCH:
            raise Misconfigured(
                f"kitsu: batch {self.batch} and largest_batch {self.largest_batch} are not 1 to {LARGEST_BATCH} in "
                "this order; GraphQL refuses documents of more titles"
            )

    @property
    def batch_bounds(self) -> tuple[int, int]:
        """By GraphQL as few as one: what the server has no time for is asked one by one."""
        return (1, self.largest_batch) if self.api == "graphql" else (self.batch, self.batch)

    def wanted_ids(self, ids: Mapping[Site, tuple[str, ...]]) -> tuple[str, ...]:
        """Kitsu's own ids: they are loaded in one statement, mappings in one each."""
        return ids.get(Site.KITSU, ())

    def plan_requests(self, wanted: Sequence[Wanted]) -> tuple[Request, ...]:
        """The records that are missing, then the rest of long lists."""
        plan = plan_graphql if self.api == "graphql" else plan_jsonapi
        _, most = self.batch_bounds
        starts = range(0, len(wanted), most)
        return tuple(request for start in starts for request in plan(wanted[start : start + most]))

    def expect_requests(self, wanted: Sequence[Wanted]) -> Counter[str]:
        """The records together and, where episodes do not fit, what is left of them; casts cannot be told beforehand.

        By JSON:API each title's episodes and characters are asked for besides.
        """
        if self.api == "jsonapi":
            pages = sum(expect_jsonapi_pages(one) for one in wanted)
            return Counter({"jsonapi/anime": -(-len(wanted) // self.batch), "jsonapi/children": pages})
        expected = Counter(request.kind for request in self.plan_requests(wanted))
        return expected + Counter({"pages": expect_pages(wanted)})

    def check_answer(self, request: Request, answer: Answer) -> None:
        """Halve what the server could not finish; read errors also in a 200."""
        if answer.status in _TOO_HEAVY and not is_challenge(answer):
            raise _too_heavy(request, answer, Transient)
        if answer.status == 404 and not _is_of_one(request, answer):
            raise _error(Broken, answer, "the address is wrong; of a list of ids it leaves out what it does not have")
        check_status(answer, Platform.KITSU)
        body = _body(answer)
        if request.json_body is None:
            if not (isinstance(body.raw("data"), list | dict)):
                raise _error(Transient, answer, "no data")
            return
        _check_graphql(request, answer, body)

    def parse_answer(self, request: Request, answer: Answer) -> Reading:
        """Give each title its part; null aliases and ids missing from a list are absent."""
        body = _body(answer)
        if request.kind.startswith("jsonapi/"):
            return _read_jsonapi(request, body)
        data = body.obj("data")
        found = {id_of_alias(alias): data.obj(alias) for alias in data}
        parts = {id_: _graphql_parts(request, found[id_]) for id_ in request.ids if found.get(id_)}
        return Reading(parts=parts, absent=frozenset(request.ids) - parts.keys())

    def convert(self, id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
        """Kitsu's word on one title, from the parts of either API."""
        return convert_title(id_, parts)


def _is_of_one(request: Request, answer: Answer) -> bool:
    """Whether this is Kitsu's own word that the one title asked about is not there."""
    if request.json_body is not None or request.kind == "jsonapi/anime" or is_html(answer.body):
        return False
    return bool(_body(answer).objs("errors"))


def _check_graphql(request: Request, answer: Answer, body: JsonObject) -> None:
    problem = body.obj("error") or next(iter(body.objs("errors")), None)
    if problem is None:
        if not isinstance(body.raw("data"), dict):
            raise _error(Transient, answer, "no data and no error")
        return
    if _NODE_LIMIT.search(problem.text("message") or ""):
        raise _too_heavy(request, answer, Broken)
    if not body.has("data") and body.objs("errors"):  # refused before it was begun
        raise _error(Broken, answer, "our document is wrong or the schema has changed")
    raise _too_heavy(request, answer, Transient)  # one title's trouble nulls its alias: find out whose it is


def _graphql_parts(request: Request, anime: JsonObject) -> tuple[Part, ...]:
    if request.kind == "anime":
        return (Part("anime", json_bytes(anime)),)
    pages = (field for field in anime if _PAGED.match(field))
    return tuple(Part(field.replace("_", "/"), json_bytes(anime.obj(field))) for field in pages)


def _read_jsonapi(request: Request, body: JsonObject) -> Reading:
    if request.kind != "jsonapi/anime":
        return Reading(parts={id_: (Part(request.kind, json_bytes(body)),) for id_ in request.ids})
    asked = frozenset(request.ids)
    parts = {
        id_: (Part("jsonapi/anime", json_bytes(slice_document(body, resource))),)
        for resource in body.objs("data")
        if (id_ := resource.id("id")) in asked and id_ is not None
    }
    return Reading(parts=parts, absent=asked - parts.keys())


def _too_heavy(request: Request, answer: Answer, alone: type[Transient | Broken]) -> Transient | Broken | ShrinkBatch:
    return _error(ShrinkBatch if len(request.ids) > 1 else alone, answer, "too heavy")


def _error(
    kind: type[Transient | Broken | ShrinkBatch], answer: Answer, problem: str
) -> Transient | Broken | ShrinkBatch:
    return kind(
        f"kitsu answered {answer.status}, {problem}: {one_line(answer.body)!r}",
        platform=Platform.KITSU.value,
        status=answer.status,
        evidence=one_line(answer.body),
    )
