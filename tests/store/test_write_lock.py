"""The write lock on PostgreSQL: it needs no right beyond INSERT, and no two writers have it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy import exc as sa_exc

from ledger.aggregates.writing import Actor
from ledger.kernel.errors import BookLocked, ConcurrentWrite
from ledger.store import recorder
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.recorder import Row, Writer
from ledger.usecases.init import init
from ledger.usecases.recording.record import RecordAnswer

Record = Callable[..., RecordAnswer]
CERTIFIED = {"type": "PartnerCertified", "at": "2025-11-03T10:00:00+08:00", "partner": "P-1"}
VERIFIED = {"type": "StoreVerified", "at": "2026-01-10T09:00:00+08:00", "store": "S-1"}
pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@contextmanager
def older_version(book: Book) -> Iterator[Connection]:
    """A write as versions before made it: under a lock of the table itself."""
    with book.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET LOCAL lock_timeout = '300ms'")
        connection.exec_driver_sql("LOCK TABLE events IN EXCLUSIVE MODE")
        yield connection


def event(version: int) -> Row:
    """An event as a writer hands it over."""
    return ("store:S-9", version, "store-verified.v1", b'{"store":"S-9"}', 0, "old", 0, 0, None)


def wait_for_a_waiter(book: Book) -> None:
    """Until somebody waits for a lock of this database."""
    sql = (
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    ends = time.monotonic() + 15
    while time.monotonic() < ends:
        with book.reading() as connection:
            if connection.exec_driver_sql(sql).scalar():
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_two_writers_take_turns(
    book: Book, record_facts: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one gives up after a while, with nothing recorded and safe to repeat."""
    monkeypatch.setattr(recorder, "LOCK_SECONDS", 1)
    head = book.head()
    with book.log.writing(), pytest.raises(BookLocked, match="Somebody else has been writing"):
        record_facts(book, [CERTIFIED])
    assert book.head() == head
    assert record_facts(book, [CERTIFIED]).recorded == 1


def test_an_older_version_waits_for_this_one(book: Book) -> None:
    """Its lock of the table is not to be had while this one writes, even before its first event."""
    with (
        book.log.writing(),
        pytest.raises(sa_exc.OperationalError, match="lock timeout"),
        older_version(book),
    ):
        raise AssertionError("both would write at once")


def test_this_version_waits_for_an_older_one_and_goes_on_from_what_that_wrote(
    book: Book, record_facts: Record, assert_whole: Callable[[Book], list[dict[str, Any]]]
) -> None:
    """The head is read when the lock is had: nothing is chained to a head of before."""
    with ThreadPoolExecutor(1) as pool:
        with older_version(book) as connection:
            older = Writer(connection, head_of(connection), 0, None, Actor(account="old"))
            waiting = pool.submit(lambda: record_facts(book, [CERTIFIED, VERIFIED]))
            wait_for_a_waiter(book)
            head = older.append([event(1)])
        assert waiting.result(30).recorded == 2
    assert book.head().position == head.position + 3
    assert_whole(book)


def test_books_in_two_schemas_of_a_database_do_not_wait_for_each_other(
    new_location: Callable[[], str],
    record_facts: Record,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The lock is of the book's own table, not of the database."""
    monkeypatch.setattr(recorder, "LOCK_SECONDS", 2)
    url, books = new_location(), []
    first, _ = init(url, "platform")
    for name in ("spring", "autumn"):
        with first.engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        books.append(init(f"{url}&options=-csearch_path%3D{name}", "platform")[0])
    spring, autumn = books
    with first.log.writing(), spring.log.writing():
        assert record_facts(autumn, [CERTIFIED]).recorded == 1
    assert spring.head().position == first.head().position
    assert autumn.head().position == first.head().position + 2
    for one in books:
        one.close()
    with first.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA spring, autumn CASCADE")
    first.close()


@pytest.mark.parametrize("count", [1, 300], ids=["by INSERT", "by COPY"])
def test_somebody_who_writes_without_the_lock_is_told_of_and_nothing_is_recorded(
    book: Book, count: int
) -> None:
    """Whoever may INSERT may do so past duebook; two events never have one position."""
    before = book.head()
    rows = [event(version) for version in range(2, count + 2)]

    def overtaken() -> None:
        with book.log.writing() as writer:
            with book.engine.begin() as connection:
                Writer(connection, before, 0, None, Actor(account="else")).append([event(1)])
            writer.append(rows)

    with pytest.raises(ConcurrentWrite, match="not by duebook") as refused:
        overtaken()
    assert "duebook verify" in refused.value.hint
    assert book.head().position == before.position + 1
    with book.log.writing() as writer:
        writer.append(rows)
    assert book.head().position == before.position + 1 + count
