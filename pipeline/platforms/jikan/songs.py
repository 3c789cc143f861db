"""Reading MyAnimeList's theme lines: ``2: "Haru (晴る)" by Yorushika (ヨルシカ) (eps 17-28)``.

Promises: total; a line that is not of this form becomes a song whose title is the whole line.
"""

import re
from typing import Final

from pipeline.domain.source_title import Song
from pipeline.platforms._text import clean_line

__all__ = ["parse_song", "split_native"]

_NUMBER: Final = re.compile(r"#?(?P<mark>[A-Z]{0,3})(?P<number>\d{1,4}):\s*(?=[\"\u201c])", re.ASCII)
_EPISODES: Final = re.compile(r"\s*\((?:eps?|episodes?)\.?:?\s+(?P<episodes>[^()]+)\)$", re.IGNORECASE)
_QUOTED: Final = re.compile(r"[\"\u201c](?P<title>.+)[\"\u201d](?:\s+by\s+(?P<artist>.+))?")
_JAPANESE: Final = re.compile("[\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff01-\uff9f]")


def parse_song(line: str, kind: str) -> Song | None:
    """One song; ``None`` for an empty line. ``S1`` numbers a special broadcast and is not a number of the series."""
    rest = clean_line(line)
    numbered = _NUMBER.match(rest)
    if numbered:
        rest = rest[numbered.end() :]
    sung_in = _EPISODES.search(rest)
    if sung_in:
        rest = rest[: sung_in.start()]
    if not rest:
        return None
    found = _QUOTED.fullmatch(rest)
    title, title_native = split_native(found["title"] if found else rest)
    artist, artist_native = split_native(found["artist"]) if found and found["artist"] else (None, None)
    return Song(
        kind=kind,
        number=int(numbered["number"]) if numbered and not numbered["mark"] else None,
        title=title,
        title_native=title_native,
        artist=artist,
        artist_native=artist_native,
        episodes=sung_in["episodes"].strip() if sung_in else None,
    )


def split_native(name: str) -> tuple[str, str | None]:
    """``Yuusha (勇者)`` to both names. Brackets without Japanese letters belong to the name."""
    name = name.strip()
    if not name.endswith((")", "\uff09")):
        return name, None
    depth = 0
    for at in range(len(name) - 1, 0, -1):
        depth += (name[at] in ")\uff09") - (name[at] in "(\uff08")
        if depth == 0:
            inside = name[at + 1 : -1].strip()
            return (name[:at].strip(), inside) if _JAPANESE.search(inside) and name[:at].strip() else (name, None)
    return name, None
