"""The practice server as a client sees it: routes, pages, errors, headers, numbers, recordings, the process itself."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from PIL import Image

from pipeline.domain.names import Platform
from pipeline.errors import BadInput, Misconfigured
from pipeline.practice import PracticeSettings, read_practice_rows
from pipeline.practice.gate import Hours
from pipeline.practice.server import RunningPractice, base_urls, make_app, run_practice

ROOT = Path(__file__).resolve().parents[2]
LONG = "900001"


class Hand:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def hours(self) -> Hours:
        return Hours(clock=lambda: self.now, wall=lambda: 1_700_000_000 + self.now)


@pytest.fixture
async def server() -> AsyncIterator[RunningPractice]:
    settings = PracticeSettings(rows=read_practice_rows(), has_limits=False)
    async with run_practice(settings) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def get(http: aiohttp.ClientSession, url: str) -> tuple[int, Any]:
    async with http.get(url) as answer:
        return answer.status, orjson.loads(await answer.read())


async def test_jikan_answers_every_part(server: RunningPractice, http: aiohttp.ClientSession) -> None:
    """Each route of a title has its data, and the base record is part of the full one."""
    base = f"{base_urls(server.url)[Platform.JIKAN]}/anime/900003"
    full = (await get(http, f"{base}/full"))[1]["data"]
    assert full["mal_id"] == 900003
    assert (await get(http, base))[1]["data"].items() <= full.items()
    for part in ("characters", "staff", "episodes", "statistics", "pictures", "videos"):
        status, body = await get(http, f"{base}/{part}")
        assert status == 200
        assert body["data"], part
    single = (await get(http, f"{base}/episodes/3"))[1]["data"]
    assert single["mal_id"] == 3
    assert single["duration"] == 1440
    assert single["synopsis"]


async def test_the_long_series_is_whole_over_its_pages(server: RunningPractice, http: aiohttp.ClientSession) -> None:
    """Eleven pages of a hundred, each episode once; the cast comes on one page."""
    base = f"{server.url}/jikan/anime/{LONG}"
    pages = [(await get(http, f"{base}/episodes?page={page}"))[1] for page in range(1, 13)]
    numbers = [one["mal_id"] for page in pages for one in page["data"]]
    assert numbers == list(range(1, 1101))
    assert [page["pagination"]["has_next_page"] for page in pages] == [True] * 10 + [False] * 2
    assert {page["pagination"]["last_visible_page"] for page in pages} == {11}
    assert len((await get(http, f"{base}/characters"))[1]["data"]) == 1400


async def test_a_character_has_a_page_of_its_own(server: RunningPractice, http: aiohttp.ClientSession) -> None:
    """With the biography that the cast list lacks."""
    cast = (await get(http, f"{server.url}/jikan/anime/900003/characters"))[1]["data"]
    id_ = cast[5]["character"]["mal_id"]
    one = (await get(http, f"{server.url}/jikan/characters/{id_}/full"))[1]["data"]
    assert one["mal_id"] == id_
    assert one["about"]
    assert one["name_kanji"]
    assert (await get(http, f"{server.url}/jikan/characters/5/full"))[0] == 404


async def test_the_list_walk_meets_every_title_once(server: RunningPractice, http: aiohttp.ClientSession) -> None:
    """Pages of any size up to 25 give the same titles in order of their ids."""
    walk = f"{server.url}/jikan/anime?order_by=mal_id&sort=asc"
    met = []
    for page in range(1, 5):
        body = (await get(http, f"{walk}&page={page}&limit=6"))[1]
        met += [one["mal_id"] for one in body["data"]]
        assert body["pagination"]["has_next_page"] is (page < 4)
    assert met == sorted(set(met))
    assert len(met) == 22
    assert (await get(http, f"{walk}&page=9"))[1]["data"] == []
    assert (await get(http, f"{walk}&limit=100"))[0] == 400
    assert (await get(http, f"{walk}&page=0"))[1]["type"] == "ValidationException"


@pytest.mark.parametrize(
    "path", ["anime/5/full", "anime/9100018/characters", "anime/5/episodes", "anime/900003/episodes/99"]
)
async def test_jikan_says_404_as_jikan_does(server: RunningPractice, http: aiohttp.ClientSession, path: str) -> None:
    """JSON with an integer status and the exception's name."""
    status, body = await get(http, f"{server.url}/jikan/{path}")
    assert (status, body["status"], body["type"]) == (404, 404, "BadResponseException")


async def test_animeschedule_matches_ids_as_it_is_told(server: RunningPractice, http: aiohttp.ClientSession) -> None:
    """``mt=any`` unites filters; without it all must match, which two ids never do."""
    base = f"{server.url}/animeschedule/anime"
    ids = "mal-ids=900003&anilist-ids=900001&mal-ids=5"
    status, body = await get(http, f"{base}?mt=any&{ids}")
    assert (status, body["totalAmount"]) == (200, 2)
    assert {one["route"] for one in body["anime"]} == {"orizuru-parade", "akari-minato-nendaiki"}
    assert (await get(http, f"{base}?{ids}"))[1]["totalAmount"] == 0
    assert (await get(http, f"{base}?mal-ids=900003&anilist-ids=900003"))[1]["totalAmount"] == 1


async def test_animeschedule_sweeps_18_a_page_and_fails_past_the_end() -> None:
    """Every title once, then 500; an unknown slug is a plain 404."""
    rows = read_practice_rows()
    doubled = tuple(rows) + tuple(row for row in _shifted(rows))
    async with (
        run_practice(PracticeSettings(rows=doubled, has_limits=False)) as server,
        aiohttp.ClientSession() as http,
    ):
        base = f"{server.url}/animeschedule/anime"
        first = (await get(http, f"{base}?st=alphabetic&page=1"))[1]
        assert len(first["anime"]) == 18 < first["totalAmount"] <= 36
        second = (await get(http, f"{base}?st=alphabetic&page=2"))[1]
        routes = [one["route"] for one in first["anime"] + second["anime"]]
        assert len(set(routes)) == first["totalAmount"]
        async with http.get(f"{base}?st=alphabetic&page=3") as past:
            assert past.status == 500
        async with http.get(f"{base}/no-such-title") as missing:
            assert missing.status == 404
            assert missing.content_type == "text/plain"


def _shifted(rows: tuple[Any, ...]) -> list[Any]:
    from dataclasses import replace  # noqa: PLC0415  # only here

    return [
        replace(row, title=f"{row.title} Again", sources=tuple(url.replace("/9000", "/9002") for url in row.sources))
        for row in rows
    ]


async def test_limits_are_enforced_and_counted(http: aiohttp.ClientSession) -> None:
    """The fourth request of a second is refused in Jikan's words, with a wait; who waits gets in."""
    hand = Hand()
    settings = PracticeSettings(rows=read_practice_rows())
    async with run_practice(settings, hours=hand.hours()) as server:
        url = f"{server.url}/jikan/anime/900003"
        assert [(await get(http, url))[0] for _ in range(3)] == [200] * 3
        async with http.get(url) as refused:
            body = orjson.loads(await refused.read())
            assert (refused.status, body["status"], body["type"]) == (429, "429", "RateLimitException")
            hand.now += int(refused.headers["Retry-After"])
        assert (await get(http, url))[0] == 200
        counts = (await get(http, f"{server.url}/admin/counters"))[1]["platforms"]["jikan"]
    assert counts["requests"] == 5
    assert counts["over_windows"] == {"3/1s": 1}
    assert counts["refusals"] == {"limit": 1}
    assert counts["statuses"] == {"200": 4, "429": 1}


async def test_every_animeschedule_answer_tells_the_limit(http: aiohttp.ClientSession) -> None:
    """Limit, rest and reset stand on good answers and on errors."""
    hand = Hand()
    async with run_practice(PracticeSettings(rows=read_practice_rows()), hours=hand.hours()) as server:
        for rest, slug in (("119", "orizuru-parade"), ("118", "no-such-title")):
            async with http.get(f"{server.url}/animeschedule/anime/{slug}") as answer:
                assert answer.headers["X-RateLimit-Limit"] == "120"
                assert answer.headers["X-RateLimit-Remaining"] == rest
                assert int(answer.headers["X-RateLimit-Reset"]) >= 1_700_000_000


async def test_anidb_bans_who_does_not_pace(http: aiohttp.ClientSession) -> None:
    """The eleventh request at once is answered ``banned`` with a 200, and so are all after it."""
    hand = Hand()
    query = "request=anime&client=practice&clientver=1&protover=1&aid=900003"
    async with run_practice(PracticeSettings(rows=read_practice_rows()), hours=hand.hours()) as server:
        bodies = []
        for _ in range(12):
            async with http.get(f"{server.url}/anidb/httpapi?{query}") as answer:
                bodies.append((answer.status, b"banned" in await answer.read()))
        hand.now += 86_400
        async with http.get(f"{server.url}/anidb/httpapi?{query}") as answer:
            bodies.append((answer.status, b"banned" in await answer.read()))
    assert bodies == [(200, False)] * 10 + [(200, True)] * 2 + [(200, False)]


async def test_kitsu_is_only_counted(http: aiohttp.ClientSession) -> None:
    """Nothing is refused, but a request that came within a second is on record."""
    hand = Hand()
    async with run_practice(PracticeSettings(rows=read_practice_rows()), hours=hand.hours()) as server:
        statuses = [(await get(http, f"{server.url}/kitsu/edge/anime/900003"))[0] for _ in range(3)]
        counts = server.gate.counters.by_platform[Platform.KITSU]
        assert statuses == [200] * 3
        assert counts.over_windows == {"1/1s": 2}
        assert not counts.refusals


async def test_reset_forgets_requests_bans_faults_and_numbers(http: aiohttp.ClientSession) -> None:
    """After a reset the server is as new."""
    hand = Hand()
    async with run_practice(PracticeSettings(rows=read_practice_rows()), hours=hand.hours()) as server:
        url = f"{server.url}/jikan/anime/900003"
        await http.post(f"{server.url}/admin/faults", json={"platform": "jikan", "kind": "ban", "wait_s": 999})
        assert (await get(http, url))[0] == 403
        async with http.post(f"{server.url}/admin/reset") as answer:
            assert answer.status == 200
        assert (await get(http, url))[0] == 200
        assert (await get(http, f"{server.url}/admin/counters"))[1]["platforms"]["jikan"]["requests"] == 1


async def test_health_tells_how_much_is_served(server: RunningPractice, http: aiohttp.ClientSession) -> None:
    """Titles by platform, so that a script can see that the catalogue arrived."""
    status, body = await get(http, f"{server.url}/admin/health")
    assert status == 200
    assert body["titles"]["jikan"] == 22


async def test_pictures_are_real_and_always_the_same(server: RunningPractice, http: aiohttp.ClientSession) -> None:
    """Every address of the world opens as a picture; different titles have different ones."""
    full = (await get(http, f"{server.url}/jikan/anime/900003/full"))[1]["data"]
    url = full["images"]["jpg"]["image_url"]
    bodies = []
    for address in (url, url, url.replace("900003", "900004"), url.replace(".png", ".jpg")):
        async with http.get(address) as answer:
            bodies.append(await answer.read())
    assert bodies[0] == bodies[1] != bodies[2]
    assert Image.open(io.BytesIO(bodies[0])).format == "PNG"
    assert Image.open(io.BytesIO(bodies[3])).format == "JPEG"
    assert server.gate.counters.images == 4


async def test_recordings_are_served_first_and_whole(recordings: Path, http: aiohttp.ClientSession) -> None:
    """A recorded id is answered with the recorded bytes; others come from the world, or are unknown."""
    settings = PracticeSettings(rows=read_practice_rows(), recordings=recordings, has_limits=False)
    async with run_practice(settings) as server:
        for path, file in (
            ("anime/52991/full", "anime_full/52991.json"),
            ("anime/1/characters", "anime_characters/1.json"),
            ("anime/1/episodes?page=1", "anime_episodes/1.1.json"),
        ):
            async with http.get(f"{server.url}/jikan/{path}") as answer:
                assert await answer.read() == (recordings / "jikan" / file).read_bytes()
        by_id = (await get(http, f"{server.url}/animeschedule/anime?mt=any&mal-ids=1&mal-ids=900003"))[1]
        assert {one["route"] for one in by_id["anime"]} == {"cowboy-bebop", "orizuru-parade"}
        assert (await get(http, f"{server.url}/jikan/anime/900003"))[0] == 200
    only = PracticeSettings(rows=read_practice_rows(), recordings=recordings, only_recordings=True, has_limits=False)
    async with run_practice(only) as server:
        assert (await get(http, f"{server.url}/jikan/anime/900003"))[0] == 404
        assert (await get(http, f"{server.url}/jikan/anime/52991/full"))[0] == 200
        assert (await get(http, f"{server.url}/animeschedule/anime?mt=any&mal-ids=900003"))[1]["totalAmount"] == 0


def test_settings_that_cannot_be_served_are_refused(tmp_path: Path) -> None:
    """A missing folder, a contradiction and a speed of nothing are named at once."""
    with pytest.raises(BadInput, match=r"INDEX\.json"):
        make_app(PracticeSettings(recordings=tmp_path))
    with pytest.raises(Misconfigured, match="only_recordings"):
        make_app(PracticeSettings(only_recordings=True))
    with pytest.raises(Misconfigured, match="speed"):
        make_app(PracticeSettings(speed=0))


def _start(tmp_path: Path, *more: str) -> tuple[subprocess.Popen[str], dict[str, int]]:
    port_file = tmp_path / "port.json"
    command = [sys.executable, "-m", "pipeline.practice", "--speed", "20", "--port-file", str(port_file), *more]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 30
    while not port_file.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert port_file.exists(), process.communicate()[0]
    return process, orjson.loads(port_file.read_bytes())


async def test_it_runs_on_its_own_and_ends_when_asked(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    """The port file is there once it answers; SIGTERM ends it with 0."""
    process, told = await asyncio.to_thread(_start, tmp_path)
    assert told["pid"] == process.pid
    assert (await get(http, f"http://127.0.0.1:{told['port']}/admin/health"))[1]["speed"] == 20
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, 20) == 0


async def test_it_ends_when_its_parent_is_gone(tmp_path: Path) -> None:
    """A killed parent leaves no server behind."""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=subprocess.PIPE)
    process, _ = await asyncio.to_thread(_start, tmp_path, "--parent-pid", str(parent.pid))
    os.kill(parent.pid, signal.SIGKILL)
    await parent.wait()
    assert await asyncio.to_thread(process.wait, 20) == 0


def test_arguments_that_cannot_be_served_end_with_a_sentence(tmp_path: Path) -> None:
    """No traceback, exit code 2."""
    for extra in (["--catalogue", str(tmp_path / "none.jsonl")], ["--fault", '{"kind": "bad mood"}'], ["--fault", "{"]):
        ran = subprocess.run(
            [sys.executable, "-m", "pipeline.practice", *extra],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert ran.returncode == 2
        assert ran.stderr.startswith("error: ")
        assert "Traceback" not in ran.stderr
