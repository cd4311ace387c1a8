"""Verifying a book from its bytes: the chain, the receipts, the indexes, the guards, the keys.

Trusts nothing that is stored besides the events. Whatever does not hold is reported with its place.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.exc import DatabaseError

from ledger.kernel.counted import counted
from ledger.kernel.errors import Refusal, ServerLost
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.indexes import Indexes, recomputed
from ledger.store.log import fetch, read_log
from ledger.store.meddling import damaged_pages, meddling
from ledger.store.receipts import Receipt, kept_receipts, receipt_holds
from ledger.store.schema import LOOKS, faulty_guards, holds_looks, refs, withdrawn
from ledger.usecases.verifying.reading_through import (
    Chained,
    Placed,
    chain_rows,
    read_through,
)

SHOWN_MAX = 5
Progress = Callable[[str, int], None]


class Check(NamedTuple):
    """One thing that must hold, whether it does, and where it does not."""

    name: str
    ok: bool
    detail: str

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "ok": self.ok, "detail": self.detail}


def verify(book: Book, receipts: Iterable[Receipt], progress: Progress) -> list[Check]:
    """Every check of the log and of what is kept with it.

    A check that cannot be made at all, because a column holds an impossible value, has failed.
    """
    # Before the log: a receipt issued meanwhile would be for events that this run does not read.
    unread, held = _held(book, receipts)
    with book.reading() as connection, _any_text(connection):
        log, expected = _log(connection, progress)
        return [
            *log,
            *(unread or _made("receipts", lambda: [_receipts(connection, held)])),
            *_made("indexes", lambda: _indexes(connection, expected)),
            *_made("guards", lambda: [_guards(book)]),
        ]


def _log(connection: Connection, progress: Progress) -> tuple[list[Check], Indexes | None]:
    """The checks of chain and events, in one reading of a log that holds; what its indexes must
    hold. Where anything is wrong, each check reads for itself and says what it finds."""
    if through := read_through(connection, progress):
        return [_whole_chain(through.events), _whole_events(through.events)], through.indexes
    chain = _made("chain", lambda: [_chain(connection, progress)])
    return chain + _made("events", lambda: [_events(connection, progress)]), None


def not_seen() -> Check:
    """What no check can see, so that nobody relies on the others for more than they prove."""
    return Check(
        "not seen",
        True,
        "a book whose log and all that follows from it were made anew: keep a receipt or a "
        "checkpoint elsewhere and give it with --receipt or --checkpoint; what was recorded since; "
        "and who may write to the database",
    )


def _held(book: Book, given: Iterable[Receipt]) -> tuple[list[Check], list[Receipt]]:
    """The receipts to check, or the failed check if the kept receipts cannot be read."""
    try:
        return [], [*kept_receipts(book), *given]
    except Refusal as refusal:
        return [Check("receipts", False, refusal.sentence)], []


def _made(name: str, check: Callable[[], list[Check]]) -> list[Check]:
    try:
        return check()
    except ServerLost:
        raise
    except Refusal as refusal:
        return [Check(name, False, refusal.sentence)]
    except Exception as error:
        return [Check(name, False, f"cannot be read: {said_of(error)}")]


def said_of(error: Exception) -> str:
    """A failed read as a sentence: the database's message, or that a stored value is wrong."""
    if isinstance(error, DatabaseError):
        return f"the database says: {error.orig}"
    return "a column holds what it did not hold when it was written"


@contextmanager
def _any_text(connection: Connection) -> Iterator[None]:
    """Reads SQLite texts that are not UTF-8, so that the event that holds one can be reported."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = str


def _guards(book: Book) -> Check:
    """The database itself still refuses every change of an event, nothing was added to the book's
    own tables that would change their content, and a file's own indexes lead to every row."""
    with book.as_stored() as connection:
        faulty = faulty_guards(connection)
        foreign = meddling(connection)
        damage = damaged_pages(connection)
    problems = [f"missing, disabled or changed: {', '.join(faulty)}"] if faulty else []
    problems += [f"not made by duebook: {', '.join(foreign.harmful)}"] if foreign.harmful else []
    problems += [f"SQLite says of the file: {'; '.join(damage)}"] if damage else []
    detail = "; ".join(problems) or "in place"
    if foreign.beside and not problems:
        detail += f"; not made by duebook, and read by nobody here: {', '.join(foreign.beside)}"
    return Check("guards", not problems, detail)


def _chain(connection: Connection, progress: Progress) -> Check:
    """Positions without gaps, versions without gaps, and every hash recomputed."""
    rule = Chained()
    for row in chain_rows(connection):
        if fault := rule.fault(row):
            return Check("chain", False, fault)
        if not rule.read & 0xFFF:
            progress("verifying", 0x1000)
    fault = rule.end_fault()
    return Check("chain", False, fault) if fault else _whole_chain(rule.read)


def _whole_chain(count: int) -> Check:
    return Check("chain", True, f"{counted(count, 'event')}, every hash recomputed")


def _events(connection: Connection, progress: Progress) -> Check:
    """Every event can be read back, and is in the stream that its content names."""
    last, rule = 0, Placed()
    try:
        for recorded in read_log(connection):
            last = recorded.position
            if fault := rule.fault(recorded):
                return Check("events", False, fault)
            if not last & 0xFFF:
                progress("reading", 0x1000)
    except ServerLost:
        raise
    except Refusal as refusal:
        return Check("events", False, refusal.sentence)
    except Exception as error:
        return Check("events", False, f"after position {last}: {said_of(error)}")
    return _whole_events(last)


def _whole_events(count: int) -> Check:
    return Check("events", True, f"{counted(count, 'event')} read back")


def _receipts(connection: Connection, receipts: list[Receipt]) -> Check:
    """Every receipt still holds."""
    head = head_of(connection).position
    broken = [receipt for receipt in receipts if not receipt_holds(connection, receipt)]
    if broken:
        latest = max(receipt.position for receipt in receipts)
        receipt = broken[0]
        detail = f"receipt for position {receipt.position} ({receipt.source}) does not hold"
        if latest > head:
            below = counted(latest - head, "event")
            detail += f": the log ends at {head}, {below} below its last receipt"
        return Check("receipts", False, detail)
    if not receipts:
        return Check("receipts", True, "none to check: a tail that was cut would not be noticed")
    return Check("receipts", True, f"{len(receipts)} hold")


def _indexes(connection: Connection, expected: Indexes | None) -> list[Check]:
    """The index entries and the withdrawals are exactly those that the log gives."""
    expected = expected or recomputed(connection)
    r, w = refs.c, withdrawn.c
    entries = select(r.kind, r.name, r.position, r.at, r.stream, r.detail)
    withdrawals = select(w.target, w.position)
    if not holds_looks(connection):  # an older book that nobody has opened for writing
        expected.refs = {ref for ref in expected.refs if ref[0] != LOOKS}
        entries = entries.where(r.kind != LOOKS)
    return [
        _compared("refs", expected.refs, {tuple(row) for row in fetch(connection, entries)}),
        _compared(
            "withdrawn", expected.lifts, {tuple(row) for row in fetch(connection, withdrawals)}
        ),
    ]


def _compared(name: str, expected: set[Any], stored: set[Any]) -> Check:
    wrong = sorted(expected ^ stored, key=str)
    if not wrong:
        return Check(name, True, f"{len(expected):,} entries recomputed")
    shown = "; ".join(
        f"{'not in the log' if entry in stored else 'missing'}: {entry}"
        for entry in wrong[:SHOWN_MAX]
    )
    more = f" and {len(wrong) - SHOWN_MAX} more" if len(wrong) > SHOWN_MAX else ""
    return Check(name, False, shown + more)
