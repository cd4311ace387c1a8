"""Accepting a figure of the platform: the lines of ours, adjusted to it."""

from sqlalchemy import Connection

from ledger.aggregates.reconciliation import Break
from ledger.aggregates.settlement import StatementAdjusted, period_id
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import BadResolution
from ledger.kernel.money import Money
from ledger.programs.line import Change, Line
from ledger.usecases.closing.adjust import adjusted
from ledger.usecases.closing.correction import Correction
from ledger.usecases.reconciling.accepted_figures import (
    Compared,
    moves_by_line,
    orders_of,
    refuse_outdated,
)
from ledger.usecases.statements.closed_period import ClosedPeriod, Lines, Stated, edition_of


def refuse_accepted(known: ClosedPeriod | None, run: Compared, found: Break) -> None:
    """Raises `BadResolution` for a break of the run whose figure somebody has accepted."""
    for event in known.adjusted if known else ():
        if event.event.adopted == found.id and event.position > run.position:
            raise BadResolution(
                f"The figure of {found.id} was accepted before, at position {event.position}.",
                "The line already has it. Compare again to see what is left.",
            )


def accepted(
    connection: Connection,
    known: ClosedPeriod | None,
    run: Compared,
    found: Break,
    reason: str,
    clocks: Clocks,
    stated: dict[str, Stated],
) -> list[StatementAdjusted]:
    """The lines of ours, adjusted to the platform's figures; later adjustments leave them alone.

    For orders a line moves by what its orders of the group differ by. `stated` are our lines as
    they stand, and say afterwards what they then do.
    """
    program, period = run.event.program, run.event.period
    if known is None:
        raise BadResolution(
            f"{period_id(program, period)} is not closed: there is nothing to adjust yet.",
            "Close it first, or resolve the break as platform_error, timing or other.",
        )
    if found.count not in (None, len(list(orders_of(run.event, found)))):
        raise BadResolution(
            f"{found.id} covers {found.count:,} orders, more than can be accepted at once.",
            "Compare store by store, or month by month; if signs are reversed, use --flip-sign.",
        )
    if found.kind == "outcome_differs" and found.line in stated:
        corrected = [_decided(stated[found.line].line, found)]
    else:
        corrected = _moved(connection, known, run, found, clocks, stated)
    for correction in corrected:
        now = correction.change.now
        if now is not None and now.line in stated:
            stated[now.line] = stated[now.line]._replace(line=now)
    edition = edition_of(connection, known.seal)
    return adjusted(known, edition, corrected, clocks, adopted=found.id, reason=reason)


def _moved(
    connection: Connection,
    known: ClosedPeriod,
    run: Compared,
    found: Break,
    clocks: Clocks,
    stated: Lines,
) -> list[Correction]:
    """The lines of ours that take their amounts."""
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
        lines = [stated for name, stated in known.worked_out.items() if name in moves]
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
