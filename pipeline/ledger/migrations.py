"""Numbered, append-only migrations. A ledger of any released version opens; none is ever told to be deleted.

A migration is a list of statements that both engines understand; ``{blob}``, ``{double}`` and ``{serial}`` stand for
the engine's own words.
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from pipeline.errors import Misconfigured

__all__ = ["LATEST", "MIGRATIONS", "migrate"]

MIGRATIONS: Final[dict[int, tuple[str, ...]]] = {
    1: (
        """create table titles (title_id text primary key, anchor text not null, name text not null,
           position integer not null, row {blob} not null, row_digest text not null, state text not null,
           merged_into text, first_seen {double} not null, done_row text, done_config text, due_at {double},
           result text, note text, record text, provenance text, finished_at {double})""",
        "create index titles_position on titles (position)",
        "create table urls (url text primary key, title_id text not null)",
        "create index urls_title on urls (title_id)",
        """create table ids (site text not null, id text not null, title_id text not null,
           primary key (site, id))""",
        "create index ids_title on ids (title_id)",
        """create table identity_events (number {serial}, release text not null, kind text not null,
           title_id text not null, other text, detail text not null)""",
        """create table releases (digest text primary key, location text not null, last_update text,
           rows integer not null, bad_rows integer not null, findings text not null, synced_at {double} not null)""",
        """create table answers (key text primary key, platform text not null, kind text not null,
           request text not null, status integer not null, headers text not null, body text not null,
           fetched_at {double} not null)""",
        """create table parts (platform text not null, id text not null, kind text not null, body text,
           answer text not null, fetched_at {double} not null, primary key (platform, id, kind))""",
        """create table outcomes (title_id text not null, platform text not null, outcome text, reason text not null,
           ids text not null, asked_at {double} not null, settled_at {double}, fresh_until {double},
           primary key (title_id, platform))""",
        """create table steps (title_id text not null, step text not null, key text not null, status text not null,
           body {blob}, digest text, note text not null, owner text not null, started_at {double} not null,
           finished_at {double}, cpu_s {double}, primary key (title_id, step))""",
        "create table vectors (fingerprint text primary key, model text not null, body {blob} not null)",
        """create table points (title_id text primary key, collection text not null, key text not null,
           fingerprints text not null, loaded_at {double} not null)""",
        """create table mentions (id_key text not null, title_id text not null, primary key (id_key, title_id))""",
        "create index mentions_title on mentions (title_id)",
        """create table workers (owner text primary key, host text not null, pid integer not null,
           process text not null, seen_at {double} not null)""",
        "create table claims (title_id text primary key, owner text not null, at {double} not null)",
        """create table runs (run_id text primary key, command text not null, started_at {double} not null,
           finished_at {double}, summary text not null)""",
    ),
    2: ("alter table ids add column listed integer not null default 1",),
    3: (
        """create table learned_ids (title_id text not null, site text not null, id text not null, status text not null,
           said_by text not null, evidence text not null, basis text not null, learned_at {double} not null,
           primary key (title_id, site, id))""",
        "create index learned_ids_id on learned_ids (site, id)",
    ),
    4: (
        "alter table outcomes add column heard_at {double}",
        "update outcomes set heard_at = settled_at where outcome = 'found'",
        "alter table answers add column origin text not null default ''",
        "alter table titles add column done_tier integer",
        "alter table outcomes add column heard_before {double}",
        """create table earlier_parts (platform text not null, id text not null, kind text not null, body text,
           answer text not null, fetched_at {double} not null, primary key (platform, id, kind))""",
        """create table quarantines (platform text primary key, since {double} not null, until {double} not null,
           reason text not null, evidence text not null)""",
        """create table normals (platform text not null, titles text not null, field text not null,
           filled integer not null, seen integer not null, primary key (platform, titles, field))""",
    ),
    5: (
        """create table title_versions (title_id text not null, number integer not null, run_id text not null,
           finished_at {double} not null, record text, provenance text, result text,
           primary key (title_id, number))""",
        "create index title_versions_run on title_versions (run_id)",
        """insert into title_versions (title_id, number, run_id, finished_at, record, provenance, result)
           select title_id, 1, 'earlier', finished_at, record, provenance, result from titles
           where finished_at is not null""",
    ),
    6: (
        """create table locks (title_id text not null, field text not null, kind text not null, value text not null,
           basis text not null, reviewer text not null, note text not null, locked_at {double} not null,
           origin text not null, primary key (title_id, field))""",
        "create index locks_origin on locks (origin)",
        "create table reviews (title_id text primary key, people {double} not null, digest text not null)",
        """create table review_items (title_id text not null, field text not null, code text not null,
           detail text not null, uncertainty {double} not null, priority {double} not null,
           primary key (title_id, field, code))""",
        "create index review_items_priority on review_items (priority)",
    ),
    7: (
        """create table title_quality (title_id text primary key, run_id text not null, measured_at {double} not null,
           completeness {double} not null, agreement {double}, confidence {double}, popularity {double} not null,
           conflicts integer not null, broken integer not null, drift integer not null, by_source text not null,
           body {blob} not null, digest text not null)""",
        """create table run_quality (run_id text primary key, at {double} not null, finished integer not null,
           titles integer not null, completeness {double} not null, agreement {double}, confidence {double},
           conflicts integer not null, broken integer not null, drift integer not null)""",
        "create index steps_cpu on steps (title_id, step, cpu_s)",  # sums of it need not read all bodies
    ),
    8: (
        """create table sights (number {serial}, platform text not null, title_id text, owner text not null,
           at {double} not null, body {blob} not null)""",
        "create index sights_platform on sights (platform, number)",
    ),
}

LATEST: Final = max(MIGRATIONS)

_WORDS: Final = {
    "sqlite": {"blob": "blob", "double": "double", "serial": "integer primary key autoincrement"},
    "postgresql": {
        "blob": "bytea",
        "double": "double precision",
        "serial": "bigint generated always as identity primary key",
    },
}


def migrate(engine: Engine) -> int:
    """Bring a ledger to the latest version and return it. Raises ``Misconfigured`` for a ledger newer than this.

    The transaction is marked as a write, so of several processes that open an old ledger one migrates and the others
    wait for it.
    """
    with engine.connect() as connection:
        if not _missing(connection):
            return LATEST
    with engine.connect() as connection:
        writer = connection.execution_options(is_write=True)
        with writer.begin():
            for number in _missing(writer):
                _apply(writer, number)
    return LATEST


def _missing(connection: Connection) -> list[int]:
    """Numbers this ledger has not been through, ascending: they may have come to the program in another order."""
    if not sa.inspect(connection).has_table("ledger_version"):
        return sorted(MIGRATIONS)
    applied = set(connection.execute(sa.text("select version from ledger_version")).scalars())
    if applied and max(applied) > LATEST:
        raise Misconfigured(
            f"the ledger has version {max(applied)}, this program knows {LATEST}: install the newer anime-enrich"
        )
    return sorted(MIGRATIONS.keys() - applied)


def _apply(connection: Connection, number: int) -> None:
    words = _WORDS[connection.dialect.name]
    if number == 1:
        connection.execute(sa.text("create table ledger_version (version integer not null)"))
    for statement in MIGRATIONS[number]:
        connection.execute(sa.text(statement.format(**words)))
    connection.execute(sa.text("insert into ledger_version (version) values (:number)"), {"number": number})
