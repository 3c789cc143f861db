"""Studios, producers and licensors: one company under all its spellings.

A company is compared by its name without its legal form (``Inc.``, ``Co., Ltd.``) and without spaces and signs. Of
studios a longer name is the shorter one's where nobody names both (``CoMix Wave``, ``CoMix Wave Films``). AniList took
over MyAnimeList's numbers: one number in one title is one company (38 of the 38 recorded), however it is written.
Who appears as a studio here and as a producer there stays in both lists: platforms mean different things by them.
AniList tells main studios from all other companies, and notes which of those animate for anybody at all. So one of
its "others" is a licensor where another platform says so, a studio of this work only where another platform says so or
where AniList names no main one, and else a producer, as on AniList's own pages.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from pipeline.domain.claims import Chosen
from pipeline.domain.names import CompanyRole, Source
from pipeline.domain.record import CompanyRecord
from pipeline.domain.source_title import Company
from pipeline.domain.text import CACHE, clean, norm
from pipeline.domain.title import CatalogueRow, StageInput
from pipeline.stages.choose import collected, in_order
from pipeline.stages.weights import STAFF

__all__ = ["choose_companies", "company_key"]

_LEGAL_FORM: Final = re.compile(
    r"\b(?:co ltd|company limited|co|ltd|limited|inc|incorporated|llc|lp|corp|corporation|gmbh|plc|kk|"
    r"kabushiki gaisha|kabushiki kaisha)$"
)
_LEGAL_KANJI: Final = re.compile(r"株式会社|有限会社|合同会社|\(株\)")
_STUDIO: Final = re.compile(r"^studios? | studios?$")
_SPELLING_WEIGHT: Final = {**STAFF, Source.CATALOGUE: 0.05}
"""Whose spelling is shown; the catalogue writes everything in small letters."""


@dataclass(frozen=True, slots=True)
class _Named:
    """A company of a source. ``key``: what makes it one with others."""

    source: Source
    company: Company
    key: str


@lru_cache(maxsize=CACHE)
def company_key(name: str) -> str:
    """What makes two names one company. Never empty: a name that is all legal form stays itself."""
    spelled = name.replace("\u00b2", " squared")  # EMT², which says it that way
    whole = norm(_LEGAL_KANJI.sub(" ", spelled)) or norm(spelled)
    short = whole
    while (shorter := _LEGAL_FORM.sub("", short).strip()) and shorter != short:
        short = shorter
    bare = _STUDIO.sub("", short).replace(" ", "")
    return bare if len(bare) > 2 else short.replace(" ", "")


def choose_companies(inputs: StageInput, role: CompanyRole, *, version: int) -> Chosen[list[CompanyRecord]]:
    """All companies of one role: main studios first, then those most platforms name."""
    pairs = [(one.source, company) for one in in_order(inputs) for company in one.companies]
    numbered = {company.id: company_key(company.name) for source, company in pairs if source is Source.MAL}
    named = [_named(source, company, numbered) for source, company in pairs]
    named = [*_helpers_apart(_licensors_apart(named)), *_of_row(inputs.title.row, role)]
    groups: dict[str, list[_Named]] = {}
    for one in named:
        if one.company.role is role and clean(one.company.name):
            groups.setdefault(one.key, []).append(one)
    if role is CompanyRole.STUDIO:
        groups = _joined(groups)
    records = sorted(map(_record, groups.values()), key=_rank)
    spoke = [source for record in records for source in record.sources]
    return collected(records, spoke, rule=f"rule:companies_united@{version}")


def _named(source: Source, company: Company, numbered: Mapping[str | None, str]) -> _Named:
    key = numbered.get(company.id) if source is Source.ANILIST and company.id else None
    return _Named(source, company, key or company_key(company.name))


def _licensors_apart(named: Sequence[_Named]) -> list[_Named]:
    """AniList's companies in the role others give them: licensors whom nobody else calls a producer."""
    by_role: dict[CompanyRole, set[str]] = {}
    for one in named:
        if one.source is not Source.ANILIST:
            by_role.setdefault(one.company.role, set()).add(one.key)
    licensors = by_role.get(CompanyRole.LICENSOR, set()) - by_role.get(CompanyRole.PRODUCER, set())
    return [
        _Named(one.source, replace(one.company, role=CompanyRole.LICENSOR, is_main=None), one.key)
        if _is_vague(one, licensors)
        else one
        for one in named
    ]


def _is_vague(one: _Named, licensors: set[str]) -> bool:
    is_rest = one.source is Source.ANILIST and one.company.role is CompanyRole.PRODUCER
    return is_rest and one.key in licensors


def _helpers_apart(named: Sequence[_Named]) -> list[_Named]:
    """AniList's studios that are not main and that nobody else calls a studio, as producers: they helped."""
    studios = [one for one in named if one.company.role is CompanyRole.STUDIO]
    if not any(one.source is Source.ANILIST and one.company.is_main for one in studios):
        return list(named)
    others = {one.key for one in studios if one.source is not Source.ANILIST}
    return [
        _Named(one.source, replace(one.company, role=CompanyRole.PRODUCER), one.key)
        if _is_helper(one) and one.key not in others
        else one
        for one in named
    ]


def _is_helper(one: _Named) -> bool:
    company = one.company
    return one.source is Source.ANILIST and company.role is CompanyRole.STUDIO and company.is_main is False


def _joined(groups: Mapping[str, Sequence[_Named]]) -> dict[str, list[_Named]]:
    """Groups whose name begins with another's, word by word, put to that one unless somebody names both."""
    joined: dict[str, list[_Named]] = {}
    said_by: dict[str, set[Source]] = {}
    called: dict[str, set[str]] = {}  # names, and whose they are: of 5,000 studios not all pairs are looked at
    for key in sorted(groups, key=_shortest_first):
        names = {norm(one.company.name) for one in groups[key]}
        own = {one.source for one in groups[key]}
        begun = {home for name in names for start in _beginnings(name, called) for home in called[start]}
        shorter = (home for home in sorted(begun, key=_shortest_first) if _is_either(own, said_by[home]))
        home = next(shorter, key)
        joined.setdefault(home, []).extend(groups[key])
        said_by.setdefault(home, set()).update(own)
        for name in names:
            called.setdefault(name, set()).add(home)
    return joined


def _shortest_first(key: str) -> tuple[int, str]:
    return len(key), key


def _beginnings(name: str, called: Container[str]) -> Iterator[str]:
    """The first words of a name, where those are somebody's whole name."""
    end = name.find(" ")
    while end >= 0:
        if name[:end] in called:
            yield name[:end]
        end = name.find(" ", end + 1)


def _is_either(own: set[Source], theirs: set[Source]) -> bool:
    """Whether nobody names both. The catalogue has the spellings of all, so beside platforms its word is none."""
    return (own - {Source.CATALOGUE} or own).isdisjoint(theirs - {Source.CATALOGUE} or theirs)


def _of_row(row: CatalogueRow, role: CompanyRole) -> Iterable[_Named]:
    names = {CompanyRole.STUDIO: row.studios, CompanyRole.PRODUCER: row.producers}.get(role, ())
    return [_Named(Source.CATALOGUE, Company(name, role), company_key(name)) for name in names]


def _record(same: Sequence[_Named]) -> CompanyRecord:
    ranked = sorted(same, key=_spelling)
    spellings: dict[str, str] = {}
    for one in ranked:
        spellings.setdefault(clean(one.company.name).casefold(), clean(one.company.name))
    shown, *aliases = spellings.values()
    said_main = [one.company.is_main for one in ranked if one.company.is_main is not None]
    ids: dict[str, str] = {}
    for one in ranked:
        if one.company.id:
            ids.setdefault(one.source.value, one.company.id)
    return CompanyRecord(
        name=shown,
        is_main=any(said_main) if said_main else None,
        aliases=aliases,
        ids=dict(sorted(ids.items())),
        sources=sorted({one.source for one in same}),
    )


def _spelling(one: _Named) -> tuple[bool, float, str, str]:
    """A name in both cases before one in capitals or small letters only, then the weightier platform's."""
    name = clean(one.company.name)
    return name.isupper() or name.islower(), -_SPELLING_WEIGHT.get(one.source, 0.0), name, one.company.id or ""


def _rank(record: CompanyRecord) -> tuple[bool, float, str]:
    weight = sum(_SPELLING_WEIGHT.get(source, 0.0) for source in record.sources)
    return record.is_main is not True, -round(weight, 9), record.name.casefold()
