"""Faults on demand: each kind really goes wrong and strikes when told; tests/platforms says what it is taken for."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import orjson
import pytest

from pipeline.domain.exchange import Answer, Request
from pipeline.domain.names import Platform
from pipeline.errors import BadInput
from pipeline.platforms.jikan import JikanAdapter
from pipeline.practice import Fault, FaultKind, PracticeSettings, parse_fault, read_practice_rows
from pipeline.practice.faults import FaultPlan
from pipeline.practice.gate import Hours
from pipeline.practice.server import RunningPractice, run_practice

PATH = "/jikan/anime/900003/full"
ANIDB = "/anidb/httpapi?request=anime&client=practice&clientver=1&protover=1&aid=900003"


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


def practice(*faults: Fault) -> AbstractAsyncContextManager[RunningPractice]:
    return run_practice(PracticeSettings(rows=read_practice_rows(), faults=faults, has_limits=False))


async def ask(http: aiohttp.ClientSession, url: str) -> Answer:
    async with http.get(url) as answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, headers, await answer.read(), url)


async def one_answer(http: aiohttp.ClientSession, kind: FaultKind, path: str = PATH, **more: Any) -> Answer:
    async with practice(Fault(kind, **more)) as server:
        return await ask(http, f"{server.url}{path}")


def check(answer: Answer) -> None:
    JikanAdapter().check_answer(Request(Platform.JIKAN, "full", "/anime/900003/full", ("900003",)), answer)


async def test_throttling_says_how_long_or_not(http: aiohttp.ClientSession) -> None:
    """One 429 carries the wait, the silent one nothing, the one from further up an integer status."""
    assert (await one_answer(http, FaultKind.THROTTLED, wait_s=7.0)).headers["retry-after"] == "7"
    assert "retry-after" not in (await one_answer(http, FaultKind.THROTTLED_SILENT)).headers
    upstream = await one_answer(http, FaultKind.THROTTLED_UPSTREAM)
    assert orjson.loads(upstream.body)["status"] == 429


async def test_reset_gives_no_answer_at_all(http: aiohttp.ClientSession) -> None:
    """The connection is gone before a byte came."""
    with pytest.raises(aiohttp.ClientConnectionError):
        await one_answer(http, FaultKind.RESET)


@pytest.mark.parametrize("path", [PATH, ANIDB])
async def test_cut_ends_in_the_middle_of_the_body(http: aiohttp.ClientSession, path: str) -> None:
    """The promised length never arrives."""
    with pytest.raises(aiohttp.ClientPayloadError):
        await one_answer(http, FaultKind.CUT, path)


async def test_slow_drips_for_as_long_as_told(http: aiohttp.ClientSession) -> None:
    """Headers come at once; an impatient client times out, a patient one gets everything."""
    async with practice(Fault(FaultKind.SLOW, wait_s=30.0, count=1)) as server:
        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(0.5):
                await ask(http, f"{server.url}{PATH}")
    begun = time.monotonic()
    answer = await one_answer(http, FaultKind.SLOW, wait_s=0.2)
    assert time.monotonic() - begun >= 0.19
    check(answer)


async def test_a_gzip_bomb_is_small_on_the_wire(http: aiohttp.ClientSession) -> None:
    """A hundred megabytes arrive as a few hundred kilobytes, marked as gzip."""
    answer = await one_answer(http, FaultKind.GZIP_BOMB, size_bytes=100_000_000)
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.body) < 200_000
    assert answer.body[:2] == b"\x1f\x8b"


async def test_spoiled_xml_has_nul_references_and_entities(http: aiohttp.ClientSession) -> None:
    """AniDB's answer carries ``&#x0;``; the expanding one declares entities of entities."""
    assert b"&#x0;" in (await one_answer(http, FaultKind.NUL, ANIDB)).body
    laughing = (await one_answer(http, FaultKind.ENTITY_EXPANSION, ANIDB)).body
    assert laughing.count(b"<!ENTITY") == 10
    assert len(laughing) < 2_000


async def test_wrong_encoding_is_no_utf_8(http: aiohttp.ClientSession) -> None:
    """The bytes cannot be decoded as they claim."""
    with pytest.raises(UnicodeDecodeError):
        (await one_answer(http, FaultKind.WRONG_ENCODING)).body.decode()


async def test_a_ban_stays_until_it_is_over(http: aiohttp.ClientSession) -> None:
    """After a ban by fault everything of the platform is refused, and counted so; other platforms answer."""
    settings = PracticeSettings(rows=read_practice_rows(), faults=(Fault(FaultKind.BAN, Platform.ANIDB, 1, wait_s=60),))
    async with run_practice(settings) as server:
        bodies = [(await ask(http, f"{server.url}{ANIDB}")).body for _ in range(3)]
        assert all(b"banned" in body for body in bodies)
        assert server.gate.counters.by_platform[Platform.ANIDB].refusals == {"ban": 2}
        assert (await ask(http, f"{server.url}{PATH}")).status == 200


async def test_absent_is_said_in_each_platforms_way(http: aiohttp.ClientSession) -> None:
    """Two say it with a 200, one in plain text, one as JSON:API."""
    async with practice(Fault(FaultKind.NOT_FOUND)) as server:
        said = {
            platform: await ask(http, f"{server.url}{path}")
            for platform, path in (
                (Platform.ANIDB, ANIDB),
                (Platform.ANIME_PLANET, "/anime_planet/anime/paper-crane-parade"),
                (Platform.ANIMESCHEDULE, "/animeschedule/anime/orizuru-parade"),
                (Platform.KITSU, "/kitsu/edge/anime/900003"),
            )
        }
    assert {platform: answer.status for platform, answer in said.items()} == {
        Platform.ANIDB: 200,
        Platform.ANIME_PLANET: 200,
        Platform.ANIMESCHEDULE: 404,
        Platform.KITSU: 404,
    }
    assert b"Anime not found" in said[Platform.ANIDB].body
    assert orjson.loads(said[Platform.KITSU].body)["errors"][0]["status"] == "404"


async def test_faults_are_given_and_lifted_while_running(http: aiohttp.ClientSession) -> None:
    """After three good answers two bad ones, only on the path; then all is well; lifting ends it at once."""
    async with practice() as server:
        fault = {"platform": "jikan", "kind": "error_503", "after": 3, "count": 2, "path": "/full$"}
        async with http.post(f"{server.url}/admin/faults", json=[fault]) as answer:
            assert orjson.loads(await answer.read()) == {"faults": 1}
        other = await ask(http, f"{server.url}/jikan/anime/900003/staff")
        statuses = [(await ask(http, f"{server.url}{PATH}")).status for _ in range(7)]
        assert other.status == 200
        assert statuses == [200, 200, 200, 503, 503, 200, 200]
        assert server.gate.counters.by_platform[Platform.JIKAN].faults == {"error_503": 2}
        await http.post(f"{server.url}/admin/faults", json={"kind": "empty"})
        assert (await ask(http, f"{server.url}{PATH}")).body == b""
        await http.delete(f"{server.url}/admin/faults?platform=anidb")
        assert (await ask(http, f"{server.url}{PATH}")).body == b""
        await http.delete(f"{server.url}/admin/faults")
        check(await ask(http, f"{server.url}{PATH}"))


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ([], "object"),
        ({"kind": "bad mood"}, "bad mood"),
        ({}, "kind"),
        ({"kind": "reset", "platform": "mal"}, "mal"),
        ({"kind": "reset", "count": -1}, "count"),
        ({"kind": "reset", "count": 1.5}, "count"),
        ({"kind": "reset", "after": "2"}, "after"),
        ({"kind": "reset", "path": "("}, "path"),
        ({"kind": "reset", "path": 3}, "path"),
        ({"kind": "reset", "often": True}, "often"),
    ],
)
async def test_a_wrong_fault_is_refused_by_name(http: aiohttp.ClientSession, value: object, word: str) -> None:
    """What is wrong is named, in the library and over HTTP."""
    with pytest.raises(BadInput, match=word):
        parse_fault(value)
    async with practice() as server:
        for body in (orjson.dumps(value) if isinstance(value, dict) else b"{", b"[1]"):
            async with http.post(f"{server.url}/admin/faults", data=body) as answer:
                assert answer.status == 400
        async with http.delete(f"{server.url}/admin/faults?platform=mal") as answer:
            assert answer.status == 400


def test_a_fault_is_read_whole() -> None:
    """All its words arrive."""
    given = {
        "platform": "kitsu",
        "kind": "slow",
        "count": 3,
        "probability": 0.5,
        "after": 1,
        "path": "x",
        "wait_s": 2,
        "size_bytes": 9,
    }
    assert parse_fault(given) == Fault(FaultKind.SLOW, Platform.KITSU, 3, 0.5, 1, "x", 2.0, 9)


def test_probability_draws_the_same_every_time() -> None:
    """About the told share is struck, and the same requests in every run."""

    def struck() -> list[bool]:
        plan = FaultPlan([Fault(FaultKind.EMPTY, probability=0.3)])
        return [plan.pick(Platform.JIKAN, "/") is not None for _ in range(1_000)]

    assert struck() == struck()
    assert 230 < sum(struck()) < 370


def test_only_one_fault_strikes_a_request() -> None:
    """The oldest that fits; the next has its turn when that is used up."""
    plan = FaultPlan([Fault(FaultKind.EMPTY, count=1), Fault(FaultKind.HTML)])
    picked = [plan.pick(Platform.JIKAN, "/") for _ in range(2)]
    assert [one.kind for one in picked if one] == [FaultKind.EMPTY, FaultKind.HTML]


async def test_labour_takes_its_time_for_each_title_and_gives_up_after_fifteen_seconds(
    http: aiohttp.ClientSession,
) -> None:
    """Two titles at 3 s are 6 s and the right answer; six are given up at 15 s with a 504; other questions are one."""
    slept: list[float] = []

    async def sleep(wait_s: float) -> None:
        slept.append(wait_s)

    def asking(*ids: int) -> dict[str, str]:
        found = " ".join(f'a{id_}: findAnimeById(id: "{id_}") {{ id }}' for id_ in ids)
        return {"query": f"{{ {found} }}"}

    settings = PracticeSettings(
        rows=read_practice_rows(), has_limits=False, faults=(Fault(FaultKind.LABOURED, wait_s=3.0),)
    )
    async with run_practice(settings, hours=Hours(sleep=sleep)) as server:
        async with http.post(f"{server.url}/kitsu/graphql", json=asking(900003, 900004)) as answer:
            assert answer.status == 200
            assert (await answer.json())["data"]["a900003"] == {"id": "900003"}
        async with http.post(f"{server.url}/kitsu/graphql", json=asking(*range(900001, 900007))) as answer:
            assert answer.status == 504
        assert (await ask(http, f"{server.url}{PATH}")).status == 200
    assert slept == [6.0, 15.0, 3.0]


async def test_a_drifted_answer_is_right_but_for_its_names(http: aiohttp.ClientSession) -> None:
    """The adapter takes it; what it wants under the old name is there under another. In XML likewise."""
    drifted, hollow = await one_answer(http, FaultKind.DRIFT), await one_answer(http, FaultKind.HOLLOW)
    async with practice() as server:
        right = orjson.loads((await ask(http, f"{server.url}{PATH}")).body)["data"]
    for answer in (drifted, hollow):
        check(answer)
    data = orjson.loads(drifted.body)["data"]
    assert "synopsis" not in data
    assert data["synopsisV2"] == right["synopsis"]
    assert data["mal_id"] == right["mal_id"]
    assert right["titles"] != orjson.loads(hollow.body)["data"]["titles"] == []
    assert b"<descriptionV2>" in (await one_answer(http, FaultKind.DRIFT, ANIDB)).body


async def test_who_has_an_answer_is_told_that_it_has_not_changed(http: aiohttp.ClientSession) -> None:
    """By the tag it came with; another tag, another body and a platform without tags get the whole answer."""
    async with practice(Fault(FaultKind.DRIFT, after=3, count=1)) as server:
        url = f"{server.url}{PATH}"
        tag = (await ask(http, url)).headers["etag"]
        for given, status in ((tag, 304), ('"other"', 200), (tag, 200), (tag, 304)):
            async with http.get(url, headers={"If-None-Match": given}) as answer:
                assert (answer.status, bool(await answer.read())) == (status, status == 200)
        assert "etag" not in (await ask(http, f"{server.url}{ANIDB}")).headers
