"""What is owed in addition to lines: worked out by the rules at the clocks of the report."""

from typing import Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of
from ledger.store.reader import LogReader
from ledger.usecases.closing.terms_of_close import filled_terms
from ledger.usecases.settling.settle import settle
from ledger.usecases.statements.closed_period import closed_period, find_closed
from ledger.usecases.terms.editions import edition_at, published

ABOUT = "what is owed in addition to the lines: content or money, its due day, how far it is met"


def rows(connection: Connection, clocks: Clocks) -> list[dict[str, Any]]:
    """One row per obligation of every program whose rules have any, by id.

    A closed period keeps the terms of its close, with what its adjustments have filled in.
    """
    reader, owed = LogReader(connection, clocks), []
    for program in sorted({fact.event.program for fact in published(connection, clocks.known_at)}):
        edition = edition_at(connection, program, clocks.known_at)[0]
        for period in program_of(edition.rules).obliges(reader, edition):
            terms = _terms_of(connection, edition, period, clocks.known_at)
            settlement = settle(connection, terms, clocks, period=period)
            owed += [obligation.as_json() for obligation in settlement.obligations]
    return owed


def _terms_of(
    connection: Connection, edition: Edition, period: str | None, known_at: int
) -> Edition:
    if find_closed(connection, edition.program, period, known_at) is None:
        return edition
    closed = closed_period(connection, edition.program, period, known_at)
    return filled_terms(connection, closed, known_at).edition
