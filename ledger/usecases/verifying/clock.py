"""Events that say that they were recorded later than it is now: the log holds, a clock did not."""

from sqlalchemy import func, select

from ledger.kernel.instants import Instant, format_instant
from ledger.store.book import Book
from ledger.store.clock import BEHIND
from ledger.store.schema import events
from ledger.usecases.verifying.verify import Check


def verify_clock(book: Book, now: Instant) -> Check:
    """Names events recorded later than this machine's clock, from the first one on.

    It tells and does not fail: the log holds, nothing that is recorded can be set right, and it
    may be this clock that is wrong. The book keeps a note, so that nobody overlooks it.
    """
    c = events.c
    late = c.recorded_at > now + BEHIND
    query = select(func.count(), func.min(c.position), func.max(c.recorded_at)).where(late)
    with book.reading() as connection:
        count, first, last = connection.execute(query).one()
    if not count:
        return Check("clock", True, f"no event is later than this clock, {format_instant(now)}")
    from_there = f"{count:,} events from position {first} on say that they were recorded"
    told = f"{from_there} as late as {format_instant(last)}; this clock says {format_instant(now)}"
    book.notes.append(f"Careful: {told}. One of the two clocks was or is wrong.")
    return Check("clock", True, told)
