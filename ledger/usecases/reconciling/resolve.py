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
from ledger.kernel.counted import counted
from ledger.kernel.errors import NoSuchBreak, NothingKept
from ledger.kernel.instants import Instant
from ledger.kernel.near import did_you_mean
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.log import read_log
from ledger.store.reader import LogReader
from ledger.usecases.reconciling.accept_theirs import accepted, refuse_accepted
from ledger.usecases.reconciling.accepted_figures import (
    Compared,
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
    closed_period,
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
    """Records how a break is resolved, if `agree` approves the plan; with `accept_theirs` also
    adjusts our lines to the platform's figure.

    `name` is the break's id, or its number in the comparison: the fresh one that `compare`
    makes, which is recorded with the resolution, or else the last one kept. Raises
    `NoSuchBreak`, `NothingKept`, `BadResolution` (accepting a figure before the close, or for a
    line that is not ours), `ConcurrentWrite`, `ReadOnlyBook`.
    """
    refuse_read_only(book, "resolve")
    with book.reading() as connection:
        head = head_of(connection)
        fresh = compare(connection) if compare else None
        if fresh is None:
            run, break_ = _find(connection, program, period, name, head.position)
        else:
            run = Compared(head.position + 1, fresh)
            break_ = _named(run.event, name, period_id(program, period))
        known = closed(connection, program, period, head.position)
        refuse_accepted(known, run, break_)
        resolved = resolved_as(run, break_, resolution, reason)
        events: list[OwnEvent] = [resolved] if fresh is None else [fresh, resolved]
        if resolution == "accept_theirs":
            clocks = Clocks(now, head.position)
            stated = dict(known.current) if known else {}
            events += accepted(connection, known, run, break_, reason, clocks, stated)
    plan = {
        "break": break_.id,
        **{name: getattr(break_, name) for name in ("line", "ours", "theirs", "currency")},
        "resolution": resolution,
        "reason": reason,
        "adjusted": sum(isinstance(event, StatementAdjusted) for event in events),
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


def resolved_as(run: Compared, break_: Break, resolution: Resolution, reason: str) -> BreakResolved:
    """The event that resolves a break of a comparison."""
    return built(
        BreakResolved,
        program=run.event.program,
        period=run.event.period,
        id=break_.id,
        resolution=resolution,
        reason=reason,
        line=break_.line,
        theirs=break_.theirs,
        currency=break_.currency,
        count=break_.count,
        run=run.position,
    )


def _find(
    connection: Connection, program: str, period: str | None, name: str, known_at: int
) -> tuple[Compared, Break]:
    """The break in the last run: one that is no longer in it needs no resolution.

    Where files are of one store each, every store has its own last run. Raises `NothingKept`,
    `NoSuchBreak`.
    """
    stream = reconciliation_stream(program, period)
    runs: dict[str | None, Compared] = {}
    for recorded in read_log(connection, until=known_at, stream=stream):
        if isinstance(recorded.event, ReconciliationRun):
            runs[recorded.event.store] = Compared(recorded.position, recorded.event)
    asked = period_id(program, period)
    again = f"duebook reconcile {asked.replace('/', ' ')} --against FILE"
    if not runs:
        raise NothingKept(
            f"No comparison of {asked} was kept.",
            f"Name the file again: {again} --resolve {name}. Or keep it first: {again} --keep",
        )
    if name.isdigit():
        last = max(runs.values(), key=lambda compared: compared.position)
        return last, _named(last.event, name, asked)
    for run in runs.values():
        for break_ in run.event.breaks:
            if break_.id == name:
                return run, break_
    return next(iter(runs.values())), _missing([run.event for run in runs.values()], name, asked)


def _named(run: ReconciliationRun, name: str, asked: str) -> Break:
    """The break of a comparison by its id or number. Raises `NoSuchBreak`."""
    breaks = run.breaks
    if name.isascii() and name.isdigit():
        if not 1 <= int(name) <= len(breaks):
            raise NoSuchBreak(
                f"The comparison of {asked} has {counted(len(breaks), 'break')}; "
                f"found number {name}.",
                "Each break's number is the first column of the answer.",
            )
        return breaks[int(name) - 1]
    return next((break_ for break_ in breaks if break_.id == name), None) or _missing(
        [run], name, asked
    )


def _missing(runs: Sequence[ReconciliationRun], name: str, asked: str) -> NoReturn:
    for run in runs:
        for order in run.orders or ():
            group = run.breaks[order.group]
            if name == f"{asked}/{order.store}/{order.order_id}#{group.kind}":
                raise NoSuchBreak(
                    f"{name!r} is one order of a group of {group.count or 0:,}.",
                    f"Orders of one kind and cause are resolved together: --resolve {group.id!r}",
                )
    again = f"duebook reconcile {asked.replace('/', ' ')} --against FILE"
    raise NoSuchBreak(
        f"The comparison of {asked} has no break {name!r}.",
        did_you_mean(name, (break_.id for run in runs for break_ in run.breaks), 1)
        + f"See its breaks, with their numbers: {again}",
    )


def closed(
    connection: Connection, program: str, period: str | None, known_at: int
) -> ClosedPeriod | None:
    """The closed period as known at a position; None if it is open."""
    if find_closed(connection, program, period, known_at) is None:
        return None
    return closed_period(connection, program, period, known_at)


def reconciliations(connection: Connection, known_at: int) -> list[Logged]:
    """Every run and resolution that the book knew at a position, in the order of the log."""
    reader = LogReader(connection, Clocks(FOREVER, known_at))
    positions = [position for _, position in reader.under("reconciled", "", "\U0010ffff")]
    return sorted(reader.at_positions(positions), key=lambda event: event.position)
