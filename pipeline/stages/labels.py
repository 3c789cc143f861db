"""Genres, themes, demographics and warnings by vote over the crosswalk; everything without a row is a free tag.

A label's score is the weighted strength over the sources that have the concept and supplied any labels for this
title: a platform without labels is silent, one with labels that leaves it out speaks against it. AnimeSchedule has no
column in the table, so its silence says nothing. The catalogue's tags are the platforms' own, mixed and unnamed:
a copy counts once, so it votes only where no platform supplied labels, and on demographics, of which it has
MyAnimeList's, where MyAnimeList was not heard and nobody else names one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pipeline.domain.claims import Chosen, Claim, Finding, OpenQuestion
from pipeline.domain.names import LabelKind, Source
from pipeline.domain.record import TagRecord
from pipeline.domain.review import Lock
from pipeline.domain.source_title import Label, SourceTitle
from pipeline.domain.thresholds import Choosing
from pipeline.domain.title import CatalogueRow
from pipeline.stages.answered import SYNOPSIS, LabelAnswers, ask_label, label_name, term_names
from pipeline.stages.choose import collected, nobody_said
from pipeline.stages.vocabulary import Row, Support, label_key, structural_ids, vocabulary
from pipeline.stages.weights import LABELS

__all__ = ["ChosenLabels", "choose_labels"]

_RULE: Final = "rule:label_vote@1"
_COPIED: Final = "rule:copied_label@1"
_IDOLS: Final = {"Idols (Female)": "primarily female cast", "Idols (Male)": "primarily male cast"}
_MIXED_STRENGTH: Final = 0.5
"""Strength of a tag only the catalogue has: somebody uses it, nobody says how much."""


@dataclass(frozen=True, slots=True)
class ChosenLabels:
    """The decisions on labels, in the record's words."""

    genres: Chosen[list[str]]
    themes: Chosen[list[str]]
    demographics: Chosen[list[str]]
    content_warnings: Chosen[list[str]]
    tags: Chosen[list[TagRecord]]
    questions: tuple[OpenQuestion, ...]
    findings: tuple[Finding, ...] = ()


_Said = Mapping[Source, Sequence[Label]]


@dataclass(slots=True)
class _Poll:
    """Who supports one row and how strongly."""

    row: Row
    by: dict[Source, float] = field(default_factory=dict)
    labels: list[tuple[Source, Label]] = field(default_factory=list)

    def add(self, source: Source, strength: float) -> None:
        self.by[source] = max(self.by.get(source, 0.0), strength)

    @property
    def is_told(self) -> bool:
        """Whether a person said that it belongs."""
        return Source.REVIEW in self.by

    def score(self, spoke: Iterable[Source]) -> float:
        if self.is_told:
            return 1.0
        voters = sorted(source for source in spoke if source in self.by or source in self.row.had_by)
        total = sum(LABELS.get(source, 0.1) for source in voters)
        return round(sum(LABELS.get(s, 0.1) * self.by.get(s, 0.0) for s in voters) / total, 6) if total else 0.0

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(sorted(self.by))


def choose_labels(
    sources: Sequence[SourceTitle],
    row: CatalogueRow,
    cuts: Choosing,
    *,
    synopsis_words: int,
    answers: Sequence[Lock] = (),
) -> ChosenLabels:
    """Decide all labels of one work. ``answers`` are persons' words on what labels mean here."""
    told = LabelAnswers.of(answers)
    said = _labels(sources, told)
    mixed = [Label(tag, LabelKind.TAG) for tag in row.tags if label_key(tag)]
    voting: _Said = said or ({Source.CATALOGUE: mixed} if mixed else {})
    answered = [tag for tag in mixed if told.rows(Source.CATALOGUE, tag) is not None]
    silent = [tag for tag in mixed if tag not in answered]
    polls, free = _count(voting, cuts, told, aside=answered if said else ())
    scores = {poll.row: poll.score(voting) for poll in polls}
    ranked = sorted(polls, key=lambda poll: (-scores[poll.row], poll.row.name))
    voted = {kind: [poll for poll in ranked if poll.row.kind is kind] for kind in LabelKind}
    genres = _cut(voted[LabelKind.GENRE], scores, cuts)
    themes = _cut(voted[LabelKind.THEME], scores, cuts)
    demographics = _demographics(voted[LabelKind.DEMOGRAPHIC], scores, cuts, [] if Source.MAL in said else mixed)
    warnings = _warnings(voted[LabelKind.WARNING], cuts)
    return ChosenLabels(
        genres=replace(genres, evidence=told.evidence(LabelKind.GENRE)),
        themes=replace(themes, evidence=told.evidence(LabelKind.THEME)),
        demographics=replace(demographics, evidence=told.evidence(LabelKind.DEMOGRAPHIC)),
        content_warnings=replace(warnings, evidence=told.evidence(LabelKind.WARNING)),
        tags=_tags(free, silent if said else []),
        questions=_questions(ranked, scores, cuts, len(genres.value) + len(themes.value), synopsis_words),
        findings=tuple(told.findings()),
    )


def _labels(sources: Sequence[SourceTitle], told: LabelAnswers) -> dict[Source, list[Label]]:
    """What each platform says; a label that was said to be nothing is as good as never said."""
    said: dict[Source, list[Label]] = {}
    for one in sources:
        labels = [label for label in one.labels if label_key(label.name) and not _is_structural(one.source, label)]
        labels = [label for label in labels if told.rows(one.source, label) != ()]
        if labels:
            said.setdefault(one.source, []).extend(labels)
    return said


def _is_structural(source: Source, label: Label) -> bool:
    return source is Source.ANIDB and label.id is not None and label.id in structural_ids()


def _count(
    said: _Said, cuts: Choosing, told: LabelAnswers, aside: Iterable[Label]
) -> tuple[list[_Poll], list[tuple[Source, Label]]]:
    """Sort every label to the rows it supports, a person's word first; labels without a row come back as they are.

    ``aside`` are tags of the catalogue that do not vote and were given a meaning all the same.
    """
    polls: dict[Row, _Poll] = {}
    free: list[tuple[Source, Label]] = []
    idols = _idol_rows(said)
    for source in sorted(said):
        for label in said[source]:
            if (rows := told.rows(source, label)) is not None:
                for row in rows:
                    _tell(polls, row).add(source, 1.0)
                continue
            supports = [one for one in vocabulary().supports(source, label) if _is_open(one, source, idols)]
            for support in supports:
                poll = polls.setdefault(support.row, _Poll(support.row))
                poll.add(source, _strength(source, label, support, cuts))
                poll.labels.append((source, label))
            if not supports:
                free.append((source, label))
    for tag in aside:
        for row in told.rows(Source.CATALOGUE, tag) or ():
            _tell(polls, row).add(Source.CATALOGUE, 1.0)
    for row in told.of_synopsis():
        _tell(polls, row)
    return list(polls.values()), free


def _tell(polls: dict[Row, _Poll], row: Row) -> _Poll:
    poll = polls.setdefault(row, _Poll(row))
    poll.add(Source.REVIEW, 1.0)
    return poll


def _strength(source: Source, label: Label, support: Support, cuts: Choosing) -> float:
    strength = min(max(label.strength, 0.0), 1.0)
    if source is Source.ANIDB and not strength and support.row.kind is LabelKind.DEMOGRAPHIC:
        strength = 1.0  # AniDB gives its target audiences no weight: 0 is "unweighted" there
    return strength * (cuts.narrower if support.is_narrower else 1.0)


def _is_open(support: Support, source: Source, idols: frozenset[str]) -> bool:
    return support.row.name not in _IDOLS or source is Source.MAL or support.row.name in idols


def _idol_rows(said: _Said) -> frozenset[str]:
    """Which of the two idol rows is meant: only MyAnimeList splits them, else AniList's tags on the cast decide."""
    named = {label_key(label.name) for label in said.get(Source.MAL, ())}
    by_mal = {name for name in _IDOLS if label_key(name) in named}
    cast = {label_key(label.name) for label in said.get(Source.ANILIST, ())}
    return frozenset(by_mal or {name for name, tag in _IDOLS.items() if label_key(tag) in cast})


def _cut(polls: Sequence[_Poll], scores: Mapping[Row, float], cuts: Choosing) -> Chosen[list[str]]:
    kept = [poll for poll in polls if scores[poll.row] >= cuts.label_kept]
    return _chosen(polls, kept, [scores[poll.row] for poll in kept])


def _chosen(polls: Sequence[_Poll], kept: Sequence[_Poll], sure: Sequence[float]) -> Chosen[list[str]]:
    """The kept names, best first; those below the cut are passed over. Confidence is the mean score."""
    if not polls:
        return nobody_said([])
    lost = tuple(Claim([poll.row.name], poll.sources) for poll in polls if poll not in kept)
    who = tuple(sorted({source for poll in kept for source in poll.sources}))
    confidence = round(sum(sure) / len(sure), 4) if sure else 0.5
    return Chosen([poll.row.name for poll in kept], who, _RULE, min(confidence, 0.97), lost)


def _demographics(
    polls: Sequence[_Poll], scores: Mapping[Row, float], cuts: Choosing, mixed: Sequence[Label]
) -> Chosen[list[str]]:
    """MyAnimeList's word, else AniList's, else the vote, else the catalogue's copy of a word we did not hear."""
    for source in (Source.MAL, Source.ANILIST):
        if any(poll.by.get(source, 0.0) > 0.0 for poll in polls):
            kept = [poll for poll in polls if poll.by.get(source, 0.0) > 0.0 or poll.is_told]
            kept.sort(key=lambda poll: poll.row.name)
            return _chosen(polls, kept, [0.9] * len(kept))
    if polls:
        return _cut(polls, scores, cuts)
    copied = {one.row for tag in mixed for one in vocabulary().supports(Source.CATALOGUE, tag)}
    found = sorted(row.name for row in copied if row.kind is LabelKind.DEMOGRAPHIC)
    return collected(found, [Source.CATALOGUE] if found else [], rule=_COPIED)


def _warnings(polls: Sequence[_Poll], cuts: Choosing) -> Chosen[list[str]]:
    """Everything anybody warns of, most severe first."""
    severity = {poll.row: max(poll.by.values()) for poll in polls}
    kept = sorted(
        (poll for poll in polls if severity[poll.row] >= cuts.warning_floor),
        key=lambda poll: (-severity[poll.row], poll.row.name),
    )
    return _chosen(polls, kept, [0.9 if len(poll.by) > 1 else 0.75 for poll in kept])


def _tags(free: Sequence[tuple[Source, Label]], mixed: Sequence[Label]) -> Chosen[list[TagRecord]]:
    merged: dict[str, list[tuple[Source, Label]]] = {}
    unrowed = [(Source.CATALOGUE, tag) for tag in mixed if not vocabulary().supports(Source.CATALOGUE, tag)]
    for source, label in (*free, *unrowed):
        merged.setdefault(label_key(label.name), []).append((source, label))
    tags = sorted((_tag(uses) for uses in merged.values()), key=lambda tag: (-tag.strength, tag.name))
    return collected(tags, [source for tag in tags for source in tag.sources], rule="rule:free_tags@1")


def _tag(uses: Sequence[tuple[Source, Label]]) -> TagRecord:
    """One tag from everybody's use of it; the catalogue gives its strength only where nobody else does."""
    by: dict[Source, float] = {}
    for source, label in uses:
        said = _MIXED_STRENGTH if source is Source.CATALOGUE else min(max(label.strength, 0.0), 1.0)
        by[source] = max(by.get(source, 0.0), said)
    heard = sorted(set(by) - {Source.CATALOGUE}) or sorted(by)
    total = sum(LABELS.get(source, 0.1) for source in heard)
    _, spelled = min(uses, key=lambda use: (use[0] is Source.CATALOGUE, -LABELS.get(use[0], 0.1), use[1].name))
    return TagRecord(
        name=spelled.name,
        strength=round(sum(LABELS.get(source, 0.1) * by[source] for source in heard) / total, 4),
        is_spoiler=any(label.is_spoiler for _, label in uses),
        sources=sorted(by),
    )


def _questions(
    ranked: Sequence[_Poll], scores: Mapping[Row, float], cuts: Choosing, kept: int, synopsis_words: int
) -> tuple[OpenQuestion, ...]:
    """Ask what the synopsis supports where labels are too few, else what each label means that two terms hang on."""
    if synopsis_words >= cuts.question_words and kept < cuts.few_labels:
        subject, options = "which of these genres and themes the synopsis supports", term_names()
        return (OpenQuestion("metadata", "labels", subject, options, None, 0.5, (SYNOPSIS,), options),)
    doubtful = sorted(_doubtful(ranked, scores, cuts), key=lambda poll: poll.row.name)
    if len(doubtful) < 2:
        return ()
    asked: dict[str, OpenQuestion] = {}
    for poll in doubtful:
        for source, label in poll.labels:
            is_kept = scores[poll.row] >= cuts.label_kept
            asked.setdefault(label_name(source, label.name), ask_label(source, label, poll.row.name, is_kept=is_kept))
    return tuple(asked.values())


def _doubtful(ranked: Sequence[_Poll], scores: Mapping[Row, float], cuts: Choosing) -> Iterator[_Poll]:
    for poll in ranked:
        is_voted = poll.row.kind in {LabelKind.GENRE, LabelKind.THEME}
        if is_voted and abs(scores[poll.row] - cuts.label_kept) <= cuts.label_doubt:
            yield poll
