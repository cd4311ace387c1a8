"""The audit trail of a test's book, and what a decision adds to it."""

from collections.abc import Callable
from typing import Any

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.store.book import Book
from projections.reading import report
from tests.quarter import PROGRAM
from tests.reconciling import PLAIN, rows

Row = dict[str, Any]
LESS = [*PLAIN, *rows(("S-5", "1000.00"))]
"""A platform's file with 600.00 less for S-5 than the discounted quarter has."""
DIFFERS = f"{PROGRAM}/S-5#amount_differs"
PAYEE_1, PAYEE_2 = f"{PROGRAM}/partner:P-1", f"{PROGRAM}/partner:P-2"


def trail(book: Book, known_at: int | None = None, as_of: int = FOREVER) -> list[Row]:
    """The report without what `init` did."""
    clocks = Clocks(as_of, known_at or book.head().position)
    return [row for row in report(book, "audit", clocks=clocks).rows if row["by"] != "duebook"]


def last(book: Book) -> Row:
    """The newest row."""
    return trail(book)[-1]


def new_rows(book: Book, decide: Callable[[], Any]) -> list[Row]:
    """What a decision adds to the trail; earlier rows stay as they are."""
    before = trail(book)
    decide()
    after = trail(book)
    assert after[: len(before)] == before
    return after[len(before) :]


def one_row(book: Book, decide: Callable[[], Any]) -> tuple[str, str, str, dict[str, str]]:
    """The one row that a decision adds: what, about, reason, effect."""
    (row,) = new_rows(book, decide)
    return row["what"], row["about"], row["reason"], row["effect"]
