"""A book as an application of the `eventsourcing` package: `FollowedBook`.

That package's projection runners, notification log readers and followers read it as they read
any other application. `docs/followed-by-others.md` has an example.
"""

from typing import Any, NamedTuple, NoReturn

from eventsourcing.application import Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    InfrastructureFactory,
    Mapper,
    StoredEvent,
    TrackingRecorder,
    Transcoder,
)
from eventsourcing.utils import Environment, EnvType

from ledger.aggregates.base import Event
from ledger.kernel.errors import BookMissing
from ledger.kernel.instants import Instant
from ledger.store.book import open_book
from ledger.store.codec import decode_rows
from ledger.store.engines import HOW_TO_MAKE
from ledger.store.library import BookNotification, BookRecorder, refuse_to_write


class FollowedEvent(NamedTuple):
    """An event of a book as a projection or policy is given it: `match` on its `event`.

    `at` and `recorded_at` are microseconds UTC. `withdraws` has the positions of the facts that
    count for nothing from this event on: those that a withdrawal takes back, or the event's own,
    where its withdrawal was recorded before it.
    """

    position: int
    stream: str
    version: int
    topic: str
    event: Event
    at: Instant
    recorded_at: Instant
    by: str
    batch: int
    row: int
    hash: bytes
    withdraws: tuple[int, ...]

    @property
    def originator_id(self) -> str:
        """The stream, by the name that the package has for it."""
        return self.stream

    @property
    def originator_version(self) -> int:
        """The version, by the name that the package has for it."""
        return self.version


class BookMapper(Mapper[Any]):
    """Decodes the events of a book, in every version that was ever stored.

    Topics need no registration with the package: the ledger's own catalogue is asked. Events
    that are not of a book are read as the package's mapper reads them, so that an application
    with events of its own can follow a book with this mapper. Raises `UnknownTopic` or
    `UndecodableEvent` with the position.
    """

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[Any]:
        """A `FollowedEvent` for an event of a book."""
        if not isinstance(stored_event, BookNotification):
            return super().to_domain_event(stored_event)
        e = stored_event
        row = (
            *(e.id, e.originator_id, e.originator_version, e.topic, e.state),
            *(e.at, e.recorded_at, e.by, e.batch, e.row, e.hash),
        )
        (logged,) = decode_rows([row])
        return FollowedEvent._make((*logged, e.withdraws))


class BookFactory(InfrastructureFactory[TrackingRecorder]):
    """Opens the book that DUEBOOK_BOOK names, only for reading.

    An application whose PERSISTENCE_MODULE is this module follows that book. Raises `BookMissing`
    and whatever else `open_book` raises.
    """

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        location = self.env.get("DUEBOOK_BOOK")
        if not location:
            raise BookMissing("No book is named to be followed.", HOW_TO_MAKE)
        self.book = open_book(location, readonly=True)

    def mapper(
        self, transcoder: Transcoder | None = None, mapper_class: type[Mapper[Any]] | None = None
    ) -> Mapper[Any]:
        """A `BookMapper`: MAPPER_TOPIC is for the follower's own events."""
        return super().mapper(transcoder, mapper_class or BookMapper)

    def application_recorder(self) -> BookRecorder:
        """The log of the book."""
        return BookRecorder(self.book)

    def aggregate_recorder(self, purpose: str = "events") -> NoReturn:
        """Raises `ReadOnlyBook`: a book keeps no snapshots of others."""
        refuse_to_write()

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> NoReturn:
        """Raises `ReadOnlyBook`: the position of a follower is kept in its own database."""
        refuse_to_write()

    def process_recorder(self) -> NoReturn:
        """Raises `ReadOnlyBook`, for the same reason."""
        refuse_to_write()

    def close(self) -> None:
        """Gives the connections back."""
        self.book.close()


class FollowedBook(Application[str]):
    """The book that DUEBOOK_BOOK names, as an application that can be followed.

    Trackings are kept under its `name`: to follow several books into one database, give each a
    class with a name of its own.
    """

    log_section_size = 1000

    def construct_factory(self, env: Environment) -> BookFactory:
        """Always a book, whatever PERSISTENCE_MODULE says: that one is the follower's."""
        return BookFactory(env)
