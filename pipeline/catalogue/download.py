"""Fetching a catalogue file from a URL.

Promises: the file is written in pieces, is complete or an error is raised, and never exceeds a bound.
"""

import http.client
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from pipeline.errors import BadInput, Transient

__all__ = ["fetch_catalogue"]

_PIECE_BYTES: Final = 1024 * 1024
_MAX_BYTES: Final = 1024 * 1024 * 1024
_TIMEOUT_S: Final = 60.0
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


def fetch_catalogue(url: str, path: Path) -> None:
    """Write what ``url`` (http or https) serves to ``path``.

    Raises ``Transient`` for what may pass, ``BadInput`` when the address is wrong or the file is over 1 GiB.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise BadInput(f"{url!r} is not an http(s) address")
    request = urllib.request.Request(url, headers={"User-Agent": "anime-enrich"})  # noqa: S310  # checked above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310  # checked above
            _copy(answer, path, url)
    except urllib.error.HTTPError as error:
        kind = Transient if error.code in _PASSING else BadInput
        raise kind(f"{url!r} answered {error.code}; check the address or try later") from error
    except (OSError, http.client.HTTPException) as error:
        raise Transient(f"{url!r} could not be fetched: {error}; try later") from error


def _copy(answer: http.client.HTTPResponse, path: Path, url: str) -> None:
    expected = answer.headers.get("Content-Length")
    size = 0
    with path.open("wb") as file:
        while piece := answer.read(_PIECE_BYTES):
            size += len(piece)
            if size > _MAX_BYTES:
                raise BadInput(f"{url!r} is over {_MAX_BYTES} bytes: this is not an anime-offline-database file")
            file.write(piece)
    if expected is not None and size != int(expected):
        raise Transient(f"{url!r} was cut after {size} of {expected} bytes; try again")
