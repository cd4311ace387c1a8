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
from ledger.usecases.closed import closed_period, edition_of, find_closed
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
            run=run.position,
        )
        events: list[Event] = [resolved]
        if resolution == "accept_theirs":
            clocks = Clocks(now, head.position)
            events.append(_accepted(connection, program, period, found, reason, clocks))
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
    connection: Connection,
    program: str,
    period: str | None,
    found: Break,
    reason: str,
    clocks: Clocks,
) -> StatementAdjusted:
    """The line of ours, adjusted to the platform's figure; later adjustments leave it alone."""
    if find_closed(connection, program, period, clocks.known_at) is None:
        raise BadResolution(
            f"{period_id(program, period)} is not closed: there is nothing to adjust yet.",
            "Close it first, or resolve the break as platform_error, timing or other.",
        )
    known = closed_period(connection, program, period, clocks.known_at)
    stated = next((one for one in known.current.values() if one.line == found.line), None)
    if stated is None or found.kind not in ("amount_differs", "missing_theirs"):
        raise BadResolution(
            f"{found.id} is {found.kind}: there is no line of ours that could take their figure.",
            "Record the facts that make the line, or resolve it as platform_error or other.",
        )
    if stated.adopted == found.id and stated.amount.text == (found.theirs or "0.00"):
        raise BadResolution(
            f"The figure of {found.id} was accepted before.", "Nothing was recorded."
        )
    zero = Money.zero(stated.amount.currency)
    theirs = Money.parse(found.theirs, found.currency) if found.theirs else zero
    row = AdjustedLine(
        line=stated.line,
        kind=stated.kind,
        subject=stated.subject,
        was=stated.amount.text,
        now=theirs.text,
        difference=theirs.plus(stated.amount.negated()).text,
        currency=theirs.currency,
        outcome="payable",
    )
    edition = edition_of(connection, known.seal)
    return StatementAdjusted(
        rules=known.seal.rules,
        program=program,
        period=period,
        zone=edition.zone,
        payee=stated.payee,
        lines=(row,),
        as_of=clocks.as_of,
        known_at=clocks.known_at,
        closed=known.closed.position,
        digest=edition.digest,
        adopted=found.id,
        reason=reason,
    )


def reconciliations(connection: Connection, known_at: int) -> list[Recorded]:
    """Every run and resolution that the book knew at a position, in the order of the log."""
    reader = LogReader(connection, Clocks(FOREVER, known_at))
    positions = [position for _, position in reader.under("reconciled", "", "\U0010ffff")]
    return sorted(reader.at_positions(positions), key=lambda one: one.position)
