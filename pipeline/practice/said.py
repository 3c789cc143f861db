"""What every ``said_<platform>.py`` starts from, and what they share: who is missing, what is related, what is off."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.catalogue import identify_url
from pipeline.domain.canonical import digest_of
from pipeline.domain.names import Platform, RelationKind, Site, TitleKind
from pipeline.domain.source_title import PartialDate, TitleName
from pipeline.domain.title import CatalogueRow
from pipeline.practice.cast import Figure, make_figure
from pipeline.practice.facts import Facts, Instalment, day_of, make_instalment
from pipeline.practice.rows import MIXED_UP, RowIndex, make_slug, row_key

__all__ = ["Related", "Said"]

_GAPS = {
    Platform.JIKAN: range(0),
    Platform.ANILIST: range(5),
    Platform.KITSU: range(5, 20),
    Platform.ANIDB: range(20, 30),
    Platform.ANIME_PLANET: range(30, 42),
}
"""Whose luck falls in here is missing there; MyAnimeList lacks the last few of every cast instead."""


@dataclass(frozen=True, slots=True)
class Related:
    """Another row and how it relates to this one."""

    row: CatalogueRow
    id: str
    kind: RelationKind
    mal: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """One platform about to say something about one title."""

    facts: Facts
    platform: Platform
    id: str
    number: int
    index: RowIndex
    image_base: str
    has_cdn_pictures: bool
    today: date

    def image(self, what: str, name: str | int) -> str:
        """Address of a picture of the practice server."""
        return f"{self.image_base}/{self.platform.value}/{what}/{name}.png"

    @property
    def mark(self) -> str:
        """A short word that stands for the title in made-up addresses, the same on every platform."""
        return digest_of("mark", self.facts.key)[:8]

    def id_at(self, site: Site) -> str | None:
        """The title's id elsewhere, as this platform has it."""
        mixed_up = MIXED_UP.get((self.platform, self.facts.key, site))
        return mixed_up or self.index.id_at(self.number, site)

    def figures(self) -> Iterator[Figure]:
        """The characters this platform has: nobody has everyone, and the three leads are never missing."""
        facts, gap = self.facts, _GAPS[self.platform]
        everyone = facts.cast if self.platform is Platform.JIKAN else facts.cast + facts.cast // 48 + 1
        for place in range(everyone):
            figure = make_figure(facts.key, facts.salt, place)
            if place < 3 or figure.luck not in gap:
                yield figure

    def instalments(self) -> Iterator[Instalment]:
        """The episodes that have aired."""
        return (make_instalment(self.facts, number) for number in range(1, self.facts.aired_count + 1))

    def related(self, site: Site) -> tuple[Related, ...]:
        """Related rows this platform has, by the catalogue's own list."""
        found: dict[int, Related] = {}
        for url in self.facts.row.related_anime:
            pair = identify_url(url)
            number = None if pair is None else self.index.number_of(*pair)
            if number is None or number == self.number or number in found:
                continue
            id_ = self.index.id_at(number, site)
            if id_ is not None:
                row = self.index.rows[number]
                found[number] = Related(row, id_, _kind_of(self.facts.row, row), self.index.id_at(number, Site.MAL))
        return tuple(found[number] for number in sorted(found))

    def synopsis(self) -> str:
        """The text in this platform's words: a near copy, as they really are."""
        sentences = list(self.facts.sentences)
        dice = self.facts.dice("synopsis", self.platform.value)
        if len(sentences) > 3 and dice.chance(0.4):
            sentences.pop()
        if dice.chance(0.3):
            sentences[0] = sentences[0].replace("nobody", "no one").replace("The ", "This ")
        return " ".join(sentences)

    def first_day(self) -> PartialDate | None:
        """The first day; Kitsu is a day off now and then."""
        start = self.facts.start
        if start is not None and self.platform is Platform.KITSU and self.facts.dice("day off").chance(0.15):
            start += timedelta(days=1)
        return day_of(start)

    def count(self) -> int | None:
        """The number of episodes; one platform or another miscounts now and then."""
        dice = self.facts.dice("count", self.platform.value)
        count = self.facts.count
        wrong = self.platform in (Platform.KITSU, Platform.ANIME_PLANET) and dice.chance(0.04)
        return count + 1 if wrong and count and count > 2 else count

    def score(self, top: float) -> float:
        """A score up to ``top``, near the others' scores."""
        near = self.facts.liked + (self.facts.dice("score", self.platform.value).share() - 0.5) * 0.06
        return min(max(near, 0.05), 0.99) * top

    def trailer_id(self) -> str | None:
        """The title's trailer on YouTube, the same wherever it is named."""
        dice = self.facts.dice("trailer")
        if not dice.chance(0.5):
            return None
        return "".join(dice.one("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(11))

    def company_id(self, name: str) -> str:
        """A platform's number for a company (or a tag): the same in every title, another on every platform."""
        return str(1 + int(digest_of(self.platform.value, name)[:6], 16) % 900_000)

    def slug(self) -> str:
        """The title as a word in an address."""
        return make_slug(self.facts.title) or f"anime-{self.id}"

    def synonyms(self) -> tuple[TitleName, ...]:
        """The further names this platform has; not all have all."""
        facts = self.facts
        dice = facts.dice("synonyms", self.platform.value)
        taken = {facts.title, facts.title_english, facts.title_native}
        return tuple(
            TitleName(name, TitleKind.SYNONYM) for name in facts.synonyms if name not in taken and dice.chance(0.8)
        )


def _kind_of(here: CatalogueRow, there: CatalogueRow) -> RelationKind:
    """The same for both sides, seen from each: the earlier one is the prequel of the later."""
    if here.type is not there.type:
        return RelationKind.PARENT if _weight(here) < _weight(there) else RelationKind.SIDE_STORY
    return RelationKind.SEQUEL if _age(here) < _age(there) else RelationKind.PREQUEL


def _weight(row: CatalogueRow) -> tuple[int, str]:
    return (row.episodes or 0, row_key(row))


def _age(row: CatalogueRow) -> tuple[int, str, str]:
    return (row.year or 9999, row.title, row_key(row))
