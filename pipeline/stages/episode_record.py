"""One episode of the record from one group of the alignment."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeVar

from pipeline.domain.aligned import EpisodeGroup
from pipeline.domain.claims import Finding
from pipeline.domain.names import EpisodeKind, Source
from pipeline.domain.record import EpisodeRecord, OtherPlatformNumber
from pipeline.domain.source_title import Episode, Link, SourceTitle, TitleName
from pipeline.domain.text import clean, norm
from pipeline.domain.title import StageInput
from pipeline.stages.addresses import parse_address
from pipeline.stages.choose import heaviest
from pipeline.stages.members import by_trust, clean_lines, distinct_urls, ids_of, spoken_by
from pipeline.stages.weights import BASICS, DATES

__all__ = ["find_oddities", "merge_episode"]

T = TypeVar("T")

_LANGUAGES: Final = {"en": 0, "ja-Latn": 1, None: 2, "ja": 3}
"""Which title is shown: English, then romaji, then of no said language, then Japanese, then the others."""
_FORTNIGHT: Final = 14
"""Days by which episodes may air out of order; they are swapped now and then."""

_Members = Sequence[tuple[Source, Episode]]


def merge_episode(inputs: StageInput, group: EpisodeGroup, staff: Mapping[int, list[str]]) -> EpisodeRecord:
    """Merge all records of one episode. ``staff``: who worked on it, by the numbers of regular episodes."""
    members: _Members = [(source.source, source.episodes[item]) for source, item in by_trust(inputs, group.members)]
    each = [episode for _, episode in members]
    titles = _titles(each)
    return EpisodeRecord(
        number=group.number,
        kind=EpisodeKind(group.kind),
        season=_voted(members, lambda one: one.season),
        absolute_number=_voted(members, lambda one: one.absolute_number),
        title=titles[0].text if titles else None,
        titles=titles,
        synopsis=_synopsis(each),
        aired=_voted(members, lambda one: one.aired.text if one.aired else None, is_date=True),
        duration=_voted(members, lambda one: one.duration_s if _is_length(one.duration_s) else None),
        score=_score(members),
        is_filler=_voted(members, lambda one: one.is_filler),
        is_recap=_voted(members, lambda one: one.is_recap),
        thumbnails=distinct_urls(one.thumbnail_url for one in each),
        streaming=_streaming(each),
        staff=staff.get(group.number, []) if group.number and group.kind == EpisodeKind.REGULAR else [],
        other_numbers=_other_numbers(members, group.number),
        ids=ids_of(members),
        sources=spoken_by(members),
        match_confidence=group.confidence,
    )


def _voted(members: _Members, field: Callable[[Episode], T | None], *, is_date: bool = False) -> T | None:
    said: list[tuple[Source, T | None]] = [
        (source, value) for source, episode in members if (value := field(episode)) is not None
    ]
    if len(said) < 2:
        return said[0][1] if said else None
    return heaviest(said, weights=DATES if is_date else BASICS, nobody=None)


def _titles(episodes: Iterable[Episode]) -> list[TitleName]:
    """Every title once, by language; a title without language is dropped where it stands under one already."""
    ranked = sorted((title for one in episodes for title in one.titles), key=_language_rank)
    spoken = {norm(title.text) for title in ranked if title.language is not None}
    found: dict[tuple[str, str | None], TitleName] = {}
    for title in ranked:
        text, key = clean(title.text), norm(title.text)
        if text and not (title.language is None and key in spoken):
            found.setdefault((key, _spoken(title.language)), TitleName(text, title.kind, title.language))
    return list(found.values())


def _spoken(language: str | None) -> str | None:
    """The language without its country (``en-US`` is English), unless the tag is about the script."""
    return language if language is None or language.endswith("-Latn") else language.split("-")[0]


def _language_rank(title: TitleName) -> tuple[int, str]:
    return _LANGUAGES.get(title.language, len(_LANGUAGES)), title.language or ""


def _synopsis(episodes: Iterable[Episode]) -> str | None:
    """The longest in English or in no said language; only without one, the longest of all."""
    said = [(one.synopsis.language in ("en", None), clean_lines(one.synopsis.text)) for one in episodes if one.synopsis]
    best = max((pair for pair in said if pair[1]), key=lambda pair: (pair[0], len(pair[1])), default=None)
    return best[1] if best else None


def _score(members: _Members) -> float | None:
    """The score of the weightiest platform, on 0 to 10."""
    said: list[tuple[Source, float | None]] = [
        (source, round(one.score / one.score_max * 10.0, 4))
        for source, one in members
        if one.score is not None and _is_score(one)
    ]
    return heaviest(said, weights=BASICS, nobody=None)


def _is_score(one: Episode) -> bool:
    return one.score is not None and one.score_max > 0 and 0 <= one.score <= one.score_max


def _is_length(seconds: int | None) -> bool:
    return seconds is not None and seconds > 0


def _streaming(episodes: Iterable[Episode]) -> list[Link]:
    found: dict[str, Link] = {}
    for one in episodes:
        for link in one.streaming:
            address = parse_address(link.url)
            found.setdefault(address.page_key if address else link.url, link)
    return list(found.values())


def _other_numbers(members: _Members, number: int | None) -> list[OtherPlatformNumber]:
    others = {(source, one.number) for source, one in members if one.number is not None and one.number != number}
    return [OtherPlatformNumber(source=source, number=other) for source, other in sorted(others)]


def find_oddities(sources: Iterable[SourceTitle]) -> tuple[Finding, ...]:
    """Figures that cannot be, by platform."""
    found: list[Finding] = []
    for one in sources:
        scores = sum(episode.score is not None and not _is_score(episode) for episode in one.episodes)
        lengths = sum(episode.duration_s is not None and episode.duration_s < 0 for episode in one.episodes)
        for count, what in ((scores, "score outside its scale"), (lengths, "length below zero")):
            if count:
                message = f"{one.source.value} gives {count} episodes a {what}"
                found.append(Finding("episode_figure_impossible", message, "episode_details", one.source))
        if (told := _goes_back(one)) is not None:
            found.append(Finding("episode_dates_go_back", told, "episode_details", one.source))
    return tuple(found)


def _goes_back(one: SourceTitle) -> str | None:
    """Where episodes aired long before those they follow: two runs, or two works, under one id."""
    dated = sorted(
        (episode.number, day)
        for episode in one.episodes
        if episode.kind is EpisodeKind.REGULAR
        and episode.number is not None
        and (day := None if episode.aired is None else episode.aired.exact) is not None
    )
    back = [(a, b) for a, b in pairwise(dated) if (a[1] - b[1]).days > _FORTNIGHT]
    if not back:
        return None
    (number, day), (later, earlier) = back[0]
    more = f" (and {len(back) - 1} more)" if len(back) > 1 else ""
    return f"{one.source.value}: episode {later} aired {earlier}, before episode {number}, {day}{more}"
