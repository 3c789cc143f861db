"""What is asked of MyAnimeList beyond the core, and only where it is wanted."""

from collections import Counter
from pathlib import Path
from typing import get_args

import orjson
import pytest

from pipeline.domain.exchange import Request, Wanted
from pipeline.domain.names import TitleType
from pipeline.platforms.jikan import JikanAdapter
from pipeline.platforms.jikan.requests import CORE as CORE_KINDS
from pipeline.platforms.jikan.requests import EXTRAS
from pipeline.settings import JikanCore, JikanExtra, JikanSettings

CORE = JikanAdapter()


def with_extras(*extras: str) -> JikanAdapter:
    return JikanAdapter(asked=frozenset({*CORE_KINDS, *extras}))


WIDE = with_extras("statistics", "pictures", "videos")
EVERYTHING = with_extras(*EXTRAS)


def body(data: object, **beside: object) -> bytes:
    return orjson.dumps({"data": data} | beside)


FULL = body({"mal_id": 7, "type": "TV", "episodes": None, "titles": [{"type": "Default", "title": "Seven"}]})
NOTHING = body([])
CAST = body([{"character": {"mal_id": number, "name": f"Name {number}"}, "role": "Main"} for number in (4, 9)])


def page(number: int, last: int, rows: int) -> bytes:
    first = (number - 1) * 100 + 1
    return body(
        [{"mal_id": first + at, "title": f"Part {first + at}"} for at in range(rows)],
        pagination={"last_visible_page": last, "has_next_page": number < last},
    )


def answer(request: Request, *, episodes: int = 150) -> bytes:
    """A service that has a title of two characters and so many episodes."""
    name, _, rest = request.kind.partition("/")
    if name == "episodes":
        number, last = int(rest), -(-episodes // 100)
        return page(number, last, min(100, episodes - 100 * (number - 1)))
    objects = {"statistics": {"watching": 3}, "videos": {"promo": []}, "character": {"mal_id": int(rest or 0)}}
    if name == "episode":
        return body({"mal_id": int(rest), "synopsis": f"Of part {rest}.", "duration": 1440})
    return {"full": FULL, "characters": CAST, "staff": NOTHING, "pictures": NOTHING}.get(name) or body(objects[name])


def rounds(
    adapter: JikanAdapter, *, episodes: int = 150, **wanted: object
) -> tuple[list[Counter[str]], dict[str, bytes]]:
    """Kinds of requests round by round, until nothing is left to ask, and the parts then had."""
    parts: dict[str, bytes] = dict(wanted)  # type: ignore[arg-type]  # bodies by kind
    asked: list[Counter[str]] = []
    while open_ := adapter.plan_requests([Wanted("7", parts=parts)]):
        asked.append(Counter(request.kind.partition("/")[0] for request in open_))
        parts |= {request.kind: answer(request, episodes=episodes) for request in open_}
    return asked, parts


def test_the_settings_know_exactly_these_extras() -> None:
    """What the operator may write is what the adapter understands, and by default it is nothing."""
    assert sorted(get_args(JikanExtra)) == sorted(EXTRAS)
    assert sorted(get_args(JikanCore)) == sorted(CORE_KINDS)
    assert JikanSettings().core | JikanSettings().extras == CORE.asked


@pytest.mark.parametrize(
    ("adapter", "expected"),
    [
        (CORE, {"full": 1, "characters": 1, "staff": 1, "episodes": 2}),
        (WIDE, {"full": 1, "characters": 1, "staff": 1, "episodes": 2, "statistics": 1, "pictures": 1, "videos": 1}),
        (with_extras("character_details"),
         {"full": 1, "characters": 1, "staff": 1, "episodes": 2, "character": 2}),
    ],
)  # fmt: skip
def test_each_level_costs_what_it_says(adapter: JikanAdapter, expected: dict[str, int]) -> None:
    """Requests of one title of 150 episodes, in no more than three rounds."""
    asked, _ = rounds(adapter)
    assert len(asked) == 3
    assert sum(asked, Counter()) == expected


def test_less_than_the_core_is_asked_where_less_is_wanted() -> None:
    """Without cast and episodes a title is its record: one request, whatever its length."""
    alone = JikanAdapter(asked=frozenset())
    asked, _ = rounds(alone, episodes=1100)
    assert asked == [Counter(full=1)]
    assert alone.expect_requests([Wanted("7", type=TitleType.TV, episodes=1100)]) == {"full": 1}
    staff = JikanAdapter(asked=frozenset({"staff"}))
    assert sum(rounds(staff)[0], Counter()) == {"full": 1, "staff": 1}


def test_the_long_series_at_its_core_is_fourteen_requests() -> None:
    """1,100 episodes: eleven pages, the record, the cast, the staff; not one more."""
    asked, _ = rounds(CORE, episodes=1100)
    assert sum(asked, Counter()).total() == 14


def test_every_episode_and_character_is_asked_once_where_details_are_wanted() -> None:
    """All that the lists name, nothing that they do not, and in the end nothing is open."""
    asked, parts = rounds(EVERYTHING)
    total = sum(asked, Counter())
    assert (total["episode"], total["character"], total["episodes"]) == (150, 2, 2)
    assert sum(kind.startswith("episode/") for kind in parts) == 150
    assert EVERYTHING.plan_requests([Wanted("7", parts=parts)]) == ()


def test_addresses_of_details() -> None:
    """An episode lies under its title, a character beside it; both are asked on behalf of the title."""
    _, parts = rounds(CORE, episodes=2)
    open_ = EVERYTHING.plan_requests([Wanted("7", parts=parts)])
    paths = {request.kind: request.path for request in open_}
    assert paths["episode/2"] == "/anime/7/episodes/2"
    assert paths["character/9"] == "/characters/9/full"
    assert {request.ids for request in open_} == {("7",)}
    assert not any(request.params for request in open_)


def test_what_is_had_already_is_not_asked_again_when_more_is_wanted() -> None:
    """The core is there: only the extras are open, in one round."""
    _, parts = rounds(CORE, episodes=2)
    asked, _ = rounds(EVERYTHING, episodes=2, **parts)
    assert asked == [Counter(statistics=1, pictures=1, videos=1, episode=2, character=2)]


def test_a_film_has_no_episodes_to_ask_for() -> None:
    """Where no list is asked for there are no single episodes either."""
    parts = {"full": body({"mal_id": 7, "type": "Movie", "episodes": 1}), "characters": NOTHING, "staff": NOTHING}
    assert with_extras("episode_details").plan_requests([Wanted("7", parts=parts)]) == ()


def test_a_missing_detail_is_had_and_said() -> None:
    """A 404 for one episode means there is none: it is not asked again, and the reading tells."""
    gone = orjson.dumps({"status": 404, "type": "BadResponseException", "message": "Resource does not exist"})
    _, parts = rounds(EVERYTHING, episodes=2)
    parts |= {"episode/1": gone, "character/4": gone}
    assert EVERYTHING.plan_requests([Wanted("7", parts=parts)]) == ()
    title = EVERYTHING.convert("7", parts)
    assert [one.synopsis and one.synopsis.text for one in title.episodes] == [None, "Of part 2."]
    assert [finding.code for finding in title.findings] == ["part_absent", "part_absent"]


@pytest.mark.parametrize(
    ("type_", "episodes", "core", "everything"),
    [
        (TitleType.TV, 13, 4, 4 + 3 + 13 + 25),
        (TitleType.TV, 1100, 14, 14 + 3 + 1100 + 25),
        (TitleType.MOVIE, 1, 3, 3 + 3 + 25),
        (TitleType.TV, None, 4, 4 + 3 + 1 + 25),
    ],
)
def test_a_plan_counts_the_extras(type_: TitleType, episodes: int | None, core: int, everything: int) -> None:
    """One a title, one an episode of the catalogue's count, one for each of a usual cast."""
    wanted = [Wanted("7", type=type_, episodes=episodes)]
    assert CORE.expect_requests(wanted).total() == core
    assert EVERYTHING.expect_requests(wanted).total() == everything


def test_a_biography_is_taken_apart() -> None:
    """Labelled facts in front, the text after; a label inside the text stays text."""
    about = "Age: 17 (begin)\nBlood type: AB\nBirthday: May 4\nHair color: red\n\n"
    about += "She waits.\n\nNote: she waits long.\n(Source: Booklet)"
    detail = body({"mal_id": 4, "name": "First Last", "name_kanji": "名前", "nicknames": ["Na"], "about": about})
    [one, other] = CORE.convert("7", {"full": FULL, "characters": CAST, "character/4": detail}).characters
    assert one.name == "Name 4"
    assert (one.name_native, one.nicknames, one.age) == ("名前", ("Na",), "17 (begin)")
    assert (one.birthday, one.blood_type, one.hair_color, one.eye_color) == ("05-04", "AB", "red", None)
    facts = (("Age", "17 (begin)"), ("Blood type", "AB"), ("Birthday", "May 4"), ("Hair color", "red"))
    assert one.attributes == (*facts, ("Source", "Booklet"))
    assert one.description == "She waits.\n\nNote: she waits long."
    assert (other.description, other.attributes, other.nicknames) == (None, (), ())


def test_recorded_biographies_lose_no_word(recordings: Path) -> None:
    """Every word of a real ``about`` is in an attribute or in the description."""
    seen = 0
    for file in sorted((recordings / "jikan" / "characters_full").glob("*.json")):
        detail = file.read_bytes()
        said = orjson.loads(detail)["data"]
        cast = body([{"character": {"mal_id": said["mal_id"], "name": said["name"]}, "role": "Main"}])
        [one] = CORE.convert("7", {"full": FULL, "characters": cast, f"character/{said['mal_id']}": detail}).characters
        kept = " ".join([*(f"{label}: {value}" for label, value in one.attributes), one.description or ""])
        assert (said["about"] or "").split() == kept.split(), file
        assert one.name_native == said["name_kanji"]
        seen += 1
    assert seen
