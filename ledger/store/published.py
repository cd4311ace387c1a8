"""Which days published terms are about, and who publishes them, from the log alone."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from ledger.aggregates.base import Logged
from ledger.kernel.instants import Instant, midnight
from ledger.store.log import read_positions
from ledger.store.schema import refs


def first_day(connection: Connection, rules: str, known_at: int) -> Instant | None:
    """When the first edition of some rules begins, by the last version of each that was known at
    a position; None where there is none."""
    days = [
        midnight(date.fromisoformat(edition["from"]), edition["zone"])
        for edition in _last(connection, rules, known_at)
    ]
    return min(days, default=None)


def publishers(connection: Connection, rules: str, known_at: int) -> dict[str, str]:
    """The publisher of each edition of some rules, by the last version of it that was known at a
    position."""
    editions = _last(connection, rules, known_at)
    return {edition["program"]: edition["publisher"] for edition in editions}


def terms_events(connection: Connection, known_at: int, program: str | None = None) -> list[Logged]:
    """Every `TermsPublished` up to a position, of one program or of all, in the order of the log:
    by the index, since a log of millions would have to be read through for them."""
    r = refs.c
    query = select(r.position).where(r.kind == "program", r.position <= known_at)
    if program is not None:
        query = query.where(r.name == program)
    return list(read_positions(connection, connection.execute(query).scalars()))


def _last(connection: Connection, rules: str, known_at: int) -> list[dict[str, Any]]:
    """The last version of each edition of some rules that was known at a position."""
    last = {
        event.event.program: event.event.edition for event in terms_events(connection, known_at)
    }
    return [edition for edition in last.values() if edition["rules"] == rules]
