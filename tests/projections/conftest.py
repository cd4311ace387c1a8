"""Read models in three ways: as they stand live, built in a temporary database, and rebuilt."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.store.book import Book
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.recording.record import record
from ledger.usecases.statements.pay import pay
from projections.base import View
from projections.catalogue import VIEWS
from projections.runner import Sight, looking_at, rebuild
from tests.quarter import NOW, PROGRAM

DEMO = Path(__file__).parents[2] / "fixtures" / "demo"
DEMO_FILES = sorted(path for path in DEMO.glob("0*") if path.suffix in (".csv", ".ndjson"))
BookWith = Callable[[Callable[[Book, Path], None]], Book]
Rows = list[tuple[Any, ...]]


def _rows(sight: Sight) -> Rows:
    query = select(sight.table).order_by(*sight.table.primary_key.columns)
    return sorted((tuple(row) for row in sight.connection.execute(query)), key=str)


@pytest.fixture
def demo_files() -> list[Path]:
    """The shipped example's files, in the order in which the book learned them."""
    return DEMO_FILES


def _recorded(book: Book, folder: Path) -> None:
    answer = record(book, [str(path) for path in DEMO_FILES], now=NOW, by="demo")
    assert not answer.rejected


def _closed(book: Book, folder: Path) -> None:
    _recorded(book, folder)
    close(book, PROGRAM, by="lin", now=NOW, leave_open="the table is not published")
    record(book, [str(DEMO / "after-close.ndjson")], now=NOW, by="demo")
    adjust(book, PROGRAM, by="lin", now=NOW)
    said = {"amount": "1000.00", "currency": "CNY", "ref": "bank-1", "by": "lin", "now": NOW}
    pay(book, f"{PROGRAM}/partner:P-01", **said)


@pytest.fixture
def record_demo(book_with: BookWith) -> Book:
    """A book with the whole example in it."""
    return book_with(_recorded)


@pytest.fixture
def closed_demo(book_with: BookWith) -> Book:
    """The whole example, its quarter closed with what is held left open, adjusted and paid: every
    view has rows."""
    return book_with(_closed)


@pytest.fixture
def live_rows() -> Callable[[Book, View], Rows]:
    """The rows of a live view, brought up to date."""

    def rows(book: Book, view: View) -> Rows:
        with looking_at(book, view) as sight:
            assert not sight.parked
            return _rows(sight)

    return rows


@pytest.fixture
def rows_at() -> Callable[..., Rows]:
    """The rows of a view built anew in a temporary database, at a known-at and an as-of."""

    def rows(book: Book, view: View, known_at: int | None = None, as_of: int = FOREVER) -> Rows:
        clocks = Clocks(as_of, known_at or book.head().position)
        with looking_at(book, view, clocks) as sight:
            assert not sight.parked
            return _rows(sight)

    return rows


@pytest.fixture
def assert_equal_ways(
    live_rows: Callable[[Book, View], Rows], rows_at: Callable[..., Rows]
) -> Callable[[Book], dict[str, Rows]]:
    """Every view: caught up = built in a temporary database = rebuilt. Answers the rows."""

    def check(book: Book) -> dict[str, Rows]:
        found = {}
        for name, view in VIEWS.items():
            found[name] = live_rows(book, view)
            assert rows_at(book, view) == found[name], f"{name}: live and built anew"
            rebuild(book, view)
            assert live_rows(book, view) == found[name], f"{name}: rebuilt"
        return found

    return check
