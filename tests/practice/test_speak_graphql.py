"""The GraphQL rules of AniList and Kitsu: what may be asked, what it costs, how answers are shaped."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
)

from pipeline.practice.graphql_anilist import Reply, answer_anilist
from pipeline.practice.graphql_document import BadDocument, count_fields, count_nodes, load_schema, read
from pipeline.practice.graphql_kitsu import answer_kitsu


@pytest.fixture(scope="session")
def specs(recordings: Path) -> Path:
    folder = recordings.parent / "reference" / "specs"
    if not folder.is_dir():
        pytest.skip(f"no specs at {folder}")
    return folder


def media(id_: int, *, mal: int | None = None, cast: int = 0, status: str = "FINISHED") -> dict[str, Any]:
    return {
        "__typename": "Media",
        "id": id_,
        "idMal": mal,
        "type": "ANIME",
        "status": status,
        "source": "WEB_NOVEL",
        "title": {"romaji": f"Title {id_}", "english": None, "native": None},
        "characters": [
            {
                "id": 1000 + n,
                "role": "MAIN" if n < 2 else "SUPPORTING",
                "node": {"id": n, "name": {"full": f"Person {n}"}},
                "voiceActorRoles": [
                    {"roleNotes": None, "voiceActor": {"id": 7, "language": "JAPANESE"}},
                    {"roleNotes": "young", "voiceActor": {"id": 8, "language": "ENGLISH"}},
                ],
            }
            for n in range(cast)
        ],
        "studios": {"edges": [{"isMain": True, "node": {"id": 1, "name": "A"}}, {"isMain": False, "node": {"id": 2}}]},
        "airingSchedule": [{"id": n, "episode": n, "airingAt": n * 100, "mediaId": id_} for n in range(1, 4)],
        "nextAiringEpisode": {"id": 3, "episode": 3, "airingAt": 300, "mediaId": id_},
    }


class Shelf:
    def __init__(self, *rows: dict[str, Any]) -> None:
        self._rows = {row["id"]: row for row in rows}

    def media(self, id_: int) -> Mapping[str, Any] | None:
        return self._rows.get(id_)

    def media_of_mal(self, id_: int) -> Sequence[Mapping[str, Any]]:
        return [row for row in self._rows.values() if row["idMal"] == id_]

    def ids(self) -> Sequence[int]:
        return sorted(self._rows)


def anilist(query: str, *rows: dict[str, Any], **variables: object) -> Reply:
    return answer_anilist(query, variables, Shelf(*rows))


def data(reply: Reply) -> Any:
    assert reply.status == 200, reply.body
    return reply.body["data"]


def anime(id_: str, *, episodes: int = 0) -> dict[str, Any]:
    return {
        "__typename": "Anime",
        "id": id_,
        "slug": f"slug-{id_}",
        "type": "Anime",
        "description": {"en": "A tale.", "ja_jp": "物語。"},
        "titles": {"canonical": "Name", "localized": {"en": "Name", "en_jp": "Namae"}},
        "episodes": [{"id": f"e{n}", "number": n} for n in range(episodes, 0, -1)],
        "relationships": [
            {"kind": "SEQUEL", "destination": {"__typename": "Anime", "id": "9", "slug": "nine", "type": "Anime"}},
            {"kind": "ADAPTATION", "destination": {"__typename": "Manga", "id": "9", "slug": "book", "type": "Manga"}},
        ],
    }


class Nodes:
    def __init__(self, *rows: dict[str, Any]) -> None:
        self._rows = {row["id"]: row for row in rows}

    def anime(self, id_: str) -> Mapping[str, Any] | None:
        return self._rows.get(id_)

    def mapped(self, site: str, id_: str) -> Mapping[str, Any] | None:
        return self._rows.get(id_.removeprefix("mal")) if site == "MYANIMELIST_ANIME" else None

    def ids(self) -> Sequence[str]:
        return sorted(self._rows)


def kitsu(query: str, *rows: dict[str, Any], **variables: object) -> dict[str, Any]:
    return answer_kitsu(query, variables, Nodes(*rows))


def _parts(type_: Any) -> dict[str, str]:
    """What must be the same in both schemas, as text by path."""
    if isinstance(type_, GraphQLEnumType):
        return dict.fromkeys(type_.values, "value")
    if isinstance(type_, GraphQLUnionType):
        return {}
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        fields = {name: str(field.type) for name, field in type_.fields.items()}
        arguments = {
            f"{name}({arg})": str(value.type)
            for name, field in type_.fields.items()
            for arg, value in field.args.items()
        }
        return fields | arguments
    fields = getattr(type_, "fields", {})
    return {name: str(field.type) for name, field in fields.items()}


@pytest.mark.parametrize("name", ["anilist", "kitsu"])
def test_our_schema_says_nothing_the_platforms_schema_does_not(name: str, specs: Path) -> None:
    """Every type, field, argument and enum value of ours is the platform's, with the same type and nullability."""
    ours, theirs = load_schema(name), build_schema((specs / f"{name}-schema.graphql").read_text())
    for type_name, type_ in ours.type_map.items():
        if type_name.startswith("__"):
            continue
        assert type_name in theirs.type_map, type_name
        known = _parts(theirs.type_map[type_name])
        for path, said in _parts(type_).items():
            assert known.get(path) == said, f"{type_name}.{path}"


def test_costs_are_those_of_the_documents_that_were_measured(specs: Path) -> None:
    """AniList's batch costs 194 fields; Kitsu's walk 85,900 nodes, its long series 70,001, a title 4,357 and one."""
    text = (specs / "anilist-batch.graphql").read_text()
    assert count_fields(read("anilist", text, {"ids": [1]}, "Batch").spelled) == 194
    text = (specs / "kitsu-batch.graphql").read_text()
    assert count_nodes(read("kitsu", text, {}, "Walk").spelled) == 85_900
    assert count_nodes(read("kitsu", text, {"id": "1"}, "Long").spelled) == 70_001
    assert count_nodes(read("kitsu", text, {"m1": "1", "m2": "2"}, "Batch").spelled) == 2 * 4_358


@pytest.mark.parametrize("operation", ["Batch", "Overflow"])
def test_the_reference_documents_are_answered(operation: str, specs: Path) -> None:
    """Both operations of the reference document get a whole answer, even for a title of which little is known."""
    text = (specs / "anilist-batch.graphql").read_text()
    variables = {"ids": [1, 2], **{f"p{n}": n for n in range(2, 8)}}
    reply = answer_anilist(text, variables, Shelf(media(1, cast=60), {"id": 2, "idMal": None}), operation)
    rows = data(reply)["Page"]["media"]
    assert [row["id"] for row in rows] == [1, 2]
    if operation == "Batch":
        assert len(rows[0]["characters"]["edges"]) == 25
        assert rows[1]["tags"] == []
        assert rows[1]["title"] is None
    else:
        assert [len(rows[0][f"c{n}"]["edges"]) for n in (2, 3, 4)] == [25, 10, 0]


def test_a_document_of_more_than_500_fields_is_refused_with_its_cost() -> None:
    """499 fields inside one outer pass; one more is named in the refusal, and there is no partial answer."""
    many = " ".join(f"a{n}: id" for n in range(498))
    assert anilist(f"{{ Page {{ media(id: 1) {{ {many} }} }} }}", media(1)).status == 200
    reply = anilist(f"{{ Page {{ media(id: 1) {{ {many} last: id }} }} }}", media(1))
    assert reply.status == 400
    assert reply.body["errors"][0]["message"] == "Max query complexity should be 500 but got 501."
    assert reply.body["data"] is None


def test_unknown_ids_are_missing_from_a_list_and_the_rest_is_sorted_by_id() -> None:
    """``id_in`` leaves unknown ids out; ids asked twice come once."""
    query = "query ($ids: [Int]) { Page { pageInfo { hasNextPage } media(id_in: $ids, type: ANIME, sort: ID) { id } } }"
    said = data(anilist(query, media(5), media(3), ids=[5, 404, 3, 5]))["Page"]
    assert said == {"pageInfo": {"hasNextPage": False}, "media": [{"id": 3}, {"id": 5}]}


def test_one_mal_id_may_be_several_media_and_manga_are_none_of_them() -> None:
    """``idMal_in`` finds all media with the id, and none for another type."""
    rows = (media(1, mal=10), media(2, mal=10), media(3, mal=11))
    said = data(anilist("{ Page { media(idMal_in: [10, 99], type: ANIME) { id } } }", *rows))
    assert [row["id"] for row in said["Page"]["media"]] == [1, 2]
    assert data(anilist("{ Page { media(idMal_in: [10], type: MANGA) { id } } }", *rows))["Page"]["media"] == []


def test_one_unknown_single_media_takes_its_siblings_with_it() -> None:
    """A missed ``Media(id:)`` is a 404 in which every alias is null."""
    reply = anilist("{ a: Media(id: 1) { id } b: Media(id: 404) { id } }", media(1))
    assert reply.status == 404
    assert reply.body["data"] == {"a": None, "b": None}
    assert reply.body["errors"][0]["message"] == "Not Found."
    assert reply.body["errors"][0]["locations"] == [{"line": 1, "column": 26}]


def test_an_unknown_field_is_refused_like_the_recorded_refusal(recordings: Path) -> None:
    """The envelope of a bad query has the recorded keys and wording."""
    recorded = orjson.loads((recordings / "anilist/errors/400-bad-query-error-envelope.json").read_bytes())
    reply = anilist("{ NotARealField }")
    assert (reply.status, dict(reply.body)) == (400, recorded)


@pytest.mark.parametrize(("asked", "given"), [(None, 50), (20, 20), (500, 50)])
def test_more_than_fifty_rows_a_page_are_silently_cut(asked: int | None, given: int) -> None:
    """``perPage`` above 50 is 50, and so is its absence."""
    size = "" if asked is None else f"(perPage: {asked})"
    rows = [media(n) for n in range(1, 121)]
    said = data(anilist(f"{{ Page{size} {{ pageInfo {{ hasNextPage perPage }} media {{ id }} }} }}", *rows))["Page"]
    assert len(said["media"]) == said["pageInfo"]["perPage"] == given
    assert said["pageInfo"]["hasNextPage"] is True


def test_a_long_cast_is_whole_over_its_pages() -> None:
    """Pages of 25, however much is asked for, hold every character once; the page behind the last is empty."""
    query = """query ($p: Int) { Page { media(id_in: [1]) {
        characters(page: $p, perPage: 50) { pageInfo { hasNextPage } edges { id } nodes { id } } } } }"""
    found: list[int] = []
    for page in range(1, 6):
        said = data(anilist(query, media(1, cast=77), p=page))["Page"]["media"][0]["characters"]
        found += [edge["id"] for edge in said["edges"]]
        assert len(said["nodes"]) == len(said["edges"])
        assert said["pageInfo"]["hasNextPage"] is (page < 4)
    assert found == [1000 + n for n in range(77)]


def test_a_full_last_page_promises_nothing_more() -> None:
    """A list that ends exactly at the end of a page has no next page, at either platform."""
    query = "{ Page { media(id: 1) { characters(page: 2) { pageInfo { hasNextPage } edges { id } } } } }"
    said = data(anilist(query, media(1, cast=50)))["Page"]["media"][0]["characters"]
    assert (len(said["edges"]), said["pageInfo"]["hasNextPage"]) == (25, False)
    query = '{ findAnimeById(id: "1") { episodes(first: 5) { pageInfo { hasNextPage } nodes { id } } } }'
    listed = kitsu(query, anime("1", episodes=5))["data"]["findAnimeById"]["episodes"]
    assert (len(listed["nodes"]), listed["pageInfo"]["hasNextPage"]) == (5, False)


def test_page_times_size_beyond_5000_is_refused() -> None:
    """Row 5,000 is the last that can be reached, at the top and in nested lists."""
    assert anilist("{ Page(page: 100, perPage: 50) { media { id } } }").status == 200
    reply = anilist("{ Page(page: 101, perPage: 50) { media { id } } }")
    assert (reply.status, reply.body["errors"][0]["message"]) == (400, "Page depth exceeds maximum allowed")
    assert anilist("{ Page { media(id: 1) { staff(page: 201, perPage: 25) { edges { id } } } } }").status == 400


def test_fragments_aliases_and_directives_shape_the_answer() -> None:
    """Fragments are expanded and joined by key, aliases rename, ``@include`` and ``@skip`` are obeyed."""
    query = """query ($no: Boolean!) { Page { media(id: 1) {
        ...A ... on Media { title { english } } other: id idMal @include(if: $no) status @skip(if: $no) } } }
        fragment A on Media { title { romaji } }"""
    row = data(anilist(query, media(1), no=False))["Page"]["media"][0]
    assert row == {"title": {"romaji": "Title 1", "english": None}, "other": 1, "status": "FINISHED"}


def test_versions_and_filters_of_fields_are_obeyed() -> None:
    """Old versions fold new words away; role, language and main studio filter."""
    query = """{ Page { media(id: 1) {
        s1: status s2: status(version: 2) o1: source o3: source(version: 3)
        characters(role: SUPPORTING) { edges { id node { id } voiceActors(language: ENGLISH) { id } } }
        studios(isMain: true) { nodes { id } }
        airingSchedule(notYetAired: true) { nodes { episode } } } } }"""
    row = data(anilist(query, media(1, cast=3, status="HIATUS")))["Page"]["media"][0]
    assert (row["s1"], row["s2"], row["o1"], row["o3"]) == ("RELEASING", "HIATUS", "OTHER", "WEB_NOVEL")
    assert row["characters"]["edges"] == [{"id": 1002, "node": {"id": 2}, "voiceActors": [{"id": 8}]}]
    assert row["studios"]["nodes"] == [{"id": 1}]
    assert row["airingSchedule"]["nodes"] == [{"episode": 3}]


def test_a_cast_asked_without_node_ids_has_no_voice_actors() -> None:
    """The platform's trap: ``voiceActors`` is null unless ``node { id }`` is asked beside it."""
    query = "{ Page { media(id: 1) { characters { edges { id %s voiceActors { id } } } } } }"
    for node, voices in (("", None), ("node { name { full } }", None), ("node { id }", [{"id": 7}, {"id": 8}])):
        row = data(anilist(query % node, media(1, cast=1)))["Page"]["media"][0]["characters"]["edges"][0]
        assert row["voiceActors"] == voices


def test_schedules_of_many_titles_are_one_list() -> None:
    """``airingSchedules(mediaId_in:)`` gives the slots of all titles, paged by the outer page."""
    query = "{ Page(perPage: 4) { pageInfo { hasNextPage } airingSchedules(mediaId_in: [1, 2]) { mediaId episode } } }"
    said = data(anilist(query, media(1), media(2)))["Page"]
    assert [(row["mediaId"], row["episode"]) for row in said["airingSchedules"]] == [(1, 1), (1, 2), (1, 3), (2, 1)]
    assert said["pageInfo"]["hasNextPage"] is True


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ Page { media(id: 1) { id ", {}),
        ("", {}),
        ("query ($ids: [Int]!) { Page { media(id_in: $ids) { id } } }", {}),
        ("query ($ids: [Int]) { Page { media(id_in: $ids) { id } } }", {"ids": ["x"]}),
        ("query A { Page { media { id } } } query B { Page { media { id } } }", {}),
        ("fragment F on Media { id }", {}),
    ],
)
def test_what_cannot_be_understood_is_a_400(query: str, variables: dict[str, object]) -> None:
    """Broken text, wrong variables and a document without one clear operation are refused, never a crash."""
    reply = answer_anilist(query, variables, Shelf())
    assert reply.status == 400
    assert reply.body["errors"][0]["status"] == 400
    assert "errors" in answer_kitsu(query, variables, Nodes())


def test_a_whole_batch_is_answered_quickly(specs: Path) -> None:
    """50 titles with 25 characters each cost a fraction of a second of processor time, not minutes."""
    text = (specs / "anilist-batch.graphql").read_text()
    shelf, ids = Shelf(*(media(n, cast=30) for n in range(1, 51))), list(range(1, 51))
    answer_anilist(text, {"ids": ids}, shelf, "Batch")
    began = time.process_time()
    reply = answer_anilist(text, {"ids": ids}, shelf, "Batch")
    assert time.process_time() - began < 10.0  # far more than it takes
    assert len(reply.body["data"]["Page"]["media"]) == 50


def test_a_connection_without_a_size_is_refused() -> None:
    """Each connection needs ``first`` or ``last`` of 1 to 2,000, nested ones too."""
    for size in ("", "(first: 0)", "(last: 2001)"):
        said = kitsu(f'{{ findAnimeById(id: "1") {{ episodes{size} {{ nodes {{ id }} }} }} }}', anime("1"))
        assert "data" not in said
        assert "episodes" in said["errors"][0]["message"]
    assert "data" in kitsu('{ findAnimeById(id: "1") { episodes(first: 2000) { nodes { id } } } }', anime("1"))


def test_too_many_nodes_are_refused_with_their_number() -> None:
    """The limit is 500,000 nodes; the refusal names what the document costs."""
    inner = "characters(first: 2000) { nodes { voices(first: 250) { nodes { id } } } }"
    said = kitsu(f'{{ findAnimeById(id: "1") {{ {inner} }} }}', anime("1"))
    assert "Your request of 502001 nodes exceeds the node limit" in said["errors"][0]["message"]
    fine = inner.replace("250", "248")
    assert "data" in kitsu(f'{{ findAnimeById(id: "1") {{ {fine} }} }}', anime("1"))


def test_a_miss_is_null_and_its_siblings_survive() -> None:
    """Aliased lookups do not hurt each other, whichever way they look."""
    query = """{ a: findAnimeById(id: "1") { id } b: findAnimeById(id: "404") { id }
        c: lookupMapping(externalSite: MYANIMELIST_ANIME, externalId: "mal1") { ... on Anime { id } __typename }
        d: lookupMapping(externalSite: ANIDB, externalId: "1") { ... on Anime { id } }
        e: lookupMapping(externalSite: MYANIMELIST_ANIME, externalId: "mal1") { ... on Manga { id } } }"""
    said = kitsu(query, anime("1"))["data"]
    assert (said["a"], said["b"], said["d"]) == ({"id": "1"}, None, None)
    assert said["c"]["id"] == "1"
    assert said["e"] == {}


def test_without_locales_only_english_is_told() -> None:
    """``["*"]`` gives every language, a list gives those, nothing gives English."""
    query = """{ findAnimeById(id: "1") {
        a: description b: description(locales: ["*"]) c: description(locales: ["ja_jp"])
        titles { localized(locales: ["*"]) } } }"""
    said = kitsu(query, anime("1"))["data"]["findAnimeById"]
    assert (set(said["a"]), set(said["b"]), set(said["c"])) == ({"en"}, {"en", "ja_jp"}, {"ja_jp"})
    assert set(said["titles"]["localized"]) == {"en", "en_jp"}


def test_a_long_series_is_whole_over_its_cursors() -> None:
    """Following ``endCursor`` gives every episode once, in the order asked for; ``totalCount`` is the whole."""
    query = """query ($after: String) { findAnimeById(id: "1") {
        episodes(first: 40, after: $after, sort: [{on: NUMBER, direction: ASCENDING}]) {
            totalCount pageInfo { hasNextPage hasPreviousPage endCursor } nodes { number } } } }"""
    found: list[int] = []
    after, pages = None, 0
    while True:
        said = kitsu(query, anime("1", episodes=110), after=after)["data"]["findAnimeById"]["episodes"]
        found += [row["number"] for row in said["nodes"]]
        pages += 1
        assert said["totalCount"] == 110
        assert said["pageInfo"]["hasPreviousPage"] is (after is not None)
        if not said["pageInfo"]["hasNextPage"]:
            break
        after = said["pageInfo"]["endCursor"]
    assert (found, pages) == (list(range(1, 111)), 3)


def test_last_and_before_read_from_the_end() -> None:
    """``last`` gives the tail, ``before`` ends in front of a cursor."""
    query = '{ findAnimeById(id: "1") { episodes(last: 2) { pageInfo { startCursor } nodes { number } } } }'
    tail = kitsu(query, anime("1", episodes=5))["data"]["findAnimeById"]["episodes"]
    assert [row["number"] for row in tail["nodes"]] == [2, 1]
    query = """query ($before: String) {
        findAnimeById(id: "1") { episodes(last: 2, before: $before) { nodes { number } } } }"""
    said = kitsu(query, anime("1", episodes=5), before=tail["pageInfo"]["startCursor"])["data"]["findAnimeById"]
    assert [row["number"] for row in said["episodes"]["nodes"]] == [4, 3]


def test_an_interface_tells_its_types_apart() -> None:
    """A related work is anime or manga; a fragment on one is left out for the other."""
    query = """{ findAnimeById(id: "1") { relationships(first: 9) { nodes { kind destination {
        id type ... on Manga { slug } } } } } }"""
    rows = kitsu(query, anime("1"))["data"]["findAnimeById"]["relationships"]["nodes"]
    assert rows[0]["destination"] == {"id": "9", "type": "Anime"}
    assert rows[1]["destination"] == {"id": "9", "type": "Manga", "slug": "book"}


def test_the_catalogue_can_be_walked() -> None:
    """``anime(first:, after:)`` goes through all ids."""
    query = (
        "query ($after: String) { anime(first: 2, after: $after) { pageInfo { hasNextPage endCursor } nodes { id } } }"
    )
    rows = [anime(str(n)) for n in (1, 2, 3)]
    first = kitsu(query, *rows)["data"]["anime"]
    rest = kitsu(query, *rows, after=first["pageInfo"]["endCursor"])["data"]["anime"]
    assert [row["id"] for row in (*first["nodes"], *rest["nodes"])] == ["1", "2", "3"]
    assert rest["pageInfo"]["hasNextPage"] is False


def test_a_wrong_document_is_refused_before_anything_is_looked_up() -> None:
    """Validation comes first and names the field."""
    with pytest.raises(BadDocument, match="notThere"):
        read("kitsu", '{ findAnimeById(id: "1") { notThere } }', {})
