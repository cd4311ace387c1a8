"""One statement by its id, and all statements of closed periods, each as its party gets it."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.settlement import PeriodClosed, StatementEvent, period_id, sides_of
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoSuchStatement
from ledger.store.head import origin_of
from ledger.store.log import read_log
from ledger.store.reader import LogReader
from ledger.usecases.closing.reasons import Reasons
from ledger.usecases.statements.closed_period import closed_periods, statements_of
from ledger.usecases.statements.fingerprint import fingerprinted
from ledger.usecases.statements.statement import StatedPeriod, Whose


def one_statement(connection: Connection, statement: str, clocks: Clocks) -> dict[str, Any]:
    """A statement by its id, as of a pair of clocks, with why it was adjusted, and its fingerprint.

    Raises `NoSuchStatement`, `NotClosed`.
    """
    events = read_log(connection, until=clocks.known_at, stream=f"statement:{statement}")
    event = next((event.event for event in events), None)
    if not isinstance(event, StatementEvent):
        raise NoSuchStatement(
            f"There is no statement {statement!r}.", "List them: duebook report statements"
        )
    stated = StatedPeriod.at(connection, event.program, event.period, clocks)
    answer = stated.answer(Whose(sides=event.sides))
    with_reasons = Reasons(connection, stated.known).told_in(answer, to_payee=True)
    return fingerprinted(with_reasons, origin_of(connection), statement)


def every_statement(
    connection: Connection, clocks: Clocks, program: str | None = None, period: str | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The id of each statement issued by a pair of clocks, and the statement as its party gets
    it; of one program, or one of its periods, where that is named."""
    for closed in _closed(connection, clocks, program, period):
        stated = StatedPeriod.at(connection, closed.program, closed.period, clocks)
        reasons = Reasons(connection, stated.known)
        for name in stated.statements:
            answer = stated.answer(Whose(sides=sides_of(name)))
            with_reasons = reasons.told_in(answer, to_payee=True)
            yield name, fingerprinted(with_reasons, origin_of(connection), name)


def names_of_statements(
    connection: Connection, clocks: Clocks, program: str | None = None, period: str | None = None
) -> list[str]:
    """The ids of all statements that `every_statement` would yield, from the index."""
    reader = LogReader(connection, clocks)
    closed = _closed(connection, clocks, program, period)
    names = (period_id(period_closed.program, period_closed.period) for period_closed in closed)
    return [statement for name in names for statement in statements_of(reader, name)]


def names_of_party(
    connection: Connection, clocks: Clocks, program: str, period: str | None, party: str | None
) -> list[str]:
    """Of a program's period the ids of a party's statements, of all parties' without one."""
    names = names_of_statements(connection, clocks, program, period)
    whose = Whose(party).among(map(sides_of, names))
    return [name for name in names if whose.are(sides_of(name))]


def _closed(
    connection: Connection, clocks: Clocks, program: str | None, period: str | None
) -> Iterator[PeriodClosed]:
    for closed in closed_periods(connection, clocks.known_at):
        event: PeriodClosed = closed.event
        named = program in (None, event.program) and period in (None, event.period)
        if named and closed.at <= clocks.as_of:
            yield event
