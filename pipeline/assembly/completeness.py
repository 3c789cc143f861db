"""How much of what a title could have is there: a weighted share over the fields that apply to it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pipeline.domain.names import AiringStatus, TitleType

__all__ = ["applicable_fields", "completeness", "is_filled"]

_WEIGHTS: Final = MappingProxyType(
    {
        "title": 3,
        "title_english": 1,
        "title_japanese": 2,
        "title_romaji": 1,
        "synonyms": 1,
        "type": 2,
        "status": 2,
        "source_material": 1,
        "rating": 1,
        "nsfw": 1,
        "season": 1,
        "year": 2,
        "aired_dates": 2,
        "broadcast": 1,
        "episodes": 2,
        "duration": 1,
        "synopsis": 3,
        "genres": 2,
        "themes": 1,
        "tags": 1,
        "score": 2,
        "statistics": 1,
        "images": 2,
        "trailers": 1,
        "opening_themes": 1,
        "ending_themes": 1,
        "related_anime": 1,
        "streaming_info": 1,
        "external_links": 1,
        "studios": 2,
        "producers": 1,
        "staff_data": 2,
        "characters": 3,
        "voice_actors": 1,
        "episode_details": 2,
    }
)
"""Fields every anime could have. Fields that may rightly be empty (awards, delays, warnings) are not counted."""
_SINGLE: Final = frozenset({TitleType.MOVIE, TitleType.MUSIC, TitleType.PV, TitleType.CM})
_SERIAL_ONLY: Final = frozenset({"episode_details", "broadcast", "opening_themes", "ending_themes", "season"})
_TV_ONLY: Final = frozenset({"broadcast", "season"})
_SHORT_ONLY: Final = frozenset({TitleType.MUSIC, TitleType.PV, TitleType.CM})
_PLAYED_ONLY: Final = frozenset({"characters", "voice_actors"})
_AIRED_ONLY: Final = frozenset({"score", "episode_details", "streaming_info", "opening_themes", "ending_themes"})
_NOTHING: Final[tuple[object, ...]] = (None, "", [], {}, TitleType.UNKNOWN, AiringStatus.UNKNOWN)


def _applies(field: str, type_: TitleType, status: AiringStatus) -> bool:
    if type_ in _SINGLE and field in _SERIAL_ONLY:
        return False
    if type_ in _SHORT_ONLY and field in _PLAYED_ONLY:
        return False
    if type_ not in {TitleType.TV, TitleType.TV_SHORT, TitleType.UNKNOWN} and field in _TV_ONLY:
        return False
    return not (status is AiringStatus.UPCOMING and field in _AIRED_ONLY)


def applicable_fields(type_: TitleType, status: AiringStatus) -> tuple[str, ...]:
    """The fields that such a title could have, in their order."""
    return tuple(field for field in _WEIGHTS if _applies(field, type_, status))


def is_filled(value: object) -> bool:
    """Whether a field says anything; ``UNKNOWN`` says nothing, ``False`` and 0 do."""
    return value not in _NOTHING


def completeness(values: Mapping[str, object], type_: TitleType, status: AiringStatus) -> float:
    """Share (0 to 1) of the applicable fields' weight that is filled."""
    applicable = applicable_fields(type_, status)
    filled = sum(_WEIGHTS[field] for field in applicable if is_filled(values.get(field)))
    return round(filled / sum(_WEIGHTS[field] for field in applicable), 4)
