"""Verifying the read models: each live one against one built anew at the position it stands at."""

from sqlalchemy import Connection, select

from ledger.kernel.clocks import Clocks
from ledger.store.book import Book
from ledger.store.schema import has_table
from ledger.usecases.verify import Check
from projections.base import FOREVER, View
from projections.catalogue import VIEWS
from projections.runner import Progress, parked_in, state_of, temporary


def verify_views(book: Book, progress: Progress) -> list[Check]:
    """One check per view that was ever built."""
    checks = []
    for view in VIEWS.values():
        with book.reading() as connection:
            version, position = state_of(connection, view)
        if version == view.VERSION:
            checks.append(_verify(book, view, position, progress))
    return checks


def _verify(book: Book, view: View, position: int, progress: Progress) -> Check:
    name = f"view {view.NAME}"
    with book.reading() as connection:
        if not has_table(connection, view.NAME):
            return Check(name, False, "the table is gone; run: duebook rebuild " + view.NAME)
        parked = parked_in(connection, view.NAME)
        if parked:
            return Check(name, False, f"position {parked[0].position} is parked: {parked[0].error}")
        with temporary(book, [view], Clocks(FOREVER, position), progress) as (anew, _):
            wrong = _first_difference(connection, anew, view)
    if wrong:
        return Check(name, False, f"{wrong}; run: duebook rebuild {view.NAME}")
    return Check(name, True, f"equal to one built anew at position {position}")


def _first_difference(live: Connection, anew: Connection, view: View) -> str | None:
    table = view.table()
    query = select(table).order_by(*table.primary_key.columns)
    ours = {tuple(row) for row in live.execute(query)}
    theirs = {tuple(row) for row in anew.execute(query)}
    for row in sorted(ours ^ theirs, key=str)[:1]:
        found = "a row that the log does not give" if row in ours else "a row is missing"
        return f"{found}: {row}"
    return None
