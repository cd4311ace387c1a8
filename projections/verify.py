"""Verifying the read models: each live one against one built anew at the same position."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import DatabaseError

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import Refusal, ServerLost
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.log import ROWS_AT_ONCE, fetch
from ledger.store.meddling import meddling
from ledger.store.schema import has_table
from ledger.usecases.verifying.verify import Check, said_of
from projections.base import Span, View
from projections.catalogue import VIEWS
from projections.entries import Entries, entries_in, read_entries
from projections.leftovers import left_behind, positions_in
from projections.runner import Progress, parked_in, state_of, temporary


def verify_views(book: Book, progress: Progress) -> list[Check]:
    """One check per view that was ever built."""
    checks = (_verified(book, view, progress) for view in VIEWS.values())
    return [check for check in checks if check is not None]


def _verified(book: Book, view: View, progress: Progress) -> Check | None:
    """A table that cannot be read as it was made, because a column is gone, does not follow from
    the log either."""
    try:
        return _verify(book, view, progress)
    except DatabaseError as error:
        sentence = f"{said_of(error)}; run: duebook rebuild {view.NAME}"
        return Check(f"view {view.NAME}", False, sentence)


def verify_places(book: Book) -> Check:
    """Checks that no view is beyond the head, where it would miss what is recorded next, and that
    no view's table is anything but a table; names tables being built or left behind."""
    name = "view places"
    with book.as_stored() as connection:
        head = head_of(connection).position
        beyond = [
            f"{view} stands at {position}, beyond the head at {head}; run: duebook rebuild {view}"
            for view, position in positions_in(connection)
            if position > head
        ]
        harmful = meddling(connection, VIEWS).harmful
        building = left_behind(connection)
    if beyond or harmful:
        return Check(name, False, "; ".join([*beyond, *harmful]))
    detail = "none is beyond the head"
    if building:
        detail += f"; being built, or left by a killed rebuild: {', '.join(building)}"
    return Check(name, True, detail)


def verify_entries(book: Book, progress: Progress) -> Check:
    """Checks that every entry, rebuilt from the log, balances; and so does the stored journal."""
    count = 0
    try:
        with book.reading() as connection:
            head = head_of(connection).position
            for _entry in entries_in(Span(connection, connection, 0, head, FOREVER)):
                count += 1
        # A table that cannot be read as it was made is a read model that another check names.
        with book.as_stored() as connection, suppress(DatabaseError):
            version, _ = state_of(connection, Entries())
            if version == Entries.VERSION and has_table(connection, Entries.NAME):
                for _entry in read_entries(connection, Entries().table()):
                    pass
    except ServerLost:
        raise
    except Refusal as refusal:
        return Check("entries", False, refusal.sentence)
    progress("entries", count)
    return Check("entries", True, f"{count:,} entries balance")


def _verify(book: Book, view: View, progress: Progress) -> Check | None:
    """None for a view that was never built, or that is rebuilt at its next use anyway."""
    name = f"view {view.NAME}"
    while True:
        with book.as_stored() as connection:
            version, position = state_of(connection, view)
            if version != view.VERSION or _is_newer(position, book):
                return None
            if not has_table(connection, view.NAME):
                return Check(name, False, "the table is gone; run: duebook rebuild " + view.NAME)
            parked = parked_in(connection, view.NAME)
            if parked:
                left_out = f"position {parked[0].position} is parked: {parked[0].error}"
                return Check(name, False, left_out)
            with temporary(book, [view], Clocks(FOREVER, position), progress) as (anew, _):
                wrong = _first_difference(connection, anew, view)
        if wrong is None:
            return Check(name, True, f"equal to one built anew at position {position}")
        with book.as_stored() as connection:
            moved = state_of(connection, view) != (version, position)
        if not moved:
            return Check(name, False, f"{wrong}; run: duebook rebuild {view.NAME}")
        # The view was brought up to date between reading its position and its rows: try again.


def _is_newer(position: int, book: Book) -> bool:
    """Whether a view has moved on since the copy of the log that it is compared with was made."""
    return book.stored_as is not None and position > book.head().position


def _first_difference(live: Connection, anew: Connection, view: View) -> str | None:
    """The first row, as a text, that only one of two tables has; None for equal tables."""
    table = view.table()
    query = select(table).order_by(*table.primary_key.columns)
    if _equal(fetch(live, query), fetch(anew, query)):
        return None
    ours = {tuple(row) for row in live.execute(query)}
    theirs = {tuple(row) for row in anew.execute(query)}
    for row in sorted(ours ^ theirs, key=str)[:1]:
        difference = "a row that the log does not give" if row in ours else "a row is missing"
        return f"{difference}: {row}"
    return None


def _equal(ours: Iterator[Sequence[Any]], theirs: Iterator[Sequence[Any]]) -> bool:
    """Whether two tables, read in the order of their keys, are the same row for row. Kept in memory
    are few rows at a time."""
    while True:
        mine, other = (
            [tuple(row) for row in islice(rows, ROWS_AT_ONCE)] for rows in (ours, theirs)
        )
        if mine != other:
            return False
        if not mine:
            return True
