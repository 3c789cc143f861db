"""AniList: every kind of answer lands in the right error."""

import orjson
import pytest

from pipeline.domain.exchange import Answer, Request
from pipeline.domain.names import Platform
from pipeline.errors import Blocked, Broken, EntryGone, ShrinkBatch, Throttled, Transient
from pipeline.platforms.anilist import AniListAdapter

ADAPTER = AniListAdapter()
OK = {"data": {"Page": {"media": []}}}


def request_of(*ids: str) -> Request:
    return Request(Platform.ANILIST, "media", "/", ids or ("1",), json_body=b"{}")


def check(status: int, body: object, *ids: str, headers: dict[str, str] | None = None) -> None:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    ADAPTER.check_answer(request_of(*ids), Answer(status, headers or {}, content, "http://127.0.0.1/"))


def errors(status: int | None, message: str = "x") -> dict:
    return {"data": None, "errors": [{"message": message, "status": status}]}


def test_a_usable_answer_passes() -> None:
    """No exception for data, also when it holds nobody."""
    check(200, OK)


@pytest.mark.parametrize(
    ("status", "body", "ids", "error"),
    [
        (429, errors(429), ("1",), Throttled),
        (200, errors(429), ("1", "2"), Throttled),
        (403, errors(403, "temporarily disabled due to severe stability issues"), ("1",), Blocked),
        (200, errors(403, "The API is temporarily disabled"), ("1",), Blocked),
        (403, errors(403, "Write to us"), ("1",), Blocked),
        (403, b"<html>no</html>", ("1",), Blocked),
        (404, errors(404), ("1",), EntryGone),
        (404, errors(404), ("1", "2"), ShrinkBatch),
        (400, errors(400), ("1", "2"), Broken),
        (400, errors(400, "Max query complexity should be 500 but got 612."), ("1", "2"), ShrinkBatch),
        (400, errors(400, "Max query complexity should be 500 but got 612."), ("1",), Broken),
        (500, errors(500), ("1", "2"), ShrinkBatch),
        (500, errors(500), ("1",), Transient),
        (200, errors(500), ("1", "2"), ShrinkBatch),
        (200, errors(500), ("1",), Transient),
        (200, errors(400), ("1",), Broken),
        (200, errors(None), ("1",), Transient),
        (200, {"errors": "odd"}, ("1",), Transient),
        (502, b"", ("1", "2"), Transient),
        (503, b"", ("1",), Transient),
        (200, b"", ("1",), Transient),
        (200, b"<html></html>", ("1",), Transient),
        (200, b'{"data": {"Page": {"med', ("1",), Transient),
        (200, {"data": None}, ("1",), Transient),
        (200, [], ("1",), Transient),
        (302, b"", ("1",), Broken),
    ],
)
def test_every_other_answer_raises_what_to_do(status, body, ids, error) -> None:
    """Status and body together decide; an error inside a 200 counts by its own status."""
    with pytest.raises(error):
        check(status, body, *ids)


def test_an_outage_is_left_alone_for_a_quarter_of_an_hour() -> None:
    """A switched-off API waits at least 15 minutes, an address block for hours."""
    with pytest.raises(Blocked) as outage:
        check(403, errors(403, "temporarily disabled due to severe stability issues"))
    with pytest.raises(Blocked) as refusal:
        check(403, errors(403, "Contact us"))
    assert outage.value.wait_s >= 900
    assert refusal.value.wait_s >= 3600
