"""What the readers of the `eventsourcing` package find in a book, and that they write nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import Notification
from eventsourcing.system import NotificationLogReader

from ledger.aggregates.book import BookOpened
from ledger.aggregates.store import GMVRecorded, StoreVerified
from ledger.kernel.errors import BookMissing, ReadOnlyBook, UnknownTopic
from ledger.kernel.instants import parse_instant
from ledger.store import codec
from ledger.store.book import Book, open_book
from ledger.store.codec import UPCASTERS, Upcaster
from ledger.store.following import FollowedBook, FollowedEvent
from ledger.store.library import BookRecorder
from tests.following import PATIENCE_SECONDS

OLD = "store-verified.v0"
VERIFIED = {"type": "StoreVerified", "at": "2026-01-20T10:00:00Z", "store": "S-1"}
Record = Callable[..., Any]


def sale(day: int) -> dict[str, Any]:
    """Settled GMV of a day of January, told at its end."""
    at = {"type": "GMVRecorded", "at": f"2026-01-{day:02}T23:00:00Z", "day": f"2026-01-{day:02}"}
    return at | {"store": "S-1", "amount": "1.00", "currency": "EUR", "basis": "settled"}


@pytest.fixture
def followed(book: Book) -> Iterator[FollowedBook]:
    """The book as an application of the package."""
    with FollowedBook({"DUEBOOK_BOOK": book.location}) as application:
        yield application


def decoded(followed: FollowedBook, notifications: Any) -> list[FollowedEvent]:
    found = [followed.mapper.to_domain_event(one) for one in notifications]
    assert all(isinstance(one, FollowedEvent) for one in found)
    return found  # type: ignore[return-value]


@contextmanager
def subscribed(recorder: Any, **options: Any) -> Iterator[Any]:
    """A subscription that ends where it would wait for ever."""
    with recorder.subscribe(**options) as subscription:
        alarm = Timer(PATIENCE_SECONDS, subscription.stop)
        alarm.start()
        yield subscription
        alarm.cancel()


def append(book: Book, topic: str, state: bytes) -> None:
    with book.log.writing() as writer:
        writer.append([("store:S-9", 1, topic, state, 7, "lin", 0, 0, None)])


def test_a_reader_of_the_package_reads_the_log_in_sections(
    book: Book, followed: FollowedBook, record_facts: Record
) -> None:
    """Every event once, in the order of the log, whatever the size of a section."""
    record_facts(book, [sale(day) for day in range(1, 8)])
    everything = list(range(1, book.head().position + 1))
    for size in (1, 3, 1000):
        reader = NotificationLogReader(followed.notification_log, section_size=size)
        assert [one.id for one in reader.read(start=1)] == everything
        pages = list(reader.select(start=5, inclusive_of_start=False))
        assert [one.id for page in pages for one in page] == everything[5:]
        assert max(len(page) for page in pages) <= size
    (page,) = reader.select(start=None, topics=[GMVRecorded.TOPIC])
    assert [one.id for one in page] == everything[-7:]


def test_an_event_comes_with_all_that_the_log_says_of_it(
    book: Book, followed: FollowedBook, record_facts: Record, read_rows: Callable[..., Any]
) -> None:
    """Decoded, at both of its instants, by whom, and by the package's names for its place."""
    record_facts(book, [sale(3)])
    (row,) = [row for row in read_rows(book) if row["topic"] == GMVRecorded.TOPIC]
    first, *_, last = decoded(followed, followed.recorder.select_notifications(None, 1000))
    assert isinstance(first.event, BookOpened)
    assert isinstance(last.event, GMVRecorded)
    assert last.event.amount == "1.00"
    assert last.at == parse_instant("2026-01-03T23:00:00Z")
    assert (last.originator_id, last.originator_version) == ("store:S-1", 1)
    named = {name: value for name, value in row.items() if name not in ("state", "key")}
    assert named == {name: getattr(last, name) for name in named}


def test_a_stream_of_a_book_is_folded_by_the_repository_of_the_package(
    book: Book, followed: FollowedBook, record_facts: Record
) -> None:
    """By version, also up to one, with a fold of the follower's own."""
    record_facts(book, [VERIFIED, sale(1), sale(2)])

    def count(state: Any, followed_events: Any) -> Any:
        kinds = [type(one.event).__name__ for one in followed_events]
        return SimpleNamespace(kinds=kinds) if kinds else state

    fold = {"projector_func": count}
    every: Any = followed.repository.get("store:S-1", **fold)
    assert every.kinds == ["StoreVerified", "GMVRecorded", "GMVRecorded"]
    early: Any = followed.repository.get("store:S-1", version=2, **fold)
    assert early.kinds == ["StoreVerified", "GMVRecorded"]
    last: Any = followed.events.get("store:S-1", gt=1, desc=True, limit=1)
    assert [one.version for one in last] == [3]


def test_an_event_that_was_stored_under_an_older_topic_still_decodes(
    book: Book, followed: FollowedBook
) -> None:
    """It is lifted to the event that it became; its topic stays what is stored."""
    append(book, OLD, b'{"shop":"S-9"}')
    read = followed.recorder.select_notifications(None, 10, topics=[OLD])
    with pytest.raises(UnknownTopic, match=f"Event {book.head().position}: .*{OLD}"):
        decoded(followed, read)
    UPCASTERS[OLD] = Upcaster(StoreVerified.TOPIC, lambda data: {"store": data["shop"]})
    try:
        (lifted,) = decoded(followed, read)
    finally:
        del UPCASTERS[OLD]
        codec._decoders.pop(OLD, None)
    assert lifted.event == StoreVerified(store="S-9")
    assert lifted.topic == OLD


def test_nothing_is_written_through_the_package(book: Book, followed: FollowedBook) -> None:
    """There is one way into the log; snapshots and positions of others have no place in it."""
    head = book.head()
    saved: Any = SimpleNamespace(originator_id="store:S-1", originator_version=1)
    with pytest.raises(ReadOnlyBook, match="facts come in by `record`"):
        followed.save(saved)
    for writing in (book, followed.factory.book):  # type: ignore[attr-defined]
        with pytest.raises(ReadOnlyBook, match="never written"):
            BookRecorder(writing).insert_events([])
    factory = followed.factory
    for refused in (
        factory.aggregate_recorder,
        factory.tracking_recorder,
        factory.process_recorder,
    ):
        with pytest.raises(ReadOnlyBook):
            refused()
    assert book.head() == head


def test_any_application_follows_a_book_by_its_persistence_module(book: Book) -> None:
    """Configured as the package's applications are, also with a book of its own by name."""
    named = {
        "APPLICATION_PERSISTENCE_MODULE": "ledger.store.following",
        "APPLICATION_DUEBOOK_BOOK": book.location,
        "DUEBOOK_BOOK": "no-such.db",
    }
    with Application[str](named) as application:
        assert application.recorder.max_notification_id() == book.head().position


def test_a_book_has_to_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the setting, or by the variable that the commands use."""
    monkeypatch.delenv("DUEBOOK_BOOK", raising=False)
    with pytest.raises(BookMissing, match="No book is named"):
        FollowedBook()
    with pytest.raises(BookMissing, match="no book at"):
        FollowedBook({"DUEBOOK_BOOK": str(tmp_path / "none.db")})


def test_what_a_filter_passed_over_is_not_searched_again(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the log: an idle look asks for the head only."""
    searched: list[Any] = []
    looks: list[int | None] = []
    recorder = BookRecorder(book)
    subscription = recorder.subscribe(topics=[GMVRecorded.TOPIC])

    def select(start: int | None, *rest: Any, **more: Any) -> Any:
        searched.append(start)
        return BookRecorder.select_notifications(recorder, start, *rest, **more)

    def head() -> int | None:
        looks.append(BookRecorder.max_notification_id(recorder))
        if len(looks) == 4:
            subscription.stop()
        return looks[-1]

    monkeypatch.setattr(recorder, "select_notifications", select)
    monkeypatch.setattr(recorder, "max_notification_id", head)
    assert list(subscription) == []
    assert (searched, len(looks)) == ([0], 4)


def test_a_subscription_reads_a_long_log_page_by_page(
    book: Book, record_facts: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No event is passed over where a page ends, with and without a filter."""
    monkeypatch.setattr("ledger.store.library.PAGE", 3)
    record_facts(book, [sale(day) for day in range(1, 8)])
    head = book.head().position
    for topics, first in (([], 1), ([GMVRecorded.TOPIC], head - 6)):
        seen: list[Notification] = []
        with subscribed(BookRecorder(book), topics=topics) as subscription:
            for one in subscription:
                seen.append(one)
                if one.id == head:
                    subscription.stop()
        assert [one.id for one in seen] == list(range(first, head + 1))


@pytest.mark.parametrize("database", ["postgresql"])
def test_a_lost_connection_is_made_again(
    book: Book, followed: FollowedBook, record_facts: Record
) -> None:
    """A server that restarts stops no follower."""
    with subscribed(followed.recorder, gt=book.head().position) as subscription:
        with psycopg.connect(book.location, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        book.engine.dispose()
        record_facts(book, [sale(1)])
        assert next(subscription).topic == "batch-recorded.v1"
        assert next(subscription).topic == GMVRecorded.TOPIC


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_file_that_may_only_be_read_is_followed_too(
    book: Book, location: str, record_facts: Record
) -> None:
    """Such a file is read as it was when it was opened, so that every look opens it again."""
    path = Path(location)
    head = book.head().position
    book.close()
    path.chmod(0o444)
    with (
        FollowedBook({"DUEBOOK_BOOK": location}) as followed,
        subscribed(followed.recorder, gt=head - 1) as subscription,
    ):
        assert next(subscription).id == head
        path.chmod(0o644)
        owner = open_book(location)
        record_facts(owner, [sale(1)])
        owner.close()
        path.chmod(0o444)
        assert not path.with_name(f"{path.name}-wal").exists()
        assert next(subscription).id == head + 1
    path.chmod(0o644)
