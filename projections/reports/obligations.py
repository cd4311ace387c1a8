"""What is owed other than money: worked out by the rules at the clocks of the report."""

from typing import Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.programs.registry import program_of
from ledger.usecases.closing.terms_of_close import filled_terms
from ledger.usecases.settling.settle import settle
from ledger.usecases.statements.closed_period import closed_period, find_closed
from ledger.usecases.terms.editions import edition_at, published

ABOUT = "what is owed other than money: missing content, due days, how far it is made up"


def rows(connection: Connection, clocks: Clocks) -> list[dict[str, Any]]:
    """One row per obligation of every program whose rules know any, by id.

    A closed period keeps the terms of its close, with what its adjustments have filled.
    """
    found = []
    for program in sorted({one.event.program for one in published(connection, clocks.known_at)}):
        edition = edition_at(connection, program, clocks.known_at)[0]
        if program_of(edition.rules).obliges:
            closed = find_closed(connection, program, None, clocks.known_at)
            if closed is not None:
                period = closed_period(connection, program, None, clocks.known_at)
                edition = filled_terms(connection, period, clocks.known_at).edition
            settlement = settle(connection, edition, clocks)
            found += [one.as_json() for one in settlement.obligations]
    return found
