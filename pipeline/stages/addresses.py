"""URLs made comparable: two spellings of one address are one address.

Nothing here asks the network, and nothing raises: what is no web address is ``None``.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

__all__ = ["Address", "parse_address"]

_SAME_HOST: Final = {"x.com": "twitter.com", "kitsu.io": "kitsu.app", "cdn.myanimelist.net": "myanimelist.net"}
"""Hosts that moved or have two names; only for comparing."""
_NO_CASE: Final = frozenset({"twitter.com", "instagram.com", "facebook.com", "tiktok.com"})
"""Where a name in capitals is the same account."""
_TRACKING: Final = ("utm_", "fbclid", "gclid", "ref_src")


@dataclass(frozen=True, slots=True)
class Address:
    """A web address. ``page`` keeps the query (a page may live in it), ``file`` drops it (a picture does not)."""

    page: str
    file: str
    page_key: str
    file_key: str


def parse_address(url: str) -> Address | None:
    """Read an ``http(s)`` address, or ``None``. A missing scheme is ``https``."""
    text = url.strip()
    if "://" not in text.split("?", 1)[0]:
        text = f"https://{text.removeprefix('//')}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or "." not in host or any(ch.isspace() for ch in text):
        return None
    where = host if port in (None, 80, 443) else f"{host}:{port}"
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not _is_tracking(name)]
    query = parts.query if len(kept) == parts.query.count("&") + bool(parts.query) else urlencode(kept)
    scheme, path = parts.scheme.lower(), parts.path
    bare = where.removeprefix("www.")
    bare = _SAME_HOST.get(bare, bare)
    return Address(
        page=urlunsplit((scheme, where, path, query, parts.fragment)),
        file=urlunsplit((scheme, where, path, "", "")),
        page_key=f"{bare}{(path.lower() if bare in _NO_CASE else path).rstrip('/')}?{query}#{parts.fragment}",
        file_key=f"{bare}{path}",
    )


def _is_tracking(name: str) -> bool:
    return name.lower().startswith(_TRACKING)
