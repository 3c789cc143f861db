"""AniDB's ``<resources>``: ids of the title elsewhere, and the pages they lead to.

Several identifiers in one entity belong together (TMDB: number and ``tv``) and are joined by a slash.
"""

from collections.abc import Iterator
from urllib.parse import quote

from pipeline.domain.names import LinkKind
from pipeline.domain.source_title import ForeignId, Link
from pipeline.platforms._links import absolute_url, host_of
from pipeline.platforms._notes import Notes
from pipeline.platforms.anidb.words import RESOURCES, Website
from pipeline.platforms.anidb.xml import Node

__all__ = ["convert_resources", "episode_streams"]


def convert_resources(root: Node, notes: Notes) -> tuple[tuple[ForeignId, ...], tuple[Link, ...]]:
    """Ids and links, each once."""
    ids: dict[ForeignId, None] = {}
    links: dict[Link, None] = {}
    for number, entity in _entities(root, "resources/resource"):
        known = RESOURCES.get(number)
        if known is None:
            notes.note_drift("resources.type", number)
        names = [line for node in entity.children("identifier") if (line := node.line) is not None]
        if names:
            ids[ForeignId(known.site if known else f"resource {number}", "/".join(names))] = None
        for link in _links(known, number, entity, names):
            links[link] = None
    return tuple(ids), tuple(links)


def _entities(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    for resource in node.children(path):
        number = resource.attribute("type")
        if number is not None:
            yield from ((number, entity) for entity in resource.children("externalentity"))


def _links(known: Website | None, number: str, entity: Node, names: list[str]) -> Iterator[Link]:
    for node in entity.children("url"):
        url = absolute_url(node.content)
        if url is not None and known is not None:
            yield Link(url, known.label, known.kind, known.language)
        elif url is not None:
            yield Link(url, host_of(url), LinkKind.OTHER, note=f"resource {number}")
    if known is None or known.page is None or not names:
        return
    if "{1}" in known.page and len(names) < 2:
        return
    url = absolute_url(known.page.format(*(quote(name, safe="-._~/:,()") for name in names)))
    if url is not None:
        yield Link(url, known.label, known.kind, known.language)


def episode_streams(episode: Node) -> tuple[Link, ...]:
    """Where an episode can be watched, as far as its page can be built from the id."""
    made = (
        Link(f"https://www.crunchyroll.com/watch/{quote(name)}", "Crunchyroll", LinkKind.STREAMING)
        for number, entity in _entities(episode, "resources/resource")
        if number == "28" and (name := entity.text("identifier")) is not None
    )
    return tuple(dict.fromkeys(made))
