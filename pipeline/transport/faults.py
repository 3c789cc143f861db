"""aiohttp's errors in our terms; the only place that knows them.

Promises: every error aiohttp or the system can raise while asking becomes one of ours, and no message carries a
header, a query or a secret.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp

from pipeline.errors import Broken, EnrichError, Transient, one_line

__all__ = ["foreign_faults", "map_fault"]

_OURS_TO_FIX = (
    aiohttp.InvalidURL,
    aiohttp.TooManyRedirects,
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ServerFingerprintMismatch,
    ssl.SSLCertVerificationError,
)


def map_fault(error: BaseException, platform: str) -> EnrichError:
    """The error of ours for one of aiohttp's, the event loop's or the system's."""
    name = type(error).__name__
    if isinstance(error, _OURS_TO_FIX):
        return Broken(f"{platform} cannot be asked ({name}): check its address and certificate", platform=platform)
    if isinstance(error, TimeoutError):
        return Transient(f"{platform} did not answer in time ({name})", platform=platform)
    detail = ""
    if isinstance(error, aiohttp.ClientConnectorError | OSError):
        number = getattr(error, "errno", None)
        detail = f", error {number}" if number is not None else ""
    elif isinstance(error, aiohttp.ClientPayloadError):
        detail = f", {one_line(str(error), 80)}"
    return Transient(f"the connection to {platform} failed ({name}{detail})", platform=platform)


@contextmanager
def foreign_faults(platform: str) -> Iterator[None]:
    """Map what escapes the block."""
    try:
        yield
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise map_fault(error, platform) from error
