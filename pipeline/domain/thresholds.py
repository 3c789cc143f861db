"""Every number that matching and choosing decide by. An operator may set others; titles are then decided anew.

Those of names and voices were tuned on one large cast (four small ones agree): pass 1 there has precision 1.00, recall
0.98 for AniList and 0.87 for AniDB. ``make eval-matching`` holds them against what was decided by hand, on titles kept
for it: characters of MyAnimeList, AniList and AniDB 26 of 26 found, with Anime-Planet 83 of 85; staff 9 of 10, voices
114 of 114; nobody taken for another, in 29,404 pairs. So few links bound the precision by 0.87, 0.96, 0.70 and 0.97
from below. The numbers for episodes, and those of :class:`Choosing`, are starting points.
"""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from pipeline.domain.numbers import Count, Score10, Several, Share

__all__ = ["CHOOSING", "MATCHING", "Choosing", "Matching"]


class _Numbers(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Matching(_Numbers):
    """Scores and confidences run from 0 to 1."""

    same_words: Share = 1.0
    """Name score of equal words in any order."""
    same_native: Share = 0.98
    """Name score of equal native spellings."""
    same_romaji: Share = 0.97
    """Name score of equal romanisation keys."""
    words_inside: Share = 0.88
    """Least name score where one main name's words all stand in the other's name."""
    marked_apart: Share = 0.60
    """Greatest name score of names that differ in a number or a single letter (``Student A``, ``Student B``)."""
    fuzzy_floor: Share = 0.30
    """Likeness by letters below this counts as none."""

    voice_base: Share = 0.30
    """Same Japanese voice: ``voice_base + voice_name_share * name``."""
    voice_name_share: Share = 0.70
    voice_bonus: Share = 0.12
    """Added for the same voice where the name is below ``voice_bonus_below``."""
    voice_bonus_below: Share = 0.85
    voice_bonus_cap: Share = 0.96
    """The bonus lifts no likeness to where an equal name with the same voice stands."""
    other_voice: Share = 0.25
    """Taken off where both have voices and none is shared."""
    other_voice_exact: Share = 0.85
    """Score kept by an exact name of two or more words in spite of another voice."""
    unknown_voice: Share = 0.05
    """Taken off where one side has no voice."""
    both_main: Share = 0.02
    same_id: Share = 0.98
    """Score of an AniList id equal to a MAL id with an agreeing name or voice (33 of 33 were right, and 6 of 6)."""

    accept: Share = 0.80
    """Pass 1: least score of a link (111 of 111 right, with and without shared ids; 0.60 to 0.80 link the same)."""
    lead: Share = 0.10
    """Pass 1: a link leads every rival on both sides by this, unless its name is exact and no rival's is."""
    ask: Share = 0.45
    """Leftovers with a candidate at or above this become a question."""
    candidates: Several = 4
    """Options of one question."""

    sure_name_and_voice: Share = 0.97
    """44 of 44 right, 50 of 50 where shared ids are taken away."""
    sure_id: Share = 0.97
    """6 of 6 right."""
    sure_name_only: Share = 0.85
    """61 of 61 right."""
    sure_voice_only: Share = 0.70
    """Pass 2: 2 of 2 right, too few to say more."""

    episode_title: Share = 0.85
    """Two titles of one episode agree at or above this."""
    shift_agrees: Share = 0.80
    """Share of comparable titles that must agree before a constant offset is believed."""
    shift_evidence: Several = 3
    """Least number of comparable titles for an offset."""
    date_slack_days: Count = 2
    """Dates of one episode differ by at most this (Kitsu can be a day early)."""
    unaligned_share: Share = 0.05
    """Above this share of unaligned rows (or with a shift) episodes are asked about."""
    sure_number_and_title: Share = 0.97
    sure_number_and_date: Share = 0.85
    sure_number_only: Share = 0.75
    sure_title_only: Share = 0.85

    sure_person: Share = 0.97
    """One person by id or by an equal native name."""
    sure_person_key: Share = 0.85
    """One person by the key of the name alone (31 of 31 right, and 201 of 201 people who speak)."""
    sure_person_short: Share = 0.80
    """One person by the name without a middle initial that one platform leaves out (1 of 1 right)."""
    sure_person_doubtful: Share = 0.70
    """Equal keys with different native names: old and new characters of one name, or two people."""


class Choosing(_Numbers):
    """The cuts of the rules. Scores, strengths and confidences run from 0 to 1."""

    label_kept: Share = 0.45
    """Genres, themes and voted demographics at or above this score are kept."""
    label_doubt: Share = 0.10
    """This near the cut a label is in doubt; two such labels are a question."""
    narrower: Share = 0.5
    """What a narrower term counts where the platform also has the direct one."""
    warning_floor: Share = 0.18
    """Weakest strength that makes a content warning (AniList's clients hide tags below 18)."""
    few_labels: Count = 3
    """With fewer genres and themes, a synopsis of ``question_words`` or more is asked for the rest."""
    question_words: Count = 40
    same_text: Annotated[float, Field(ge=0.0, le=100.0)] = 90.0
    """``token_set_ratio`` from which two synopses are copies of each other."""
    full_words: Several = 120
    """A synopsis gains nothing by being longer."""
    short_words: Count = 25
    """A shorter synopsis loses ``short_cost``."""
    short_cost: Share = 0.2
    foreign_cost: Share = 0.4
    """Taken off a synopsis that is not English."""
    announcement_cost: Share = 0.3
    """Taken off a synopsis that only announces the work."""
    prior_score: Score10 = 7.0
    """Where the combined score starts, with the weight of ``prior_votes`` people."""
    prior_votes: Several = 100
    other_relation: Share = 0.4
    """Confidence of a relation of which only the franchise is known."""
    inverse_cost: Share = 0.2
    """Taken off where platforms name a relation and its inverse."""


MATCHING: Final = Matching()
CHOOSING: Final = Choosing()
