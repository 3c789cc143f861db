"""Episodes of MyAnimeList: rows of the list pages, enriched by single episode answers where there are any."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pipeline.domain.names import TitleKind
from pipeline.domain.source_title import Episode, TitleName
from pipeline.platforms._notes import Notes
from pipeline.platforms._reading import JsonObject
from pipeline.platforms._text import make_text

__all__ = ["convert_episodes"]


def convert_episodes(
    rows: Iterable[JsonObject],
    singles: Mapping[int, JsonObject],
    thumbnails: Mapping[int, str],
    notes: Notes,
) -> tuple[Episode, ...]:
    """Episodes by number; a row repeated over two pages counts once."""
    made = [_episode(row, notes) for row in rows]
    listed = notes.unique("episodes", made, lambda one: one.number)
    known = {one.number for one in listed}
    alone = tuple(_episode(row, notes) for number, row in sorted(singles.items()) if number not in known)
    return tuple(_enriched(one, singles, thumbnails, notes) for one in listed + alone)


def _episode(row: JsonObject, notes: Notes) -> Episode:
    number = row.integer("mal_id") if row.has("mal_id") else row.integer("episode_number")
    return Episode(
        number=number,
        id=None if number is None else str(number),
        titles=tuple(_titles(row)),
        synopsis=make_text(row.prose("synopsis"), "en"),
        aired=notes.date("episodes.aired", row.text("aired")),
        duration_s=row.integer("duration") or None,
        score=row.number("score") or None,
        score_max=5.0,
        is_filler=row.flag("filler"),
        is_recap=row.flag("recap"),
        url=row.text("url"),
    )


def _titles(row: JsonObject) -> Iterable[TitleName]:
    # ``title_romanji`` is the field's own spelling.
    for key, kind, language in (
        ("title", TitleKind.MAIN, "en"),
        ("title_japanese", TitleKind.OFFICIAL, "ja"),
        ("title_romanji", TitleKind.OFFICIAL, "ja-Latn"),
    ):
        text = row.text(key)
        if text is not None:
            yield TitleName(text, kind, language)


def _enriched(
    episode: Episode, singles: Mapping[int, JsonObject], thumbnails: Mapping[int, str], notes: Notes
) -> Episode:
    if episode.number is None:
        return episode
    thumbnail = thumbnails.get(episode.number)
    if episode.number in singles:
        more = _episode(singles[episode.number], notes)
        episode = replace(
            episode,
            synopsis=more.synopsis or episode.synopsis,
            duration_s=more.duration_s or episode.duration_s,
        )
    return replace(episode, thumbnail_url=thumbnail) if thumbnail else episode
