"""Stage 1: what the work is called, what it is, when it aired, what it tells and how it is labelled.

Pure and without a model: the same inputs give the same draft, in whatever order the sources come.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from pipeline.domain.claims import Chosen
from pipeline.domain.drafts import MetadataDraft
from pipeline.domain.names import AgeRating, AiringStatus, Source, SourceMaterial, TitleType
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.title import CatalogueRow, StageInput
from pipeline.stages.choose import choose_weighted, collected, in_order
from pipeline.stages.dates import choose_dates
from pipeline.stages.labels import choose_labels
from pipeline.stages.names_of_work import choose_names, fold
from pipeline.stages.strangers import find_strangers
from pipeline.stages.synopsis import choose_texts, count_words
from pipeline.stages.weights import BASICS, RATING, TITLES

__all__ = ["VERSION", "choose_nsfw", "decide"]

VERSION: Final = 4

T = TypeVar("T")

_GENERAL_TYPE: Final = {TitleType.TV_SHORT: TitleType.TV, TitleType.TV_SPECIAL: TitleType.SPECIAL}
"""Finer formats only some platforms know; they do not contradict the general one."""
_GENERAL_MATERIAL: Final = {
    SourceMaterial.WEB_MANGA: SourceMaterial.MANGA,
    SourceMaterial.FOUR_KOMA: SourceMaterial.MANGA,
    SourceMaterial.LIGHT_NOVEL: SourceMaterial.NOVEL,
    SourceMaterial.WEB_NOVEL: SourceMaterial.NOVEL,
    SourceMaterial.PICTURE_BOOK: SourceMaterial.BOOK,
    SourceMaterial.MIXED_MEDIA: SourceMaterial.MULTIMEDIA,
}


def decide(inputs: StageInput) -> MetadataDraft:
    """Decide every field of stage 1."""
    sources, row = in_order(inputs), inputs.title.row
    names, dates, texts = choose_names(sources, row), choose_dates(sources, row), choose_texts(sources, inputs.choosing)
    words = count_words(texts.synopsis.value)
    labels = choose_labels(sources, row, inputs.choosing, synopsis_words=words, answers=inputs.answers)
    return MetadataDraft(
        title=names.title,
        title_english=names.title_english,
        title_japanese=names.title_japanese,
        title_romaji=names.title_romaji,
        synonyms=names.synonyms,
        type=_type(sources, row),
        status=_status(sources, row),
        source_material=_source_material(sources),
        rating=_rating(sources),
        nsfw=choose_nsfw(sources),
        country_of_origin=_country(sources),
        season=dates.season,
        year=dates.year,
        month=dates.month,
        aired_dates=dates.aired_dates,
        synopsis=texts.synopsis,
        synopses=texts.synopses,
        background=_background(sources),
        genres=labels.genres,
        themes=labels.themes,
        tags=labels.tags,
        demographics=labels.demographics,
        content_warnings=labels.content_warnings,
        hashtags=_hashtags(sources),
        questions=labels.questions,
        findings=(*dates.findings, *labels.findings, *find_strangers(sources, row)),
    )


def _said(sources: Iterable[SourceTitle], read: Callable[[SourceTitle], T | None]) -> list[tuple[Source, T]]:
    return [(one.source, value) for one in sources if (value := read(one)) is not None]


def _type(sources: Sequence[SourceTitle], row: CatalogueRow) -> Chosen[TitleType]:
    said = [*_said(sources, lambda one: one.type), (Source.CATALOGUE, row.type)]
    return choose_weighted(
        [pair for pair in said if pair[1] is not TitleType.UNKNOWN],
        weights=BASICS,
        rule="rule:weighted_vote@1",
        nobody=TitleType.UNKNOWN,
        key=lambda type_: _GENERAL_TYPE.get(type_, type_),
        fineness=lambda type_: type_ in _GENERAL_TYPE,
    )


def _status(sources: Sequence[SourceTitle], row: CatalogueRow) -> Chosen[AiringStatus]:
    said = [*_said(sources, lambda one: one.status), (Source.CATALOGUE, row.status)]
    return choose_weighted(
        [pair for pair in said if pair[1] is not AiringStatus.UNKNOWN],
        weights=BASICS,
        rule="rule:weighted_vote@1",
        nobody=AiringStatus.UNKNOWN,
    )


def _source_material(sources: Sequence[SourceTitle]) -> Chosen[SourceMaterial | None]:
    said: list[tuple[Source, SourceMaterial | None]] = [*_said(sources, lambda one: one.source_material)]
    return choose_weighted(
        said,
        weights=BASICS,
        rule="rule:weighted_vote@1",
        nobody=None,
        key=lambda kind: _GENERAL_MATERIAL.get(kind, kind) if kind else "",
        fineness=lambda kind: kind in _GENERAL_MATERIAL,
    )


def _rating(sources: Sequence[SourceTitle]) -> Chosen[AgeRating | None]:
    said: list[tuple[Source, AgeRating | None]] = [*_said(sources, lambda one: one.age_rating)]
    return choose_weighted(said, weights=RATING, rule="rule:weighted_vote@1", nobody=None)


def choose_nsfw(sources: Sequence[SourceTitle]) -> Chosen[bool | None]:
    """Pornographic or not: the platform's flag, else whether its age rating is the one for that."""

    def read(one: SourceTitle) -> bool | None:
        if one.is_adult is not None:
            return one.is_adult
        return None if one.age_rating is None else one.age_rating is AgeRating.RX

    said: list[tuple[Source, bool | None]] = [*_said(sources, read)]
    return choose_weighted(said, weights=RATING, rule="rule:adult_vote@1", nobody=None)


def _country(sources: Sequence[SourceTitle]) -> Chosen[str | None]:
    said: list[tuple[Source, str | None]] = [*_said(sources, lambda one: one.country or None)]
    return choose_weighted(said, weights=BASICS, rule="rule:weighted_vote@1", nobody=None)


def _background(sources: Sequence[SourceTitle]) -> Chosen[str | None]:
    said: list[tuple[Source, str | None]] = [*_said(sources, lambda one: one.background or None)]
    return choose_weighted(said, weights=TITLES, rule="rule:weighted_vote@1", nobody=None)


def _hashtags(sources: Sequence[SourceTitle]) -> Chosen[list[str]]:
    said = sorted((fold(tag), tag, one.source) for one in sources for tag in one.hashtags if fold(tag))
    once: dict[str, str] = {}
    for key, tag, _ in said:
        once.setdefault(key, tag)
    return collected(list(once.values()), [source for _, _, source in said], rule="rule:union@1")
