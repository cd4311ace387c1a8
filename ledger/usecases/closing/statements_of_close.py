"""The statements that a close issues: one per party, with balances brought forward."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date

from sqlalchemy import Connection

from ledger.aggregates.settlement import Carried, Sides, StatedLine, StatementIssued, sides_of
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.money import Money
from ledger.programs.moves import stands_on
from ledger.programs.registry import program_of
from ledger.store.head import Head
from ledger.store.reader import LogReader
from ledger.usecases.settling.settle import Settlement
from ledger.usecases.statements.balances import standings


def statements_of(
    connection: Connection, settlement: Settlement, head: Head, day: date
) -> list[StatementIssued]:
    """One statement per party, posted on a day, with the balances brought forward from earlier
    statements."""
    lines: dict[Sides, list[StatedLine]] = defaultdict(list)
    edition = settlement.edition
    for line in settlement.lines:
        for place in stands_on(edition.rules, line):
            lines[place.sides].append(line.stated(to_payer=place.to_payer))
    carried: dict[Sides, list[Carried]] = {}
    if program_of(edition.rules).pot is None:
        carried = _to_carry(connection, lines, head.position)
    return [
        StatementIssued(
            rules=edition.rules,
            program=edition.program,
            period=settlement.period,
            zone=edition.zone,
            payee=sides.payee,
            payer=sides.payer or None,
            posting_date=day.isoformat(),
            lines=tuple(lines[sides]),
            brought_forward=tuple(carried.get(sides, ())),
        )
        for sides in sorted(lines)
    ]


def _to_carry(
    connection: Connection, between: Collection[Sides], known_at: int
) -> dict[Sides, list[Carried]]:
    """What was paid on earlier statements between the same two parties beyond what was due.

    It remains an advance until their next statement brings it forward. Pots have no advances.
    """
    clocks = Clocks(FOREVER, known_at)
    streams = LogReader(connection, clocks).named("payee", {sides.payee for sides in between})
    names = {stream.partition(":")[2] for own in streams.values() for stream in own}
    names = {name for name in names if sides_of(name) in between}
    carried: dict[Sides, list[Carried]] = defaultdict(list)
    for (statement, commodity), standing in sorted(standings(connection, names, clocks).items()):
        if standing.advance:
            amount = Money(-standing.advance, commodity).text
            balance = Carried(statement=statement, amount=amount, currency=commodity)
            carried[sides_of(statement)].append(balance)
    return carried
