"""The log as a recorder of the `eventsourcing` package: to be followed, never to be written.

It works alike on SQLite and PostgreSQL, polling: the package itself offers no subscription on
SQLite. Besides `ledger.store.following` no other module of the ledger needs the package.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event as Flag
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from eventsourcing import persistence
from eventsourcing.persistence import (
    ApplicationRecorder,
    InterfaceError,
    Notification,
    OperationalError,
    StoredEvent,
    Subscription,
)
from eventsourcing.utils import retry
from sqlalchemy import Connection, Select, select
from sqlalchemy import exc as sa_exc

from ledger.aggregates.book import FactWithdrawn
from ledger.kernel.errors import FollowerAhead, ReadOnlyBook, ServerLost
from ledger.kernel.instants import Instant
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.log import COLUMNS
from ledger.store.schema import events, withdrawn

PAGE = 500
POLL_SECONDS = 0.2
"""How long a follower that has seen everything waits before it looks again."""

Read = TypeVar("Read", bound=Callable[..., Any])


def _tried_again(read: Read) -> Read:
    """A lost connection is tried again as the package's own recorder for PostgreSQL does it."""
    trying: Read = retry((InterfaceError, OperationalError), max_attempts=10, wait=0.2)(read)
    return trying


@dataclass(frozen=True)
class BookNotification(Notification):
    """A row of the log; its `id` is its position."""

    at: Instant
    recorded_at: Instant
    by: str
    batch: int
    row: int
    hash: bytes
    withdraws: tuple[int, ...]


class PollingSubscription(Subscription["BookRecorder"]):
    """Yields notifications in the order of the log, from after a position on, until stopped.

    Raises `FollowerAhead` where the book ends before what has been seen of it.
    """

    def __init__(
        self, recorder: "BookRecorder", gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._stopped = Flag()
        self._seen = gt or 0
        self._page: Iterator[Notification] = iter(())
        self._head()

    def stop(self) -> None:
        """Ends the iteration, also one that is waiting."""
        super().stop()
        self._stopped.set()

    def __next__(self) -> Notification:
        while not self._stopped.is_set():
            for notification in self._page:
                return notification
            head = self._head()
            if head == self._seen:
                self._stopped.wait(POLL_SECONDS)
                continue
            page = self._recorder.select_notifications(
                self._seen, PAGE, head, self._topics, inclusive_of_start=False
            )
            # Up to the head nothing is left to find: what was passed over is not searched again.
            self._seen = page[-1].id if len(page) == PAGE else head
            self._page = iter(page)
        raise StopIteration

    def _head(self) -> int:
        head = self._recorder.max_notification_id() or 0
        if head < self._seen:
            raise FollowerAhead(
                f"The follower has seen position {self._seen}; the book ends at {head}.",
                seen=self._seen,
                head=head,
            )
        return head


class BookRecorder(ApplicationRecorder):
    """The log of a book for the package's readers: select and subscribe, no insert.

    Errors of the database are raised as the package's.
    """

    def __init__(self, book: Book) -> None:
        self.book = book

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Raises `ReadOnlyBook`: facts come in by `record`, which checks and keys them."""
        refuse_to_write()

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """One stream's events by version."""
        c = events.c
        query = select(*COLUMNS).where(c.stream == str(originator_id))
        if gt is not None:
            query = query.where(c.version > gt)
        if lte is not None:
            query = query.where(c.version <= lte)
        return self._notifications(
            query.order_by(c.version.desc() if desc else c.version).limit(limit)
        )

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events in the order of the log; the id of a notification is its position."""
        c = events.c
        query = select(*COLUMNS).order_by(c.position)
        if start is not None:
            query = query.where(c.position >= start if inclusive_of_start else c.position > start)
        if stop is not None:
            query = query.where(c.position <= stop)
        if topics:
            query = query.where(c.topic.in_(list(topics)))
        return self._notifications(query.limit(limit))

    @_tried_again
    def max_notification_id(self) -> int | None:
        """The last position, None for an empty log."""
        with self._reading() as connection:
            return head_of(connection).position or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> PollingSubscription:
        """Events after a position as they come. Raises `FollowerAhead`."""
        return PollingSubscription(self, gt, topics)

    @_tried_again
    def _notifications(self, query: Select[Any]) -> list[BookNotification]:
        with self._reading() as connection:
            rows = connection.execute(query).all()
            withdrawals = _withdrawals_by_event(connection, rows) if rows else {}
        return [
            BookNotification(
                stream, version, topic, bytes(state), position,
                *(at, recorded_at, by, batch, row, bytes(digest), withdrawals.get(position, ())),
            )
            for position, stream, version, topic, state, at, recorded_at, by, batch, row, digest
            in rows
        ]  # fmt: skip

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self.book.reading() as connection:
                if self.book.path is not None:
                    # A file that may not be written is read as it was when it was opened.
                    connection.detach()
                yield connection
        except ServerLost as lost:
            raise OperationalError(lost.sentence) from lost
        except sa_exc.DBAPIError as error:
            # PEP 249 names the classes of both packages.
            named = getattr(persistence, type(error).__name__, persistence.PersistenceError)
            raise named(str(error.orig)) from error


def _withdrawals_by_event(
    connection: Connection, rows: Sequence[Any]
) -> dict[int, tuple[int, ...]]:
    """The facts that each event of a page withdraws: an event that is withdrawn before it is
    recorded withdraws itself."""
    positions = [row.position for row in rows]
    takers = [row.position for row in rows if row.topic == FactWithdrawn.TOPIC]
    w = withdrawn.c
    wanted = w.target.between(min(positions), max(positions)) & (w.position < w.target)
    if takers:
        wanted |= w.position.in_(takers)
    query = select(w.target, w.position).where(wanted)
    taken_out: dict[int, tuple[int, ...]] = {}
    for target, position in connection.execute(query.order_by(w.target)):
        last = max(target, position)
        taken_out[last] = (*taken_out.get(last, ()), target)
    return taken_out


def refuse_to_write() -> NoReturn:
    """Raises `ReadOnlyBook`: what is not checked and keyed by `record` is no fact."""
    raise ReadOnlyBook(
        "A book is followed through eventsourcing, never written: facts come in by `record`.",
        "Use `duebook record`, and a database of their own for the follower's tables.",
    )
