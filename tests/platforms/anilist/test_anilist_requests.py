"""AniList: what is asked, in how many documents, and that no document costs too much."""

import json

import orjson
import pytest
from graphql import FieldNode, SelectionSetNode, build_schema, parse, validate

from pipeline.domain.exchange import Answer, Request, Wanted
from pipeline.domain.names import Site
from pipeline.errors import BadInput, Broken, Misconfigured
from pipeline.platforms.anilist import AniListAdapter
from pipeline.platforms.anilist.requests import COMPLEXITY_LIMIT, LISTS, MAX_BATCH

ADAPTER = AniListAdapter()


def document_of(request: Request) -> str:
    return orjson.loads(request.json_body)["query"]


def cost_of(selections: SelectionSetNode) -> int:
    """Number of fields; the documents hold no fragments (asserted)."""
    total = 0
    for field in selections.selections:
        assert isinstance(field, FieldNode)
        total += 1 + (cost_of(field.selection_set) if field.selection_set else 0)
    return total


def cost(request: Request) -> int:
    (operation,) = parse(document_of(request)).definitions
    return cost_of(operation.selection_set)


def connection(rows: int, has_next: bool, field: str = "edges", first_id: int = 0) -> dict:
    made = [{"id": first_id + number, "node": {"id": first_id + number}} for number in range(rows)]
    return {"pageInfo": {"hasNextPage": has_next}, field: made}


def media(id_: int, characters: bool = False, staff: bool = False, airing: bool = False) -> dict:
    return {
        "id": id_,
        "type": "ANIME",
        "title": {"romaji": "Synthetic"},
        "characters": connection(25, characters),
        "staff": connection(25, staff),
        "airingSchedule": connection(25, airing, "nodes"),
    }


def answer(body: object) -> Answer:
    return Answer(200, {}, orjson.dumps(body), "http://127.0.0.1/")


class Server:
    """Serves titles whose lists have known lengths; ``others`` are those with lengths of their own."""

    def __init__(self, totals: dict[str, int], **others: dict[str, int]) -> None:
        self.totals, self.others = totals, others

    def page(self, id_: str, name: str, number: int) -> dict:
        total = self.others.get(f"id_{id_}", self.totals)[name]
        rows = max(0, min(25, total - (number - 1) * 25))
        return connection(rows, total > number * 25, "nodes" if name == "airing" else "edges", number * 1000)

    def answer(self, request: Request) -> Answer:
        (operation,) = parse(document_of(request)).definitions
        titles = operation.selection_set.selections[0].selection_set.selections[0]
        aliases = [field.alias.value for field in titles.selection_set.selections if field.alias]
        found = []
        for id_ in request.ids:
            body = media(int(id_)) if request.kind == "media" else {"id": int(id_)}
            if request.kind == "media":
                for name, field in (("characters", "characters"), ("staff", "staff"), ("airing", "airingSchedule")):
                    body[field] = self.page(id_, name, 1)
            for alias in aliases:
                name, _, number = alias.rpartition("_")
                body[alias] = self.page(id_, name, int(number))
            found.append(body)
        return answer({"data": {"Page": {"media": found}}})


SHORT = {"characters": 12, "staff": 20, "airing": 13}


def run(ids: list[str], server: Server, episodes: int | None = None) -> tuple[int, dict[str, dict[str, bytes]]]:
    """Ask until nothing is missing; give the number of documents and the parts."""
    parts: dict[str, dict[str, bytes]] = {id_: {} for id_ in ids}
    documents = 0
    while requests := ADAPTER.plan_requests([Wanted(id_, episodes=episodes, parts=parts[id_]) for id_ in ids]):
        for request in requests:
            documents += 1
            assert cost(request) <= COMPLEXITY_LIMIT
            got = server.answer(request)
            ADAPTER.check_answer(request, got)
            for id_, pieces in ADAPTER.parse_answer(request, got).parts.items():
                parts[id_].update({piece.kind: piece.body for piece in pieces})
        assert documents < 50
    return documents, parts


def test_first_round_asks_fifty_titles_with_one_document() -> None:
    """Fifty ids make one POST whose variables are the ids as numbers."""
    (request,) = ADAPTER.plan_requests([Wanted(str(number)) for number in range(1, 51)])
    assert (request.method, request.path, len(request.ids)) == ("POST", "/", 50)
    assert orjson.loads(request.json_body)["variables"] == {"ids": list(range(1, 51))}


def test_more_than_fifty_ids_are_spread_over_documents() -> None:
    """A page holds fifty rows, so 120 ids make three documents and none is left out."""
    requests = ADAPTER.plan_requests([Wanted(str(number)) for number in range(1, 121)])
    assert [len(request.ids) for request in requests] == [MAX_BATCH, MAX_BATCH, 20]


def test_documents_are_valid_against_the_schema(recordings) -> None:
    """Both kinds of document pass graphql-core's validation of AniList's schema."""
    schema = build_schema((recordings.parent / "reference" / "specs" / "anilist-schema.graphql").read_text("utf-8"))
    first = ADAPTER.plan_requests([Wanted("1")])
    long = ADAPTER.plan_requests([Wanted("1", episodes=12)])
    later = ADAPTER.plan_requests([Wanted("1", parts={"media": orjson.dumps(media(1, True, True, True))})])
    for request in (*first, *long, *later):
        assert validate(schema, parse(document_of(request))) == []


def test_stated_costs_are_the_real_ones() -> None:
    """The cost each list states for a page is what counting the fields of that page gives."""
    for listing in LISTS:
        (operation,) = parse("{" + listing.selection.replace("{page}", "page: 2") + "}").definitions
        assert cost_of(operation.selection_set) == listing.cost


def test_no_document_filters_adult_titles_out() -> None:
    """isAdult is asked as a field and never given as an argument."""
    (request,) = ADAPTER.plan_requests([Wanted("1")])
    assert "isAdult:" not in document_of(request)
    assert "isAdult" in document_of(request)


def test_a_complete_title_asks_nothing_more() -> None:
    """No list goes on, so nothing is planned."""
    assert ADAPTER.plan_requests([Wanted("1", parts={"media": orjson.dumps(media(1))})]) == ()


def test_partial_parts_ask_only_for_what_is_missing() -> None:
    """A title with two of three cast pages asks from page four on; a fresh one asks its record; a done one nothing."""
    had = {
        "media": orjson.dumps(media(2, characters=True)),
        "characters/2": orjson.dumps(connection(25, True)),
        "characters/3": orjson.dumps(connection(25, True)),
    }
    done = {"media": orjson.dumps(media(3))}
    fresh, pages = ADAPTER.plan_requests([Wanted("1"), Wanted("2", parts=had), Wanted("3", parts=done)])
    assert (fresh.kind, fresh.ids) == ("media", ("1",))
    assert (pages.kind, pages.ids) == ("pages", ("2",))
    assert "characters_4:" in document_of(pages)
    assert "characters_3:" not in document_of(pages)
    assert "staff_" not in document_of(pages)


def test_titles_that_go_on_at_the_same_page_share_a_document() -> None:
    """One title needs cast, one staff, one the schedule: one document serves all three."""
    wanted = [
        Wanted("1", parts={"media": orjson.dumps(media(1, characters=True))}),
        Wanted("2", parts={"media": orjson.dumps(media(2, staff=True))}),
        Wanted("3", parts={"media": orjson.dumps(media(3, airing=True))}),
    ]
    (request,) = ADAPTER.plan_requests(wanted)
    assert request.ids == ("1", "2", "3")


def test_a_cast_of_1400_with_1100_episodes_needs_few_documents() -> None:
    """56 cast pages, 44 schedule pages and 16 staff pages come in at most eight documents, for three titles at once."""
    totals = {"characters": 1400, "staff": 400, "airing": 1100}
    documents, parts = run(["1", "2", "3"], Server(totals))
    assert documents <= 8
    assert {f"characters/{page}" for page in range(2, 57)} <= parts["1"].keys()
    assert {f"airing/{page}" for page in range(2, 45)} <= parts["3"].keys()


def test_a_season_asks_for_its_second_pages_with_the_record() -> None:
    """A cast, a crew and a schedule of two pages each are whole after one document; the pages are parts as ever."""
    documents, parts = run(["1"], Server({"characters": 40, "staff": 30, "airing": 26}), episodes=26)
    assert documents == 1
    assert set(parts["1"]) == {"media", "characters/2", "staff/2", "airing/2"}
    assert "characters_2" not in orjson.loads(parts["1"]["media"])


def test_second_pages_that_hold_nothing_are_not_kept() -> None:
    """A season whose lists fit one page has its record and nothing else."""
    assert set(run(["1"], Server(SHORT), episodes=13)[1]["1"]) == {"media"}


def test_long_titles_share_documents_and_the_last_is_filled_up() -> None:
    """Of 120 titles with 60 seasons among them two documents ask for second pages, and there are three in all."""
    wanted = [Wanted(str(number), episodes=12 if number % 2 else 1) for number in range(120)]
    requests = ADAPTER.plan_requests(wanted)
    assert ["characters_2" in document_of(request) for request in requests] == [True, True, False]
    assert [sum(int(id_) % 2 for id_ in request.ids) for request in requests] == [50, 10, 0]
    assert sorted(int(id_) for request in requests for id_ in request.ids) == list(range(120))


def test_a_title_one_page_ahead_shares_the_document_of_the_others() -> None:
    """A film with a long crew goes on at page two, a season at page three: one document, and both end whole."""
    server = Server(SHORT, id_1=SHORT | {"staff": 60}, id_2=SHORT | {"staff": 120})
    had = {"media": orjson.dumps(media(2, staff=True)), "staff/2": orjson.dumps(connection(25, True))}
    wanted = [Wanted("2", parts=had), Wanted("1", parts={"media": orjson.dumps(media(1, staff=True))})]
    (request,) = ADAPTER.plan_requests(wanted)
    found = ADAPTER.parse_answer(request, server.answer(request)).parts
    for one in wanted:
        parts = {**one.parts, **{part.kind: part.body for part in found[one.id]}}
        assert ADAPTER.plan_requests([Wanted(one.id, parts=parts)]) == ()


def test_a_title_far_ahead_has_a_document_of_its_own() -> None:
    """Page two and page four: the pages between would be asked for in vain."""
    cast = {f"characters/{page}": orjson.dumps(connection(25, True)) for page in (2, 3)}
    wanted = [
        Wanted("2", parts={"media": orjson.dumps(media(2, characters=True)), **cast}),
        Wanted("1", parts={"media": orjson.dumps(media(1, characters=True))}),
    ]
    assert sorted(request.ids for request in ADAPTER.plan_requests(wanted)) == [("1",), ("2",)]


@pytest.mark.parametrize(("episodes", "further"), [(1, 0), (9, 0), (26, 0), (50, 0), (51, 1), (1100, 1), (1900, 2)])
def test_a_plan_expects_as_many_documents_as_the_schedule_takes(episodes: int, further: int) -> None:
    """What is expected for a schedule alone is what asking it then takes."""
    expected = ADAPTER.expect_requests([Wanted("1", episodes=episodes)])
    assert expected == {"media": 1} | ({"pages": further} if further else {})
    documents, _ = run(["1"], Server({"characters": 5, "staff": 5, "airing": episodes}), episodes)
    assert documents == 1 + further


def test_an_empty_page_that_promises_more_ends_the_list() -> None:
    """hasNextPage true with no rows must not be asked for ever."""
    had = {"media": orjson.dumps(media(1, characters=True)), "characters/2": orjson.dumps(connection(0, True))}
    assert ADAPTER.plan_requests([Wanted("1", parts=had)]) == ()


def test_planning_twice_gives_the_same_requests() -> None:
    """Equal parts give equal keys, so a killed run asks what it would have asked."""
    wanted = [Wanted("1"), Wanted("2", parts={"media": orjson.dumps(media(2, True, True, True))})]
    assert [one.key for one in ADAPTER.plan_requests(wanted)] == [one.key for one in ADAPTER.plan_requests(wanted)]


def test_an_id_that_is_no_number_is_refused() -> None:
    """An id that is not AniList's is named, not sent."""
    with pytest.raises(BadInput, match="cowboy"):
        ADAPTER.plan_requests([Wanted("cowboy-bebop")])


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"Media": 1}', json.dumps(media(9)).encode()])
def test_a_stored_part_that_is_not_the_titles_stops_planning(body: bytes) -> None:
    """An unreadable or foreign part raises Broken instead of asking again for ever."""
    with pytest.raises(Broken):
        ADAPTER.plan_requests([Wanted("1", parts={"media": body})])


def test_parse_gives_each_title_its_subtree_and_names_the_absent() -> None:
    """Asked ids that did not come are absent; ids nobody asked for are not kept."""
    (request,) = ADAPTER.plan_requests([Wanted("1"), Wanted("2"), Wanted("3")])
    got = answer({"data": {"Page": {"media": [media(1), media(3), media(77), None]}}})
    reading = ADAPTER.parse_answer(request, got)
    assert set(reading.parts) == {"1", "3"}
    assert reading.absent == {"2"}
    assert orjson.loads(reading.parts["3"][0].body)["id"] == 3


def test_only_anilists_own_ids_are_wanted() -> None:
    """A title known elsewhere only is not listed on AniList."""
    assert ADAPTER.wanted_ids({Site.MAL: ("1",)}) == ()
    assert ADAPTER.wanted_ids({Site.ANILIST: ("1", "5")}) == ("1", "5")


@pytest.mark.parametrize("batch", [0, 51])
def test_a_batch_anilist_would_cut_is_refused(batch: int) -> None:
    """More than fifty rows are silently cut by AniList, so such a setting fails at once."""
    with pytest.raises(Misconfigured, match=str(batch)):
        AniListAdapter(titles=batch)
