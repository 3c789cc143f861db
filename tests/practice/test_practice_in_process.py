"""The practice platforms asked without a socket say what the server says over one."""

import gzip

import pytest

from pipeline.practice import PracticeSettings, read_practice_rows
from pipeline.practice.in_process import PracticeInProcess

SETTINGS = PracticeSettings(rows=read_practice_rows(), has_limits=False)
JSON = {"Content-Type": "application/json"}


async def test_answers_come_back_whole() -> None:
    """By GET with a query, by POST with a body, packed, as a page, and when there is no such route."""
    async with PracticeInProcess(SETTINGS) as practice:
        full = await practice.ask("GET", "/jikan/anime/900002/full", {})
        assert (full.status, full.headers["content-type"]) == (200, "application/json")
        assert b'"mal_id":900002' in full.body
        xml = await practice.ask("GET", "/anidb/httpapi?request=anime&client=some&clientver=1&protover=1&aid=1", {})
        assert gzip.decompress(xml.body).startswith(b"<?xml")
        query = b'{"query": "{ Media(id: 900002) { id } }"}'
        assert (await practice.ask("POST", "/anilist/", JSON, query)).body == b'{"data":{"Media":{"id":900002}}}'
        assert (await practice.ask("GET", "/jikan/anime/1/full", {})).status == 404
        assert (await practice.ask("GET", "/nowhere", {})).status == 404


async def test_it_is_asked_only_while_it_is_open() -> None:
    """Otherwise there is nobody to answer."""
    with pytest.raises(RuntimeError, match="outside 'async with'"):
        await PracticeInProcess(SETTINGS).ask("GET", "/", {})
