"""What a Qdrant server or the way to it can say, in our errors; mapped once, here.

=============================  ==============================
429                            ``Throttled`` with the stated wait
408, 425, 5xx, transport       ``Transient``
a cut answer, not JSON         ``Transient``
413, a time-out                ``ShrinkBatch``
401, 403                       ``Misconfigured``
any other status               ``Broken``
an answer of another shape     ``Broken``
=============================  ==============================
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx
from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from pipeline.errors import Broken, EnrichError, Misconfigured, ShrinkBatch, Throttled, Transient, one_line

__all__ = ["server_errors"]

_WHO: Final = "store"
_PASSING: Final = frozenset({408, 425})


@contextmanager
def server_errors(doing: str) -> Iterator[None]:
    """Everything the client raises inside becomes one of ours."""
    try:
        yield
    except (ApiException, QdrantException, httpx.HTTPError, ValueError, AssertionError) as error:
        # the client lets json's ValueError through, and asserts that a result is there
        raise _map_error(error, doing) from error


def _map_error(error: Exception, doing: str) -> EnrichError:
    """One of the client's errors in our terms."""
    if isinstance(error, ResourceExhaustedResponse):
        return Throttled(
            f"the Qdrant server wants {error.retry_after_s} s before {doing!r} is tried again",
            platform=_WHO,
            status=429,
            wait_s=float(error.retry_after_s),
        )
    if type(error) is QdrantException:  # the client's words for a 429 whose Retry-After is a date
        return Throttled(f"the Qdrant server is busy: {one_line(str(error))}", platform=_WHO, status=429)
    if isinstance(error, UnexpectedResponse):
        return _of_status(error, doing)
    return _of_cause(error.source if isinstance(error, ResponseHandlingException) else error, doing)


def _of_cause(cause: Exception, doing: str) -> EnrichError:
    if isinstance(cause, httpx.TimeoutException):
        return ShrinkBatch(f"the Qdrant server took too long to {doing}", platform=_WHO)
    if isinstance(cause, httpx.HTTPError):
        return Transient(f"the way to the Qdrant server broke while to {doing}: {cause!r}", platform=_WHO)
    if isinstance(cause, json.JSONDecodeError):
        return Transient(f"the answer to {doing!r} is cut or not JSON: {one_line(cause.doc)!r}", platform=_WHO)
    if isinstance(cause, ValueError | AssertionError):
        return Broken(f"the server's answer to {doing!r} is not Qdrant's: {one_line(str(cause))}", platform=_WHO)
    return Broken(f"the Qdrant client failed to {doing}: {cause!r}", platform=_WHO)


def _of_status(error: UnexpectedResponse, doing: str) -> EnrichError:
    status, said = error.status_code or 0, one_line(error.content or b"")
    message = f"the Qdrant server answered {status} to {doing!r}: {said!r}"
    if status == 429:
        return Throttled(message, platform=_WHO, status=status)
    if status == 413:
        return ShrinkBatch(message, platform=_WHO, status=status)
    if status in (401, 403):
        return Misconfigured(f"{message}: check store.api_key")
    if status in _PASSING or status >= 500:
        return Transient(message, platform=_WHO, status=status, evidence=said)
    return Broken(message, platform=_WHO, status=status, evidence=said)
