"""Resolving a break: a decision in the log; accepting the platform's figure is an adjustment."""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from sqlalchemy import Connection

from ledger.aggregates.base import Logged, OwnEvent
from ledger.aggregates.reconciliation import (
    Break,
    BreakResolved,
    ReconciliationRun,
    Resolution,
    reconciliation_stream,
)
from ledger.aggregates.settlement import StatementAdjusted, period_id
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import BadResolution, NoSuchBreak, NothingKept
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money
from ledger.kernel.near import did_you_mean
from ledger.programs.line import Change, Line
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.log import read_log
from ledger.store.reader import LogReader
from ledger.usecases.closing.adjust import adjusted
from ledger.usecases.closing.correction import Correction
from ledger.usecases.reconciling.accepted_figures import (
    Compared,
    moves_by_line,
    orders_of,
    refuse_outdated,
)
from ledger.usecases.record_decisions import (
    Agree,
    at_once,
    built,
    record_decisions,
    refuse_read_only,
)
from ledger.usecases.statements.closed_period import (
    ClosedPeriod,
    Lines,
    closed_period,
    edition_of,
    find_closed,
)

Compare = Callable[[Connection], ReconciliationRun]


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
    compare: Compare | None = None,
    agree: Agree = at_once,
) -> dict[str, Any]:
    """Records what a break is, if `agree` says so of what that does; with `accept_theirs` adjusts
    the line to it.

    `name` is the break's id, or its number in the comparison: in the one that `compare` makes
    anew, which is recorded with the resolution, or else in the last one kept. Raises
    `NoSuchBreak`, `BadResolution` (accepting a figure before the close, or for a line that is
    none of ours), `ConcurrentWrite`, `ReadOnlyBook`.
    """
    refuse_read_only(book, "resolve")
    with book.reading() as connection:
        head = head_of(connection)
        fresh = compare(connection) if compare else None
        if fresh is None:
            run, found = _find(connection, program, period, name, head.position)
        else:
            run = Compared(head.position + 1, fresh)
            found = _named(run.event, name, period_id(program, period))
        known = _closed(connection, program, period, head.position)
        _refuse_accepted(known, run, found)
        resolved = _resolved(run, found, resolution, reason)
        events: list[OwnEvent] = [resolved] if fresh is None else [fresh, resolved]
        if resolution == "accept_theirs":
            clocks = Clocks(now, head.position)
            events += _accepted(connection, known, run, found, reason, clocks)
    plan = {
        "break": found.id,
        **{name: getattr(found, name) for name in ("line", "ours", "theirs", "currency")},
        "resolution": resolution,
        "reason": reason,
        "adjusted": sum(isinstance(one, StatementAdjusted) for one in events),
        "recorded": 0,
        "position": head.position,
        "receipt": head.receipt,
    }
    if not agree(plan):
        return plan
    written = record_decisions(book, events, by=by, expected=head)
    return plan | {
        "recorded": len(events),
        "position": written.position,
        "receipt": written.receipt,
    }


def _resolved(run: Compared, found: Break, resolution: Resolution, reason: str) -> BreakResolved:
    return built(
        BreakResolved,
        program=run.event.program,
        period=run.event.period,
        id=found.id,
        resolution=resolution,
        reason=reason,
        line=found.line,
        theirs=found.theirs,
        currency=found.currency,
        count=found.count,
        run=run.position,
    )


def _find(
    connection: Connection, program: str, period: str | None, name: str, known_at: int
) -> tuple[Compared, Break]:
    """The break in the last run: one that is not in it any more needs no resolution.

    Files that are of one store each have a last run each.
    """
    stream = reconciliation_stream(program, period)
    runs: dict[str | None, Compared] = {}
    for one in read_log(connection, until=known_at, stream=stream):
        if isinstance(one.event, ReconciliationRun):
            runs[one.event.store] = Compared(one.position, one.event)
    asked = period_id(program, period)
    again = f"duebook reconcile {asked.replace('/', ' ')} --against FILE"
    if not runs:
        raise NothingKept(
            f"No comparison of {asked} was kept.",
            f"Name the file again: {again} --resolve {name}. Or keep it first: {again} --keep",
        )
    if name.isdigit():
        last = max(runs.values(), key=lambda one: one.position)
        return last, _named(last.event, name, asked)
    for run in runs.values():
        for found in run.event.breaks:
            if found.id == name:
                return run, found
    return next(iter(runs.values())), _missing([one.event for one in runs.values()], name, asked)


def _named(run: ReconciliationRun, name: str, asked: str) -> Break:
    """The break of a comparison, by its id or its number. Raises `NoSuchBreak`."""
    breaks = run.breaks
    if name.isascii() and name.isdigit():
        if not 1 <= int(name) <= len(breaks):
            raise NoSuchBreak(
                f"The comparison of {asked} has {len(breaks)} breaks; found number {name}.",
                "Their numbers stand before them in its answer.",
            )
        return breaks[int(name) - 1]
    return next((one for one in breaks if one.id == name), None) or _missing([run], name, asked)


def _missing(runs: Sequence[ReconciliationRun], name: str, asked: str) -> NoReturn:
    for run in runs:
        for one in run.orders or ():
            group = run.breaks[one.group]
            if name == f"{asked}/{one.store}/{one.order_id}#{group.kind}":
                raise NoSuchBreak(
                    f"{name!r} is one order of a group of {group.count or 0:,}.",
                    f"Orders of one kind and cause are resolved together: --resolve {group.id!r}",
                )
    again = f"duebook reconcile {asked.replace('/', ' ')} --against FILE"
    raise NoSuchBreak(
        f"The comparison of {asked} has no break {name!r}.",
        did_you_mean(name, (one.id for run in runs for one in run.breaks), 1)
        + f"See its breaks, with their numbers: {again}",
    )


def _closed(
    connection: Connection, program: str, period: str | None, known_at: int
) -> ClosedPeriod | None:
    if find_closed(connection, program, period, known_at) is None:
        return None
    return closed_period(connection, program, period, known_at)


def _refuse_accepted(known: ClosedPeriod | None, run: Compared, found: Break) -> None:
    """Raises `BadResolution` for a break of the run whose figure somebody has accepted."""
    for one in known.adjusted if known else ():
        if one.event.adopted == found.id and one.position > run.position:
            raise BadResolution(
                f"The figure of {found.id} was accepted before, at position {one.position}.",
                "The line stands by it. Compare again to see what is left.",
            )


def _accepted(
    connection: Connection,
    known: ClosedPeriod | None,
    run: Compared,
    found: Break,
    reason: str,
    clocks: Clocks,
) -> list[StatementAdjusted]:
    """The lines of ours, adjusted to the platform's figures; later adjustments leave them alone.

    For orders a line moves by what its orders of the group differ by.
    """
    program, period = run.event.program, run.event.period
    if known is None:
        raise BadResolution(
            f"{period_id(program, period)} is not closed: there is nothing to adjust yet.",
            "Close it first, or resolve the break as platform_error, timing or other.",
        )
    if found.count not in (None, len(list(orders_of(run.event, found)))):
        raise BadResolution(
            f"{found.id} is of {found.count:,} orders, too many to be kept one by one.",
            "Compare store by store, or month by month; a file of the other sign with --flip-sign.",
        )
    stated = known.current
    if found.kind == "outcome_differs" and found.line in stated:
        corrected = [_decided(stated[found.line].line, found)]
    else:
        corrected = _moved(connection, known, run, found, clocks)
    edition = edition_of(connection, known.seal)
    return adjusted(known, edition, corrected, clocks, adopted=found.id, reason=reason)


def _moved(
    connection: Connection, known: ClosedPeriod, run: Compared, found: Break, clocks: Clocks
) -> list[Correction]:
    """The lines of ours that take their amounts."""
    stated = known.current
    moves = _differences(run, found, stated)
    kinds = ("amount_differs", "missing_theirs")
    money = all(name in stated and stated[name].line.amount for name in moves)
    if found.kind not in kinds or not money:
        raise BadResolution(
            f"{found.id} is {found.kind}: we have no line to adjust to the platform's figure.",
            "Record the facts that make the line, or resolve it as platform_error or other.",
        )
    if not any(moves.values()):
        raise BadResolution(
            f"Our line already equals the platform's figure of {found.id}.",
            "Nothing was recorded.",
        )
    if found.count is not None:
        lines = [one for name, one in known.worked_out.items() if name in moves]
        refuse_outdated(connection, run, found, known, lines, clocks.known_at)
    return [_paying(stated[name].line, moves[name]) for name in sorted(moves)]


def _differences(run: Compared, found: Break, stated: Lines) -> dict[str, int]:
    """Per line by how many minor units the platform's figure lies above ours."""
    if found.count is not None:
        return moves_by_line(run.event, found)
    own = stated.get(found.line)
    ours = own.line.amount if own else None
    theirs = 0
    if found.theirs is not None and found.currency is not None:
        theirs = Money.parse(found.theirs, found.currency).minor
    return {found.line: theirs - (ours.minor if ours else 0)}


def _paying(line: Line, moved: int) -> Correction:
    """The line with an amount of theirs: accepted as it is, whatever its conditions say."""
    assert line.amount is not None
    amount = Money(line.amount.minor + moved, line.amount.currency)
    now = line._replace(outcome="payable", amount=amount, unmet=(), held_for=())
    return Correction(Change(line, now), (), ())


def _decided(line: Line, found: Break) -> Correction:
    """The decision with an outcome of theirs, without codes."""
    assert found.theirs is not None
    now = line._replace(outcome=found.theirs, unmet=(), held_for=())
    return Correction(Change(line, now), (), ())


def reconciliations(connection: Connection, known_at: int) -> list[Logged]:
    """Every run and resolution that the book knew at a position, in the order of the log."""
    reader = LogReader(connection, Clocks(FOREVER, known_at))
    positions = [position for _, position in reader.under("reconciled", "", "\U0010ffff")]
    return sorted(reader.at_positions(positions), key=lambda one: one.position)
