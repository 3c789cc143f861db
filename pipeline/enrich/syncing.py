"""Step 1, identify: the identity registry brought in step with a catalogue file."""

from pipeline.catalogue import BadRow, Catalogue, Row, canonical_url, ids_of, open_catalogue, row_bytes
from pipeline.domain.canonical import digest_bytes
from pipeline.errors import BadInput
from pipeline.ledger import Ledger
from pipeline.ledger.identity import ListedRow
from pipeline.ledger.titles import Release, SyncReport

__all__ = ["sync_catalogue"]


def sync_catalogue(ledger: Ledger, location: str) -> SyncReport:
    """Read a catalogue and give every row its ``title_id``. The very same file twice is read once.

    Bad rows are named in the report and skipped. Raises ``BadInput`` when the file cannot be read to its end: a cut
    file must not make titles look gone.
    """
    with open_catalogue(location) as catalogue:
        known = ledger.titles.release_of(catalogue.digest)
        if known is not None:
            return SyncReport(known.rows, known.bad_rows, is_known=True)
        rows, bad = _read(catalogue)
        if not rows:
            raise BadInput(f"{location!r} holds no usable row ({len(bad)} bad ones); is it an anime-offline-database?")
        last_update = catalogue.meta.last_update
        release = Release(
            digest=catalogue.digest,
            location=location,
            last_update=None if last_update is None else str(last_update),
            rows=len(rows),
            bad_rows=tuple(bad),
        )
    return ledger.titles.apply_release(release, rows)


def _read(catalogue: Catalogue) -> tuple[list[ListedRow], list[str]]:
    rows: list[ListedRow] = []
    bad: list[str] = []
    for item in catalogue.rows():
        if isinstance(item, BadRow):
            bad.append(item.reason)
        else:
            rows.append(_listed(item))
    return rows, bad


def _listed(item: Row) -> ListedRow:
    identified = ids_of(item.row)
    pairs = tuple((site, id_) for site, ids in identified.ids.items() for id_ in ids)
    content = row_bytes(item.row)
    return ListedRow(
        position=item.number,
        name=item.row.title,
        urls=(*(canonical_url(site, id_) for site, id_ in pairs), *identified.unknown),
        ids=pairs,
        content=content,
        digest=digest_bytes(content),
    )
