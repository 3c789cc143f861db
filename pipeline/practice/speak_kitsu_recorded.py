"""Recorded JSON:API answers of Kitsu in the shape of its GraphQL nodes, so that both ways say the same.

What no recording says is empty, never made up.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from pipeline.practice.graphql_document import load_schema
from pipeline.practice.recordings import Recordings

__all__ = ["recorded_anime", "recorded_ids", "unrecorded_anime"]

_ANIME: Final = ("anime", "anime_app_host", "anime_filter_include")
_ROLES: Final[Mapping[str, str]] = {"main": "MAIN", "supporting": "RECURRING"}


_FILED: Final[Mapping[str, tuple[str, ...]]] = {
    "characters": (),
    "staff": (),
    "productions": (),
    "episodes": ("anime_episodes", "anime_episodes_sparse"),
    "mappings": ("anime_mappings",),
    "categories": ("anime_filter_include", "anime_categories"),
    "relationships": ("anime_filter_include",),
    "streamingLinks": ("anime_streaming_links_include", "anime_streaming_links"),
}
"""Where the recordings of a node's lists are filed; those without a place are never taken from a recording."""


def unrecorded_anime(recordings: Recordings, id_: str) -> tuple[str, ...]:
    """The lists of an id that no recording has, so that they are answered as empty."""
    names = {name: f"{id_}.1" if name == "episodes" else id_ for name in _FILED}
    return tuple(
        name
        for name, endpoints in _FILED.items()
        if not any(recordings.body("kitsu", endpoint, names[name]) for endpoint in endpoints)
    )


def recorded_ids(recordings: Recordings) -> tuple[str, ...]:
    """Ids of which a whole record was recorded."""
    names = {name for endpoint in _ANIME for name in recordings.ids("kitsu", endpoint) if name.isdigit()}
    return tuple(sorted(names, key=int))


def recorded_anime(recordings: Recordings, id_: str) -> dict[str, Any] | None:
    """The GraphQL node of a recorded id; ``None`` when it was not recorded."""
    wide = _documents(recordings, "anime_filter_include", id_)
    resource = next((row for row in wide["data"] if row["id"] == id_), None)
    for endpoint in _ANIME:
        resource = resource or next((row for row in _documents(recordings, endpoint, id_)["data"]), None)
    if resource is None:
        return None
    by_key = {(one["type"], one["id"]): one for one in wide["included"]}
    return {
        **_node(resource),
        "categories": _categories(resource, by_key, _documents(recordings, "anime_categories", id_)),
        "mappings": list(_mappings(_documents(recordings, "anime_mappings", id_)["data"])),
        "relationships": list(_relationships(wide["included"], by_key)),
        "streamingLinks": list(_streams(_documents(recordings, "anime_streaming_links_include", id_)))
        or list(_streams(_documents(recordings, "anime_streaming_links", id_))),
        "episodes": [_episode(row) for row in _episodes(recordings, f"{id_}.1")],
        "productions": [],
        "staff": [],
        "characters": [],
    }


def _episodes(recordings: Recordings, name: str) -> list[Any]:
    """The first page; a page that holds only some of the attributes is better than none."""
    whole = _documents(recordings, "anime_episodes", name)["data"]
    return whole or _documents(recordings, "anime_episodes_sparse", name)["data"]


def _documents(recordings: Recordings, endpoint: str, name: str) -> dict[str, list[Any]]:
    """A recorded document with its data as a list; an empty one when there is no recording."""
    body = recordings.body("kitsu", endpoint, name)
    whole = orjson.loads(body) if body else {}
    data = whole.get("data") or []
    return {"data": data if isinstance(data, list) else [data], "included": whole.get("included") or []}


def _node(resource: Mapping[str, Any]) -> dict[str, Any]:
    said = resource["attributes"]
    rating = said.get("averageRating")
    return {
        "__typename": "Anime",
        "id": resource["id"],
        "slug": said.get("slug") or "",
        "type": "Anime",
        "subtype": (said.get("subtype") or said.get("showType") or "TV").upper(),
        "status": (said.get("status") or "tba").upper(),
        "sfw": not said.get("nsfw"),
        "ageRating": said.get("ageRating"),
        "ageRatingGuide": said.get("ageRatingGuide"),
        "season": None,
        "tba": said.get("tba"),
        "startDate": said.get("startDate"),
        "endDate": said.get("endDate"),
        "nextRelease": said.get("nextRelease"),
        "createdAt": said.get("createdAt"),
        "updatedAt": said.get("updatedAt"),
        "episodeCount": said.get("episodeCount"),
        "episodeLength": _seconds(said.get("episodeLength")),
        "totalLength": _seconds(said.get("totalLength")),
        "youtubeTrailerVideoId": said.get("youtubeVideoId"),
        "originCountries": [],
        "originLanguages": [],
        "averageRating": None if rating is None else float(rating),
        "averageRatingRank": said.get("ratingRank"),
        "userCount": said.get("userCount"),
        "userCountRank": said.get("popularityRank"),
        "favoritesCount": said.get("favoritesCount"),
        "description": _english(said.get("description") or said.get("synopsis")),
        "titles": _titles(said),
        "posterImage": _image(said.get("posterImage")),
        "bannerImage": _image(said.get("coverImage")),
    }


def _seconds(minutes: int | None) -> int | None:
    return None if minutes is None else minutes * 60


def _english(text: str | None) -> dict[str, str]:
    return {"en": text} if text else {}


def _titles(said: Mapping[str, Any]) -> dict[str, Any]:
    localized = {key: text for key, text in (said.get("titles") or {}).items() if text}
    canonical = said.get("canonicalTitle") or next(iter(localized.values()), "")
    return {
        "canonical": canonical,
        "canonicalLocale": next((key for key, text in localized.items() if text == canonical), None),
        "preferred": canonical,
        "original": localized.get("ja_jp"),
        "originalLocale": "ja_jp" if "ja_jp" in localized else None,
        "romanized": localized.get("en_jp"),
        "romanizedLocale": "en_jp" if "en_jp" in localized else None,
        "translated": localized.get("en"),
        "translatedLocale": "en" if "en" in localized else None,
        "alternatives": [text for text in said.get("abbreviatedTitles") or () if text],
        "localized": localized,
    }


def _image(image: Mapping[str, Any] | None) -> dict[str, Any] | None:
    url = (image or {}).get("original")
    if url is None:
        return None
    original = {"name": "original", "url": url, "width": None, "height": None}
    return {"blurhash": None, "original": original, "views": [original]}


def _categories(
    resource: Mapping[str, Any], by_key: Mapping[tuple[str, str], Any], listed: Mapping[str, list[Any]]
) -> list[dict[str, Any]]:
    points = resource.get("relationships", {}).get("categories", {}).get("data") or ()
    rows = [row for point in points if (row := by_key.get((point["type"], point["id"]))) is not None]
    return [
        {
            "id": row["id"],
            "slug": row["attributes"].get("slug") or "",
            "title": _english(row["attributes"].get("title")),
            "isNsfw": bool(row["attributes"].get("nsfw")),
        }
        for row in rows or listed["data"]
    ]


def _mappings(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    known = load_schema("kitsu").type_map["MappingExternalSiteEnum"]
    for row in rows:
        site = row["attributes"]["externalSite"].upper().replace("/", "_")
        if site in known.values:  # type: ignore[attr-defined]  # it is an enum, the schema is ours
            yield {"id": row["id"], "externalSite": site, "externalId": row["attributes"]["externalId"]}


def _relationships(
    included: Iterable[Mapping[str, Any]], by_key: Mapping[tuple[str, str], Any]
) -> Iterator[dict[str, Any]]:
    for row in included:
        point = row.get("relationships", {}).get("destination", {}).get("data")
        target = by_key.get((point["type"], point["id"])) if point else None
        if row["type"] != "mediaRelationships" or target is None:
            continue
        kind = "Manga" if target["type"] == "manga" else "Anime"
        said = target["attributes"]
        yield {
            "kind": (row["attributes"].get("role") or "other").upper(),
            "destination": {
                "__typename": kind,
                "id": target["id"],
                "slug": said.get("slug") or "",
                "type": kind,
                "titles": _titles(said),
                "startDate": said.get("startDate"),
            },
        }


def _streams(document: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    names = {one["id"]: one["attributes"]["siteName"] for one in document["included"] if one["type"] == "streamers"}
    for row in document["data"]:
        said = row["attributes"]
        point = row.get("relationships", {}).get("streamer", {}).get("data") or {"id": "0"}
        yield {
            "id": row["id"],
            "url": said["url"],
            "regions": [],
            "subs": said.get("subs") or [],
            "dubs": said.get("dubs") or [],
            "streamer": {"id": point["id"], "siteName": names.get(point["id"], "")},
        }


def _episode(row: Mapping[str, Any]) -> dict[str, Any]:
    said = row["attributes"]
    day = said.get("airdate")
    return {
        "id": row["id"],
        "number": said.get("number") or 0,
        "seasonNumber": said.get("seasonNumber"),
        "length": _seconds(said.get("length")),
        "releasedAt": f"{day}T00:00:00Z" if day else None,
        "description": _english(said.get("description") or said.get("synopsis")),
        "titles": _titles(said),
        "thumbnail": _image(said.get("thumbnail")),
    }
