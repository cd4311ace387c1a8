"""Platform figures that were accepted, order by order."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.reconciliation import (
    Break,
    BreakResolved,
    OrderBreak,
    ReconciliationRun,
    reconciliation_stream,
)
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import BadResolution
from ledger.kernel.money import Money
from ledger.programs.edition import Edition
from ledger.programs.line import changes
from ledger.store.log import read_log
from ledger.usecases.closing.terms_of_close import filled_terms
from ledger.usecases.settling.settle import settle, subjects_of
from ledger.usecases.statements.closed_period import ClosedPeriod, Stated

Orders = Mapping[tuple[str, str], int]
"""Minor units by store and order id."""


class Compared(NamedTuple):
    """A comparison, and its position in the log, now or once it is recorded."""

    position: int
    event: ReconciliationRun


class StatedOrders(NamedTuple):
    """Where our orders differ from what the rule gives."""

    accepted: Orders
    """What the platform charged for orders whose group was accepted: our figure since then."""
    nothing: list[str]
    """Lines without an amount, held or declined: nothing is due for any of their orders."""


AS_RULED = StatedOrders({}, [])


def stated_orders(connection: Connection, known: ClosedPeriod, known_at: int) -> StatedOrders:
    """Where the orders of a closed month differ from the rule, by what was issued and accepted."""
    seal = known.seal
    silent = [name for name, stated in known.worked_out.items() if stated.line.outcome != "payable"]
    return StatedOrders(accepted_orders(connection, seal.program, seal.period, known_at), silent)


def accepted_orders(
    connection: Connection, program: str, period: str | None, known_at: int
) -> Orders:
    """What the platform charged for orders whose group was accepted: our figure since then."""
    runs: dict[int, ReconciliationRun] = {}
    charged: dict[tuple[str, str], int] = {}
    stream = reconciliation_stream(program, period)
    for recorded in read_log(connection, until=known_at, stream=stream):
        match recorded.event:
            case ReconciliationRun() as run:
                runs[recorded.position] = run
            case BreakResolved(resolution="accept_theirs", run=at) as resolved if at in runs:
                group = next(
                    (break_ for break_ in runs[at].breaks if break_.id == resolved.id), None
                )
                if group is not None:
                    for order_break in orders_of(runs[at], group):
                        charged[order_break.store, order_break.order_id] = _minor(
                            order_break.theirs, group.currency
                        )
    return charged


def orders_of(run: ReconciliationRun, group: Break) -> Iterator[OrderBreak]:
    """The orders of a group of breaks."""
    number = run.breaks.index(group)
    return (order for order in run.orders or () if order.group == number)


def moves_by_line(run: ReconciliationRun, group: Break) -> dict[str, int]:
    """Per line, theirs minus ours over the orders of a group, in minor units."""
    moves: dict[str, int] = {}
    for order_break in orders_of(run, group):
        line = run.line_of(order_break)
        moved = _minor(order_break.theirs, group.currency) - _minor(
            order_break.ours, group.currency
        )
        moves[line] = moves.get(line, 0) + moved
    return moves


def whole_lines(
    connection: Connection, program: str, period: str | None, known_at: int
) -> set[str]:
    """Lines for which a platform figure was accepted for the line as a whole, not by order."""
    stream = reconciliation_stream(program, period)
    return {
        recorded.event.line
        for recorded in read_log(connection, until=known_at, stream=stream)
        if isinstance(recorded.event, BreakResolved)
        and recorded.event.resolution == "accept_theirs"
        and recorded.event.count is None
    }


def refuse_outdated(
    connection: Connection,
    run: Compared,
    group: Break,
    known: ClosedPeriod,
    lines: list[Stated],
    known_at: int,
) -> None:
    """Raises `BadResolution` where our orders are no longer those that the run compared.

    Its difference is then not the amount to move a line by: the lines were worked out again,
    or another figure was accepted for one of the orders or for a whole line.
    """
    event = run.event
    _refuse_accepted_since(connection, event, group, lines, known_at)
    clocks = Clocks(event.as_of, event.known_at)
    if event.ours_is != "issued" or clocks != known.stands:
        raise BadResolution(
            f"Our lines were recalculated after that comparison (position {run.position}).",
            "Compare again, then accept what is left: duebook reconcile ... --against FILE",
        )
    edition = filled_terms(connection, known, known.stands.known_at).edition
    _refuse_moved_since(connection, edition, event, lines, clocks)


def _refuse_moved_since(
    connection: Connection,
    edition: Edition,
    run: ReconciliationRun,
    lines: list[Stated],
    clocks: Clocks,
) -> None:
    """Raises `BadResolution` for a line whose result has changed since it was stated."""
    by_clocks: dict[Clocks, set[str]] = defaultdict(set)
    for stated in lines:
        if stated.clocks != clocks:
            by_clocks[stated.clocks].add(stated.line.line)
    for stated_at, names in by_clocks.items():
        subjects = subjects_of(edition, names)
        then, now = (
            settle(connection, edition, at, period=run.period, subjects=subjects).lines
            for at in (stated_at, clocks)
        )
        moved = [change.line.line for change in changes(then, now) if change.line.line in names]
        if moved:
            raise BadResolution(
                f"{moved[0]} keeps a figure of the platform that was accepted before, and "
                "facts have changed our side of it since.",
                "Agree on the whole line, and resolve this as platform_error or other.",
            )


def _refuse_accepted_since(
    connection: Connection,
    run: ReconciliationRun,
    group: Break,
    lines: list[Stated],
    known_at: int,
) -> None:
    whole = whole_lines(connection, run.program, run.period, known_at)
    for stated in lines:
        if stated.line.line in whole:
            raise BadResolution(
                f"{stated.line.line} keeps a figure of the platform for the whole line; its "
                "orders do not add up to it any more.",
                "Accept a figure of the whole line again, or resolve this as platform_error.",
            )
    accepted = accepted_orders(connection, run.program, run.period, known_at)
    for order in orders_of(run, group):
        now = accepted.get((order.store, order.order_id))
        if now is not None and now != _minor(order.ours, group.currency):
            raise BadResolution(
                f"A figure of order {order.order_id} of {order.store} was accepted since that "
                "comparison.",
                "Compare again, then accept what is left: duebook reconcile ... --against FILE",
            )


def _minor(amount: str | None, currency: str | None) -> int:
    return Money.parse(amount, currency).minor if amount and currency else 0
