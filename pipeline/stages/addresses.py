"""URLs made comparable: two spellings of one address are one address.

Nothing here asks the network, and nothing raises: what is no web address is ``None``.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

__all__ = ["Address", "parse_address"]

_SAME_HOST: Final = {"x.com": "twitter.com", "kitsu.io": "kitsu.app", "cdn.myanimelist.net": "myanimelist.net"}
"""Hosts that moved or have two names; only for comparing."""
_NO_CASE: Final = frozenset({"twitter.com", "instagram.com", "facebook.com", "tiktok.com"})
"""Where a name in capitals is the same account."""
_PLAIN: Final = re.compile(
    r"(https?)://([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z0-9]+(?::(?:[1-9]\d{3}|[1-5]\d{4}|6[0-4]\d{3}))?)"
    r"(/[^\s?#]*)?(?:\?([^\s#]*))?(?:#(\S*))?"
)
"""Nearly every address: a lower-case host, perhaps a port that is no scheme's own, nothing to be decoded first."""
_REMEMBERED: Final = 2048
"""Addresses of a title or two: each is read by whoever uses it and by whoever looks for bad ones."""
_TRACKING: Final = ("utm_", "fbclid", "gclid", "ref_src")


@dataclass(frozen=True, slots=True)
class Address:
    """A web address. ``page`` keeps the query (a page may live in it), ``file`` drops it (a picture does not)."""

    scheme: str
    host: str
    """With a port that is not the scheme's own."""
    path: str
    query: str
    fragment: str

    @property
    def page(self) -> str:
        """The address with all that follows the path."""
        query, fragment = self.query and f"?{self.query}", self.fragment and f"#{self.fragment}"
        return f"{self.file}{query}{fragment}"

    @property
    def file(self) -> str:
        """The address up to its path."""
        return f"{self.scheme}://{self.host}{self.path}"

    @property
    def page_key(self) -> str:
        """The same for every spelling of one page."""
        host = self._plain_host
        path = self.path.lower() if host in _NO_CASE else self.path
        return f"{host}{path.rstrip('/')}?{self.query}#{self.fragment}"

    @property
    def file_key(self) -> str:
        """The same for every spelling of one file."""
        return f"{self._plain_host}{self.path}"

    @property
    def _plain_host(self) -> str:
        bare = self.host.removeprefix("www.")
        return _SAME_HOST.get(bare, bare)


@lru_cache(maxsize=_REMEMBERED)
def parse_address(url: str) -> Address | None:
    """Read an ``http(s)`` address, or ``None``. A missing scheme is ``https``."""
    text = url.strip()
    if plain := _PLAIN.fullmatch(text):
        scheme, host, path, query, fragment = plain.groups("")
        return Address(scheme, host, path, _without_tracking(query) if query else "", fragment)
    return _take_apart(text)


def _take_apart(text: str) -> Address | None:
    """Any address, as the standard library reads it."""
    if "://" not in text.split("?", 1)[0]:
        text = f"https://{text.removeprefix('//')}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or "." not in host or text.split() != [text]:
        return None
    where = host if port in (None, 80, 443) else f"{host}:{port}"
    query = _without_tracking(parts.query) if parts.query else ""
    return Address(parts.scheme.lower(), where, parts.path, query, parts.fragment)


def _without_tracking(query: str) -> str:
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if not _is_tracking(name)]
    return query if len(kept) == query.count("&") + 1 else urlencode(kept)


def _is_tracking(name: str) -> bool:
    return name.lower().startswith(_TRACKING)
