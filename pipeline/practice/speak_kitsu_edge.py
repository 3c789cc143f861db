"""Kitsu's JSON:API shape, made from the GraphQL node of :mod:`pipeline.practice.speak_kitsu`.

The same facts in older words: lengths in minutes, figures as text, lower-case enums, only the English description, and
everything that is not an attribute as a resource of its own that ``include`` brings along.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

__all__ = ["INCLUDES", "Resource", "children_of", "included_of", "resource_of"]

_EDGE: Final = "https://kitsu.app/api/edge"
Resource: TypeAlias = dict[str, Any]

_STATUSES: Final[Mapping[str, str]] = {
    "FINISHED": "finished",
    "CURRENT": "current",
    "TBA": "tba",
    "UNRELEASED": "unreleased",
    "UPCOMING": "upcoming",
}
_SITES: Final[Mapping[str, str]] = {
    "MYANIMELIST_ANIME": "myanimelist/anime",
    "MYANIMELIST_MANGA": "myanimelist/manga",
    "ANILIST_ANIME": "anilist/anime",
    "ANILIST_MANGA": "anilist/manga",
    "THETVDB_SERIES": "thetvdb/series",
    "THETVDB_SEASON": "thetvdb/season",
    "ANIDB": "anidb",
    "ANIMENEWSNETWORK": "animenewsnetwork",
}
_CAST_ROLES: Final[Mapping[str, str]] = {"MAIN": "main", "RECURRING": "supporting"}
_KINDS: Final[Mapping[str, str]] = {"PARENT_STORY": "parent_story", "SPINOFF": "spinoff"}
_CREATED: Final = "2017-05-31T06:38:34.881Z"


def resource_of(node: Mapping[str, Any]) -> Resource:
    """The ``anime`` resource of a node."""
    return _resource("anime", node["id"], _attributes(node), _RELATED)


def _stub_of(node: Mapping[str, Any]) -> Resource:
    """The resource of a related work, of which little is said."""
    names = node["titles"]
    attributes = {
        "slug": node["slug"],
        "titles": names["localized"],
        "canonicalTitle": names["canonical"],
        "startDate": node.get("startDate"),
    }
    return _resource(node["type"].lower(), node["id"], attributes, ())


def _attributes(node: Mapping[str, Any]) -> dict[str, Any]:
    names, rating = node["titles"], node.get("averageRating")
    description = (node.get("description") or {}).get("en")
    return {
        "createdAt": node["createdAt"],
        "updatedAt": node["updatedAt"],
        "slug": node["slug"],
        "synopsis": description,
        "description": description,
        "coverImageTopOffset": 0,
        "titles": names["localized"],
        "canonicalTitle": names["canonical"],
        "abbreviatedTitles": names["alternatives"],
        "averageRating": None if rating is None else f"{rating:.2f}",
        "ratingFrequencies": {},
        "userCount": node.get("userCount"),
        "favoritesCount": node.get("favoritesCount"),
        "startDate": node.get("startDate"),
        "endDate": node.get("endDate"),
        "nextRelease": node.get("nextRelease"),
        "popularityRank": node.get("userCountRank"),
        "ratingRank": node.get("averageRatingRank"),
        "ageRating": node.get("ageRating"),
        "ageRatingGuide": node.get("ageRatingGuide"),
        "subtype": _subtype(node["subtype"]),
        "status": _STATUSES[node["status"]],
        "tba": node.get("tba"),
        "posterImage": _image(node.get("posterImage")),
        "coverImage": _image(node.get("bannerImage")),
        "episodeCount": node.get("episodeCount"),
        "episodeLength": _minutes(node.get("episodeLength")),
        "totalLength": _minutes(node.get("totalLength")),
        "youtubeVideoId": node.get("youtubeTrailerVideoId"),
        "showType": _subtype(node["subtype"]),
        "nsfw": not node["sfw"],
    }


def _subtype(word: str) -> str:
    return word if word in ("TV", "OVA", "ONA") else word.lower()


def _minutes(seconds: int | None) -> int | None:
    return None if seconds is None else seconds // 60


def _image(image: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if image is None:
        return None
    url = image["original"]["url"]
    size = {"width": image["original"].get("width"), "height": image["original"].get("height")}
    return {"original": url, "large": url, "meta": {"dimensions": {"large": size}}}


def _resource(kind: str, id_: str, attributes: dict[str, Any], related: Sequence[str]) -> Resource:
    here = f"{_EDGE}/{_path(kind)}/{id_}"
    return {
        "id": id_,
        "type": kind,
        "links": {"self": here},
        "attributes": attributes,
        "relationships": {
            name: {"links": {"self": f"{here}/relationships/{_path(name)}", "related": f"{here}/{_path(name)}"}}
            for name in related
        },
    }


def _path(name: str) -> str:
    return "".join(f"-{ch.lower()}" if ch.isupper() else ch for ch in name)


def _point(resource: Resource, name: str, target: Resource) -> None:
    resource["relationships"].setdefault(name, {})["data"] = {"type": target["type"], "id": target["id"]}


_Row: TypeAlias = "tuple[Resource, tuple[Resource, ...]]"


def _category(row: Mapping[str, Any], _: str) -> "_Row":
    attributes = {"title": row["title"].get("en"), "slug": row["slug"], "nsfw": row["isNsfw"], "createdAt": _CREATED}
    return _resource("categories", row["id"], attributes, ("parent",)), ()


def _mapping(row: Mapping[str, Any], owner: str) -> "_Row":
    site = row["externalSite"]
    attributes = {
        "externalSite": _SITES.get(site, site.lower()),
        "externalId": row["externalId"],
        "createdAt": _CREATED,
    }
    resource = _resource("mappings", row["id"], attributes, ("item",))
    resource["relationships"]["item"]["data"] = {"type": "anime", "id": owner}
    return resource, ()


def _production(row: Mapping[str, Any], _: str) -> "_Row":
    company = row["company"]
    producer = _resource("producers", company["id"], {"slug": company["name"].lower(), "name": company["name"]}, ())
    resource = _resource("animeProductions", row["id"], {"role": row["role"].lower()}, ("anime", "producer"))
    _point(resource, "producer", producer)
    return resource, (producer,)


def _relationship(row: Mapping[str, Any], owner: str) -> "_Row":
    target = _stub_of(row["destination"])
    kind = _KINDS.get(row["kind"], row["kind"].lower())
    number = str(int(owner) * 1_000 + int(row["destination"]["id"]) % 1_000)
    resource = _resource("mediaRelationships", number, {"role": kind}, ("source", "destination"))
    _point(resource, "destination", target)
    return resource, (target,)


def _stream(row: Mapping[str, Any], _: str) -> "_Row":
    streamer = _resource("streamers", row["streamer"]["id"], {"siteName": row["streamer"]["siteName"]}, ())
    attributes = {"url": row["url"], "subs": row["subs"], "dubs": row["dubs"]}
    resource = _resource("streamingLinks", row["id"], attributes, ("streamer", "media"))
    _point(resource, "streamer", streamer)
    return resource, (streamer,)


def _staff(row: Mapping[str, Any], _: str) -> "_Row":
    person = _person(row["person"])
    resource = _resource("mediaStaff", row["id"], {"role": row["role"]}, ("media", "person"))
    _point(resource, "person", person)
    return resource, (person,)


def _person(person: Mapping[str, Any]) -> Resource:
    attributes = {"name": person["name"], "slug": person["slug"], "image": _image(person.get("image"))}
    return _resource("people", person["id"], attributes, ())


def _cast(row: Mapping[str, Any], _: str) -> "_Row":
    who = row["character"]
    names = who["names"]
    description = who["description"].get("en")
    attributes = {
        "slug": who["slug"],
        "names": names["localized"],
        "canonicalName": names["canonical"],
        "otherNames": names["alternatives"],
        "name": names["canonical"],
        "description": description,
        "image": _image(who.get("image")),
    }
    character = _resource("characters", who["id"], attributes, ())
    role = _CAST_ROLES.get(row["role"], row["role"].lower())
    resource = _resource("mediaCharacters", row["id"], {"role": role}, ("media", "character", "voices"))
    _point(resource, "character", character)
    return resource, (character,)


def _episode(row: Mapping[str, Any], _: str) -> "_Row":
    names = row["titles"]
    description = row["description"].get("en")
    attributes = {
        "createdAt": _CREATED,
        "synopsis": description,
        "description": description,
        "titles": names["localized"],
        "canonicalTitle": names["canonical"],
        "seasonNumber": row.get("seasonNumber"),
        "number": row["number"],
        "relativeNumber": None,
        "airdate": row["releasedAt"][:10] if row.get("releasedAt") else None,
        "length": _minutes(row.get("length")),
        "thumbnail": _image(row.get("thumbnail")),
    }
    return _resource("episodes", row["id"], attributes, ("media", "videos")), ()


_CHILDREN: Final[Mapping[str, tuple[str, Callable[[Mapping[str, Any], str], "_Row"], str | None]]] = {
    "categories": ("categories", _category, None),
    "mappings": ("mappings", _mapping, None),
    "animeProductions": ("productions", _production, "producer"),
    "mediaRelationships": ("relationships", _relationship, "destination"),
    "streamingLinks": ("streamingLinks", _stream, "streamer"),
    "staff": ("staff", _staff, "person"),
    "characters": ("characters", _cast, "character"),
    "episodes": ("episodes", _episode, None),
}
_RELATED: Final = (*_CHILDREN, "genres", "castings", "installments", "reviews", "quotes")
INCLUDES: Final = frozenset(
    {*_RELATED} | {f"{name}.{inner}" for name, (_, _, inner) in _CHILDREN.items() if inner is not None}
)
"""What ``include`` may name."""


def children_of(node: Mapping[str, Any], name: str) -> list[tuple[Resource, tuple[Resource, ...]]]:
    """Rows of one of a node's lists, each with the resources it points at; empty for a list it cannot have."""
    if name not in _CHILDREN:
        return []
    field, make, _ = _CHILDREN[name]
    return [make(row, node["id"]) for row in node.get(field) or ()]


def included_of(node: Mapping[str, Any], resource: Resource, includes: Sequence[str]) -> list[Resource]:
    """The resources ``include`` asks for; the anime resource is made to point at them."""
    found: dict[tuple[str, str], Resource] = {}
    for name in dict.fromkeys(path.split(".")[0] for path in includes):
        rows = children_of(node, name)
        points = [{"type": row["type"], "id": row["id"]} for row, _ in rows]
        resource["relationships"][name]["data"] = points
        has_inner = any(path.startswith(f"{name}.") for path in includes)
        for row, targets in rows:
            for one in (row, *(targets if has_inner else ())):
                found.setdefault((one["type"], one["id"]), one)
    return list(found.values())
