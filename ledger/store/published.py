"""Which days published terms are about, and who publishes them, from the log alone."""

from datetime import date
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.terms import TermsPublished
from ledger.kernel.instants import Instant, midnight
from ledger.store.log import read_log


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


def _last(connection: Connection, rules: str, known_at: int) -> list[dict[str, Any]]:
    """The last version of each edition of some rules that was known at a position."""
    published = read_log(connection, until=known_at, topics=[TermsPublished.TOPIC])
    last = {event.event.program: event.event.edition for event in published}
    return [edition for edition in last.values() if edition["rules"] == rules]
