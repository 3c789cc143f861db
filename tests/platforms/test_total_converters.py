"""Converters are total: whatever single thing is wrong in a real answer, the rest is still understood."""

import json
from collections.abc import Iterator
from pathlib import Path

import orjson
from lxml import etree

from pipeline.errors import Broken
from pipeline.platforms.anidb import AnidbAdapter
from pipeline.platforms.animeschedule import AnimeScheduleAdapter
from pipeline.platforms.jikan import JikanAdapter
from pipeline.platforms.port import PlatformAdapter

ODD: tuple[object, ...] = (None, "", "\x00?", -1, 10**30, True, [], {}, [None, 5, "x", []], {"a": {"b": 1}})


def cut(value: object) -> object:
    """The same tree with at most two entries in a list, so that every shape is there and the walk is short."""
    if isinstance(value, list):
        return [cut(one) for one in value[:2]]
    return {key: cut(one) for key, one in value.items()} if isinstance(value, dict) else value


def spoilt(value: object) -> Iterator[object]:
    """The tree once for every node and odd value, with that node replaced, and once with it gone."""
    if isinstance(value, dict):
        for key in value:
            yield {name: one for name, one in value.items() if name != key}
            for odd in (*ODD, *spoilt(value[key])):
                yield value | {key: odd}
    elif isinstance(value, list):
        for at, one in enumerate(value):
            for odd in (*ODD, *spoilt(one)):
                yield [*value[:at], odd, *value[at + 1 :]]


def check(adapter: PlatformAdapter, id_: str, parts: dict[str, bytes]) -> bool:
    try:
        adapter.convert(id_, parts)
    except Broken:
        return False
    return True


def spoil_json(adapter: PlatformAdapter, id_: str, parts: dict[str, bytes], kind: str) -> tuple[int, int]:
    whole = cut(orjson.loads(parts[kind]))
    understood = tried = 0
    for tree in spoilt(whole):
        if isinstance(tree, dict):
            tried += 1
            understood += check(adapter, id_, parts | {kind: _dumps(tree)})
    return understood, tried


def _dumps(tree: object) -> bytes:
    # Not orjson: it refuses to write integers beyond 64 bits, which a platform may well send.
    return json.dumps(tree).encode()


def test_jikan_survives_any_single_fault(recordings: Path) -> None:
    """Only the envelope and the id may break a title."""
    folder = recordings / "jikan"
    parts = {
        "full": (folder / "anime_full/1.json").read_bytes(),
        "characters": (folder / "anime_characters/1.json").read_bytes(),
        "staff": (folder / "anime_staff/11757.json").read_bytes(),
        "episodes/1": (folder / "anime_episodes/1.1.json").read_bytes(),
    }
    small = {kind: _dumps(cut(orjson.loads(body))) for kind, body in parts.items()}
    for kind in small:
        understood, tried = spoil_json(JikanAdapter(), "1", small, kind)
        assert tried > 100
        assert tried - understood < 25, kind


def test_animeschedule_survives_any_single_fault(recordings: Path) -> None:
    """Only route, title and the link that repeats the id may break a title."""
    body = (recordings / "animeschedule/anime/cowboy-bebop.json").read_bytes()
    understood, tried = spoil_json(AnimeScheduleAdapter(), "mal:1", {"anime": body}, "anime")
    assert tried > 500
    assert tried - understood < 45


def test_anidb_survives_any_single_fault(recordings: Path) -> None:
    """Every element and attribute of a real answer, once without it and once with nonsense in it."""
    body = (recordings / "anidb/anime_trimmed/22.xml").read_bytes()
    adapter, tried = AnidbAdapter("x", 1), 0
    root = etree.fromstring(body)
    for element in list(root.iter("*")):
        for name, value in list(element.attrib.items()):
            for odd in ("", "?", "-1"):
                element.set(name, odd)
                tried += 1
                assert check(adapter, "22", {"anime": etree.tostring(root)}) or element is root
            element.set(name, value)
        text = element.text
        for odd in (None, "?", "9" * 40):
            element.text = odd
            tried += 1
            assert check(adapter, "22", {"anime": etree.tostring(root)})
        element.text = text
        parent = element.getparent()
        if parent is not None:
            at = parent.index(element)
            parent.remove(element)
            assert check(adapter, "22", {"anime": etree.tostring(root)})
            parent.insert(at, element)
    assert tried > 300
