"""Which synopsis stands in the record: one of the platforms' texts, chosen whole and never rewritten.

Near-copies count as one text. A text that only says there is none is never chosen.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz

from pipeline.domain.claims import Chosen, Claim
from pipeline.domain.names import Source
from pipeline.domain.source_title import SourceTitle, Text
from pipeline.domain.thresholds import Choosing
from pipeline.stages.choose import collected, nobody_said
from pipeline.stages.weights import SYNOPSIS

__all__ = ["ChosenTexts", "choose_other_texts", "choose_texts", "count_words"]

_RULE: Final = "rule:synopsis_score@1"
_NO_SYNOPSIS: Final = re.compile(
    r"\bno (synopsis|description|plot|summary)\b|\bsynopsis (is )?(not available|unavailable|tba)\b",
    re.IGNORECASE,
)
_ANNOUNCEMENT: Final = re.compile(
    r"\b(has been announced|was announced|more (details|information) (to come|will be)|to be announced|coming soon)\b",
    re.IGNORECASE,
)
_HEAD: Final = 4_000
"""Characters compared for likeness: the comparison is quadratic, and copies are copies from the start."""
_SHORT: Final = 400
"""Only texts up to this many characters can be mere notices."""


@dataclass(frozen=True, slots=True)
class ChosenTexts:
    """The main synopsis and one for every other language."""

    synopsis: Chosen[str | None]
    synopses: Chosen[list[Text]]


@dataclass(frozen=True, slots=True)
class _Candidate:
    source: Source
    text: Text
    score: float

    @property
    def order(self) -> tuple[float, str, str, str]:
        return -self.score, self.text.text, self.source, self.text.language or ""


def count_words(text: str | None) -> int:
    """Words of a text, by spaces."""
    return len((text or "").split())


def choose_texts(sources: Sequence[SourceTitle], cuts: Choosing) -> ChosenTexts:
    """Choose by score; copies of the chosen text speak for it, the others are passed over."""
    real = _candidates(sources, cuts)
    if not real:
        return ChosenTexts(nobody_said(None), nobody_said([]))
    groups = _collapse(real, cuts)
    return ChosenTexts(_main(groups), _others(real, groups[0][0]))


def choose_other_texts(sources: Sequence[SourceTitle], cuts: Choosing, main: str | None) -> Chosen[list[Text]]:
    """The best text of every language but that of the main one; a text nobody gave is taken for English."""
    real = _candidates(sources, cuts)
    own = _Candidate(Source.REVIEW, Text(main or ""), 0.0)
    return _others(real, next((candidate for candidate in real if candidate.text.text == main), own))


def _candidates(sources: Sequence[SourceTitle], cuts: Choosing) -> list[_Candidate]:
    """Every text that tells something, the best first."""
    said = sorted(
        (_Candidate(one.source, text, _score(one.source, text, cuts)) for one in sources for text in one.synopses),
        key=lambda candidate: candidate.order,
    )
    return [candidate for candidate in said if not _is_notice(_NO_SYNOPSIS, candidate.text.text)]


def _score(source: Source, text: Text, cuts: Choosing) -> float:
    words = count_words(text.text)
    score = min(words, cuts.full_words) / cuts.full_words + SYNOPSIS.get(source, 0.0)
    score -= 0.0 if _is_english(text) else cuts.foreign_cost
    score -= cuts.announcement_cost if _is_notice(_ANNOUNCEMENT, text.text) else 0.0
    score -= cuts.short_cost if words < cuts.short_words else 0.0
    return round(score, 6)


def _is_english(text: Text) -> bool:
    return text.language is None or text.language.split("-")[0] == "en"


def _is_notice(pattern: re.Pattern[str], text: str) -> bool:
    return not text.strip() or (len(text) <= _SHORT and pattern.search(text) is not None)


def _collapse(candidates: Sequence[_Candidate], cuts: Choosing) -> list[list[_Candidate]]:
    """Groups of near-copies, each led by its best, in order of score."""
    groups: list[list[_Candidate]] = []
    for candidate in candidates:
        for group in groups:
            if _are_copies(group[0].text, candidate.text, cuts.same_text):
                group.append(candidate)
                break
        else:
            groups.append([candidate])
    return groups


def _are_copies(first: Text, second: Text, cut: float) -> bool:
    if _is_english(first) != _is_english(second):
        return False
    return fuzz.token_set_ratio(first.text[:_HEAD], second.text[:_HEAD], score_cutoff=cut) >= cut


def _main(groups: Sequence[Sequence[_Candidate]]) -> Chosen[str | None]:
    best = groups[0]
    chosen = collected(best[0].text.text, [one.source for one in best], rule=_RULE)
    lost: list[Claim[str | None]] = [
        Claim(group[0].text.text, tuple(sorted({one.source for one in group}))) for group in groups[1:]
    ]
    evidence = (f"synopsis:{best[0].source}", f"score:{best[0].score:.3f}")
    return Chosen(chosen.value, chosen.sources, chosen.rule, chosen.confidence, tuple(lost), evidence=evidence)


def _others(candidates: Sequence[_Candidate], main: _Candidate) -> Chosen[list[Text]]:
    best: dict[str, _Candidate] = {}
    for candidate in candidates:
        if candidate is not main and not _is_english(candidate.text):
            best.setdefault(candidate.text.language or "", candidate)
    best.pop(main.text.language or "", None)
    if not _is_english(main.text):
        english = next((candidate for candidate in candidates if _is_english(candidate.text)), None)
        best |= {"en": english} if english else {}
    texts = [best[language].text for language in sorted(best)]
    return collected(texts, [one.source for one in best.values()], rule="rule:best_per_language@1")
