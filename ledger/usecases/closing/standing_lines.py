"""The current lines of a closed period, as issued and adjusted, each with its explanation.

A line is explained where it was last worked out, at the close or at an adjustment, under the
terms of the close and what had been filled by then.
"""

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.decision import Later, Step, built
from ledger.programs.edition import Edition
from ledger.programs.line import UNEXPLAINED, Line
from ledger.programs.registry import program_of
from ledger.usecases.closing.terms_of_close import filled_terms
from ledger.usecases.settling.explain import explain
from ledger.usecases.settling.settle import Settlement, settle, split_line, subjects_of
from ledger.usecases.statements.closed_period import (
    ClosedPeriod,
    Stated,
    closed_period,
    closed_periods,
    edition_of,
    find_closed,
)

if TYPE_CHECKING:
    from ledger.usecases.settling.explanation_file import SpooledExplanations
    from ledger.usecases.settling.processes import Processes


def standing(
    connection: Connection,
    program: str,
    period: str | None,
    clocks: Clocks,
    *,
    explained: bool = True,
    processes: "Processes | None" = None,
    spool: "SpooledExplanations | None" = None,
) -> Settlement | None:
    """A closed period's current lines as of a pair of clocks; None where it was not closed.

    Without `explained` lines have no explanations; a `spool` takes those of a run in parts. What is
    owed in addition to them is worked out at the clocks, under the terms of the close.
    """
    if find_closed(connection, program, period, clocks.known_at, clocks.as_of) is None:
        return None
    known = closed_period(connection, program, period, clocks.known_at, clocks.as_of)
    terms = filled_terms(connection, known, clocks.known_at)
    work: dict[str, Any] = {"period": period, "processes": processes}
    run = settle(connection, terms.edition, clocks, explained=False, **work)
    if not explained:
        stated_lines = [stated.line for stated in known.current.values()]
        stated_lines.sort(key=lambda line: line.line)
        return replace(run, lines=stated_lines, stands="issued")
    by_clocks: dict[Clocks, list[Stated]] = defaultdict(list)
    for stated in known.current.values():
        by_clocks[stated.clocks].append(stated)
    lines: list[Line] = []
    for at, own in by_clocks.items():
        edition = terms_of_lines(connection, known, at)
        subjects = subjects_of(edition, {stated.line.line for stated in own})
        whole = at == known.clocks
        asked = None if whole else subjects
        again = settle(connection, edition, at, subjects=asked, spool=spool, **work)
        trees = {line.line: line.explained for line in again.lines}
        lines += [
            _explained(known, stated, trees.get(stated.line.line, UNEXPLAINED)) for stated in own
        ]
    return replace(run, lines=sorted(lines, key=lambda line: line.line), stands="issued")


def as_it_stands(
    connection: Connection, edition: Edition, period: str | None, clocks: Clocks
) -> Settlement:
    """A period's lines: as issued and adjusted where it is closed, else as `settle` works them
    out. Raises `WrongPeriod`."""
    stands = standing(connection, edition.program, period, clocks)
    return stands or settle(connection, edition, clocks, period=period)


def explain_standing(
    connection: Connection, line: str, clocks: Clocks, *, orders: bool = False
) -> tuple[Settlement, dict[str, Any]]:
    """As `explain`, for the current line of a closed period; otherwise from a fresh run.

    Raises `NoSuchLine`, `UnknownProgram`, `NoOrders`.
    """
    known = _closed_with(connection, line, clocks)
    stated = known.current.get(line) if known else None
    if known is None or stated is None:
        return explain(connection, line, clocks, orders=orders)
    edition = terms_of_lines(connection, known, stated.clocks)
    settlement, answer = explain(connection, line, stated.clocks, orders=orders, edition=edition)
    tree = next(settled.explanation for settled in settlement.lines if settled.line == line)
    answer |= _explained(known, stated, tree).as_json() | {"stands": "issued"}
    return replace(settlement, stands="issued"), answer


def terms_of_lines(connection: Connection, known: ClosedPeriod, clocks: Clocks) -> Edition:
    """The terms under which lines were worked out: those of the close, as filled by then."""
    seal = known.seal
    if clocks == known.clocks:
        return edition_of(connection, seal)
    by_then = closed_period(connection, seal.program, seal.period, clocks.known_at)
    return filled_terms(connection, by_then, clocks.known_at).edition


def _explained(known: ClosedPeriod, stated: Stated, tree: Step | Later) -> Line:
    """A line with its explanation, wrapped in the platform's figure where that was accepted."""
    if stated.adopted:
        reason = next(
            recorded.event.reason
            for recorded in reversed(known.adjusted)
            if recorded.event.adopted == stated.adopted
        )
        tree = built(tree)
        own = tree.observed or tree.label
        tree = Step(
            f"the platform's figure, accepted: {reason}",
            stated.line.amount,
            observed=f"break {stated.adopted}; by our rules: {own}",
            parts=(tree,),
        )
    return stated.line._replace(explained=tree)


def _closed_with(connection: Connection, line: str, clocks: Clocks) -> ClosedPeriod | None:
    """The closed period in which a line is current, if any."""
    edition, period, subject = split_line(connection, line, clocks.known_at)
    program = program_of(edition.rules)
    names: list[str | None] = [period]
    if program.periods.by_month and period is None:
        asked = frozenset({subject})
        names = [settle(connection, edition, clocks, subjects=asked).period]
        if names == [None]:  # no fact makes it any more, but it may have been issued
            names = [
                close.event.period
                for close in closed_periods(connection, clocks.known_at)
                if close.event.program == edition.program
            ]
    for name in names:
        closed = find_closed(connection, edition.program, name, clocks.known_at, clocks.as_of)
        if closed is not None:
            at = (clocks.known_at, clocks.as_of)
            known = closed_period(connection, edition.program, name, *at)
            if line in known.current:
                return known
    return None
