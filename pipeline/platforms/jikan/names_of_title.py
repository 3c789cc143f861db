"""A title's names as MyAnimeList keeps them, whichever service tells of them: a default, synonyms, one a language."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from pipeline.domain.names import TitleKind
from pipeline.domain.source_title import TitleName
from pipeline.platforms._notes import Notes

__all__ = ["name_titles"]

_KANA: Final = re.compile("[\u3040-\u30ff]")
_TITLE_LANGUAGES: Final = {
    "japanese": "ja",
    "english": "en",
    "german": "de",
    "french": "fr",
    "spanish": "es",
    "italian": "it",
    "portuguese": "pt",
    "korean": "ko",
    "chinese": "zh",
}


def name_titles(rows: Sequence[tuple[str, str | None]], notes: Notes) -> Iterator[TitleName]:
    """Names from pairs of MyAnimeList's word (``Default``, ``Synonym``, ``English`` …) and the text."""
    is_japanese = any(word == "Japanese" and _KANA.search(text or "") for word, text in rows)
    for word, text in rows:
        if text is None:
            continue
        if word == "Default":
            yield TitleName(text, TitleKind.MAIN, "ja-Latn" if is_japanese and _is_latin(text) else None)
        elif word == "Synonym":
            yield TitleName(text, TitleKind.SYNONYM)
        else:
            yield TitleName(text, TitleKind.OFFICIAL, notes.known("titles.type", word, _TITLE_LANGUAGES))


def _is_latin(text: str) -> bool:
    return all(letter < "\u0250" or not letter.isalpha() for letter in text)
