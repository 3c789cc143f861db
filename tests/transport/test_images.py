"""Fetching pictures."""

import pytest
from aiohttp import web

from pipeline.errors import Blocked, Broken, EntryGone, Transient
from pipeline.transport import ImageFetcher
from tests.transport.conftest import FakeTime, make_settings


def picture(body=b"\x89PNG", code=200, kind="image/png", **headers):
    return web.Response(status=code, body=body, headers={"Content-Type": kind, **headers})


async def fetch(stage, tmp_path, url=None, times=None, **images):
    times = times or FakeTime()
    settings = make_settings(stage.url, tmp_path, images=images)
    async with ImageFetcher(settings, clock=times.clock, sleep=times.sleep) as fetcher:
        return await fetcher.fetch_image(url or f"{stage.url}/a.png")


async def test_a_picture_comes_back_byte_for_byte(stage, tmp_path):
    """Also after a fault."""
    stage.play(picture(code=500), picture(b"\x89PNG123"))
    assert await fetch(stage, tmp_path) == b"\x89PNG123"


@pytest.mark.parametrize(
    ("scene", "error"),
    [
        (picture(code=404), EntryGone),
        (picture(code=410), EntryGone),
        (picture(code=403), Blocked),
        (picture(code=503), Transient),
        (picture(b"<html>", kind="text/html"), Broken),
        (picture(b""), Broken),
        (picture(code=400), Broken),
        (picture(b"x" * 3000), Broken),
    ],
)
async def test_what_is_no_picture_is_told(stage, tmp_path, scene, error):
    """Missing, refused, faulty, something else, empty, too large."""
    stage.play(scene)
    with pytest.raises(error):
        await fetch(stage, tmp_path, max_body_bytes=2048)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "x", "http://", "http://[x", ""])
async def test_what_is_no_address_is_broken(stage, tmp_path, url):
    """Nothing is asked."""
    with pytest.raises(Broken, match="address"):
        async with ImageFetcher(make_settings(stage.url, tmp_path)) as fetcher:
            await fetcher.fetch_image(url)


async def test_requests_are_counted(stage, tmp_path):
    """Those that were repeated too."""
    times = FakeTime()
    stage.play(picture(code=500), picture())
    async with ImageFetcher(make_settings(stage.url, tmp_path), clock=times.clock, sleep=times.sleep) as fetcher:
        await fetcher.fetch_image(f"{stage.url}/a.png")
    assert fetcher.count == len(stage.seen) == 2


async def test_too_fast_is_waited_out(stage, tmp_path):
    """As stated."""
    times = FakeTime()
    stage.play(picture(code=429, **{"Retry-After": "11"}), picture())
    await fetch(stage, tmp_path, times=times)
    assert sum(times.slept) >= 11


async def test_a_host_that_refuses_is_left_alone(stage, tmp_path):
    """The next picture of that host is not asked for, in this run or the next."""
    stage.play(picture(code=403))
    for _ in range(2):
        with pytest.raises(Blocked):
            await fetch(stage, tmp_path)
    assert len(stage.seen) == 1


async def test_a_host_that_fails_is_not_waited_for(stage, tmp_path):
    """A picture is not worth a minute: after five failures the next one of that host is given up at once."""
    times = FakeTime()
    stage.play(picture(code=500))
    async with ImageFetcher(make_settings(stage.url, tmp_path), clock=times.clock, sleep=times.sleep) as fetcher:
        with pytest.raises(Transient):
            await fetcher.fetch_image(f"{stage.url}/a.png")
        with pytest.raises(Blocked):
            await fetcher.fetch_image(f"{stage.url}/b.png")
        slept = sum(times.slept)
        with pytest.raises(Blocked):
            await fetcher.fetch_image(f"{stage.url}/c.png")
    assert len(stage.seen) == 5
    assert sum(times.slept) == slept
