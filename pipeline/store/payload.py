"""What stands beside a title's vectors: flat, filterable, JSON only, and free of clocks.

The payload is for finding and showing; the whole record is in the ledger. Ids stand twice: by site, and as ``mal:1``
in one list that is easy to filter. Booleans stand twice too: as themselves, and as words in ``flags`` (``nsfw``,
``sfw``, ``degraded``), because the embedded engine (0.9) takes a boolean condition for a number and finds nothing.
``fingerprints`` say what every vector was made of.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.domain.canonical import Digest, JsonValue
from pipeline.domain.names import ImageRole
from pipeline.domain.record import AnimeRecord, PlatformStatistics
from pipeline.domain.title import id_key

__all__ = ["PAYLOAD_INDEXES", "PayloadIndex", "payload_of"]


@dataclass(frozen=True, slots=True)
class PayloadIndex:
    """A payload field that is filtered by, and as what."""

    key: str
    kind: Literal["keyword", "integer", "float"]


PAYLOAD_INDEXES: Final = (
    PayloadIndex("type", "keyword"),
    PayloadIndex("status", "keyword"),
    PayloadIndex("season", "keyword"),
    PayloadIndex("year", "integer"),
    PayloadIndex("episodes", "integer"),
    PayloadIndex("duration", "integer"),
    PayloadIndex("score", "float"),
    PayloadIndex("statistics.mal.score", "float"),
    PayloadIndex("statistics.mal.members", "integer"),
    PayloadIndex("statistics.anilist.score", "float"),
    PayloadIndex("flags", "keyword"),
    PayloadIndex("rating", "keyword"),
    PayloadIndex("source_material", "keyword"),
    PayloadIndex("country_of_origin", "keyword"),
    PayloadIndex("genres", "keyword"),
    PayloadIndex("themes", "keyword"),
    PayloadIndex("demographics", "keyword"),
    PayloadIndex("tags", "keyword"),
    PayloadIndex("studios", "keyword"),
    PayloadIndex("streaming", "keyword"),
    PayloadIndex("ids", "keyword"),
    PayloadIndex("has_vectors", "keyword"),
    PayloadIndex("schema_version", "integer"),
)
"""Made with the collection, before the first point."""


def payload_of(
    record: AnimeRecord, fingerprints: Mapping[str, Digest], *, models: Mapping[str, str] | None = None
) -> dict[str, JsonValue]:
    """The payload of a title. ``None`` stays ``None``: "nobody said" can be filtered for.

    ``fingerprints`` and ``models`` are by vector name; a vector that is absent has no entry.
    """
    return {
        "schema_version": record.schema_version,
        "title_id": record.title_id,
        **_names(record),
        **_facts(record),
        **_labels(record),
        **_people(record),
        "score": record.score,
        "statistics": {source.value: _figures(figures) for source, figures in sorted(record.statistics.items())},
        "sources": list(record.sources),
        "platform_ids": {site.value: list(ids) for site, ids in sorted(record.platform_ids.items())},
        "ids": [id_key(site, id_) for site, ids in sorted(record.platform_ids.items()) for id_ in ids],
        "related_title_ids": sorted({work.title_id for work in record.related_anime if work.title_id}),
        "cover": next((image.url for image in record.images.get(ImageRole.COVER.value, [])), None),
        "completeness": record.enrichment_metadata.completeness,
        "is_degraded": record.enrichment_metadata.is_degraded,
        "flags": _flags(record),
        "has_vectors": sorted(fingerprints),
        "fingerprints": dict(sorted(fingerprints.items())),
        "models": dict(sorted((models or {}).items())),
    }


def _flags(record: AnimeRecord) -> list[str]:
    rated = {True: ["nsfw"], False: ["sfw"], None: []}[record.nsfw]
    return [*rated, *(["degraded"] if record.enrichment_metadata.is_degraded else [])]


def _names(record: AnimeRecord) -> dict[str, JsonValue]:
    return {
        "title": record.title,
        "title_english": record.title_english,
        "title_japanese": record.title_japanese,
        "title_romaji": record.title_romaji,
        "synonyms": list(dict.fromkeys(name.text for name in record.synonyms)),
        "synopsis": record.synopsis,
    }


def _facts(record: AnimeRecord) -> dict[str, JsonValue]:
    aired = record.aired_dates
    return {
        "type": record.type.value,
        "status": record.status.value,
        "source_material": record.source_material.value if record.source_material else None,
        "rating": record.rating.value if record.rating else None,
        "nsfw": record.nsfw,
        "country_of_origin": record.country_of_origin,
        "season": record.season.value if record.season else None,
        "year": record.year,
        "month": record.month,
        "aired_start": aired.start if aired else None,
        "aired_end": aired.end if aired else None,
        "episodes": record.episodes,
        "duration": record.duration,
    }


def _labels(record: AnimeRecord) -> dict[str, JsonValue]:
    return {
        "genres": list(record.genres),
        "themes": list(record.themes),
        "demographics": list(record.demographics),
        "tags": [tag.name for tag in record.tags],
        "content_warnings": list(record.content_warnings),
        "hashtags": list(record.hashtags),
        "streaming": list(record.streaming_licenses),
    }


def _people(record: AnimeRecord) -> dict[str, JsonValue]:
    return {
        "studios": [company.name for company in record.studios],
        "producers": [company.name for company in record.producers],
        "licensors": [company.name for company in record.licensors],
    }


def _figures(figures: PlatformStatistics) -> dict[str, JsonValue]:
    said: dict[str, JsonValue] = {
        "score": figures.score_normalized,
        "scored_by": figures.scored_by,
        "rank": figures.rank,
        "popularity_rank": figures.popularity_rank,
        "members": figures.members,
        "favorites": figures.favorites,
    }
    return {name: value for name, value in said.items() if value is not None}
