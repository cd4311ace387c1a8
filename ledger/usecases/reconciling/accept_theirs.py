"""Accepting a platform figure: our lines, adjusted to it."""

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


def refuse_accepted(known: ClosedPeriod | None, run: Compared, break_: Break) -> None:
    """Raises `BadResolution` for a break of the run whose figure has since been accepted."""
    for recorded in known.adjusted if known else ():
        if recorded.event.adopted == break_.id and recorded.position > run.position:
            raise BadResolution(
                f"The figure of {break_.id} was accepted before, at position {recorded.position}.",
                "The line already has it. Compare again to see what is left.",
            )


def accepted(
    connection: Connection,
    known: ClosedPeriod | None,
    run: Compared,
    break_: Break,
    reason: str,
    clocks: Clocks,
    stated: dict[str, Stated],
) -> list[StatementAdjusted]:
    """Our lines, adjusted to the platform's figures; later adjustments leave them alone.

    For a group of orders each line moves by the sum of its orders' differences. `stated` holds
    our current lines and is updated in place. Raises `BadResolution`.
    """
    program, period = run.event.program, run.event.period
    if known is None:
        raise BadResolution(
            f"{period_id(program, period)} is not closed: there is nothing to adjust yet.",
            "Close it first, or resolve the break as platform_error, timing or other.",
        )
    if break_.count not in (None, len(list(orders_of(run.event, break_)))):
        raise BadResolution(
            f"{break_.id} covers {break_.count:,} orders, more than can be accepted at once.",
            "Compare store by store, or month by month; if signs are reversed, use --flip-sign.",
        )
    if break_.kind == "outcome_differs" and break_.line in stated:
        corrected = [_decided(stated[break_.line].line, break_)]
    else:
        corrected = _moved(connection, known, run, break_, clocks, stated)
    for correction in corrected:
        now = correction.change.now
        if now is not None and now.line in stated:
            stated[now.line] = stated[now.line]._replace(line=now)
    edition = edition_of(connection, known.seal)
    return adjusted(known, edition, corrected, clocks, adopted=break_.id, reason=reason)


def _moved(
    connection: Connection,
    known: ClosedPeriod,
    run: Compared,
    break_: Break,
    clocks: Clocks,
    stated: Lines,
) -> list[Correction]:
    """Our lines with the platform's amounts. Raises `BadResolution`."""
    moves = _differences(run, break_, stated)
    kinds = ("amount_differs", "missing_theirs")
    money = all(name in stated and stated[name].line.amount for name in moves)
    if break_.kind not in kinds or not money:
        raise BadResolution(
            f"{break_.id} is {break_.kind}: we have no line to adjust to the platform's figure.",
            "Record the facts that make the line, or resolve it as platform_error or other.",
        )
    if not any(moves.values()):
        raise BadResolution(
            f"Our line already equals the platform's figure of {break_.id}.",
            "Nothing was recorded.",
        )
    if break_.count is not None:
        lines = [own for name, own in known.worked_out.items() if name in moves]
        refuse_outdated(connection, run, break_, known, lines, clocks.known_at)
    return [_paying(stated[name].line, moves[name]) for name in sorted(moves)]


def _differences(run: Compared, break_: Break, stated: Lines) -> dict[str, int]:
    """Per line, theirs minus ours in minor units."""
    if break_.count is not None:
        return moves_by_line(run.event, break_)
    own = stated.get(break_.line)
    ours = own.line.amount if own else None
    theirs = 0
    if break_.theirs is not None and break_.currency is not None:
        theirs = Money.parse(break_.theirs, break_.currency).minor
    return {break_.line: theirs - (ours.minor if ours else 0)}


def _paying(line: Line, moved: int) -> Correction:
    """The line, payable with its amount moved: accepted whatever its conditions say."""
    assert line.amount is not None
    amount = Money(line.amount.minor + moved, line.amount.currency)
    now = line._replace(outcome="payable", amount=amount, unmet=(), held_for=())
    return Correction(Change(line, now), (), ())


def _decided(line: Line, break_: Break) -> Correction:
    """The decision with their outcome, without codes."""
    assert break_.theirs is not None
    now = line._replace(outcome=break_.theirs, unmet=(), held_for=())
    return Correction(Change(line, now), (), ())
