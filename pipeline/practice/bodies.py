"""Error bodies in each platform's own words: what it says when it is too fast, absent, broken or banned.

Used by the platforms' modules, the limits and the faults, so that the same thing is said the same way everywhere.
"""

import orjson
from aiohttp import web

from pipeline.domain.names import Host, Platform, Service

__all__ = [
    "CHALLENGE_PAGE",
    "ban_answer",
    "error_inside_answer",
    "failed_answer",
    "jikan_not_found",
    "mal_error",
    "not_found_answer",
    "throttled_answer",
]

_BANNED_XML = b'<error code="500">banned</error>'
CHALLENGE_PAGE = (
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>"
    b'<form id="challenge-form" action="/cdn-cgi/challenge-platform/h/b">'
    b"<noscript>Enable JavaScript and cookies to continue</noscript></form></body></html>"
)
_UPSTREAM = (
    "Request to MyAnimeList.net failed. MyAnimeList.net may be down/unavailable, refuses to connect or took too long "
    "to respond. Please try again later."
)
_NOT_FOUND_SEARCH = (
    b"<!DOCTYPE html><html><head><title>Search results | Anime-Planet</title></head><body>"
    b"<p>You searched for an anime, but we couldn't find anything.</p></body></html>"
)
_NAMES = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


def _json(value: object, status: int) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")


def _graphql(message: str, status: int, at: int | None = None) -> web.Response:
    error = {"message": message, "status": at or status, "locations": [{"line": 1, "column": 1}]}
    return _json({"errors": [error], "data": None}, status)


def _html(body: bytes, status: int) -> web.Response:
    return web.Response(body=body, status=status, content_type="text/html", charset="utf-8")


def _xml(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=b'<?xml version="1.0" encoding="UTF-8"?>\n' + body, status=status, content_type="text/xml")


def _text(text: str, status: int) -> web.Response:
    return web.Response(text=text, status=status)


def jikan_not_found() -> web.Response:
    """Jikan's 404."""
    body = {
        "status": 404,
        "type": "BadResponseException",
        "message": "Resource does not exist",
        "error": "404 on https://myanimelist.net/anime/",
    }
    return _json(body, 404)


def mal_error(error: str, status: int, message: str = "") -> web.Response:
    """MyAnimeList's official API saying no."""
    return _json({"message": message, "error": error}, status)


def throttled_answer(platform: Host) -> web.Response:
    """429 in the platform's words, without any header."""
    if platform is Service.MAL_V2:
        return mal_error("too_many_requests", 429)
    if platform is Platform.JIKAN:
        message = "You are being rate-limited. Please follow Rate Limiting guidelines."
        # This status is text; one that came from MyAnimeList itself is a number.
        return _json({"status": "429", "type": "RateLimitException", "message": message, "error": None}, 429)
    if platform is Platform.ANILIST:
        return _graphql("Too Many Requests.", 429)
    if platform is Platform.KITSU:
        error = {"title": "Too Many Requests", "detail": "Too many requests", "code": "429", "status": "429"}
        return _json({"errors": [error]}, 429)
    if platform is Platform.ANIDB:
        return _xml(b"<error>Too Many Requests</error>", 429)
    return _text("Too Many Requests", 429)


def not_found_answer(platform: Host) -> web.Response:
    """Say "we do not have it" in the platform's words; three of them say it with a 200."""
    if platform is Platform.JIKAN:
        return jikan_not_found()
    if platform is Platform.ANILIST:
        return _graphql("Not Found.", 404)
    if platform is Platform.KITSU:
        error = {
            "title": "Record not found",
            "detail": "The record could not be found.",
            "code": "404",
            "status": "404",
        }
        return _json({"errors": [error]}, 404)
    if platform is Platform.ANIDB:
        return _xml(b"<error>Anime not found</error>")
    if platform is Platform.ANIME_PLANET:
        return _html(_NOT_FOUND_SEARCH, 200)
    is_schedule = platform is Platform.ANIMESCHEDULE
    return _text("Couldn't find anime with these parameters.", 404) if is_schedule else mal_error("not_found", 404)


def failed_answer(platform: Host, status: int) -> web.Response:
    """A 5xx in the platform's words."""
    name = _NAMES.get(status, "Error")
    if platform is Platform.JIKAN:
        return _json({"status": status, "type": "UpstreamException", "message": _UPSTREAM, "error": name}, status)
    if platform is Platform.ANILIST:
        return _graphql(name, status)
    if platform is Platform.KITSU:
        return _json({"error": {"message": name}, "data": {}}, status)
    if platform is Service.MAL_V2:
        return mal_error("internal_server_error", status)
    page = f"<html><head><title>{status} {name}</title></head><body><h1>{status} {name}</h1></body></html>"
    return _html(page.encode(), status)


def error_inside_answer(platform: Host) -> web.Response:
    """HTTP 200 whose body is an error."""
    if platform is Platform.JIKAN:
        return _json({"status": 500, "type": "UpstreamException", "message": _UPSTREAM, "error": "cached"}, 200)
    if platform is Platform.ANILIST:
        return _graphql("Internal Server Error", 200, 500)
    if platform is Platform.KITSU:
        return _json({"errors": [{"message": "Internal server error"}], "data": None}, 200)
    if platform is Platform.ANIDB:
        return _xml(b'<error code="602">server busy</error>')  # its 500 is a ban
    if platform is Platform.ANIME_PLANET:
        return _html(b"<html><head><title>Error | Anime-Planet</title></head><body>Oops!</body></html>", 200)
    return _json({"error": "internal error"}, 200)


def ban_answer(platform: Host) -> web.Response:
    """Say "go away" in the platform's words."""
    if platform is Platform.ANIDB:
        return _xml(_BANNED_XML)
    if platform is Platform.ANILIST:
        return _graphql("The AniList API has been temporarily disabled due to severe stability issues.", 403)
    if platform is Platform.JIKAN:
        return _json({"status": 403, "type": "HttpException", "message": "Forbidden", "error": None}, 403)
    if platform is Platform.ANIMESCHEDULE:
        return _text("Forbidden", 403)
    if platform is Service.MAL_V2:
        return mal_error("forbidden", 403)
    return _html(CHALLENGE_PAGE, 403)
