"""One statement over the read models of several books, each table with a first column `book`.

DuckDB runs it, over copies of the tables that it names and over the books' archives: the books are
in databases of several kinds.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Column

from ledger.kernel.clocks import Clocks
from ledger.kernel.duck import literal
from ledger.kernel.errors import BadQuery
from ledger.kernel.instants import Instant
from ledger.store.book import Book
from ledger.store.order_lines import OrderLines, Session
from ledger.store.schema import TEXT
from projections.books.named import OpenedBook
from projections.books.together import BOOK, standing
from projections.catalogue import VIEWS
from projections.reading import Report
from projections.sql.on_duckdb import (
    ORDERS,
    SHOWN,
    Sought,
    fill,
    make,
    order_lines,
    run_walled,
    table_of,
)
from projections.sql.query import TABLES, read_only
from projections.sql.rows import Limits
from projections.sql.statement import Statement, checked
from projections.sql.worked_out import LINES, OpenPeriod
from projections.taking import Parked, parked_in
from projections.temporary import Progress, silent

SAID = (
    "Run by DuckDB, over the archives and copies of the read models named: its SQL is DuckDB's. "
    "The first column of every table is the book."
)
ClocksOf = Callable[[Book], Clocks | None]


def query_books(
    books: Sequence[OpenedBook],
    sql: str,
    *,
    clocks_of: ClocksOf,
    now: Instant,
    zone: str | None = None,
    open_period: OpenPeriod | None = None,
    progress: Progress = silent,
    limits: Limits | None = None,
) -> Report:
    """Runs one SELECT over the read models of all those books, checked as one over a single book.

    Every book is asked, at its own head or at the clocks that were typed. Raises what `query` does,
    where it is of one book with its name.
    """
    statement = checked(sql, "duckdb", TABLES)
    if open_period is not None and LINES not in statement.tables:
        raise BadQuery(
            f"An open period is added to the table {LINES!r}, which the query does not name.",
            "Leave --program and --period out, or ask: select * from lines",
        )
    session = Session(None)
    across = _Across(session.database, statement, now, zone, open_period)
    try:
        heads = []
        for number, own in enumerate(books):
            with own.said():
                heads.append(across.take(number, own, clocks_of(own.book), progress))
        across.show_orders()
        answer = run_walled(session.database, across.folders, statement, limits or Limits(), SAID)
    finally:
        session.close()
    stand = [standing(own, at.known_at) for own, at in zip(books, heads, strict=True)]
    return Report("query", answer.rows, heads[0], across.parked, SAID, answer.cut, books=stand)


class _Across:
    """The tables of a statement, as book after book is copied into them."""

    def __init__(
        self,
        database: Any,
        statement: Statement,
        now: Instant,
        zone: str | None,
        open_period: OpenPeriod | None,
    ) -> None:
        self.database = database
        self.tables = statement.tables
        self.now, self.zone, self.open_period = now, zone, open_period
        self.folders: list[Path] = []
        self.parked: list[Parked] = []
        self._made: set[str] = set()
        self._orders: list[str] = []

    def take(
        self, number: int, own: OpenedBook, clocks: Clocks | None, progress: Progress
    ) -> Clocks:
        """Copies a book's tables; answers the clocks at which its read models were taken."""
        views = [VIEWS[name] for name in sorted(self.tables & set(VIEWS))]
        with ExitStack() as stack:
            kept, stands = stack.enter_context(
                read_only(own.book, views, clocks, progress, in_temporary=True)
            )
            log = stack.enter_context(own.book.reading())
            at = clocks or Clocks(self.now, stands.known_at)
            sought = Sought(log, at, kept, stands, self.zone, self.open_period)
            for view in views or VIEWS.values():
                self.parked += parked_in(kept, view.NAME)
            for name in sorted(self.tables - {ORDERS}):
                columns, pieces = table_of(sought, name)
                columns = [Column(BOOK, TEXT), *columns]
                if name not in self._made:
                    make(self.database, name, columns)
                    self._made.add(name)
                fill(self.database, name, columns, _of_book(own.name, pieces))
            if ORDERS in self.tables:
                self._add_orders(number, own.name, OrderLines.at(log, at), at)
        return stands

    def _add_orders(self, number: int, name: str, lines: OrderLines, clocks: Clocks) -> None:
        view = f"order_lines_{number}"
        self.database.execute(f"CREATE TEMP VIEW {view} AS {order_lines(lines, clocks)}")
        self._orders.append(f"SELECT {literal(name)} AS {BOOK}, {SHOWN} FROM {view}")
        if lines.files:
            self.folders.append(lines.folder)

    def show_orders(self) -> None:
        """Makes the table of order lines, of all books together."""
        if self._orders:
            query = " UNION ALL ".join(self._orders)
            self.database.execute(f"CREATE TEMP VIEW {ORDERS} AS {query}")


def _of_book(
    name: str, pieces: Iterable[Sequence[Sequence[Any]]]
) -> Iterator[Sequence[Sequence[Any]]]:
    for rows in pieces:
        yield [(name, *row) for row in rows]
