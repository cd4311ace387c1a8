"""Which days published terms are about, from the log alone."""

from datetime import date

from sqlalchemy import Connection

from ledger.aggregates.terms import TermsPublished
from ledger.kernel.instants import Instant, midnight
from ledger.store.log import read_log


def first_day(connection: Connection, rules: str, known_at: int) -> Instant | None:
    """When the first edition of some rules begins, by the last version of each that was known at
    a position; None where there is none."""
    published = read_log(connection, until=known_at, topics=[TermsPublished.TOPIC])
    last = {one.event.program: one.event.edition for one in published}
    days = [
        midnight(date.fromisoformat(edition["from"]), edition["zone"])
        for edition in last.values()
        if edition["rules"] == rules
    ]
    return min(days, default=None)
