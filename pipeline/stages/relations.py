"""Stage 3: the works this one belongs with, each once, and how it relates to them.

A specific relation beats "other"; platforms that contradict each other cost confidence and leave a finding. Anime go
to ``related_anime``, everything else to ``relations``. The catalogue knows related anime by address only and not how
they relate: it adds works no platform names, as "other" at low confidence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType
from typing import Final

from pipeline.catalogue.ids import identify_url
from pipeline.domain.claims import Chosen, Claim, Finding, OpenQuestion
from pipeline.domain.drafts import RelationsDraft
from pipeline.domain.names import RelationKind, Site, Source
from pipeline.domain.record import RelatedWork
from pipeline.domain.source_title import Relation, SourceTitle
from pipeline.domain.thresholds import Choosing
from pipeline.domain.title import StageInput, id_key
from pipeline.errors import one_line
from pipeline.stages.choose import choose_weighted, heaviest, in_order, nobody_said
from pipeline.stages.names_of_work import fold
from pipeline.stages.originals import find_original
from pipeline.stages.weights import BASICS, TITLES
from pipeline.stages.works import Mention, Work, format_key, format_name, join_mentions

__all__ = ["VERSION", "decide", "work_keys"]

VERSION: Final = 3

_RULE: Final = "rule:relation_vote@2"
_KIND: Final = RelationKind
_INVERSE_PAIRS: Final = (
    frozenset({_KIND.PREQUEL, _KIND.SEQUEL}),
    frozenset({_KIND.PARENT, _KIND.SIDE_STORY}),
    frozenset({_KIND.SUMMARY, _KIND.FULL_STORY}),
    frozenset({_KIND.SOURCE, _KIND.ADAPTATION}),
    frozenset({_KIND.COMPILATION, _KIND.CONTAINS}),
)
_VAGUE: Final = MappingProxyType(
    {
        (Source.ANILIST, _KIND.ALTERNATIVE_VERSION): _KIND.ALTERNATIVE_SETTING,
        (Source.ANILIST, _KIND.PARENT): _KIND.FULL_STORY,
    }
)
"""AniList has one word for two of our kinds; the finer one of somebody else is no contradiction."""
_FRANCHISE_ONLY: Final = frozenset({Source.ANIME_PLANET, Source.CATALOGUE})
_PRINTED: Final = frozenset({"manga", "novel", "light novel", "one shot", "doujinshi", "manhwa", "manhua", "book"})
_BY_NAME: Final = 0.85
"""Confidence of two platforms' mentions being one work by name alone."""


@dataclass(frozen=True, slots=True)
class _Decided:
    work: RelatedWork
    passed_over: tuple[Claim[list[RelatedWork]], ...]
    findings: tuple[Finding, ...]
    question: OpenQuestion | None


def decide(inputs: StageInput) -> RelationsDraft:
    """Decide both lists of works."""
    sources = in_order(inputs)
    own = _own_keys(inputs, sources)
    mentions = [*_mentions(inputs, sources)]
    others = [mention for mention in mentions if not own.intersection(mention.keys)]
    works = join_mentions(others)
    unnamed = [*_catalogue_mentions(inputs, own, works)]
    works = join_mentions([*others, *unnamed])
    anime = [_decide(work, inputs) for work in works if work.is_anime]
    original = find_original(works, sources, inputs.title.row)
    rest = [_decide(work, inputs, is_original=work is original) for work in works if not work.is_anime]
    decided = sorted([*anime, *rest], key=lambda one: _place(one.work))
    itself = [mention.source for mention in mentions if own.intersection(mention.keys)]
    return RelationsDraft(
        related_anime=_chosen(anime),
        relations=_chosen(rest),
        questions=tuple(one.question for one in decided if one.question is not None),
        findings=(
            *(Finding("self_relation", "the work is named as related to itself", "related_anime", s) for s in itself),
            *(finding for one in decided for finding in one.findings),
        ),
    )


def _own_keys(inputs: StageInput, sources: Sequence[SourceTitle]) -> frozenset[str]:
    listed = [id_key(site, id_) for site, ids in inputs.title.ids.items() for id_ in ids]
    return frozenset({f"title:{inputs.title.title_id}", *listed, *(f"{one.source}:{one.id}" for one in sources)})


def _mentions(inputs: StageInput, sources: Sequence[SourceTitle]) -> Iterator[Mention]:
    number = count()  # twins of one platform may have the same id
    for one in sources:
        for relation in one.relations:
            yield _mention(inputs, one, relation, next(number))


def _mention(inputs: StageInput, one: SourceTitle, relation: Relation, number: int) -> Mention:
    is_anime = _is_anime(relation)
    ids = tuple(
        sorted({(_site(found.site), found.id) for found in relation.target_ids if found.id.strip() not in {"", "0"}})
    )
    keys = [f"{site}:{id_}" if is_anime else f"manga/{site}:{id_}" for site, id_ in ids]
    known = [f"title:{inputs.known_ids[key]}" for key in keys if key in inputs.known_ids]
    return Mention(
        source=one.source,
        is_anime=is_anime,
        kind=relation.kind,
        kind_text=relation.kind_text,
        keys=(*keys, *known) or (f"nameless:{one.source}:{one.id}:{number}",),
        ids=ids,
        title=relation.target_title,
        format=relation.target_format,
        year=relation.target_year,
        url=relation.target_url,
    )


def _is_anime(relation: Relation) -> bool:
    if relation.target_type is not None:
        return fold(relation.target_type) == "anime"
    return format_key(relation.target_format) not in _PRINTED


def _site(site: Site | str) -> str:
    return site.value if isinstance(site, Site) else site


def _catalogue_mentions(inputs: StageInput, own: frozenset[str], works: Sequence[Work]) -> Iterator[Mention]:
    """The row's related addresses: all of them when no platform names a work, else those the registry knows.

    An address nobody can identify may be a page of a work a platform already names; beside platforms it is left out.
    """
    has_platforms = any(work.is_anime for work in works)
    for url in sorted(set(inputs.title.row.related_anime)):
        found = identify_url(url)
        key = id_key(*found) if found else f"url:{url}"
        title_id = inputs.known_ids.get(key) or inputs.known_ids.get(url)
        keys = (key,) if title_id is None else (key, f"title:{title_id}")
        if not own.intersection(keys) and (title_id is not None or not has_platforms):
            ids = ((found[0].value, found[1]),) if found else ()
            yield Mention(Source.CATALOGUE, True, RelationKind.OTHER, "", keys, ids, url=url)


def _decide(work: Work, inputs: StageInput, *, is_original: bool = False) -> _Decided:
    claims = [(source, _KIND.SOURCE) for source, _ in _claims(work)] if is_original else _claims(work)
    voted = choose_weighted(claims, weights=BASICS, rule=_RULE, nobody=RelationKind.OTHER)
    kinds = {kind for _, kind in claims}
    sure = _confidence(work, voted, kinds, inputs.choosing)
    related = _related(work, voted.value, min(sure, _BY_NAME) if is_original else sure, inputs)
    unknown = sorted({mention.kind_text for mention in work.mentions if mention.kind is None})
    is_open = voted.conflict or (bool(unknown) and voted.value is RelationKind.OTHER)
    lost = tuple(
        Claim([related.model_copy(update={"relation": claim.value, "sources": list(claim.sources)})], claim.sources)
        for claim in voted.passed_over
    )
    findings = tuple(_findings(work, related, voted, unknown))
    question = _question(related, kinds, work_keys(related, is_anime=work.is_anime)) if is_open else None
    return _Decided(related, lost, findings, question)


def _claims(work: Work) -> list[tuple[Source, RelationKind]]:
    """Everybody's kind; "other" only where nobody is specific, and vague words read in the light of finer ones."""
    said = [(mention.source, mention.kind or RelationKind.OTHER) for mention in work.mentions]
    specific = [pair for pair in said if pair[1] is not RelationKind.OTHER] or said
    kinds = {kind for _, kind in specific}
    return [(source, _read(source, kind, kinds, is_anime=work.is_anime)) for source, kind in specific]


def _read(source: Source, kind: RelationKind, kinds: set[RelationKind], *, is_anime: bool) -> RelationKind:
    if not is_anime and kind is _KIND.ADAPTATION and _KIND.SOURCE in kinds:
        return _KIND.SOURCE  # MyAnimeList and Kitsu call the printed original "adaptation", in both directions
    finer = _VAGUE.get((source, kind))
    return finer if finer in kinds and finer is not None else kind


def _confidence(work: Work, voted: Chosen[RelationKind], kinds: set[RelationKind], cuts: Choosing) -> float:
    sure = voted.confidence
    if work.is_by_title:
        sure = min(sure, _BY_NAME)
    if voted.value is _KIND.OTHER and _FRANCHISE_ONLY.issuperset(voted.sources):
        sure = cuts.other_relation
    if any(pair <= kinds for pair in _INVERSE_PAIRS):
        sure -= cuts.inverse_cost
    return round(max(sure, 0.0), 4)


def _related(work: Work, kind: RelationKind, confidence: float, inputs: StageInput) -> RelatedWork:
    titles: list[tuple[Source, str | None]] = [(m.source, m.title) for m in work.mentions if m.title]
    formats: list[tuple[Source, str | None]] = [(m.source, m.format) for m in work.mentions if m.format]
    years: list[tuple[Source, int | None]] = [(m.source, m.year) for m in work.mentions if m.year is not None]
    return RelatedWork(
        relation=kind,
        title=heaviest(titles, weights=TITLES, nobody=None, key=lambda text: fold(text or "")),
        title_id=next((id_ for id_ in _known_titles(work) if id_ != inputs.title.title_id), None),
        format=format_name(heaviest(formats, weights=BASICS, nobody=None, key=format_key)),
        year=heaviest(years, weights=BASICS, nobody=None),
        ids={site: sorted(ids) for site, ids in sorted(work.ids().items())},
        urls=sorted({mention.url for mention in work.mentions if mention.url}),
        sources=sorted({mention.source for mention in work.mentions}),
        confidence=confidence,
    )


def _known_titles(work: Work) -> list[str]:
    keys = {key for mention in work.mentions for key in mention.keys if key.startswith("title:")}
    return sorted(key.removeprefix("title:") for key in keys)


def _findings(
    work: Work, related: RelatedWork, voted: Chosen[RelationKind], unknown: Sequence[str]
) -> Iterator[Finding]:
    name = related.title or next(iter(related.urls), "a work without a name")
    if voted.conflict:
        others = ", ".join(sorted(claim.value for claim in voted.passed_over))
        message = f"{name[:200]!r} is {related.relation} for {', '.join(voted.sources)}, for others {others}"
        yield Finding("relation_contradiction", message, "related_anime")
    if unknown and related.relation is RelationKind.OTHER:
        yield Finding("relation_unknown", f"{name[:200]!r} relates by {unknown[0][:80]!r}", "related_anime")
    if len(_known_titles(work)) > 1:
        message = f"{name[:200]!r} is one work for a platform, {len(_known_titles(work))} titles for the registry"
        yield Finding("relation_ids_disagree", message, "related_anime")


def _question(related: RelatedWork, kinds: set[RelationKind], keys: tuple[str, ...]) -> OpenQuestion:
    options = tuple(sorted(kinds)) if len(kinds) > 1 else tuple(RelationKind)
    subject = f"how {(related.title or 'a related work')[:120]!r} relates to this title"
    kept = options.index(related.relation)
    return OpenQuestion(
        "relations", "relation_kind", subject, tuple(options), kept, related.confidence, keys, tuple(options)
    )


def work_keys(work: RelatedWork, *, is_anime: bool) -> tuple[str, ...]:
    """Every name by which a related work can be found again, MyAnimeList's id first; its title where it has no id."""
    prefix = "" if is_anime else "manga/"
    sites = sorted(work.ids, key=lambda site: (site != Site.MAL, site))
    names = tuple(f"{prefix}{site}:{id_}" for site in sites for id_ in work.ids[site])
    return names or ((f"{prefix}named:{one_line(fold(work.title), 120)}",) if work.title else ())


def _place(work: RelatedWork) -> tuple[int, int, str, str]:
    order = list(RelationKind).index(work.relation)
    return order, work.year or 9999, fold(work.title or ""), work.model_dump_json()


def _chosen(decided: Sequence[_Decided]) -> Chosen[list[RelatedWork]]:
    if not decided:
        return nobody_said([])
    ranked = sorted(decided, key=lambda one: _place(one.work))
    works = [one.work for one in ranked]
    return Chosen(
        value=works,
        sources=tuple(sorted({source for work in works for source in work.sources})),
        rule=_RULE,
        confidence=round(sum(work.confidence for work in works) / len(works), 4),
        passed_over=tuple(claim for one in ranked for claim in one.passed_over),
        conflict=any(one.passed_over for one in ranked),
    )
