"""From a pure question to what is sent: address, headers, token. The only place where a secret meets a request."""

from collections.abc import Mapping
from typing import Final

from yarl import URL

from pipeline import __version__
from pipeline.domain.exchange import Request, Validators
from pipeline.domain.names import Host, Platform, Service
from pipeline.errors import Misconfigured
from pipeline.settings import PlatformSettings, Settings
from pipeline.transport.bodies import ACCEPT_ENCODING
from pipeline.transport.lane import Question

__all__ = ["AGENT", "address_request", "user_agent"]

AGENT: Final = "anime-enrich"
_JSON: Final = "application/json"
_ACCEPT: Final[Mapping[Platform, str]] = {
    Platform.ANIDB: "application/xml, text/xml",
    Platform.ANIME_PLANET: "text/html",
}
_TOKEN_HEADERS: Final[Mapping[Host, str]] = {Platform.JIKAN: "X-Server-Key", Service.MAL_V2: "X-MAL-CLIENT-ID"}
_JSON_API: Final = "application/vnd.api+json"


def user_agent(settings: Settings) -> str:
    """Who we are and how to reach us."""
    contact = f" (+{settings.contact})" if settings.contact else ""
    return f"{AGENT}/{__version__}{contact}"


def _headers(request: Request, settings: PlatformSettings) -> dict[str, str]:
    accept = _ACCEPT.get(request.platform, _JSON)
    if request.platform is Platform.KITSU and request.json_body is None:
        accept = _JSON_API
    headers = {"Accept": accept, "Accept-Encoding": ACCEPT_ENCODING}
    if request.json_body is not None:
        headers["Content-Type"] = _JSON
    if settings.token is not None:
        secret = settings.token.get_secret_value().strip()
        if not (secret.isascii() and secret.isprintable()):
            section = ".".join(dict.fromkeys((request.platform.value, request.host.value)))
            raise Misconfigured(f"platforms.{section}.token holds characters no header may carry")
        if request.host in _TOKEN_HEADERS:
            headers[_TOKEN_HEADERS[request.host]] = secret
        else:
            headers["Authorization"] = f"Bearer {secret}"
    return headers


def address_request(request: Request, settings: PlatformSettings) -> Question:
    """Put a question to the platform's address."""
    url = URL(settings.base_url.rstrip("/") + request.path)
    if request.params:
        url = url.extend_query(list(request.params))
    headers = _headers(request, settings) | _conditions(request.had, url)
    return Question(url, headers, request.json_body, request.weight)


def _conditions(had: Validators | None, url: URL) -> dict[str, str]:
    """What makes a question conditional. One address knows nothing of another's validators."""
    if had is None or URL(had.origin).origin() != url.origin():
        return {}
    wanted = {"If-None-Match": had.etag, "If-Modified-Since": had.last_modified}
    return {name: value for name, value in wanted.items() if value is not None}
