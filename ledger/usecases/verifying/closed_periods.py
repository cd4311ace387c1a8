"""Verifying what was decided: every closed period and adjustment worked out again from the log."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.base import Recorded
from ledger.aggregates.settlement import (
    StatementIssued,
    period_id,
)
from ledger.kernel.clocks import Clocks
from ledger.kernel.counted import counted
from ledger.kernel.errors import Refusal, ServerLost
from ledger.programs.moves import stands_on
from ledger.store.archive.refusals import ArchiveBroken
from ledger.store.book import Book
from ledger.store.head import hash_at, head_of
from ledger.store.log import read_log
from ledger.usecases.closing.adjust import adjustment
from ledger.usecases.closing.replay import replay
from ledger.usecases.statements.closed_period import ClosedPeriod, closed_periods
from ledger.usecases.verifying.decisions import verify_decisions
from ledger.usecases.verifying.line_trees import LineTrees
from ledger.usecases.verifying.verify import Check, said_of

Progress = Callable[[str, int], None]


class Share(NamedTuple):
    """Every so many of several things, from a first on."""

    first: int
    of: int


WHOLE = Share(0, 1)


def verify_closed(book: Book, progress: Progress, trees: LineTrees | None = None) -> list[Check]:
    """Whether every decision has its basis; then one check per closed period. What is read of a
    period is handed to `trees`."""
    return [verify_decisions(book), *verify_periods(book, progress, trees)]


def verify_periods(
    book: Book, progress: Progress, trees: LineTrees | None = None, share: Share = WHOLE
) -> list[Check]:
    """One check per closed period of a share of them, in the order of the closes: its seal, its
    lines, and each of its adjustments. What is read of a period is handed to `trees`."""
    with book.reading() as connection:
        head = head_of(connection).position
        return [
            _checked(connection, closed, head, progress, trees)
            for closed in closed_periods(connection, head)[share.first :: share.of]
        ]


def _checked(
    connection: Connection,
    closed: Recorded,
    head: int,
    progress: Progress,
    trees: LineTrees | None,
) -> Check:
    seal = closed.event
    name = f"closed {period_id(seal.program, seal.period)}"
    try:
        fault = next(_faults(connection, closed, head, trees), None)
    except ArchiveBroken as broken:  # another check reports the file
        progress("closed periods", 1)
        return Check(name, True, f"not checked: {broken.sentence}")
    except ServerLost:
        raise
    except Refusal as refusal:
        fault = refusal.sentence
    except Exception as error:
        fault = f"cannot be worked out: {said_of(error)}"
    progress("closed periods", 1)
    detail = fault or f"{counted(seal.lines, 'line')} worked out again, to the digest"
    return Check(name, fault is None, detail)


def _faults(
    connection: Connection, closed: Recorded, head: int, trees: LineTrees | None
) -> Iterator[str]:
    """Whatever does not hold, the first fault first."""
    seal = closed.event
    yield from _seal_faults(connection, closed)
    replayed = replay(connection, seal.program, seal.period, known_at=head)
    if trees is not None:
        trees.take(replayed.period)
    yield from replayed.faults
    for difference in replayed.differences:
        was, now = difference["was"], difference["now"]
        yield f"line {difference['line']} was stated {was} and comes to {now}"
    yield from payers_faults(replayed.period)
    yield from _adjustment_faults(connection, replayed.period)


def _seal_faults(connection: Connection, closed: Recorded) -> Iterator[str]:
    """Faults unless the head in the seal is the log's, with only its statements in between."""
    seal = closed.event
    head = hash_at(connection, seal.known_at)
    if head is None or head.hex() != seal.head:
        yield f"the log's hash at position {seal.known_at} is not the one that was sealed"
    between = list(read_log(connection, seal.known_at, closed.position - 1))
    own = [event for event in between if isinstance(event.event, StatementIssued)]
    if len(own) != len(between) or len(own) != seal.statements:
        yield f"positions {seal.known_at + 1} to {closed.position} are not its statements"


def payers_faults(period: ClosedPeriod) -> Iterator[str]:
    """Faults unless the payers' statements are exactly the other side of what was issued to the
    payees, which the seal covers: nothing more and nothing less."""
    rules = period.seal.rules
    expected = {
        (line.payer, line.line): line.stated(to_payer=True).model_dump()
        for line in period.as_issued
        for place in stands_on(rules, line)
        if place.to_payer
    }
    issued = {
        (recorded.event.payee, stated.line): stated.model_dump()
        for recorded in period.issued
        for stated in recorded.event.lines
        if stated.payee is not None
    }
    for payer, line in sorted({*expected, *issued}):
        theirs, ours = issued.get((payer, line)), expected.get((payer, line))
        if theirs != ours:
            said, other = (row["amount"] if row else "nothing" for row in (theirs, ours))
            yield f"line {line}: the statement of {payer} says {said}, its payee's comes to {other}"


def _adjustment_faults(connection: Connection, period: ClosedPeriod) -> Iterator[str]:
    """Faults unless each adjustment states exactly what the log gives at its own clocks."""
    runs: dict[Clocks, list[Recorded]] = defaultdict(list)
    for recorded in period.adjusted:
        if recorded.event.adopted is None:  # an accepted figure is not a result of the rules
            runs[Clocks(recorded.event.as_of, recorded.event.known_at)].append(recorded)
    seal = period.seal
    for clocks, adjustments in runs.items():
        again = adjustment(connection, seal.program, seal.period, clocks)
        expected = {event.sides: _said(event) for event in again.events()}
        issued = {recorded.event.sides: _said(recorded.event) for recorded in adjustments}
        for sides in sorted({*expected, *issued}):
            if expected.get(sides) != issued.get(sides):
                where = ", ".join(str(recorded.position) for recorded in adjustments)
                yield f"the adjustment of {sides.text} (position {where}) is not what the log gives"


def _said(event: Any) -> object:
    """What to compare of an adjustment. Its causes are left out, as explanations may say more in
    a later version, so that old books stay valid; `_moved` checks the outcomes before."""
    unsaid = {"because": (), "outcome_was": None}
    lines = tuple(line.model_copy(update=unsaid) for line in event.lines)
    return event.digest, event.filled, lines
