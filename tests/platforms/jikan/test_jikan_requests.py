"""What the Jikan adapter asks, and what it makes of each kind of answer."""

from collections import Counter

import orjson
import pytest

from pipeline.domain.exchange import Answer, Request, Wanted
from pipeline.domain.names import Platform, Site, TitleType
from pipeline.errors import BadInput, Blocked, Broken, EntryGone, Throttled, Transient
from pipeline.platforms.jikan import JikanAdapter
from pipeline.platforms.port import PlatformAdapter

ADAPTER = JikanAdapter()


def full(type_: str | None = "TV", episodes: int | None = 26, mal_id: int = 7) -> bytes:
    return orjson.dumps({"data": {"mal_id": mal_id, "type": type_, "episodes": episodes}})


def page(number: int, last: int, rows: int = 100, has_next: bool | None = None) -> bytes:
    first = (number - 1) * 100 + 1
    return orjson.dumps(
        {
            "pagination": {
                "last_visible_page": last,
                "has_next_page": number < last if has_next is None else has_next,
            },
            "data": [{"mal_id": first + at, "title": f"Part {first + at}"} for at in range(rows)],
        }
    )


EMPTY = b'{"data":[]}'


def kinds(parts: dict[str, bytes]) -> list[str]:
    return [request.kind for request in ADAPTER.plan_requests([Wanted("7", parts=parts)])]


def ask(kind: str = "full") -> Request:
    return Request(Platform.JIKAN, kind, f"/anime/7/{kind}", ("7",))


def check(status: int, body: object, kind: str = "full", **headers: str) -> None:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    ADAPTER.check_answer(ask(kind), Answer(status, headers, raw, "http://localhost/"))


def test_adapter_keeps_the_contract_of_the_port() -> None:
    """The adapter is a PlatformAdapter for one title a round, addressed by MAL ids."""
    port: PlatformAdapter = ADAPTER
    assert port.batch == 1
    assert port.wanted_ids({Site.MAL: ("1", "2"), Site.ANILIST: ("3",)}) == ("1", "2")
    assert port.wanted_ids({Site.ANILIST: ("3",)}) == ()


def test_first_round_asks_whether_the_title_is_there() -> None:
    """Nothing had: only the record is asked for, so that an id nobody has costs one request."""
    [request] = ADAPTER.plan_requests([Wanted("7")])
    assert (request.kind, request.path, request.params) == ("full", "/anime/7/full", ())
    assert (request.ids, request.method) == (("7",), "GET")


def test_second_round_asks_everything_beside_the_record_at_once() -> None:
    """The record is there: cast, staff and the first page of episodes go together."""
    requests = ADAPTER.plan_requests([Wanted("7", parts={"full": full()})])
    assert [(r.kind, r.path) for r in requests] == [
        ("characters", "/anime/7/characters"),
        ("staff", "/anime/7/staff"),
        ("episodes/1", "/anime/7/episodes"),
    ]


@pytest.mark.parametrize(
    ("type_", "episodes", "pages"),
    [(TitleType.TV, 13, 1), (TitleType.TV, 1100, 11), (TitleType.TV, None, 1), (TitleType.MOVIE, 3, 0), ("OVA", 1, 0)],
)
def test_a_plan_counts_the_requests_of_all_rounds(type_: TitleType, episodes: int | None, pages: int) -> None:
    """What the whole title takes: four where it is typical, fourteen for 1,100 episodes, three for a film."""
    expected = ADAPTER.expect_requests([Wanted("7", type=TitleType(type_), episodes=episodes)])
    assert expected == Counter({"full": 1, "characters": 1, "staff": 1, "episodes": pages})


@pytest.mark.parametrize(
    ("type_", "episodes", "asks"),
    [("TV", 26, True), ("TV", None, True), ("OVA", 1, False), ("Movie", 3, False), ("Music", None, False)],
)
def test_episode_list_is_asked_only_where_there_can_be_one(type_: str, episodes: int | None, asks: bool) -> None:
    """Films, music videos and titles of one episode have no list, so nothing is spent on them."""
    parts = {"full": full(type_, episodes), "characters": EMPTY, "staff": EMPTY}
    assert kinds(parts) == (["episodes/1"] if asks else [])


def test_partial_parts_ask_only_what_is_missing() -> None:
    """A killed run asks for the one part it lacks and the pages the first page announced."""
    assert kinds({"full": full(), "staff": EMPTY}) == ["characters", "episodes/1"]
    parts = {"full": full(), "characters": EMPTY, "staff": EMPTY, "episodes/1": page(1, 4), "episodes/3": page(3, 4)}
    assert kinds(parts) == ["episodes/2", "episodes/4"]


def test_page_number_travels_as_a_parameter() -> None:
    """Pages differ by their parameter, so their request keys differ."""
    parts = {"full": full(), "characters": EMPTY, "staff": EMPTY, "episodes/1": page(1, 3)}
    second, third = ADAPTER.plan_requests([Wanted("7", parts=parts)])
    assert second.path == third.path == "/anime/7/episodes"
    assert (second.params, third.params) == ((("page", "2"),), (("page", "3"),))
    assert second.key != third.key


def test_eleven_hundred_episodes_are_eleven_pages_then_complete() -> None:
    """Page after page arrives until nothing is left to ask."""
    parts = {"full": full(episodes=None), "characters": EMPTY, "staff": EMPTY}
    asked: list[str] = []
    while open_kinds := kinds(parts):
        asked += open_kinds
        parts |= {kind: page(int(kind.split("/")[1]), 11) for kind in open_kinds}
    assert asked == [f"episodes/{number}" for number in range(1, 12)]


def test_a_false_next_page_on_a_short_page_is_not_believed() -> None:
    """Mushishi's only page said there was more; a full page that says so is followed."""
    core = {"full": full(), "characters": EMPTY, "staff": EMPTY}
    assert kinds(core | {"episodes/1": page(1, 1, rows=26, has_next=True)}) == []
    assert kinds(core | {"episodes/1": page(1, 1, rows=100, has_next=True)}) == ["episodes/2"]


def test_an_absurd_number_of_pages_is_refused() -> None:
    """A damaged page count is not turned into a million requests."""
    parts = {"full": full(), "characters": EMPTY, "staff": EMPTY, "episodes/1": page(1, 1_000_000)}
    with pytest.raises(Broken, match="1000000 pages"):
        kinds(parts)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"data":null}', b'{"data":[]}', b'{"data":{"mal_id":8}}'])
def test_unreadable_stored_part_is_broken_and_named(body: bytes) -> None:
    """Planning from a part that is not of its shape says which part of which title."""
    with pytest.raises(Broken, match=r"jikan: part 'full' of '7'"):
        kinds({"full": body})


@pytest.mark.parametrize("id_", ["", "seven", "1/full", "٣"])
def test_wrong_id_is_bad_input(id_: str) -> None:
    """Only digits reach a path."""
    with pytest.raises(BadInput, match="MyAnimeList id"):
        ADAPTER.plan_requests([Wanted(id_)])


def test_parse_keeps_the_body_whole() -> None:
    """The part is the answer's body, byte for byte."""
    reading = ADAPTER.parse_answer(ask(), Answer(200, {}, full(), ""))
    (part,) = reading.parts["7"]
    assert (part.kind, part.body) == ("full", full())
    assert not reading.absent


def test_own_and_upstream_rate_limits_wait_differently() -> None:
    """Text status: ours, wait as told. Number: MyAnimeList limits the service, wait longer."""
    with pytest.raises(Throttled) as ours:
        check(429, {"status": "429", "type": "RateLimitException"}, **{"retry-after": "4"})
    assert ours.value.wait_s == 4.0
    with pytest.raises(Throttled) as untold:
        check(429, {"status": "429", "type": "RateLimitException"})
    assert untold.value.wait_s is None
    with pytest.raises(Throttled) as upstream:
        check(429, {"status": 429, "message": "You are being limited by MyAnimeList"})
    assert upstream.value.wait_s == 300.0


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, {"status": 404, "type": "BadResponseException", "message": "Resource does not exist"}, EntryGone),
        (404, b"<html>nginx</html>", Broken),
        (400, {"status": 400, "type": "ValidationException"}, Broken),
        (500, {"status": 500, "type": "ParserException", "report_url": "x"}, Broken),
        (500, {"status": 500, "type": "UpstreamException"}, Transient),
        (503, {"status": 503, "type": "ServiceUnavailable"}, Transient),
        (504, b"<html>504 Gateway Time-out</html>", Transient),
        (200, {"status": 500, "type": "UpstreamException"}, Transient),
        (200, {"data": None}, Transient),
        (200, {"status": "429", "type": "RateLimitException"}, Throttled),
        (200, b"", Transient),
        (200, b'{"data":{"mal_id":7,', Transient),
        (200, b"<!DOCTYPE html><title>Just a moment...</title>", Blocked),
        (200, b"<html>maintenance</html>", Transient),
        (403, b"<html>cf-chl</html>", Blocked),
    ],
)
def test_every_kind_of_answer_lands_in_its_class(status: int, body: object, error: type[Exception]) -> None:
    """The error says what to do next, not merely what the status was."""
    with pytest.raises(error):
        check(status, body)


@pytest.mark.parametrize("words", [{"status": 404, "type": "BadResponseException"}, {"error": "Not Found"}])
def test_missing_cast_of_an_existing_title_is_not_its_end(words: dict[str, object]) -> None:
    """A 404 for staff is a part that says "none" in any clone's words; a 404 for the title is the title's."""
    body = orjson.dumps(words)
    with pytest.raises(EntryGone):
        check(404, body)
    check(404, body, kind="staff")
    reading = ADAPTER.parse_answer(ask("staff"), Answer(404, {}, body, ""))
    assert reading.parts["7"][0].body == body
    found = ADAPTER.convert("7", {"full": full(), "staff": body})
    assert [finding.code for finding in found.findings] == ["part_absent"]
