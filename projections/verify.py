"""Verifying the read models: each live one against one built anew at the same position."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any, TypeVar

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
from projections.runner import state_of
from projections.taking import parked_in
from projections.temporary import Progress, temporary

T = TypeVar("T")


def verify_views(
    book: Book, progress: Progress, names: Collection[str] = tuple(VIEWS)
) -> list[Check]:
    """One check per view that was ever built, of some or all."""
    checks: dict[str, Check] = {}
    waiting = [VIEWS[name] for name in VIEWS if name in names]
    while waiting:
        waiting = _verified(book, waiting, checks, progress)
    return [checks[name] for name in VIEWS if name in checks]


def _verified(
    book: Book, views: Sequence[View], checks: dict[str, Check], progress: Progress
) -> list[View]:
    """Adds the checks of views, of which those at one position are built anew together. Returns
    those that were brought up to date between reading their position and their rows."""
    again: list[View] = []
    by_position: dict[int, list[View]] = defaultdict(list)
    with book.as_stored() as connection:
        for view in views:
            place = _readable(connection, view, partial(_place, book, connection, view))
            if isinstance(place, Check):
                checks[view.NAME] = place
            elif place is not None:
                by_position[place].append(view)
        for position, standing in by_position.items():
            for view, wrong in _compared(book, connection, standing, position, progress):
                if isinstance(wrong, Check):
                    checks[view.NAME] = wrong
                elif wrong is None:
                    equal = f"equal to one built anew at position {position}"
                    checks[view.NAME] = Check(f"view {view.NAME}", True, equal)
                elif _moved(book, view, position):
                    again.append(view)
                else:
                    checks[view.NAME] = _failed(view, wrong)
    return again


def _place(book: Book, connection: Connection, view: View) -> int | Check | None:
    """The position at which a view can be compared, or what is wrong with it already; None for one
    that was never built, or that is rebuilt at its next use anyway."""
    version, position = state_of(connection, view)
    if version != view.VERSION or _is_newer(position, book):
        return None
    if not has_table(connection, view.NAME):
        return _failed(view, "the table is gone")
    if parked := parked_in(connection, view.NAME):
        left_out = f"position {parked[0].position} is parked: {parked[0].error}"
        return Check(f"view {view.NAME}", False, left_out)
    return position


def _compared(
    book: Book, connection: Connection, views: Sequence[View], position: int, progress: Progress
) -> Iterator[tuple[View, str | Check | None]]:
    """What differs in each of the views, or that it cannot be read."""
    try:
        with temporary(book, views, Clocks(FOREVER, position), progress) as (anew, _):
            for view in views:
                difference = partial(_first_difference, connection, anew, view)
                yield view, _readable(connection, view, difference)
    except DatabaseError as error:  # one of them cannot be built
        if len(views) == 1:
            yield views[0], _failed(views[0], said_of(error))
            return
        for view in views:
            yield from _compared(book, connection, [view], position, progress)


def _readable(connection: Connection, view: View, read: Callable[[], T]) -> T | Check:
    """What is read, or the failed check of a view: a table that cannot be read as it was made,
    because a column is gone, does not follow from the log either."""
    try:
        return read()
    except DatabaseError as error:
        connection.rollback()
        return _failed(view, said_of(error))


def _failed(view: View, why: str) -> Check:
    return Check(f"view {view.NAME}", False, f"{why}; run: duebook rebuild {view.NAME}")


def _moved(book: Book, view: View, position: int) -> bool:
    with book.as_stored() as connection:
        return state_of(connection, view) != (view.VERSION, position)


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


def _is_newer(position: int, book: Book) -> bool:
    """Whether a view has moved on since the copy of the log that it is compared with was made."""
    return book.stored_as is not None and position > book.head().position


def _first_difference(live: Connection, anew: Connection, view: View) -> str | None:
    """The first row, as a text, that only one of two tables has, or that the live one has twice;
    None for equal tables."""
    table = view.table()
    query = select(table).order_by(*table.primary_key.columns)
    with suppress(sqlite3.DatabaseError):  # a row that cannot be read: below it is reported
        if _equal(fetch(live, query), fetch(anew, query)):
            return None
    ours = Counter(tuple(row) for row in live.execute(query))
    theirs = {tuple(row) for row in anew.execute(query)}
    for row in sorted(set(ours) ^ theirs, key=str)[:1]:
        difference = "a row that the log does not give" if row in ours else "a row is missing"
        return f"{difference}: {row}"
    twice = (row for row, count in ours.items() if count > 1)
    return next((f"a row is there twice: {row}" for row in twice), None)


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
