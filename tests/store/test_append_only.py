"""The log only grows: the database itself refuses every change, and no write is half done."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from ledger.store.book import Book
from ledger.store.recorder import COPY_FROM, Row

CHANGES = {
    "update of a column": """UPDATE events SET "by" = 'somebody else' WHERE position = 1""",
    "update of a hash": "UPDATE events SET hash = state WHERE position = 1",
    "update of every row": """UPDATE events SET "row" = "row" + 1""",
    "delete of one": "DELETE FROM events WHERE position = 1",
    "delete of the last": "DELETE FROM events WHERE position = (SELECT max(position) FROM events)",
    "delete of all": "DELETE FROM events",
}
COLUMNS = 'position, stream, version, topic, state, at, recorded_at, "by", batch, "row", key, hash'
COPY_OF_FIRST = (
    f"INSERT INTO events ({COLUMNS}) SELECT {{position}}, {{stream}}, {{version}}, topic, state,"
    " at, recorded_at, 'forged', batch, \"row\", {key}, hash FROM events WHERE position = {of}"
)


@pytest.fixture
def filled(book: Book) -> Book:
    """A book with three events of one stream, with keys, after those of `init`."""
    with book.log.writing() as writer:
        writer.append(rows_of("store:S-1", 3))
    return book


def rows_of(stream: str, count: int, *, keys: bool = True) -> list[Row]:
    state = b'{"store":"S-1"}'
    return [
        (stream, n, "store-verified.v1", state, n, "test", 0, n, b"%d" % n if keys else None)
        for n in range(1, count + 1)
    ]


def execute(book: Book, sql: str) -> None:
    with book.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(sql)


def colliding(of: int, clash: str) -> str:
    """An insert that meets a recorded event in one of the three things that are unique."""
    own = {"position": "99", "stream": "'store:S-9'", "version": "9", "key": "NULL", "of": of}
    same = {"position": {"position": of}, "stream": {"stream": "stream", "version": "version"}}
    return COPY_OF_FIRST.format(**{**own, **same.get(clash, {"key": "key"})})


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_an_event_is_refused_by_the_database(
    filled: Book, change: str, read_rows: Callable[[Book], Any]
) -> None:
    """Whoever has the connection, with whatever tool: what is recorded stays."""
    before = read_rows(filled)
    with pytest.raises(DBAPIError, match="recorded events are never changed or deleted"):
        execute(filled, change)
    assert read_rows(filled) == before


@pytest.mark.parametrize("change", ["TRUNCATE events", "TRUNCATE events, refs CASCADE"])
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_emptying_the_log_is_refused_by_postgresql(
    filled: Book, change: str, read_rows: Callable[[Book], Any]
) -> None:
    """TRUNCATE fires no trigger of a row, so it has one of its own."""
    before = read_rows(filled)
    with pytest.raises(DBAPIError, match="recorded events are never changed or deleted"):
        execute(filled, change)
    assert read_rows(filled) == before


@pytest.mark.parametrize("clash", ["position", "stream", "key"])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_replacing_an_event_is_refused_by_sqlite(
    filled: Book, clash: str, read_rows: Callable[[Book], Any]
) -> None:
    """INSERT OR REPLACE deletes without a delete trigger; it is refused all the same."""
    before = read_rows(filled)
    last = len(before)
    replacing = colliding(last, clash).replace("INSERT", "INSERT OR REPLACE", 1)
    with pytest.raises(DBAPIError, match="recorded events are never changed or deleted"):
        execute(filled, replacing)
    with pytest.raises(DBAPIError, match="recorded events are never changed or deleted"):
        execute(filled, f"UPDATE OR REPLACE events SET position = {last} WHERE position = 1")
    assert read_rows(filled) == before


@pytest.mark.parametrize(
    ("clash", "target"),
    [("position", "(position)"), ("stream", "(stream, version)"), ("key", "(key)")],
)
def test_an_upsert_of_an_event_is_refused(
    filled: Book, clash: str, target: str, read_rows: Callable[[Book], Any]
) -> None:
    """INSERT ... ON CONFLICT DO UPDATE is an update in disguise."""
    before = read_rows(filled)
    upsert = f"""{colliding(len(before), clash)} ON CONFLICT {target} DO UPDATE SET "by" = 'x'"""
    with pytest.raises(DBAPIError, match="recorded events are never changed or deleted"):
        execute(filled, upsert)
    assert read_rows(filled) == before


@pytest.mark.parametrize("clash", ["position", "stream", "key"])
def test_an_insert_that_meets_a_recorded_event_is_refused(
    filled: Book, clash: str, read_rows: Callable[[Book], Any]
) -> None:
    """Position, version in a stream, and key are each taken once, for ever."""
    before = read_rows(filled)
    with pytest.raises(DBAPIError, match=r"never changed|duplicate key"):
        execute(filled, colliding(len(before), clash))
    assert read_rows(filled) == before


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_row_before_the_last_one_is_refused_by_sqlite(book: Book) -> None:
    """Nothing can be slipped in before the head, even where its place is free."""
    before_all = {"position": 0, "stream": "'store:S-9'", "version": "9", "key": "NULL", "of": 1}
    with pytest.raises(DBAPIError, match="recorded events are never changed or deleted"):
        execute(book, COPY_OF_FIRST.format(**before_all))


class UnpluggedError(Exception):
    """Whatever stops a writer in the middle."""


def write_then_fail(book: Book, rows: list[Row]) -> None:
    """Writes rows, sees that they stand, and then does not come to the commit."""
    head = book.head()
    with book.log.writing() as writer:
        assert writer.append(rows).position == head.position + len(rows)
        raise UnpluggedError


@pytest.mark.parametrize("count", [1, COPY_FROM + 1, 12_000], ids=["one", "copied", "batches"])
def test_a_write_that_fails_leaves_nothing_and_no_gap(
    filled: Book, count: int, assert_whole: Callable[[Book], Any]
) -> None:
    """Rolled back after any number of rows, the next write takes the very next position."""
    head = filled.head()
    with pytest.raises(UnpluggedError):
        write_then_fail(filled, rows_of("store:S-2", count, keys=False))
    assert filled.head() == head
    with filled.log.writing() as writer:
        assert writer.append(rows_of("store:S-3", 1, keys=False)).position == head.position + 1
    assert_whole(filled)


def test_a_source_of_rows_that_fails_half_way_leaves_nothing(filled: Book) -> None:
    """Rows are drawn while they are written; one that cannot be made takes all back."""
    head = filled.head()

    def rows() -> Iterator[Row]:
        yield from rows_of("store:S-2", 4_500, keys=False)
        raise UnpluggedError

    with pytest.raises(UnpluggedError), filled.log.writing() as writer:
        writer.append(rows())
    assert filled.head() == head


def test_positions_have_no_gaps_over_writes_of_every_size(
    book: Book, assert_whole: Callable[[Book], Any]
) -> None:
    """Single rows, rows by COPY, and writes that failed between them, in one unbroken row."""
    wanted = book.head().position
    for number, count in enumerate([1, 2, COPY_FROM - 1, COPY_FROM, 2_500, 1]):
        with book.log.writing() as writer:
            writer.append(rows_of(f"store:S-{number}", count, keys=False))
        with pytest.raises(UnpluggedError):
            write_then_fail(book, rows_of("store:S-failed", count, keys=False))
        wanted += count
        assert book.head().position == wanted
    assert len(assert_whole(book)) == wanted


def test_recorded_at_never_runs_backwards(
    book: Book, read_rows: Callable[[Book], list[dict[str, Any]]]
) -> None:
    """A clock that was set back does not make the log say that it learned things earlier, also
    where somebody says that it is right."""
    book.log.clock_is_right = "it is this test's"
    hour = 3_600_000_000
    start = book.head().recorded_at
    for stream, now in (("store:S-1", start + hour), ("store:S-2", start - hour)):
        with book.log.writing(now) as writer:
            writer.append(rows_of(stream, 1, keys=False))
    earlier, later = (row["recorded_at"] for row in read_rows(book)[-2:])
    assert (earlier, later) == (start + hour, start + hour)
    with book.log.writing(start + 2 * hour) as writer:
        written = writer.append(rows_of("store:S-3", 1, keys=False))
    assert written.recorded_at == start + 2 * hour
