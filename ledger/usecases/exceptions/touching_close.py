"""Exceptions that touch a program: odd facts that its run has seen, that name it, or that its
terms judge."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.base import Recorded
from ledger.aggregates.catalogue import FACTS
from ledger.programs.contract import Asked
from ledger.programs.registry import rules_of
from ledger.store.log import read_log
from ledger.store.reader import LogReader
from ledger.store.schema import withdrawn
from ledger.usecases.exceptions.exceptions_of import oddities
from ledger.usecases.settling.settle import Settlement

NAMING = [fact.TOPIC for fact in FACTS.values() if "program" in fact.model_fields]
"""Topics of facts that name a program."""


def exceptions_touching(
    connection: Connection, settlement: Settlement, seen: list[Recorded]
) -> list[dict[str, Any]]:
    """Every surprise of the facts seen, of those that name the program, and of those of its days
    that no line rests on and somebody has to look at; by position. All as of the run: what
    happened later neither is an exception nor resolves one."""
    program, clocks = settlement.edition.program, settlement.clocks
    lifted = _lifted(connection, clocks.known_at)
    facts = {one.position: one for one in (*seen, *_beside(connection, settlement))}
    for one in read_log(connection, until=clocks.known_at, topics=NAMING):
        counts = one.at <= clocks.as_of and one.position not in lifted
        if one.event.program == program and counts:
            facts[one.position] = one
    found = list(oddities(connection, clocks, facts.values()))
    found.sort(key=lambda pair: (pair[0].position, pair[1].code))
    return [
        {"code": surprise.code, "position": one.position, "sentence": surprise.sentence}
        for one, surprise in found
    ]


def _beside(connection: Connection, settlement: Settlement) -> Iterable[Recorded]:
    """The facts that need somebody although no line rests on them."""
    reader = LogReader(connection, settlement.clocks)
    asked = Asked(settlement.edition, settlement.period)
    return rules_of(settlement.edition.rules).beside(reader, asked)


def _lifted(connection: Connection, known_at: int) -> set[int]:
    w = withdrawn.c
    query = withdrawn.select().with_only_columns(w.target).where(w.position <= known_at)
    return {row[0] for row in connection.execute(query)}
