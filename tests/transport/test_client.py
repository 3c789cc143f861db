"""Asking platforms over a real connection on loopback, in good and bad weather."""

import asyncio
import gzip
import json
import random
import sqlite3
import time
import tracemalloc
import zlib
from contextlib import closing
from email.utils import formatdate

import aiohttp
import pytest
import structlog
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

import pipeline.transport
from pipeline.domain.exchange import Request, Validators
from pipeline.domain.names import Platform, Service
from pipeline.errors import Blocked, Broken, BudgetSpent, EnrichError, EntryGone, Misconfigured, Throttled, Transient
from pipeline.settings import BreakerSettings, Limit, Settings
from pipeline.transport import HttpTransport
from pipeline.transport.faults import map_fault
from pipeline.transport.lane import Question
from pipeline.transport.waits import Backoff, stated_wait_s
from tests.transport.conftest import FakeTime, ask, check, make_settings

OK = web.Response(body=b'{"data": 1}')


def status(code, body=b"", **headers):
    return web.Response(
        status=code, body=body, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def transport(stage, tmp_path, times=None, max_wait_s=900.0, **more):
    clocks = {"clock": times.clock, "sleep": times.sleep} if times else {}
    return HttpTransport(
        make_settings(stage.url, tmp_path, **more), rng=random.Random(1), max_wait_s=max_wait_s, **clocks
    )


async def send(stage, tmp_path, request=None, **more):
    async with transport(stage, tmp_path, **more) as http:
        return await http.send(request or ask(), check)


async def test_a_question_arrives_as_asked_and_the_answer_comes_back_whole(stage, tmp_path):
    """Path, repeated parameters in order, who we are, and what we accept."""
    stage.play(status(200, gzip.compress(b'{"a": "\xc3\xa9"}'), Content_Encoding="gzip", X_Some="Thing"))
    answer = await send(stage, tmp_path, ask(path="/anime", params=(("b", "1 &"), ("a", "é"), ("b", "2"))))
    [seen] = stage.seen
    assert seen.method == "GET"
    assert seen.path == "/anime"
    assert list(seen.query.items()) == [("b", "1 &"), ("a", "é"), ("b", "2")]
    assert seen.headers["User-Agent"].startswith("anime-enrich/")
    assert seen.headers["User-Agent"].endswith("(+https://contact.example)")
    assert json.loads(answer.body) == {"a": "é"}
    assert (answer.status, answer.headers["x-some"]) == (200, "Thing")
    assert answer.url.startswith(stage.url)


async def test_a_body_makes_it_a_post(stage, tmp_path):
    """JSON goes out byte for byte."""
    stage.play(OK)
    await send(stage, tmp_path, ask(Platform.ANILIST, "", json_body=b'{"query":"{x}"}'))
    assert (stage.seen[0].method, stage.seen[0].headers["Content-Type"]) == ("POST", "application/json")
    assert stage.bodies == [b'{"query":"{x}"}']


@pytest.mark.parametrize(
    ("platform", "header", "value"),
    [
        (Platform.ANIMESCHEDULE, "Authorization", "Bearer s3cret"),
        (Platform.JIKAN, "X-Server-Key", "s3cret"),
        (Platform.KITSU, "Accept", "application/vnd.api+json"),
        (Platform.ANIDB, "Accept", "application/xml, text/xml"),
    ],
)
async def test_every_platform_gets_its_own_headers(stage, tmp_path, platform, header, value):
    """Tokens and accepted kinds are each platform's."""
    stage.play(OK)
    await send(stage, tmp_path, ask(platform), token=" s3cret\n")
    assert stage.seen[0].headers[header] == value


async def test_connections_are_kept(stage, tmp_path):
    """Several questions use one connection."""
    peers = set()

    async def note(request):
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response(body=b"{}")

    stage.play(note)
    async with transport(stage, tmp_path) as http:
        for _ in range(3):
            await http.send(ask(), check)
    assert len(peers) == 1


async def test_too_fast_is_waited_out_and_uses_up_no_try(stage, tmp_path):
    """Six refusals with a stated wait, three tries allowed, and still an answer."""
    times = FakeTime()
    stage.play(*[status(429, Retry_After="7")] * 6, OK)
    await send(stage, tmp_path, times=times)
    assert sum(times.slept) >= 42
    assert len(stage.seen) == 7


async def test_too_fast_with_a_date_is_waited_out_in_full(stage, tmp_path):
    """Retry-After as an HTTP date means the same."""
    times = FakeTime(now=time.time() // 1)
    stage.play(status(429, Retry_After=formatdate(times.now + 90, usegmt=True)), OK)
    start = times.now
    await send(stage, tmp_path, times=times)
    assert times.now - start >= 90


@pytest.mark.parametrize("fast_s", [-3600, 3600])
async def test_a_date_is_waited_for_by_the_platforms_own_clock(stage, tmp_path, fast_s):
    """With this machine's clock an hour slow or fast it is the same minute and a half, in client and budget."""
    times = FakeTime(now=time.time() // 1 + fast_s)
    said_at = 1_767_225_600
    headers = {"Date": formatdate(said_at, usegmt=True), "Retry_After": formatdate(said_at + 90, usegmt=True)}
    stage.play(status(429, **headers), OK)
    start = times.now
    await send(stage, tmp_path, times=times)
    assert times.now - start == pytest.approx(90, abs=1)


async def test_too_fast_without_a_wait_doubles_a_minute(stage, tmp_path):
    """Our own waits are divided by the speed (100 here)."""
    times = FakeTime()
    stage.play(*[status(429)] * 3, OK)
    await send(stage, tmp_path, times=times)
    assert sum(times.slept) == pytest.approx(0.6 + 1.2 + 2.4, abs=0.1)


async def test_too_fast_for_too_long_is_told(stage, tmp_path):
    """A wait beyond the bound is not slept through, and the next question is refused without asking."""
    times = FakeTime()
    stage.play(status(429, Retry_After="5000"), OK)
    async with transport(stage, tmp_path, times) as http:
        with pytest.raises(Throttled) as caught:
            await http.send(ask(), check)
        assert caught.value.wait_s == 5000
        with pytest.raises(BudgetSpent):
            await http.send(ask(), check)
    assert len(stage.seen) == 1
    assert times.slept == []


@pytest.mark.parametrize("headers", [{"Retry_After": "0.4"}, {}])
async def test_everybody_waits_when_one_is_too_fast(stage, tmp_path, headers):
    """A second question is held back by the first one's refusal, with a stated wait or our own."""
    refused = asyncio.Event()

    async def refuse(request):
        refused.set()
        return status(429, **headers)

    stage.play(refuse, OK)
    async with transport(stage, tmp_path) as http:
        first = asyncio.create_task(http.send(ask(), check))
        await refused.wait()
        await asyncio.sleep(0.05)
        start = time.monotonic()
        await http.send(ask(), check)
        assert time.monotonic() - start > 0.25
        await first


async def test_passing_faults_are_tried_again(stage, tmp_path):
    """5xx twice, then an answer; waits grow with jitter."""
    times = FakeTime()
    stage.play(status(503), status(500), OK)
    async with transport(stage, tmp_path, times) as http:
        await http.send(ask(), check)
        assert http.counts == {(Platform.JIKAN, "full"): 3}


async def test_patience_ends_after_the_set_number_of_tries(stage, tmp_path):
    """The last fault is what the caller sees."""
    stage.play(status(502))
    with pytest.raises(Transient) as caught:
        await send(stage, tmp_path, times=FakeTime())
    assert caught.value.status == 502
    assert len(stage.seen) == 3


async def test_a_fault_that_states_a_wait_is_given_it(stage, tmp_path):
    """503 with Retry-After is obeyed in full."""
    times = FakeTime()
    stage.play(status(503, Retry_After="25"), OK)
    await send(stage, tmp_path, times=times)
    assert 25 <= sum(times.slept) < 26


@pytest.mark.parametrize(("code", "error"), [(404, EntryGone), (403, Blocked), (400, Broken)])
async def test_what_cannot_pass_is_not_tried_again(stage, tmp_path, code, error):
    """Gone, refused and wrong come back at once."""
    stage.play(status(code))
    with pytest.raises(error):
        await send(stage, tmp_path)
    assert len(stage.seen) == 1


async def test_html_for_json_is_the_checks_word(stage, tmp_path):
    """A 200 that is no usable answer is never returned."""
    stage.play(status(200, b"<html>"))
    with pytest.raises(Broken):
        await send(stage, tmp_path)


async def test_a_refusal_is_obeyed_by_the_next_run_too(stage, tmp_path):
    """The breaker stays open across transports."""
    stage.play(status(403))
    for _ in range(2):
        with pytest.raises(Blocked) as caught:
            await send(stage, tmp_path)
    assert caught.value.wait_s > 7000
    assert len(stage.seen) == 1


async def test_a_refusal_stops_all_that_stand_in_line(stage, tmp_path):
    """Of thirty questions waiting for their turn none is sent after the refusal."""
    stage.play(status(403))
    async with transport(stage, tmp_path, limits=(Limit(requests=1, per_s=5),), concurrency=2) as http:
        results = await asyncio.gather(*[http.send(ask(), check) for _ in range(30)], return_exceptions=True)
    assert all(isinstance(result, Blocked) for result in results)
    assert len(stage.seen) <= 2


async def test_failures_in_a_row_stop_the_asking(stage, tmp_path):
    """Three faults open the breaker for longer than anybody waits; further questions do not leave the house."""
    stage.play(status(500))
    async with transport(
        stage, tmp_path, FakeTime(), attempts=10, breaker=BreakerSettings(failures=3, reset_s=2e5)
    ) as http:
        for _ in range(3):
            with pytest.raises(Blocked):
                await http.send(ask(), check)
    assert len(stage.seen) == 3


async def test_a_platform_that_failed_is_waited_for_and_asked_again(stage, tmp_path):
    """The breaker is open for a minute, less than anybody waits: the question is asked again, not given up."""
    stage.play(status(500), status(500), status(500), OK)
    async with transport(
        stage, tmp_path, FakeTime(), attempts=10, breaker=BreakerSettings(failures=3, reset_s=60)
    ) as http:
        answer = await http.send(ask(), check)
    assert (answer.status, len(stage.seen)) == (200, 4)


async def cut_body(request):
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b'{"data":')
    request.transport.close()
    return response


async def reset(request):
    request.transport.abort()
    return web.Response()


async def cut_gzip(request):
    return status(200, gzip.compress(b"x" * 5000 + bytes(range(256)))[:-12], Content_Encoding="gzip")


async def slow_bytes(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(80):
        await response.write(b" ")
        await asyncio.sleep(0.02)
    return response


async def silence(request):
    await asyncio.sleep(1.5)
    return web.Response()


@pytest.mark.parametrize("scene", [cut_body, reset, cut_gzip, slow_bytes, silence])
async def test_a_broken_connection_is_a_passing_fault(stage, tmp_path, scene):
    """Cut, reset, dripping and silent answers are tried again, then told."""
    stage.play(scene, OK)
    answer = await send(stage, tmp_path, timeout_s=0.6)
    assert answer.status == 200
    assert len(stage.seen) == 2
    stage.play(scene)
    with pytest.raises(Transient) as caught:
        await send(stage, tmp_path, timeout_s=0.6, attempts=1)
    assert caught.value.platform == "jikan"


async def test_a_kept_connection_that_is_gone_is_not_repeated_behind_our_back(stage, tmp_path):
    """The library's own repeat is off: every request passes the budget."""
    stage.play(OK, reset, OK)
    async with transport(stage, tmp_path, attempts=1) as http:
        await http.send(ask(), check)
        with pytest.raises(Transient):
            await http.send(ask(), check)
    assert len(stage.seen) == 2


async def test_what_will_not_be_answered_holds_its_place_only_a_moment(stage, tmp_path):
    """A cut connection's request belongs to nobody afterwards; an answered one has been counted."""

    async def cut(request):
        request.transport.close()
        return web.Response()

    stage.play(cut, OK)
    await send(stage, tmp_path)
    with closing(sqlite3.connect(tmp_path / "budget.sqlite3")) as db:
        rows = db.execute("select holder, lapses_at - sent_at from under_way").fetchall()
        counted = db.execute("select count(*) from counted").fetchone()[0]
    assert all(holder == "" and life_s < 2 for holder, life_s in rows)
    assert len(rows) + counted == 2


async def test_a_closed_port_is_a_passing_fault(stage, tmp_path):
    """Nobody there today may be there tomorrow."""
    stage.url = "http://127.0.0.1:9"
    with pytest.raises(Transient, match="jikan"):
        await send(stage, tmp_path, times=FakeTime())


def bomb(mebibytes):
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(mebibytes)) + packer.flush()


async def test_a_packed_bomb_is_refused_before_it_fills_the_memory(stage, tmp_path):
    """The bound is counted after unpacking, and no more than it is unpacked."""
    stage.play(status(200, bomb(64), Content_Encoding="gzip"))
    tracemalloc.start()
    with pytest.raises(Broken, match="more than 100000 bytes"):
        await send(stage, tmp_path, max_body_bytes=100_000)
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


async def test_a_body_over_the_bound_is_refused(stage, tmp_path):
    """To the byte: what fits is read."""
    stage.play(status(200, b" " * 2000))
    assert len((await send(stage, tmp_path, max_body_bytes=2000)).body) == 2000
    with pytest.raises(Broken):
        await send(stage, tmp_path, max_body_bytes=1999)
    assert len(stage.seen) == 2


def raw_deflate(content):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("gzip", lambda content: gzip.compress(content[:9]) + gzip.compress(content[9:])),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("identity", bytes),
    ],
)
async def test_every_coding_we_accept_is_undone(stage, tmp_path, coding, pack):
    """Gzip of one or several members, zlib, headless deflate, none."""
    content = b'{"data": "' + bytes(range(65, 91)) * 5000 + b'"}'
    stage.play(status(200, pack(content), Content_Encoding=coding))
    assert (await send(stage, tmp_path)).body == content


async def test_a_coding_nobody_asked_for_is_broken(stage, tmp_path):
    """It is named."""
    stage.play(status(200, b"x", Content_Encoding="br"))
    with pytest.raises(Broken, match="'br'"):
        await send(stage, tmp_path)


async def test_redirects_within_the_host_are_followed_and_counted(stage, tmp_path):
    """The answer says where it came from; every hop is a request."""
    stage.play(status(301, Location="/anime/new-name"), OK)
    async with transport(stage, tmp_path) as http:
        answer = await http.send(ask(), check)
        assert http.counts[Platform.JIKAN, "full"] == 2
    assert answer.url.endswith("/anime/new-name")


@pytest.mark.parametrize(
    "place", ["http://other.example/x", "//127.0.0.1:1/x", "https://127.0.0.1/x", "ftp://x/", "http://[x"]
)
async def test_redirects_to_others_are_not_followed(stage, tmp_path, place):
    """Our token goes to nobody else."""
    stage.play(status(302, Location=place))
    with pytest.raises(Broken, match="redirects"):
        await send(stage, tmp_path)
    assert len(stage.seen) == 1


async def test_redirects_in_a_circle_end(stage, tmp_path):
    """After five hops it is the platform's fault."""
    stage.play(status(302, Location="/again"))
    with pytest.raises(Broken, match="more than"):
        await send(stage, tmp_path)
    assert len(stage.seen) == 5


async def test_limits_hold_over_many_tasks(stage, tmp_path):
    """Twenty tasks at once stay within five in a tenth of a second, as the server sees it."""
    seen = []

    async def note(request):
        seen.append(time.monotonic())
        return web.Response(body=b"{}")

    stage.play(note)
    async with transport(stage, tmp_path, limits=(Limit(requests=5, per_s=10),), concurrency=8) as http:
        await asyncio.gather(*[http.send(ask(), check) for _ in range(20)])
    assert len(seen) == 20
    assert seen[-1] - seen[0] >= 3 * 0.1


async def test_secrets_are_in_no_message_and_no_log(stage, tmp_path):
    """Neither errors, nor what they came from, nor log lines carry the token."""
    with structlog.testing.capture_logs() as logs:
        for scene in (
            status(500),
            status(400),
            status(302, Location="http://x.example/"),
            reset,
            cut_body,
            status(200),
        ):
            stage.play(scene)
            try:
                await send(stage, tmp_path, token="s3cret-token", attempts=1)
            except EnrichError as error:
                said = [str(error), repr(error), repr(error.__cause__), repr(vars(error))]
                assert "s3cret" not in "".join(said)
    assert logs
    assert "s3cret" not in repr(logs)
    assert all("s3cret-token" in seen.headers["X-Server-Key"] for seen in stage.seen)


def official(stage, tmp_path, **more):
    """Settings under which the record comes from another address of the same stage, with a client id of its own."""
    given = make_settings(stage.url, tmp_path, token="server-key").model_dump()
    service = {"base_url": f"{stage.url}/v2", "token": "client-id", "limits": ({"requests": 1000, "per_s": 1},)}
    given["platforms"]["jikan"] |= {"base": "mal_v2", "mal_v2": service | more}
    return Settings(**given)


RECORD = Request(Platform.JIKAN, "mal_v2", "/anime/1", ("1",), service=Service.MAL_V2)


async def test_a_further_service_has_its_own_address_and_its_own_secret(stage, tmp_path):
    """Each of the two gets its token under its own name, and never the other's."""
    stage.play(OK)
    async with HttpTransport(official(stage, tmp_path)) as http:
        await http.send(RECORD, check)
        await http.send(ask(), check)
        assert http.counts[Platform.JIKAN, "mal_v2"] == 1
    record, other = stage.seen
    assert (record.path, record.headers["X-MAL-CLIENT-ID"]) == ("/v2/anime/1", "client-id")
    assert "X-Server-Key" not in record.headers
    assert other.headers["X-Server-Key"] == "server-key"
    assert "X-MAL-CLIENT-ID" not in other.headers


async def test_a_further_service_that_is_down_stops_nobody_else(stage, tmp_path):
    """Its breaker is its own: open for the one, closed for the other, whose limits it does not use up either."""
    stage.play(status(500))
    settings = official(stage, tmp_path, breaker={"failures": 1, "reset_s": 6000.0}, attempts=1)
    async with HttpTransport(settings) as http:
        with pytest.raises(EnrichError):
            await http.send(RECORD, check)
        sent = len(stage.seen)
        stage.play(OK)
        with pytest.raises(EnrichError, match="mal_v2"):
            await http.send(RECORD, check)
        assert len(stage.seen) == sent
        await http.send(ask(), check)


async def test_the_secret_of_a_further_service_is_told_by_its_own_setting(stage, tmp_path):
    """The message names where it stands, not what it is."""
    with pytest.raises(Misconfigured, match=r"platforms\.jikan\.mal_v2\.token") as caught:
        async with HttpTransport(official(stage, tmp_path, token="s3\ncret")) as http:
            await http.send(RECORD, check)
    assert "s3" not in str(caught.value)


async def test_a_token_no_header_may_carry_is_told_without_it(stage, tmp_path):
    """A line break inside would forge a header."""
    stage.play(OK)
    with pytest.raises(Misconfigured, match=r"jikan\.token") as caught:
        await send(stage, tmp_path, token="s3\ncret")
    assert "s3" not in str(caught.value)


ROBOTS = b"User-agent: *\nDisallow: /secret\nCrawl-delay: 9.5\n"


async def test_robots_is_read_once_and_its_delay_kept(stage, tmp_path):
    """The delay joins the limits."""
    times = FakeTime()
    stage.play(status(200, ROBOTS), OK)
    async with transport(stage, tmp_path, times) as http:
        for _ in range(4):
            await http.send(ask(Platform.ANIME_PLANET, "/anime/x"), check)
        assert http.counts == {(Platform.ANIME_PLANET, "robots"): 1, (Platform.ANIME_PLANET, "full"): 4}
    assert sum(times.slept) >= 3 * 10 / 100


async def test_what_robots_forbids_is_not_asked(stage, tmp_path):
    """Only the forbidden page is refused."""
    stage.play(status(200, ROBOTS), OK)
    async with transport(stage, tmp_path, FakeTime()) as http:
        with pytest.raises(Blocked, match="robots"):
            await http.send(ask(Platform.ANIME_PLANET, "/secret/x"), check)
        await http.send(ask(Platform.ANIME_PLANET, "/anime/x"), check)
    assert [seen.path for seen in stage.seen] == ["/robots.txt", "/anime/x"]


async def test_no_robots_permits_everything(stage, tmp_path):
    """404 is a permission; other platforms are not asked for one."""
    stage.play(status(404), OK)
    await send(stage, tmp_path, ask(Platform.ANIME_PLANET))
    await send(stage, tmp_path, ask(Platform.KITSU))
    assert [seen.path for seen in stage.seen] == ["/robots.txt", "/anime/1", "/anime/1"]


@pytest.mark.parametrize(("code", "error"), [(403, Blocked), (503, Transient)])
async def test_without_robots_to_be_had_nothing_is_asked(stage, tmp_path, code, error):
    """A refusal or a fault is not a permission."""
    stage.play(status(code))
    with pytest.raises(error):
        await send(stage, tmp_path, ask(Platform.ANIME_PLANET), times=FakeTime())
    assert {seen.path for seen in stage.seen} == {"/robots.txt"}


def foreign_classes(root=aiohttp.ClientError):
    yield root
    for child in root.__subclasses__():
        yield from foreign_classes(child)


@pytest.mark.parametrize(
    "kind", sorted(set(foreign_classes()) | {TimeoutError, OSError, ConnectionResetError}, key=str)
)
def test_every_foreign_error_has_one_of_ours(kind):
    """All of aiohttp's classes, with nothing of their text that could be a secret."""
    error = kind.__new__(kind)
    mapped = map_fault(error, "jikan")
    assert isinstance(mapped, Transient | Broken)
    assert mapped.platform == "jikan"


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:20:00 GMT"}, 200.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:01 GMT"}, 0.0),
        ({"retry-after": "Thu, 01 Jan 2026 00:01:30 GMT", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 90.0),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:00 GMT", "date": "Thu, 01 Jan 2026 00:00:10 GMT"}, 0.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:20:00 GMT", "date": "yesterday"}, 200.0),
        ({"retry-after": "12", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 12.0),
        ({"retry-after": "Thu, 01 Jan 99999999999999 00:00:00 GMT"}, None),
        ({"retry-after": "x", "x-ratelimit-reset": "30"}, 30.0),
        ({"retry-after": "3", "x-ratelimit-reset": "30"}, 3.0),
        ({"x-ratelimit-reset": "99999999999999"}, 86_400.0),
        ({"x-ratelimit-reset": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_stated_waits_are_read(headers, wait_s):
    """Seconds, dates, resets; Retry-After goes first, and what cannot be read is not stated."""
    assert stated_wait_s(headers, 1000.0) == wait_s


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=40))
def test_no_header_makes_reading_fail(first, second, third):
    """Any text is a wait or none."""
    wait_s = stated_wait_s({"retry-after": first, "x-ratelimit-reset": second, "date": third}, 1000.0)
    assert wait_s is None or wait_s >= 0


@given(st.integers(1, 10_000), st.integers())
def test_waits_grow_to_a_bound(failures, seed):
    """Full jitter between nothing and the doubling ceiling."""
    wait_s = Backoff(speed=2).after_fault_s(failures, random.Random(seed))
    assert 0 <= wait_s <= min(60, 2 ** min(failures - 1, 10)) / 2


def test_exports_are_sorted():
    """``__all__`` is sorted and true."""
    names = pipeline.transport.__all__
    assert names == sorted(names)
    assert all(hasattr(pipeline.transport, name) for name in names)


async def test_robots_that_throttles_is_waited_for(stage, tmp_path):
    """Like any other question."""
    times = FakeTime()
    stage.play(status(429, Retry_After="8"), status(200, ROBOTS), OK)
    await send(stage, tmp_path, ask(Platform.ANIME_PLANET), times=times)
    assert sum(times.slept) >= 8


async def test_a_packing_that_is_none_is_a_passing_fault(stage, tmp_path):
    """A proxy's slip, not the platform's contract."""
    stage.play(status(200, b"plain text", Content_Encoding="gzip"))
    with pytest.raises(Transient, match="damaged"):
        await send(stage, tmp_path, attempts=1)


async def test_a_transport_is_used_within_its_block(stage, tmp_path):
    """Outside there is no state file."""
    with pytest.raises(RuntimeError, match="async with"):
        await transport(stage, tmp_path).send(ask(), check)


def test_what_is_sent_does_not_print_its_headers():
    """A question in a trace-back shows where to, not with what."""
    shown = repr(Question(URL("http://u:s3cret@h.example/p?q=s3cret"), {"Authorization": "s3cret"}))
    assert shown == "Question(http://h.example/p)"


async def test_an_answer_says_how_long_it_took_without_the_wait_for_its_turn(stage, tmp_path):
    """Two requests at one a second: each took its 0.1 s at the server, not the second in the queue."""

    async def slowly(_request):
        await asyncio.sleep(0.1)
        return web.Response(body=b"{}")

    stage.play(slowly)
    async with transport(stage, tmp_path, limits=(Limit(requests=1, per_s=100),)) as http:
        begun = time.monotonic()
        answers = await asyncio.gather(*(http.send(ask(path=f"/{number}"), check) for number in range(2)))
    assert time.monotonic() - begun >= 1.0
    assert all(0.1 <= answer.elapsed_s < 1.0 for answer in answers)


@pytest.mark.parametrize(("is_same", "tag"), [(True, 'W/"1"'), (False, None)])
async def test_an_answer_we_had_is_named_to_the_address_that_gave_it(stage, tmp_path, is_same, tag):
    """Another address knows nothing of that answer: it is asked without condition, and its 304 is no answer."""
    stage.play(status(304))
    had = Validators(stage.url if is_same else "http://127.0.0.1:1", 'W/"1"', "yesterday")
    if is_same:
        assert (await send(stage, tmp_path, ask(had=had))).status == 304
    else:
        with pytest.raises(EnrichError):
            await send(stage, tmp_path, ask(had=had), attempts=1)
    [seen] = stage.seen
    assert seen.headers.get("If-None-Match") == tag
    assert seen.headers.get("If-Modified-Since") == (tag and "yesterday")
