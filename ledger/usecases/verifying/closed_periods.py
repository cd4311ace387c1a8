"""Verifying what was decided: every closed period and adjustment worked out again from the log."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, select

from ledger.aggregates.base import Recorded
from ledger.aggregates.reconciliation import BreakResolved, ReconciliationRun
from ledger.aggregates.settlement import (
    VOID,
    AdjustedLine,
    PaymentMade,
    PeriodClosed,
    StatementAdjusted,
    StatementIssued,
    period_id,
)
from ledger.kernel.clocks import Clocks
from ledger.kernel.counted import counted
from ledger.kernel.errors import Refusal, ServerLost
from ledger.kernel.money import Money
from ledger.programs.moves import stands_on
from ledger.store.archive.refusals import ArchiveBroken
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.log import read_log
from ledger.store.schema import events
from ledger.usecases.closing.adjust import adjustment
from ledger.usecases.closing.replay import replay
from ledger.usecases.reconciling.accepted_figures import moves_by_line
from ledger.usecases.statements.closed_period import ClosedPeriod, closed_periods
from ledger.usecases.verifying.verify import Check, said_of

Progress = Callable[[str, int], None]


def verify_closed(book: Book, progress: Progress) -> list[Check]:
    """One check per closed period: its seal, its lines, and each of its adjustments."""
    with book.reading() as connection:
        head = head_of(connection).position
        return [
            _decisions(connection, head),
            *(
                _checked(connection, closed, head, progress)
                for closed in closed_periods(connection, head)
            ),
        ]


def _checked(connection: Connection, closed: Recorded, head: int, progress: Progress) -> Check:
    seal = closed.event
    name = f"closed {period_id(seal.program, seal.period)}"
    try:
        fault = next(_faults(connection, closed, head), None)
    except ArchiveBroken as broken:  # another check names the file: this one says nothing
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


def _faults(connection: Connection, closed: Recorded, head: int) -> Iterator[str]:
    """What does not hold, the first first."""
    seal = closed.event
    yield from _seal_faults(connection, closed)
    found = replay(connection, seal.program, seal.period, known_at=head)
    yield from found.faults
    for difference in found.differences:
        was, now = difference["was"], difference["now"]
        yield f"line {difference['line']} was stated {was} and comes to {now}"
    yield from payers_faults(found.period)
    yield from _adjustment_faults(connection, found.period)


def _seal_faults(connection: Connection, closed: Recorded) -> Iterator[str]:
    """The head that the seal names is the log's, and only its statements came between."""
    seal = closed.event
    query = select(events.c.hash).where(events.c.position == seal.known_at)
    head = connection.execute(query).scalar()
    if head is None or bytes(head).hex() != seal.head:
        yield f"the log's hash at position {seal.known_at} is not the one that was sealed"
    between = list(read_log(connection, seal.known_at, closed.position - 1))
    own = [event for event in between if isinstance(event.event, StatementIssued)]
    if len(own) != len(between) or len(own) != seal.statements:
        yield f"positions {seal.known_at + 1} to {closed.position} are not its statements"


def payers_faults(period: ClosedPeriod) -> Iterator[str]:
    """What was issued to a payer is the other side of what was issued to the payees, which the
    seal covers; nothing else stands there and nothing is missing."""
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
            said, other = (one["amount"] if one else "nothing" for one in (theirs, ours))
            yield f"line {line}: the statement of {payer} says {said}, its payee's comes to {other}"


def _adjustment_faults(connection: Connection, period: ClosedPeriod) -> Iterator[str]:
    """Each adjustment says what the log gives at its own clocks, and nothing else."""
    runs: dict[Clocks, list[Recorded]] = defaultdict(list)
    for recorded in period.adjusted:
        if recorded.event.adopted is None:  # what a person accepted is no result of the rules
            runs[Clocks(recorded.event.as_of, recorded.event.known_at)].append(recorded)
    seal = period.seal
    for clocks, recorded_ in runs.items():
        again = adjustment(connection, seal.program, seal.period, clocks)
        expected = {event.sides: _said(event) for event in again.events()}
        found = {fact.event.sides: _said(fact.event) for fact in recorded_}
        for sides in sorted({*expected, *found}):
            if expected.get(sides) != found.get(sides):
                where = ", ".join(str(fact.position) for fact in recorded_)
                yield f"the adjustment of {sides.text} (position {where}) is not what the log gives"


def _said(event: Any) -> object:
    """What an adjustment says. What caused it is told from explanations, which may tell more in
    a later version, and outcomes before are followed by `_moved`: so that old books stay valid."""
    unsaid = {"because": (), "outcome_was": None}
    lines = tuple(line.model_copy(update=unsaid) for line in event.lines)
    return event.digest, event.filled, lines


class _Belonging:
    """Takes decisions in the order of the log and says which one stands there for nothing."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[int]] = {}
        self.stated: set[str] = set()
        self.closed: dict[str, int] = {}
        self.accepting: tuple[int, BreakResolved] | None = None
        """The last resolution, and where the decisions that follow from it end so far."""
        self.runs: dict[int, ReconciliationRun] = {}
        self.says: dict[tuple[str, str], tuple[str, Money | None]] = {}
        """What each line of each statement says so far: its outcome, and its amount if any."""

    def fault(self, recorded: Recorded) -> str | None:
        """Why a decision does not belong where it is, if it does not."""
        event, position = recorded.event, recorded.position
        match event:
            case StatementIssued():
                self.waiting.setdefault(period_id(event.program, event.period), []).append(position)
                self.stated.add(event.statement)
                for line in event.lines:
                    said = (line.outcome, _money(line.amount, line.currency))
                    self.says[event.statement, line.line] = said
            case PeriodClosed():
                name = period_id(event.program, event.period)
                if name in self.closed:
                    return f"position {position}: {name} is closed twice"
                self.closed[name] = position
                self.waiting.pop(name, None)
            case StatementAdjusted():
                self.stated.add(event.statement)
                name = period_id(event.program, event.period)
                if self.closed.get(name) != event.closed:
                    return f"position {position}: adjusts a close that is not there"
                return self._moved(event, position) or self._adopted(event, position)
            case PaymentMade() if event.statement not in self.stated:
                return f"position {position}: pays {event.statement}, which was never issued"
            case ReconciliationRun():
                self.runs[position] = event
            case BreakResolved():
                self.accepting = (position, event)
        return None

    def _moved(self, event: StatementAdjusted, position: int) -> str | None:
        """An adjustment starts from what the line says, and tells by how much that moves."""
        for row in event.lines:
            key = (event.statement, row.line)
            outcome, was = self.says.pop(key, (None, None))
            if row.was != (was.text if was else None):
                stands = f"it says {was.text}" if was else "there is none"
                return f"position {position}: {row.line} was {row.was}, but {stands}"
            now = _money(row.now, row.currency)
            moved = None if now is None else now.minor - (was.minor if was else 0)
            if row.difference != (None if moved is None else _text(moved, row.currency)):
                return (
                    f"position {position}: {row.line}: {row.difference} is not the difference "
                    f"between {row.was} and {row.now}"
                )
            if row.outcome_was not in (None, outcome):
                return f"position {position}: {row.line} was not {row.outcome_was}"
            if row.outcome != VOID:
                self.says[key] = (row.outcome, now)
        return None

    def _adopted(self, event: StatementAdjusted, position: int) -> str | None:
        """A figure of the platform is accepted by the resolution right before it; that of a
        group of orders moves several lines, one after another."""
        if event.adopted is None:
            return None
        end, before = self.accepting or (0, None)
        if (
            before is None
            or end != position - 1
            or (before.id, before.resolution) != (event.adopted, "accept_theirs")
        ):
            return f"position {position}: nobody has accepted the figure of {event.adopted}"
        self.accepting = (position, before)
        if before.count is None:
            same = all(_is_theirs(row, before) for row in event.lines)
        else:
            moves = self._moves_of(before)
            same = all(_own_difference(row) == moves.get(row.line) for row in event.lines)
        return None if same else f"position {position}: is not the figure that was accepted"

    def _moves_of(self, resolved: BreakResolved) -> dict[str, int]:
        """Per line what accepting a group of orders moves, by the run that found it."""
        run = self.runs.get(resolved.run)
        group = (
            next((break_ for break_ in run.breaks if break_.id == resolved.id), None)
            if run
            else None
        )
        if run is None or group is None:
            return {}
        return moves_by_line(run, group)


def _money(text: str | None, currency: str | None) -> Money | None:
    return None if text is None or currency is None else Money.parse(text, currency)


def _text(minor: int, currency: str | None) -> str:
    return Money(minor, currency or "").text


def _is_theirs(row: AdjustedLine, resolved: BreakResolved) -> bool:
    """Whether a row says the platform's figure, or its outcome; on the payer's statement the
    other way round."""
    if resolved.currency is None:
        return row.outcome == resolved.theirs
    theirs = _money(resolved.theirs, resolved.currency) or Money.zero(resolved.currency)
    return _money(row.now, row.currency) == (theirs.negated() if row.payee else theirs)


def _own_difference(row: AdjustedLine) -> int | None:
    """By how much the payee is due more."""
    moved = _money(row.difference, row.currency)
    return None if moved is None else -moved.minor if row.payee else moved.minor


def _decisions(connection: Connection, head: int) -> Check:
    """Every statement belongs to a close, every payment to a statement, each period closed once."""
    topics = [one.TOPIC for one in DECIDED]
    belonging = _Belonging()
    for recorded in read_log(connection, until=head, topics=topics):
        fault = belonging.fault(recorded)
        if fault:
            return Check("decisions", False, fault)
    for name, positions in belonging.waiting.items():
        detail = f"position {positions[0]}: a statement of {name}, which was never closed"
        return Check("decisions", False, detail)
    return Check(
        "decisions",
        True,
        f"{counted(len(belonging.stated), 'statement')}, each belonging to a close",
    )


DECIDED = (
    *(StatementIssued, PeriodClosed, StatementAdjusted, PaymentMade),
    *(ReconciliationRun, BreakResolved),
)
