"""Resolving a break: a decision in the log; accepting the platform's figure is an adjustment."""

from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.base import Event, Recorded
from ledger.aggregates.reconciliation import Break, BreakResolved, ReconciliationRun, Resolution
from ledger.aggregates.settlement import AdjustedLine, StatementAdjusted, period_id
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import BadResolution, NoSuchBreak
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.reader import LogReader, read_log
from ledger.usecases.closed import Stated, closed_period, edition_of, find_closed
from ledger.usecases.decisions import built, record_decisions, refuse_read_only


def resolve(
    book: Book,
    program: str,
    period: str | None,
    name: str,
    *,
    resolution: Resolution,
    reason: str,
    by: str,
    now: Instant,
) -> dict[str, Any]:
    """Records what a break of the last run is; with `accept_theirs` adjusts the line to it.

    Raises `NoSuchBreak`, `BadResolution` (accepting a figure before the close, or for a line
    that is none of ours), `ConcurrentWrite`, `ReadOnlyBook`.
    """
    refuse_read_only(book, "resolve")
    with book.reading() as connection:
        head = head_of(connection)
        run, found = _find(connection, program, period, name, head.position)
        resolved = built(
            BreakResolved,
            program=program,
            period=period,
            id=found.id,
            resolution=resolution,
            reason=reason,
            line=found.line,
            theirs=found.theirs,
            currency=found.currency,
            count=found.count,
            run=run.position,
        )
        events: list[Event] = [resolved]
        if resolution == "accept_theirs":
            clocks = Clocks(now, head.position)
            events += _accepted(connection, run, found, reason, clocks)
    written = record_decisions(book, events, by=by, expected=head)
    return {
        "break": found.id,
        "line": found.line,
        "resolution": resolution,
        "reason": reason,
        "adjusted": len(events) - 1,
        "position": written.position,
        "receipt": written.receipt,
    }


def _find(
    connection: Connection, program: str, period: str | None, name: str, known_at: int
) -> tuple[Recorded, Break]:
    """The break in the last run: one that is not in it any more needs no resolution."""
    stream = f"reconciliation:{period_id(program, period)}"
    runs = [
        one
        for one in read_log(connection, until=known_at, stream=stream)
        if isinstance(one.event, ReconciliationRun)
    ]
    for run in runs[-1:]:
        for one in run.event.breaks:
            if one.id == name:
                return run, one
    raise NoSuchBreak(
        f"The last reconciliation of {period_id(program, period)} has no break {name!r}.",
        f"Compare first: duebook reconcile {program} --against FILE",
    )


def _accepted(
    connection: Connection, run: Recorded, found: Break, reason: str, clocks: Clocks
) -> list[StatementAdjusted]:
    """The lines of ours, adjusted to the platform's figures; later adjustments leave them alone.

    For orders a line moves by what its orders of the group differ by.
    """
    program, period = run.event.program, run.event.period
    if find_closed(connection, program, period, clocks.known_at) is None:
        raise BadResolution(
            f"{period_id(program, period)} is not closed: there is nothing to adjust yet.",
            "Close it first, or resolve the break as platform_error, timing or other.",
        )
    known = closed_period(connection, program, period, clocks.known_at)
    stated = {one.line: one for one in known.current.values()}
    moves = _differences(run, found, stated)
    if found.kind not in ("amount_differs", "missing_theirs") or not set(moves) <= set(stated):
        raise BadResolution(
            f"{found.id} is {found.kind}: there is no line of ours that could take their figure.",
            "Record the facts that make the line, or resolve it as platform_error or other.",
        )
    again = found.count is not None and any(stated[one].adopted == found.id for one in moves)
    if again or not any(moves.values()):
        raise BadResolution(
            f"The figure of {found.id} was accepted before.", "Nothing was recorded."
        )
    zone = edition_of(connection, known.seal).zone
    return [
        StatementAdjusted(
            rules=known.seal.rules,
            program=program,
            period=period,
            zone=zone,
            payee=stated[line].payee,
            lines=(_row(stated[line], moves[line]),),
            as_of=clocks.as_of,
            known_at=clocks.known_at,
            closed=known.closed.position,
            digest=known.seal.terms.digest,
            adopted=found.id,
            reason=reason,
        )
        for line in sorted(moves)
    ]


def _differences(run: Recorded, found: Break, stated: dict[str, Stated]) -> dict[str, int]:
    """Per line by how many minor units the platform's figure lies above ours."""

    def minor(amount: str | None) -> int:
        return Money.parse(amount, found.currency).minor if amount else 0

    if found.count is None:
        own = stated.get(found.line)
        return {found.line: minor(found.theirs) - (own.amount.minor if own else 0)}
    group = list(run.event.breaks).index(found)
    name = period_id(run.event.program, run.event.period)
    moves: dict[str, int] = {}
    for one in run.event.orders or ():
        if one.group == group:
            line = f"{name}/{one.store}"
            moves[line] = moves.get(line, 0) + minor(one.theirs) - minor(one.ours)
    return moves


def _row(stated: Stated, moved: int) -> AdjustedLine:
    now = Money(stated.amount.minor + moved, stated.amount.currency)
    return AdjustedLine(
        line=stated.line,
        kind=stated.kind,
        subject=stated.subject,
        was=stated.amount.text,
        now=now.text,
        difference=Money(moved, now.currency).text,
        currency=now.currency,
        outcome="payable",
    )


def reconciliations(connection: Connection, known_at: int) -> list[Recorded]:
    """Every run and resolution that the book knew at a position, in the order of the log."""
    reader = LogReader(connection, Clocks(FOREVER, known_at))
    positions = [position for _, position in reader.under("reconciled", "", "\U0010ffff")]
    return sorted(reader.at_positions(positions), key=lambda one: one.position)
