"""Events recorded later than it is now: the log is intact, but a clock was or is wrong."""

from sqlalchemy import func, select

from ledger.kernel.instants import Instant, format_instant
from ledger.store.book import Book
from ledger.store.clock import BEHIND
from ledger.store.schema import events
from ledger.usecases.verifying.verify import Check


def verify_clock(book: Book, now: Instant) -> Check:
    """Reports events recorded later than this machine's clock, from the first one on.

    The check never fails: the log is intact, recorded instants cannot be corrected, and this
    clock may be the wrong one. A note is added to the book so that nobody overlooks it.
    """
    c = events.c
    late = c.recorded_at > now + BEHIND
    query = select(func.count(), func.min(c.position), func.max(c.recorded_at)).where(late)
    with book.reading() as connection:
        count, first, last = connection.execute(query).one()
    if not count:
        return Check("clock", True, f"no event is later than this clock, {format_instant(now)}")
    from_there = f"{count:,} events from position {first} on say that they were recorded"
    sentence = (
        f"{from_there} as late as {format_instant(last)}; this clock says {format_instant(now)}"
    )
    book.notes.append(f"Careful: {sentence}. One of the two clocks was or is wrong.")
    return Check("clock", True, sentence)
