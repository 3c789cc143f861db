"""The ledger's tables as they are now. How an older ledger gets there is in ``migrations``.

Times are seconds since 1970 (UTC); digests are hex SHA-256; bodies are zstd.
"""

import sqlalchemy as sa

__all__ = [
    "ANSWERS",
    "CLAIMS",
    "EARLIER_PARTS",
    "IDENTITY_EVENTS",
    "IDS",
    "LEARNED_IDS",
    "LOCKS",
    "MENTIONS",
    "METADATA",
    "NORMALS",
    "OUTCOMES",
    "PARTS",
    "POINTS",
    "QUARANTINES",
    "RELEASES",
    "REVIEWS",
    "REVIEW_ITEMS",
    "RUNS",
    "RUN_QUALITY",
    "SIGHTS",
    "STEPS",
    "TITLES",
    "TITLE_QUALITY",
    "TITLE_VERSIONS",
    "URLS",
    "VECTORS",
    "WORKERS",
]

METADATA = sa.MetaData()


def _text(name: str, *, key: bool = False, null: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def _time(name: str, *, null: bool = False) -> "sa.Column[float]":
    return sa.Column(name, sa.Double, nullable=null)


TITLES = sa.Table(
    "titles",
    METADATA,
    _text("title_id", key=True),
    _text("anchor"),
    _text("name"),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("row", sa.LargeBinary, nullable=False),
    _text("row_digest"),
    _text("state"),  # active | merged | gone
    _text("merged_into", null=True),
    _time("first_seen"),
    _text("done_row", null=True),
    _text("done_config", null=True),
    sa.Column("done_tier", sa.Integer, nullable=True),
    _time("due_at", null=True),
    _text("result", null=True),  # done | degraded | failed
    _text("note", null=True),
    _text("record", null=True),
    _text("provenance", null=True),
    _time("finished_at", null=True),
)
"""One row a title. ``done_row``, ``done_config`` and ``due_at`` say from what and until when the record is good, for a
run that goes no farther than ``done_tier``."""

TITLE_VERSIONS = sa.Table(
    "title_versions",
    METADATA,
    _text("title_id", key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    _text("run_id"),
    _time("finished_at"),
    _text("record", null=True),
    _text("provenance", null=True),
    _text("result", null=True),  # as of titles, or gone | merged
)
"""A row for every change of a title's record or result; ``run_id`` is empty for what no run did."""

TITLE_QUALITY = sa.Table(
    "title_quality",
    METADATA,
    _text("title_id", key=True),
    _text("run_id"),
    _time("measured_at"),
    sa.Column("completeness", sa.Double, nullable=False),
    sa.Column("agreement", sa.Double, nullable=True),
    sa.Column("confidence", sa.Double, nullable=True),
    sa.Column("popularity", sa.Double, nullable=False),
    sa.Column("conflicts", sa.Integer, nullable=False),
    sa.Column("broken", sa.Integer, nullable=False),
    sa.Column("drift", sa.Integer, nullable=False),
    _text("by_source"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    _text("digest"),
)
"""The figures of a title's record, written anew only when they change: the whole of them in ``body`` (``digest`` is its
own), and what is summed over all titles beside it. ``by_source`` is ``{"mal": [fields filled, unknown values]}``."""

RUN_QUALITY = sa.Table(
    "run_quality",
    METADATA,
    _text("run_id", key=True),
    _time("at"),
    sa.Column("finished", sa.Integer, nullable=False),
    sa.Column("titles", sa.Integer, nullable=False),
    sa.Column("completeness", sa.Double, nullable=False),
    sa.Column("agreement", sa.Double, nullable=True),
    sa.Column("confidence", sa.Double, nullable=True),
    sa.Column("conflicts", sa.Integer, nullable=False),
    sa.Column("broken", sa.Integer, nullable=False),
    sa.Column("drift", sa.Integer, nullable=False),
)
"""How good the whole catalogue was (``titles`` with figures) when a run ended that ``finished`` some titles, and, while
it goes on, when that was last noted."""

URLS = sa.Table("urls", METADATA, _text("url", key=True), _text("title_id"))
"""Every source URL ever seen, and whose it is."""

IDS = sa.Table(
    "ids",
    METADATA,
    _text("site", key=True),
    _text("id", key=True),
    _text("title_id"),
    sa.Column("listed", sa.Integer, nullable=False),
)
"""The id multimap: every id ever seen leads to one title, a title may have several ids of a site. Those its row lists
(1) are asked for; the others (0) only lead to it."""

LEARNED_IDS = sa.Table(
    "learned_ids",
    METADATA,
    _text("title_id", key=True),
    _text("site", key=True),
    _text("id", key=True),
    _text("status"),  # learned | refuted
    _text("said_by"),
    _text("evidence"),
    _text("basis"),
    _time("learned_at"),
)
"""Ids that no row lists and platforms say of a title. They are asked for and never lead to it: only a catalogue says
whose an id is. A refutation is good for the ids the row listed then, of which ``basis`` is the digest."""

IDENTITY_EVENTS = sa.Table(
    "identity_events",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    _text("release"),
    _text("kind"),  # merged | split | gained | moved | shared
    _text("title_id"),
    _text("other", null=True),
    _text("detail"),
)

RELEASES = sa.Table(
    "releases",
    METADATA,
    _text("digest", key=True),
    _text("location"),
    _text("last_update", null=True),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("bad_rows", sa.Integer, nullable=False),
    _text("findings"),
    _time("synced_at"),
)

ANSWERS = sa.Table(
    "answers",
    METADATA,
    _text("key", key=True),
    _text("platform"),
    _text("kind"),
    _text("request"),
    sa.Column("status", sa.Integer, nullable=False),
    _text("headers"),
    _text("body"),
    _time("fetched_at"),
    _text("origin"),
)
"""Raw answers, whole; ``body`` names a blob, ``origin`` the address whose validators the headers hold."""

PARTS = sa.Table(
    "parts",
    METADATA,
    _text("platform", key=True),
    _text("id", key=True),
    _text("kind", key=True),
    _text("body", null=True),
    _text("answer"),
    _time("fetched_at"),
)
"""What a platform says of one id, piece by piece; ``body`` is null where it said "not here"."""

EARLIER_PARTS = sa.Table(
    "earlier_parts",
    METADATA,
    _text("platform", key=True),
    _text("id", key=True),
    _text("kind", key=True),
    _text("body", null=True),
    _text("answer"),
    _time("fetched_at"),
)
"""What stood in ``parts`` before the present asking began: what a quarantine goes back to."""

QUARANTINES = sa.Table(
    "quarantines",
    METADATA,
    _text("platform", key=True),
    _time("since"),
    _time("until"),
    _text("reason"),
    _text("evidence"),
)
"""Platforms that are not asked until a time, and why."""

NORMALS = sa.Table(
    "normals",
    METADATA,
    _text("platform", key=True),
    _text("titles", key=True),
    _text("field", key=True),
    sa.Column("filled", sa.Integer, nullable=False),
    sa.Column("seen", sa.Integer, nullable=False),
)
"""In how many of the titles ``seen`` a field was filled; ``titles`` says of which kind of them."""

SIGHTS = sa.Table(
    "sights",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    _text("platform"),
    _text("title_id", null=True),  # null: an answer, whoever it is about
    _text("owner"),
    _time("at"),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
"""What was seen of each platform lately and is not normal yet."""

OUTCOMES = sa.Table(
    "outcomes",
    METADATA,
    _text("title_id", key=True),
    _text("platform", key=True),
    _text("outcome", null=True),
    _text("reason"),
    _text("ids"),
    _time("asked_at"),
    _time("settled_at", null=True),
    _time("fresh_until", null=True),
    _time("heard_at", null=True),
    _time("heard_before", null=True),
)
"""What came of asking one platform for one title; ``outcome`` is null while it is intended. ``heard_at`` is when the
platform was last heard of it to the end: an asking that fails leaves that word standing. ``heard_before`` is the time
before that one, to which a quarantine goes back."""

STEPS = sa.Table(
    "steps",
    METADATA,
    _text("title_id", key=True),
    _text("step", key=True),
    _text("key"),
    _text("status"),  # intended | done | failed
    sa.Column("body", sa.LargeBinary, nullable=True),
    _text("digest", null=True),
    _text("note"),
    _text("owner"),
    _time("started_at"),
    _time("finished_at", null=True),
    sa.Column("cpu_s", sa.Double, nullable=True),
)
"""The last result of each step of each title, under the key of everything that shaped it."""

VECTORS = sa.Table(
    "vectors",
    METADATA,
    _text("fingerprint", key=True),
    _text("model"),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
"""Vectors by fingerprint: float32, little-endian, zstd."""

POINTS = sa.Table(
    "points",
    METADATA,
    _text("title_id", key=True),
    _text("collection"),
    _text("key"),
    _text("fingerprints"),
    _time("loaded_at"),
)
"""What stands in which collection of the store."""

MENTIONS = sa.Table("mentions", METADATA, _text("id_key", key=True), _text("title_id", key=True))
"""Which titles speak of an id, so that they are looked at again when the id changes hands."""

WORKERS = sa.Table(
    "workers",
    METADATA,
    _text("owner", key=True),
    _text("host"),
    sa.Column("pid", sa.Integer, nullable=False),
    _text("process"),
    _time("seen_at"),
)

CLAIMS = sa.Table("claims", METADATA, _text("title_id", key=True), _text("owner"), _time("at"))
"""Who works on a title now."""

RUNS = sa.Table(
    "runs",
    METADATA,
    _text("run_id", key=True),
    _text("command"),
    _time("started_at"),
    _time("finished_at", null=True),
    _text("summary"),
)

LOCKS = sa.Table(
    "locks",
    METADATA,
    _text("title_id", key=True),
    _text("field", key=True),
    _text("kind"),  # value | answer | seen
    _text("value"),
    _text("basis"),
    _text("reviewer"),
    _text("note"),
    _time("locked_at"),
    _text("origin"),
)
"""What persons decided. ``origin`` is the title it was decided of: another one where that was merged into this."""

REVIEWS = sa.Table(
    "reviews",
    METADATA,
    _text("title_id", key=True),
    sa.Column("people", sa.Double, nullable=False),
    _text("digest"),
)
"""Whose items stand in ``review_items``, so that the same ones are not written again, and who follows the title."""

REVIEW_ITEMS = sa.Table(
    "review_items",
    METADATA,
    _text("title_id", key=True),
    _text("field", key=True),
    _text("code", key=True),
    _text("detail"),
    sa.Column("uncertainty", sa.Double, nullable=False),
    sa.Column("priority", sa.Double, nullable=False),
)
"""What a person should look at; ``priority`` is uncertainty times the people who follow the title."""
