"""Names and titles made comparable: the one normalisation every step shares.

Promises: pure, the same answer on every machine, no text raises, and nothing here is ever shown to anybody: what is
shown is copied from a platform. A text without a single letter keeps its signs, so that ``?`` and ``!`` stay
different and no two names meet because both are empty.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz

__all__ = [
    "CACHE",
    "clean",
    "flip",
    "has_letters",
    "kana_to_romaji",
    "name_key",
    "norm",
    "romaji_key",
    "romaji_words",
    "title_similarity",
]

CACHE: Final = 65_536
"""Texts remembered: three platforms' casts of the largest title (1,475 characters) with all their names."""

_VOICING: Final = frozenset("\u3099\u309a")
"""The marks of が and ぱ: combining characters that change the letter, not an ornament of it."""
_SILENT: Final = str.maketrans("", "", "`'\u2019\u2018\u02bc\u00b4.")
_PARENTHESES: Final = re.compile(r"\([^()]*\)")
_ENDS_IN_INITIAL: Final = re.compile(r"\s[^\W\d_]\.$")
_NOT_WORD: Final = re.compile(r"[\W_]+")
_INVISIBLE: Final = ("Cf", "Cc", "Co", "Cs", "Cn")
_ROMAJI: Final = {
    "ou": "o",
    "oo": "o",
    "uu": "u",
    "aa": "a",
    "ii": "i",
    "ee": "e",
    "oh": "o",
    "tsu": "tu",
    "shi": "si",
    "chi": "ti",
    "dzu": "zu",
    "du": "zu",
    "ji": "zi",
    "fu": "hu",
    "sh": "sy",
    "ch": "ty",
    "j": "zy",
    "l": "r",
    "mb": "nb",
    "mp": "np",
    "c": "k",
    "v": "b",
    "ph": "f",
    "th": "s",
    "q": "k",
    "x": "ks",
}
"""Applied in this order, each to the result of the one before."""
_DOUBLED: Final = re.compile(r"([^\W\d_])\1+")
_HIRAGANA: Final = (
    "あa いi うu えe おo かka きki くku けke こko がga ぎgi ぐgu げge ごgo さsa しshi すsu "
    "せse そso ざza じji ずzu ぜze ぞzo たta ちchi つtsu てte とto だda ぢji づzu でde どdo "
    "なna にni ぬnu ねne のno はha ひhi ふfu へhe ほho ばba びbi ぶbu べbe ぼbo ぱpa ぴpi "
    "ぷpu ぺpe ぽpo まma みmi むmu めme もmo やya ゆyu よyo らra りri るru れre ろro わwa ゐi "
    "ゑe をo んn ゔvu ぁa ぃi ぅu ぇe ぉo ゃya ゅyu ょyo ゎwa ゕka ゖke "
)
_KANA: Final = {pair[0]: pair[1:] for pair in _HIRAGANA.split()}
_GLIDES: Final = {"ゃ": "ya", "ゅ": "yu", "ょ": "yo"}
_SMALL_VOWELS: Final = {"ぁ": "a", "ぃ": "i", "ぅ": "u", "ぇ": "e", "ぉ": "o"}
_PAUSES: Final = frozenset(" =-\u2010\u3000\u30fb\uff65\uff1d")
_TO_HIRAGANA: Final = {ord("ァ") + place: ord("ぁ") + place for place in range(ord("ヶ") - ord("ァ") + 1)}
_ALL_KANA: Final = re.compile(f"[っー{''.join(map(re.escape, sorted(_PAUSES | _KANA.keys())))}]+")


def clean(text: str) -> str:
    """Text without control, zero-width and bidirectional characters, with single spaces."""
    if text.isprintable():  # nothing of that kind is, nor any space but the plain one: a megabyte is looked at once
        return " ".join(text.split()) if "  " in text else text.strip(" ")
    kept = "".join(" " if ch in "\t\n\r\u0085\u2028\u2029" else ch for ch in text)
    return " ".join("".join(ch for ch in kept if unicodedata.category(ch) not in _INVISIBLE).split())


def _fold(text: str) -> str:
    """Strip invisible signs and accents, join widths and cases."""
    if text.isascii():  # has none of those but control characters
        return clean(text).casefold()
    bare = "".join(
        ch
        for ch in unicodedata.normalize("NFKD", clean(text))
        if ch in _VOICING or (not unicodedata.combining(ch) and unicodedata.category(ch) != "Mn")
    )
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", bare).casefold())


@lru_cache(maxsize=CACHE)
def norm(text: str) -> str:
    """Lower-case words with single spaces: no accents, no punctuation, nothing in parentheses."""
    folded = _fold(text)
    if not folded.replace(" ", "").isalnum():
        folded = folded.translate(_SILENT)
    if folded.replace(" ", "").isalnum():
        return " ".join(folded.split())
    shorter = _PARENTHESES.sub(" ", folded)
    for candidate in (shorter, folded):
        words = _NOT_WORD.sub(" ", candidate).strip()
        if words:
            return words
    return " ".join(folded.split()) or clean(text)


def flip(text: str) -> str:
    """``Last, First`` as ``First Last``; anything without exactly one comma stays as it is.

    After an initial the order stays: ``Monkey D., Luffy`` is called Monkey D. Luffy.
    """
    last, comma, first = text.partition(",")
    if not comma or "," in first or not first.strip() or not last.strip():
        return text
    if last.rstrip().endswith(".") and _ENDS_IN_INITIAL.search(last.strip()):
        return f"{last.strip()} {first.strip()}"
    return f"{first.strip()} {last.strip()}"


@lru_cache(maxsize=CACHE)
def romaji_words(name: str) -> tuple[str, ...]:
    """The words of what :func:`norm` gave, in one spelling of Japanese for all romanisations, in the order given."""
    return tuple(map(_one_spelling, name.split()))


@lru_cache(maxsize=CACHE)
def romaji_key(text: str) -> str:
    """The words of ``text`` in one spelling of Japanese for all romanisations, in the order given."""
    return " ".join(romaji_words(norm(text)))


@lru_cache(maxsize=CACHE)
def _one_spelling(word: str) -> str:
    """Words are shared by many names: each is spelled once."""
    if word.upper() != word:  # something in it has cases: kana and kanji are no romanisation
        for old, new in _ROMAJI.items():
            if old in word:
                word = word.replace(old, new)
    return _DOUBLED.sub(r"\1", word)


@lru_cache(maxsize=CACHE)
def name_key(text: str) -> str:
    """:func:`romaji_key` with its words sorted: equal whichever of the two names comes first."""
    return " ".join(sorted(romaji_words(norm(text))))


def has_letters(text: str) -> bool:
    """Whether there is anything to compare: a letter or a digit."""
    return text[:1].isalnum() or any(ch.isalnum() for ch in text)


@lru_cache(maxsize=CACHE)
def kana_to_romaji(text: str) -> str | None:
    """An all-kana text in Hepburn letters without long marks; ``None`` when it holds anything else."""
    plain = unicodedata.normalize("NFKC", clean(text)).translate(_TO_HIRAGANA)
    if not _ALL_KANA.fullmatch(plain) or not any(ch in _KANA for ch in plain):
        return None
    written: list[str] = []
    is_doubled = False
    for ch in plain:
        if ch == "っ":
            is_doubled = True
        elif ch in _PAUSES:
            written.append(" ")
        elif ch in _KANA:
            _write(written, ch, is_doubled=is_doubled)
            is_doubled = False
    return " ".join("".join(written).split())


def _write(written: list[str], ch: str, *, is_doubled: bool) -> None:
    """Append one kana; a small one changes the syllable before it."""
    before = written[-1] if written else ""
    if ch in _GLIDES and len(before) > 1 and before.endswith("i"):
        stem = before[:-1]
        written[-1] = stem + (_GLIDES[ch][1:] if stem.endswith(("sh", "ch", "j")) else _GLIDES[ch])
    elif ch in _SMALL_VOWELS and len(before) > 1:
        written[-1] = before[:-1] + _SMALL_VOWELS[ch]
    else:
        syllable = _KANA[ch]
        double = ("t" if syllable.startswith("ch") else syllable[0]) if is_doubled else ""
        written.append(double + syllable)


def title_similarity(first: str, second: str) -> float:
    """How alike two titles are, 0 to 1: the better of their words as they stand and in one romanisation."""
    plain = fuzz.ratio(norm(first), norm(second))
    if plain == 100.0:
        return 1.0
    return max(plain, fuzz.ratio(romaji_key(first), romaji_key(second))) / 100.0
