"""Verifying what was decided: every closed period and adjustment worked out again from the log."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, select

from ledger.aggregates.base import Recorded
from ledger.aggregates.settlement import StatementIssued, period_id
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import Refusal
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.reader import read_log
from ledger.store.schema import events
from ledger.usecases.adjust import adjustment
from ledger.usecases.closed import ClosedPeriod, closed_periods
from ledger.usecases.replay import replay
from ledger.usecases.verify import Check

Progress = Callable[[str, int], None]


def verify_closed(book: Book, progress: Progress) -> list[Check]:
    """One check per closed period: its seal, its lines, and each of its adjustments."""
    with book.reading() as connection:
        head = head_of(connection).position
        return [
            _checked(connection, closed, head, progress)
            for closed in closed_periods(connection, head)
        ]


def _checked(connection: Connection, closed: Recorded, head: int, progress: Progress) -> Check:
    seal = closed.event
    name = f"closed {period_id(seal.program, seal.period)}"
    try:
        fault = next(_faults(connection, closed, head), None)
    except Refusal as refusal:
        fault = refusal.sentence
    except Exception as error:
        fault = f"cannot be worked out: {type(error).__name__}: {error}"
    progress("closed periods", 1)
    detail = fault or f"{seal.lines:,} lines worked out again, to the digest"
    return Check(name, fault is None, detail)


def _faults(connection: Connection, closed: Recorded, head: int) -> Iterator[str]:
    """What does not hold, the first first."""
    seal = closed.event
    yield from _seal_faults(connection, closed)
    found = replay(connection, seal.program, seal.period, known_at=head)
    yield from found.faults
    for one in found.differences:
        yield f"line {one['line']} was stated {one['was']} and comes to {one['now']}"
    yield from _adjustment_faults(connection, found.period)


def _seal_faults(connection: Connection, closed: Recorded) -> Iterator[str]:
    """The head that the seal names is the log's, and only its statements came between."""
    seal = closed.event
    query = select(events.c.hash).where(events.c.position == seal.known_at)
    head = connection.execute(query).scalar()
    if head is None or bytes(head).hex() != seal.head:
        yield f"the log's hash at position {seal.known_at} is not the one that was sealed"
    between = list(read_log(connection, seal.known_at, closed.position - 1))
    own = [one for one in between if isinstance(one.event, StatementIssued)]
    if len(own) != len(between) or len(own) != seal.statements:
        yield f"positions {seal.known_at + 1} to {closed.position} are not its statements"


def _adjustment_faults(connection: Connection, period: ClosedPeriod) -> Iterator[str]:
    """Each adjustment says what the log gives at its own clocks, and nothing else."""
    runs: dict[Clocks, list[Recorded]] = defaultdict(list)
    for recorded in period.adjusted:
        if recorded.event.adopted is None:  # what a person accepted is no result of the rules
            runs[Clocks(recorded.event.as_of, recorded.event.known_at)].append(recorded)
    seal = period.seal
    for clocks, recorded_ in runs.items():
        again = adjustment(connection, seal.program, seal.period, clocks)
        expected = {one.payee: _said(one) for one in again.events()}
        found = {one.event.payee: _said(one.event) for one in recorded_}
        for payee in sorted({*expected, *found}):
            if expected.get(payee) != found.get(payee):
                positions = ", ".join(str(one.position) for one in recorded_)
                yield f"the adjustment of {payee} (position {positions}) is not what the log gives"


def _said(event: Any) -> object:
    return event.digest, event.filled, event.lines
