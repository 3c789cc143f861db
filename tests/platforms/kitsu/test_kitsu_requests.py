"""Kitsu: what is asked by GraphQL and by JSON:API, and what an answer means."""

import orjson
import pytest
from graphql import FragmentSpreadNode, SelectionSetNode, build_schema, parse, validate

from pipeline.domain.exchange import Answer, Request, Wanted
from pipeline.domain.names import Site
from pipeline.errors import BadInput, Blocked, Broken, Misconfigured, ShrinkBatch, Throttled, Transient
from pipeline.platforms.kitsu import KitsuAdapter
from pipeline.platforms.kitsu.requests import _LISTS, LARGEST_BATCH

GRAPHQL = KitsuAdapter()
JSONAPI = KitsuAdapter(api="jsonapi")


def document_of(request: Request) -> str:
    return orjson.loads(request.json_body)["query"]


def nodes_of(selections: SelectionSetNode, fragments: dict[str, SelectionSetNode]) -> int:
    """The server's rule: first x (1 + inside) for a connection, 1 + inside for any other field that costs."""
    total = 0
    for field in selections.selections:
        if isinstance(field, FragmentSpreadNode):
            total += nodes_of(fragments[field.name.value], fragments)
            continue
        arguments = field.arguments or ()
        inside = nodes_of(field.selection_set, fragments) if field.selection_set else 0
        first = next((int(one.value.value) for one in arguments if one.name.value == "first"), None)
        if first is not None:
            total += first * (1 + inside)
        elif field.name.value == "nodes":
            total += inside
        elif field.selection_set or arguments:
            total += 1 + inside
    return total


def cost(document: str) -> int:
    found = parse(document).definitions
    fragments = {one.name.value: one.selection_set for one in found if one.kind == "fragment_definition"}
    return nodes_of(found[0].selection_set, fragments)


def answer(body: object, status: int = 200) -> Answer:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return Answer(status, {}, content, "http://127.0.0.1/")


def page(rows: int, total: int, cursor: str | None) -> dict:
    return {
        "totalCount": total,
        "pageInfo": {"hasNextPage": cursor is not None, "endCursor": cursor},
        "nodes": [{"id": str(row)} for row in range(rows)],
    }


def record(id_: str, episodes: dict | None = None, characters: dict | None = None) -> bytes:
    nothing = page(0, 0, None)
    return orjson.dumps({"id": id_, "titles": {}, "episodes": episodes or nothing, "characters": characters or nothing})


def test_twenty_ids_make_one_valid_post(recordings) -> None:
    """One aliased document for twenty ids; it and the document for long series pass the schema's validation."""
    schema = build_schema((recordings.parent / "reference/specs/kitsu-schema.graphql").read_text("utf-8"))
    (first,) = GRAPHQL.plan_requests([Wanted(str(number)) for number in range(1, 21)])
    long = record("1", page(100, 1100, 'x"y'), page(100, 125, "c"))
    (later,) = GRAPHQL.plan_requests([Wanted("1", parts={"anime": long})])
    assert (first.path, first.method, len(first.ids)) == ("/graphql", "POST", 20)
    for request in (first, later):
        assert validate(schema, parse(document_of(request))) == []


def test_no_document_exceeds_the_node_limit() -> None:
    """As many whole records as may be asked and the longest rests stay below 500,000; a row costs what it states."""
    (first,) = GRAPHQL.plan_requests([Wanted(str(number)) for number in range(1, LARGEST_BATCH + 1)])
    long = [
        Wanted(str(id_), parts={"anime": record(str(id_), page(100, 9999, "E"), page(100, 9999, "C"))})
        for id_ in (1, 2)
    ]
    later = GRAPHQL.plan_requests(long)
    assert 75 * cost(document_of(first)) / LARGEST_BATCH < 500_000 < 76 * cost(document_of(first)) / LARGEST_BATCH
    assert cost(document_of(first)) < 420_000
    assert all(cost(document_of(request)) < 250_000 for request in later)
    for listing in _LISTS:
        assert cost("{" + listing.field(1) + "}") == 1 + listing.row_nodes


def test_a_batch_is_never_larger_than_asked() -> None:
    """By GraphQL no document holds more than its bound, by JSON:API none more than a page."""
    wanted = [Wanted(str(number)) for number in range(1, 66)]
    assert [len(request.ids) for request in GRAPHQL.plan_requests(wanted)] == [60, 5]
    assert [len(request.ids) for request in KitsuAdapter(largest_batch=25).plan_requests(wanted)] == [25, 25, 15]
    assert [len(request.ids) for request in KitsuAdapter(api="jsonapi").plan_requests(wanted)] == [20, 20, 20, 5]


def test_the_batch_follows_the_server_only_by_graphql() -> None:
    """From one title to the bound; JSON:API has pages of a fixed size."""
    assert (GRAPHQL.batch, GRAPHQL.batch_bounds) == (20, (1, 60))
    assert KitsuAdapter(api="jsonapi", batch=10).batch_bounds == (10, 10)


@pytest.mark.parametrize("given", [{"batch": 61}, {"batch": 21, "largest_batch": 20}, {"largest_batch": 61}])
def test_a_batch_beyond_its_bound_is_misconfigured(given: dict[str, int]) -> None:
    """The bound is the platform's, not a wish."""
    with pytest.raises(Misconfigured, match="largest_batch"):
        KitsuAdapter(**given)


def test_all_locales_are_asked_and_every_connection_is_bounded() -> None:
    """Without locales the server answers only for ours; without first it refuses."""
    (request,) = GRAPHQL.plan_requests([Wanted("1")])
    text = document_of(request)
    assert 'description(locales: ["*"])' in text
    assert text.count("nodes {") == text.count("(first: ")


def test_long_series_are_finished_by_cursor() -> None:
    """The rest is asked in one document, as many rows as are left, from the cursor on."""
    parts = {"anime": record("12", page(100, 1100, "E"), page(100, 125, "C"))}
    (request,) = GRAPHQL.plan_requests([Wanted("12", parts=parts)])
    assert 'episodes_2: episodes(first: 1000, after: "E"' in document_of(request)
    assert 'characters_2: characters(first: 25, after: "C"' in document_of(request)
    got = answer(
        {"data": {"a12": {"id": "12", "episodes_2": page(1000, 1100, None), "characters_2": page(25, 125, None)}}}
    )
    GRAPHQL.check_answer(request, got)
    reading = GRAPHQL.parse_answer(request, got)
    parts.update({part.kind: part.body for part in reading.parts["12"]})
    assert set(parts) == {"anime", "episodes/2", "characters/2"}
    assert GRAPHQL.plan_requests([Wanted("12", parts=parts)]) == ()


def test_the_longest_series_are_asked_for_alone_and_whole() -> None:
    """From 500 episodes on; what the catalogue does not count comes with the others."""
    wanted = [Wanted("1", episodes=500), Wanted("2", episodes=499), Wanted("3")]
    whole, others = GRAPHQL.plan_requests(wanted)
    assert (whole.ids, others.ids) == (("1",), ("2", "3"))
    for request, first in ((whole, 2000), (others, 100)):
        assert f"episodes(first: {first}," in document_of(request)
        assert f"characters(first: {first})" in document_of(request)
    assert GRAPHQL.expect_requests(wanted) == {"anime": 2, "pages": 1}
    assert GRAPHQL.expect_requests(wanted[:1]) == {"anime": 1}


def test_very_long_series_do_not_share_a_document() -> None:
    """Two casts of 1,400 are two documents: the server's time runs out long before its node limit."""
    wanted = [Wanted(id_, parts={"anime": record(id_, None, page(100, 1400, "C"))}) for id_ in ("1", "2")]
    assert [request.ids for request in GRAPHQL.plan_requests(wanted)] == [("1",), ("2",)]


def test_an_empty_page_ends_a_list_whatever_it_promises() -> None:
    """hasNextPage with no rows must not be asked for ever."""
    parts = {"anime": record("1", page(100, 300, "E")), "episodes/2": orjson.dumps(page(0, 300, "F"))}
    assert GRAPHQL.plan_requests([Wanted("1", parts=parts)]) == ()


def test_null_aliases_are_absent() -> None:
    """A miss is null and its siblings survive."""
    (request,) = GRAPHQL.plan_requests([Wanted("1"), Wanted("2")])
    got = answer({"data": {"a1": {"id": "1", "titles": {}}, "a2": None}})
    GRAPHQL.check_answer(request, got)
    reading = GRAPHQL.parse_answer(request, got)
    assert (set(reading.parts), reading.absent) == ({"1"}, {"2"})


def test_jsonapi_asks_twenty_records_then_their_lists() -> None:
    """Records by filter; then pages of twenty, all at once as soon as the first one has told how many there are."""
    (first,) = JSONAPI.plan_requests([Wanted("1"), Wanted("2")])
    assert (first.method, first.path) == ("GET", "/edge/anime")
    assert ("filter[id]", "1,2") in first.params
    parts = {
        "jsonapi/anime": b"{}",
        "jsonapi/episodes/0": orjson.dumps({"data": [{}], "meta": {"count": 45}}),
        "jsonapi/episodes/20": b"{}",
        "jsonapi/characters/0": orjson.dumps({"data": [{}], "meta": {"count": 3}}),
    }
    (rest,) = JSONAPI.plan_requests([Wanted("1", parts=parts)])
    assert (rest.kind, rest.path) == ("jsonapi/episodes/40", "/edge/anime/1/episodes")
    parts["jsonapi/episodes/40"] = b"{}"
    assert JSONAPI.plan_requests([Wanted("1", parts=parts)]) == ()


def test_jsonapi_lists_without_a_count_are_followed_by_next() -> None:
    """No meta.count: the next page is asked while a page links to one."""
    parts = {
        "jsonapi/anime": b"{}",
        "jsonapi/episodes/0": orjson.dumps({"data": [{}], "links": {"next": "http://127.0.0.1/x"}}),
        "jsonapi/characters/0": orjson.dumps({"data": []}),
    }
    (request,) = JSONAPI.plan_requests([Wanted("1", parts=parts)])
    assert request.kind == "jsonapi/episodes/20"


def test_a_jsonapi_list_is_cut_into_documents_of_one_title(recordings) -> None:
    """Each title keeps what it refers to, and converts alone; a missing one is absent."""
    one = orjson.loads((recordings / "kitsu/anime_filter_include/1.json").read_bytes())
    two = orjson.loads((recordings / "kitsu/anime_filter_include/12.json").read_bytes())
    both = {"data": one["data"] + two["data"], "included": one["included"] + two["included"]}
    (request,) = JSONAPI.plan_requests([Wanted("1"), Wanted("12"), Wanted("999")])
    JSONAPI.check_answer(request, answer(both))
    reading = JSONAPI.parse_answer(request, answer(both))
    assert reading.absent == {"999"}
    for id_, path in (("1", "1"), ("12", "12")):
        alone = JSONAPI.convert(
            id_, {"jsonapi/anime": (recordings / f"kitsu/anime_filter_include/{path}.json").read_bytes()}
        )
        cut = JSONAPI.convert(id_, {part.kind: part.body for part in reading.parts[id_]})
        assert cut == alone


@pytest.mark.parametrize(
    ("status", "body", "many", "alone"),
    [
        (500, {"error": {"message": "x"}, "data": {}}, ShrinkBatch, Transient),
        (502, b"<html></html>", ShrinkBatch, Transient),
        (504, b"", ShrinkBatch, Transient),
        (503, b"", Transient, Transient),
        (200, {"errors": [{"message": "Your request of 612000 nodes exceeds the node limit"}]}, ShrinkBatch, Broken),
        (200, {"errors": [{"message": "Field 'x' doesn't exist"}]}, Broken, Broken),
        (200, {"errors": [{"message": "boom"}], "data": {"a1": {"id": "1"}, "a2": None}}, ShrinkBatch, Transient),
        (200, {"error": {"message": "x"}, "data": {}}, ShrinkBatch, Transient),
        (200, {"nothing": 1}, Transient, Transient),
        (200, b"", Transient, Transient),
        (200, b'{"data": {"a1', Transient, Transient),
        (200, b"<html>hello</html>", Transient, Transient),
        (403, b"<html><title>Just a moment...</title></html>", Blocked, Blocked),
        (429, b"", Throttled, Throttled),
        (400, b"{}", Broken, Broken),
    ],
)
def test_every_answer_raises_what_to_do(status, body, many, alone) -> None:
    """Heavy answers halve a batch and are retried for one title; an error never reads as absence."""
    for ids, error in ((("1", "2"), many), (("1",), alone)):
        (request,) = GRAPHQL.plan_requests([Wanted(id_) for id_ in ids])
        with pytest.raises(error):
            GRAPHQL.check_answer(request, answer(body, status))


def test_a_jsonapi_answer_without_data_is_not_an_empty_list() -> None:
    """A 200 without data is a passing fault, an empty list is an answer."""
    (request,) = JSONAPI.plan_requests([Wanted("1")])
    JSONAPI.check_answer(request, answer({"data": [], "meta": {"count": 0}}))
    with pytest.raises(Transient):
        JSONAPI.check_answer(request, answer({"meta": {}}))


def test_wrong_settings_and_ids_are_refused() -> None:
    """An unknown api, a batch JSON:API would cut, an id that is no number."""
    with pytest.raises(Misconfigured, match="soap"):
        KitsuAdapter(api="soap")
    with pytest.raises(Misconfigured, match="21"):
        KitsuAdapter(batch=21, api="jsonapi")
    for adapter in (GRAPHQL, JSONAPI):
        with pytest.raises(BadInput, match="cowboy"):
            adapter.plan_requests([Wanted('cowboy") { id }')])


def test_only_kitsus_own_ids_are_wanted() -> None:
    """A title without a Kitsu id is not listed there."""
    assert GRAPHQL.wanted_ids({Site.MAL: ("1",)}) == ()
    assert GRAPHQL.wanted_ids({Site.KITSU: ("1",)}) == ("1",)
