"""Verifying that every decision has its basis in the log before it."""

from sqlalchemy import Connection

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
from ledger.kernel.counted import counted
from ledger.kernel.money import Money
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.log import read_log
from ledger.usecases.reconciling.accepted_figures import moves_by_line
from ledger.usecases.verifying.verify import Check

DECIDED = (
    *(StatementIssued, PeriodClosed, StatementAdjusted, PaymentMade),
    *(ReconciliationRun, BreakResolved),
)


class _Decisions:
    """Takes decisions in the order of the log and reports each one that has no basis."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[int]] = {}
        self.stated: set[str] = set()
        self.closed: dict[str, int] = {}
        self.accepting: tuple[int, BreakResolved] | None = None
        """The last resolution, and the position up to which decisions have followed from it."""
        self.runs: dict[int, ReconciliationRun] = {}
        self.says: dict[tuple[str, str], tuple[str, Money | None]] = {}
        """The current outcome, and the amount if any, of each line of each statement."""

    def fault(self, recorded: Recorded) -> str | None:
        """Why a decision has no basis, or None if it has one."""
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
        """The fault of an adjustment that does not start from the line's current amount and
        outcome, or whose difference is wrong."""
        for row in event.lines:
            key = (event.statement, row.line)
            outcome, was = self.says.pop(key, (None, None))
            if row.was != (was.text if was else None):
                current = f"it says {was.text}" if was else "there is none"
                return f"position {position}: {row.line} was {row.was}, but {current}"
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
        """The fault of an accepted platform figure without its resolution right before it; one
        resolution of a group of orders adjusts several lines, one after another."""
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
        """Per line, by how many minor units accepting a group of orders moves it, according to
        the run that found the group."""
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
    """Whether a row has the platform's figure, or its outcome; on the payer's statement with the
    sign reversed."""
    if resolved.currency is None:
        return row.outcome == resolved.theirs
    theirs = _money(resolved.theirs, resolved.currency) or Money.zero(resolved.currency)
    return _money(row.now, row.currency) == (theirs.negated() if row.payee else theirs)


def _own_difference(row: AdjustedLine) -> int | None:
    """How much more is due to the payee, in minor units."""
    moved = _money(row.difference, row.currency)
    return None if moved is None else -moved.minor if row.payee else moved.minor


def verify_decisions(book: Book) -> Check:
    """Whether every statement belongs to a close, every payment to a statement, and each period is
    closed once."""
    with book.reading() as connection:
        return _decisions(connection, head_of(connection).position)


def _decisions(connection: Connection, head: int) -> Check:
    topics = [event.TOPIC for event in DECIDED]
    decisions = _Decisions()
    for recorded in read_log(connection, until=head, topics=topics):
        fault = decisions.fault(recorded)
        if fault:
            return Check("decisions", False, fault)
    for name, positions in decisions.waiting.items():
        detail = f"position {positions[0]}: a statement of {name}, which was never closed"
        return Check("decisions", False, detail)
    return Check(
        "decisions",
        True,
        f"{counted(len(decisions.stated), 'statement')}, each belonging to a close",
    )
