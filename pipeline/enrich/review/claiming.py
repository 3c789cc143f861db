"""Ids of a title, as questions a person can answer with yes or no: those its row lists, and those platforms say.

An id that the row lists can be said not to be the title's. To give a title an id where the catalogue says otherwise is
refused with the reason: what the catalogue says has to be refused first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.catalogue import parse_id
from pipeline.domain.claims import OpenQuestion
from pipeline.domain.names import Site, Source
from pipeline.domain.review import OWN_ID, Lock, answer_of
from pipeline.domain.source_title import SourceTitle
from pipeline.domain.title import id_key
from pipeline.errors import BadInput
from pipeline.ledger import Ledger
from pipeline.ledger.learned import StoredId
from pipeline.ledger.review import id_decided
from pipeline.ledger.titles import StoredTitle

__all__ = ["IdClaim", "ask_id", "check_id", "claims_of", "spelled_id"]


@dataclass(frozen=True, slots=True)
class IdClaim:
    """An id, who says that it is the title's, and what became of it; ``is_used``: platforms are asked by it."""

    site: Site
    id: str
    said_by: tuple[Source, ...] = ()
    is_used: bool = False
    note: str = ""

    @property
    def key(self) -> str:
        """``kitsu:5``."""
        return id_key(self.site, self.id)

    @property
    def told(self) -> str:
        """What became of it."""
        return "in use" if self.is_used else f"refuted: {self.note}" if self.note else "not in use"


def spelled_id(name: str) -> str:
    """The name of a question about an id as it is kept. Raises ``BadInput`` for what is no id."""
    return f"{OWN_ID}:{id_key(*parse_id(name.partition(':')[2]))}"


def claims_of(
    title: StoredTitle, sources: Sequence[SourceTitle], stored: Iterable[StoredId], locks: Iterable[Lock]
) -> dict[str, IdClaim]:
    """Every id that somebody says, that was learned or decided of, of sites the row does not list; then the row's."""
    said: dict[tuple[Site, str], set[Source]] = {}
    for source in sources:
        for one in source.identifiers:
            if isinstance(one.site, Site) and one.site.value != source.source.value:
                try:
                    said.setdefault(parse_id(id_key(one.site, one.id)), set()).add(source.source)
                except BadInput:
                    continue
    kept = {(one.site, one.id): one for one in stored}
    decided = filter(None, map(id_decided, locks))
    listed = {(site, id_) for site, ids in title.ids.items() for id_ in ids}
    for key in {*listed, *title.refused}:
        said.setdefault(key, set()).add(Source.CATALOGUE)
    keys = listed | {key for key in (*said, *kept, *decided) if key[0] not in title.ids}
    return {
        id_key(*key): IdClaim(
            *key,
            tuple(sorted({*said.get(key, ()), *(kept[key].said_by if key in kept else ())})),
            key in listed or (key in kept and kept[key].status == "learned"),
            kept[key].evidence if key in kept else "",
        )
        for key in sorted(keys, key=lambda key: (key in listed, key))
    }


def ask_id(claim: IdClaim) -> OpenQuestion:
    """Whether an id is the title's; meanwhile it is as far as platforms are asked by it."""
    who = " and ".join(source.value for source in claim.said_by) or "nobody"
    told = f"whether {claim.key} is this title's, said by {who}; {claim.told}"
    options, kept = ("it is this title's", "it is not"), int(not claim.is_used)
    return OpenQuestion("identity", OWN_ID, told, options, kept, 0.5, (claim.key,), ("yes", "no"))


def check_id(ledger: Ledger, title: StoredTitle, lock: Lock) -> None:
    """Raises ``BadInput`` where an id is to be given against the catalogue, or another decision has to go first."""
    key = id_decided(lock)
    if key is None:
        return
    name, is_own = id_key(*key), answer_of(lock)[0] == "yes"
    here = title.ids.get(key[0], ())
    if is_own and here:
        listed = " and ".join(id_key(key[0], id_) for id_ in here)
        wrong = (
            ""
            if key[1] in here
            else (
                f"; if that is wrong, first `anime-enrich review resolve {title.title_id} "
                f"{OWN_ID}:{id_key(key[0], here[0])} --value no`"
            )
        )
        raise BadInput(f"{name!r} cannot be given to {title.name!r}: the catalogue lists {listed} for it{wrong}")
    owner = ledger.titles.known_ids([key]).get(name, title.title_id)
    if is_own and owner != title.title_id:
        (other,) = ledger.titles.load([owner])
        raise BadInput(
            f"{name!r} cannot be given to {title.name!r}: the catalogue lists it for {other.name!r} ({owner}); if that "
            f"is wrong, first `anime-enrich review resolve {owner} {OWN_ID}:{name} --value no`"
        )
    _check_others(ledger, title, key, is_own=is_own)


def _check_others(ledger: Ledger, title: StoredTitle, key: tuple[Site, str], *, is_own: bool) -> None:
    given = ledger.review.own_ids()
    owner, lock = given.get(key, (title.title_id, None))
    if is_own and lock is not None and owner != title.title_id:
        (other,) = ledger.titles.load([owner])
        raise BadInput(
            f"{id_key(*key)!r} was given to {other.name!r} ({owner}), {lock.told}; to give it to {title.name!r}, first "
            f"`anime-enrich review unlock {owner} {lock.field}`"
        )
    mine: Mapping[tuple[Site, str], Lock] = {one: lock for one, (of, lock) in given.items() if of == title.title_id}
    same_site = next((one for one in mine if one[0] is key[0] and one != key), None)
    if is_own and same_site is not None:
        raise BadInput(
            f"{title.name!r} was given {id_key(*same_site)!r}, {mine[same_site].told}; to give it {id_key(*key)!r}, "
            f"first `anime-enrich review unlock {title.title_id} {mine[same_site].field}`"
        )
