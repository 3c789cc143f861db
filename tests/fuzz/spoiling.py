"""What may be wrong with an answer: one fault at a time, put into a recorded one at a place drawn by chance."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson
from hypothesis import strategies as st

from pipeline.domain.names import Platform

from .recorded_titles import Answer, Recorded

ODD: tuple[Any, ...] = (
    None, "", "\x00?", -1, 0, 0.5, 10**30, 2**63, 1e308, True, False, [], {}, [None, 5, "x", []], {"a": {"b": 1}}, "x",
)  # fmt: skip
TEXTS = (
    "\u202e\u05e9\u05dc\u05d5\u05dd\u202c", "\u200b", "a\u200bb\u2060c\ufeffd", "\u0627\u0644\u0639\u0631\u0628",
    "\u200f\u200e\u061c", "\ud800", "e\u0301" * 50, "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\n\r\t\u2028 ",
    "&#0;&lt;b&gt;", "[url=x][/i]<a href='", "{{}} %s %(x)s \\u0000", "~!~!!~!~", "0", "-", "NaN", "null", "(Source:",
    "\u3000\u3000",
)  # fmt: skip
DATES = (
    "0000-00-00", "2024-02-30", "9999-99-99", "0001-01-01T00:00:00Z", "1e9", "-1", "20240101", "2024-13", "10000-01-01",
    "2024-06-31T25:61:61+99:99", "-0001-05-05", "1998-04-03T00:00:00+00:00", "Feb 30, 2020", "?", 0, -1, 99999, 13,
    2**40,
)  # fmt: skip
LONG = "All work and no play makes a long synopsis. " * 24_000  # just over 1 MB
MANY = 5_000

Path_ = tuple[Any, ...]


def paths(tree: Any, at: Path_ = ()) -> Iterator[Path_]:
    """Every node below the root, by the keys that lead to it."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in pairs:
        yield (*at, key)
        yield from paths(value, (*at, key))


def at(tree: Any, path: Path_) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def changed(tree: Any, path: Path_, change: Callable[[Any, Any], Any]) -> Any:
    """The tree with ``change`` made to the container of the node, which is copied with all above it."""
    if len(path) == 1:
        return change(copy.copy(tree), path[0])
    below = copy.copy(tree)
    below[path[0]] = changed(tree[path[0]], path[1:], change)
    return below


def put(value: Any) -> Callable[[Any, Any], Any]:
    def change(container: Any, key: Any) -> Any:
        container[key] = value
        return container

    return change


def gone(container: Any, key: Any) -> Any:
    del container[key]
    return container


def twice(container: Any, key: Any) -> Any:
    if isinstance(container, list):
        container[key:key] = [container[key]] * 2
    else:
        container[key] = [container[key], container[key]]
    return container


def many_of(value: Any) -> list[Any]:
    """Five thousand of a list's first entry, each under a name and an id of its own."""
    first = value[0]
    if isinstance(first, str):
        return [f"{first} {n}" for n in range(MANY)]
    if not isinstance(first, dict):
        return [first] * MANY
    named = [
        key for key, said in first.items() if key in ("name", "title", "id", "mal_id") and not isinstance(said, dict)
    ]
    return [
        first | {key: f"{first[key]} {n}" if isinstance(first[key], str) else n + 1 for key in named}
        for n in range(MANY)
    ]


@dataclass(frozen=True, slots=True)
class Place:
    """What a fault may look at: the tree, the title's own ids, and another title's answer of the same kind."""

    draw: st.DrawFn
    tree: Any
    own: str
    other: Any

    def any_path(self, is_meant: Callable[[Any], bool] = lambda _: True) -> Path_ | None:
        """A node drawn by chance; ``None`` where there is none that is meant."""
        meant = [path for path in paths(self.tree) if is_meant(at(self.tree, path))]
        return meant[self.draw(st.integers(0, len(meant) - 1))] if meant else None

    def with_node(self, change: Callable[[Any, Any], Any], path: Path_ | None) -> Any:
        return self.tree if path is None else changed(self.tree, path, change)

    def with_text(self, texts: tuple[Any, ...], *, is_mixed: bool = False) -> Any:
        path = self.any_path(lambda value: isinstance(value, str))
        value = texts[self.draw(st.integers(0, len(texts) - 1))]
        if path is not None and is_mixed and self.draw(st.booleans()):
            value = f"{at(self.tree, path)}{value}"
        return self.with_node(put(value), path)


def contradicted(place: Place) -> Any:
    """What another title says in the same place."""
    path = place.any_path()
    try:
        return place.with_node(put(at(place.other, path or ())), path)
    except (KeyError, IndexError, TypeError):
        return place.with_node(gone, path)


def spliced(place: Place) -> Any:
    """Anything another title says, in any place."""
    taken = Place(place.draw, place.other, place.own, None).any_path()
    return place.with_node(put(at(place.other, taken or ())), place.any_path())


def multiplied(place: Place) -> Any:
    path = place.any_path(lambda value: isinstance(value, list) and bool(value))
    return place.tree if path is None else place.with_node(put(many_of(at(place.tree, path))), path)


FAULTS: tuple[tuple[int, Callable[[Place], Any]], ...] = (
    (10, lambda place: place.with_node(gone, place.any_path())),
    (10, lambda place: place.with_node(twice, place.any_path())),
    (10, lambda place: place.with_node(put(ODD[place.draw(st.integers(0, len(ODD) - 1))]), place.any_path())),
    (10, lambda place: place.with_text(TEXTS, is_mixed=True)),
    (10, lambda place: place.with_text(DATES)),
    (10, contradicted),
    (10, spliced),
    (3, lambda place: _own_ids(place.tree, place.own)),
    (3, lambda place: place.other),
    (1, multiplied),
    (1, lambda place: place.with_text((LONG,))),
)
"""Each with how often it is drawn; those that make an answer of megabytes seldom."""
_FAULTS = tuple(fault for weight, fault in FAULTS for _ in range(weight))


@st.composite
def spoilt_json(draw: st.DrawFn, tree: Any, title: Recorded, other: Any) -> Any:
    """One fault in a JSON tree. ``other`` is the tree of another title to take values from."""
    own = sorted({id_ for ids in title.ids.values() for id_ in ids} or {"1"})
    fault = _FAULTS[draw(st.integers(0, len(_FAULTS) - 1))]
    return fault(Place(draw, tree, own[draw(st.integers(0, len(own) - 1))], other))


MARKUP_FAULTS = (*("gone", "twice", "text", "date", "attribute", "splice", "empty") * 8, "many", "long")


def _own_ids(tree: Any, own: str) -> Any:
    """Every id below a relation is the title's own: it is its own sequel, prequel and side story."""
    if isinstance(tree, list):
        return [_own_ids(one, own) for one in tree]
    if not isinstance(tree, dict):
        return tree
    return {key: _with_id(one, own) if "relation" in key.lower() else _own_ids(one, own) for key, one in tree.items()}


def _with_id(tree: Any, own: str) -> Any:
    if isinstance(tree, list):
        return [_with_id(one, own) for one in tree]
    if not isinstance(tree, dict):
        return tree
    return {
        key: type(one)(own) if key in ("id", "mal_id", "idMal") and isinstance(one, int | str) and own.isdigit()
        else _with_id(one, own)
        for key, one in tree.items()
    }  # fmt: skip


@st.composite
def spoilt_markup(draw: st.DrawFn, root: Any, title: Recorded, other: Any) -> Any:
    """One fault in a tree of elements."""
    root = copy.deepcopy(root)
    scripts = [one for one in root.iter("script") if one.text]
    if scripts and draw(st.booleans()):
        script = draw(st.sampled_from(scripts))
        try:
            linked = orjson.loads(script.text)
        except orjson.JSONDecodeError:
            linked = None
        if isinstance(linked, dict):
            text = orjson.dumps(_plain(draw(spoilt_json(linked, title, linked)))).decode()
            script.text = text
            return root
    elements = [one for one in root.iter("*") if one.getparent() is not None]
    element = draw(st.sampled_from(elements))
    fault = draw(st.sampled_from(MARKUP_FAULTS))
    parent = element.getparent()
    if fault == "gone":
        parent.remove(element)
    elif fault in ("twice", "many"):
        for _ in range(1 if fault == "twice" else MANY // 10):
            parent.append(copy.deepcopy(element) if len(element) < 20 else element)
    elif fault == "splice":
        parent.append(copy.deepcopy(draw(st.sampled_from(list(other.iter("*"))))))
    elif fault == "attribute" and element.attrib:
        name = draw(st.sampled_from(sorted(element.attrib)))
        element.set(name, draw(st.sampled_from(("", "?", "-1", "0", "9" * 40, "javascript:x", "//", "http://["))))
    elif fault == "empty":
        element.clear()
    else:
        texts = {"date": DATES, "long": (LONG,)}.get(fault, TEXTS)
        text = str(draw(st.sampled_from(texts)))
        element.text = text if text is LONG else _printable(text)
    return root


def _printable(text: str) -> str:
    """What a parser can hold: no NUL, no lone surrogate."""
    return "".join(
        letter for letter in text if letter in "\n\t" or (ord(letter) >= 32 and not 0xD800 <= ord(letter) < 0xE000)
    )


def _plain(tree: Any) -> Any:
    """What can stand in a page's script."""
    if isinstance(tree, dict):
        return {_printable(key): _plain(one) for key, one in tree.items()}
    if isinstance(tree, list):
        return [_plain(one) for one in tree]
    if isinstance(tree, str):
        return _printable(tree).replace("</", "")
    return tree if not isinstance(tree, int) or abs(tree) < 2**63 else str(tree)


@st.composite
def spoilt_body(draw: st.DrawFn, body: bytes) -> bytes:
    """A body that was cut, is empty, is something else, or has noise in it."""
    fault = draw(st.sampled_from(("cut", "empty", "page", "noise", "null")))
    if fault == "cut":
        return body[: draw(st.integers(0, len(body)))]
    if fault == "noise":
        where = draw(st.integers(0, len(body)))
        return body[:where] + draw(st.binary(min_size=1, max_size=8)) + body[where:]
    return {"empty": b"", "page": b"<html><body>Just a moment...</body></html>", "null": b"null"}[fault]


@st.composite
def spoilt_title(
    draw: st.DrawFn, titles: tuple[Recorded, ...]
) -> tuple[Recorded, dict[tuple[Platform, str], dict[str, Any]]]:
    """A title with one to four faults in its answers: unspoilt parts as :class:`Answer`, spoilt ones as bytes."""
    title = draw(st.sampled_from(titles))
    answers = {(one.platform, one.id, one.kind): one for one in title.answers}
    spoilt: dict[tuple[Platform, str, str], Answer | bytes] = dict(answers)
    for _ in range(draw(st.integers(1, 4))):
        key = draw(st.sampled_from(sorted(answers)))
        answer = spoilt[key]
        if isinstance(answer, bytes):
            continue
        if draw(st.integers(0, 19)) == 0:
            spoilt[key] = draw(spoilt_body(answer.body()))
            continue
        alike = [one for other in titles for one in other.answers if one.platform is key[0] and one.kind == key[2]]
        other = alike[draw(st.integers(0, len(alike) - 1))]
        if answer.markup is None:
            spoilt[key] = replace(answer, json=draw(spoilt_json(answer.json, title, _readdressed(other, answer))))
        else:
            spoilt[key] = replace(answer, markup=draw(spoilt_markup(answer.markup, title, other.markup)))
    parts: dict[tuple[Platform, str], dict[str, Any]] = {}
    for (platform, id_, kind), one in spoilt.items():
        parts.setdefault((platform, id_), {})[kind] = one
    return title, parts


def _readdressed(other: Answer, own: Answer) -> Any:
    """Another title's answer under this title's id: a platform that mixes up two shows."""
    if isinstance(other.json, dict) and isinstance(own.json, dict):
        for key in ("id", "mal_id", "route"):
            if key in own.json:
                return other.json | {key: own.json[key]}
        data, mine = other.json.get("data"), own.json.get("data")
        if isinstance(data, dict) and isinstance(mine, dict):
            return other.json | {"data": data | {key: mine[key] for key in ("id", "mal_id") if key in mine}}
    return other.json
