"""What was done, from what, by what: the memory that makes a killed run go on and a second run cost nothing.

``identity`` which URL is which title · ``titles`` the registry and what is due · ``learned`` ids that platforms say
and no row lists · ``fetched`` answers and outcomes · ``quarantine`` platforms left alone · ``sights`` what was seen
of them lately, and what was normal · ``work`` claims and step results · ``vectors`` vectors and points · ``blobs``
bodies by digest · ``runs`` the log · ``history`` which record a title had when · ``review`` what a person should look
at, and what persons decided · ``quality`` how good records are.
"""

from collections.abc import Callable

from pipeline.ledger.blobs import BlobStore
from pipeline.ledger.database import Database
from pipeline.ledger.fetched import FetchBook
from pipeline.ledger.history import HistoryBook
from pipeline.ledger.learned import LearnedBook
from pipeline.ledger.quality import QualityBook
from pipeline.ledger.quarantine import QuarantineBook
from pipeline.ledger.review import ReviewBook
from pipeline.ledger.runs import RunBook
from pipeline.ledger.sights import SightBook
from pipeline.ledger.titles import TitleBook
from pipeline.ledger.vectors import VectorBook
from pipeline.ledger.work import Claims, StepBook, Worker

__all__ = ["Ledger"]


class Ledger:
    """All books of one ledger, opened together. Safe to use from several threads of one process."""

    def __init__(self, url: str, blobs_url: str, *, now: Callable[[], float]) -> None:
        self.database = Database(url)
        self.blobs = BlobStore(blobs_url)
        self.worker = Worker.this()
        self.titles = TitleBook(self.database, now)
        self.learned = LearnedBook(self.database, now)
        self.fetched = FetchBook(self.database, self.blobs, now)
        self.claims = Claims(self.database, self.worker, now)
        self.steps = StepBook(self.database, self.worker, now)
        self.quarantines = QuarantineBook(self.database, now)
        self.sights = SightBook(self.database, now)
        self.vectors = VectorBook(self.database, now)
        self.runs = RunBook(self.database, now)
        self.history = HistoryBook(self.database)
        self.review = ReviewBook(self.database, now)
        self.quality = QualityBook(self.database, now)

    def close(self) -> None:
        """Give claims and connections back."""
        self.claims.leave()
        self.database.close()
