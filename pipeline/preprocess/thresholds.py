"""Every number of the matching, in one frozen value that a setting may replace.

The name and voice numbers were tuned on one large cast (four small ones agree): pass 1 there has precision 1.00,
recall 0.98 for AniList and 0.87 for AniDB. ``make eval-matching`` holds them against what was decided by hand, on
titles kept for it: characters of MyAnimeList, AniList and AniDB 26 of 26 found, with Anime-Planet 83 of 85; staff 9 of
10, voices 114 of 114; nobody taken for another, in 29,404 pairs. So few links bound the precision by 0.87, 0.96, 0.70
and 0.97 from below. The numbers for episodes are starting points.
"""

from dataclasses import dataclass

__all__ = ["Thresholds"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores and confidences run from 0 to 1."""

    same_words: float = 1.0
    """Name score of equal words in any order."""
    same_native: float = 0.98
    """Name score of equal native spellings."""
    same_romaji: float = 0.97
    """Name score of equal romanisation keys."""
    words_inside: float = 0.88
    """Least name score where one main name's words all stand in the other's name."""
    marked_apart: float = 0.60
    """Greatest name score of names that differ in a number or a single letter (``Student A``, ``Student B``)."""
    fuzzy_floor: float = 0.30
    """Likeness by letters below this counts as none."""

    voice_base: float = 0.30
    """Same Japanese voice: ``voice_base + voice_name_share * name``."""
    voice_name_share: float = 0.70
    voice_bonus: float = 0.12
    """Added for the same voice where the name is below ``voice_bonus_below``."""
    voice_bonus_below: float = 0.85
    voice_bonus_cap: float = 0.96
    """The bonus lifts no likeness to where an equal name with the same voice stands."""
    other_voice: float = 0.25
    """Taken off where both have voices and none is shared."""
    other_voice_exact: float = 0.85
    """Score kept by an exact name of two or more words in spite of another voice."""
    unknown_voice: float = 0.05
    """Taken off where one side has no voice."""
    both_main: float = 0.02
    same_id: float = 0.98
    """Score of an AniList id equal to a MAL id with an agreeing name or voice (33 of 33 were right, and 6 of 6)."""

    accept: float = 0.80
    """Pass 1: least score of a link (111 of 111 right, with and without shared ids; 0.60 to 0.80 link the same)."""
    lead: float = 0.10
    """Pass 1: a link leads every rival on both sides by this, unless its name is exact and no rival's is."""
    ask: float = 0.45
    """Leftovers with a candidate at or above this become a question."""
    candidates: int = 4
    """Options of one question."""

    sure_name_and_voice: float = 0.97
    """44 of 44 right, 50 of 50 where shared ids are taken away."""
    sure_id: float = 0.97
    """6 of 6 right."""
    sure_name_only: float = 0.85
    """61 of 61 right."""
    sure_voice_only: float = 0.70
    """Pass 2: 2 of 2 right, too few to say more."""

    episode_title: float = 0.85
    """Two titles of one episode agree at or above this."""
    shift_agrees: float = 0.80
    """Share of comparable titles that must agree before a constant offset is believed."""
    shift_evidence: int = 3
    """Least number of comparable titles for an offset."""
    date_slack_days: int = 2
    """Dates of one episode differ by at most this (Kitsu can be a day early)."""
    unaligned_share: float = 0.05
    """Above this share of unaligned rows (or with a shift) episodes are asked about."""
    sure_number_and_title: float = 0.97
    sure_number_and_date: float = 0.85
    sure_number_only: float = 0.75
    sure_title_only: float = 0.85

    sure_person: float = 0.97
    """One person by id or by an equal native name."""
    sure_person_key: float = 0.85
    """One person by the key of the name alone (31 of 31 right, and 201 of 201 people who speak)."""
    sure_person_short: float = 0.80
    """One person by the name without a middle initial that one platform leaves out (1 of 1 right)."""
    sure_person_doubtful: float = 0.70
    """Equal keys with different native names: old and new characters of one name, or two people."""
