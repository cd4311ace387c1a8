"""What a run is based on, looked up once at the entry point and passed down as one value."""

from typing import NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.base import Logged
from ledger.aggregates.settlement import PeriodClosed, period_id
from ledger.aggregates.terms import TermsPublished
from ledger.kernel.clocks import Clocks
from ledger.kernel.days import is_day
from ledger.kernel.instants import DEFAULT_ZONE, Instant
from ledger.programs.edition import Edition
from ledger.store.log import read_log
from ledger.usecases.terms.editions import edition_at, edition_from
from ledger.usecases.typed_clocks import clocks_at, known_position


class Run(NamedTuple):
    """The edition in force, both clocks, and the close of the period, if it was closed by then."""

    edition: Edition
    clocks: Clocks
    closed: Logged | None = None


def run_at(
    connection: Connection,
    program: str,
    period: str | None = None,
    *,
    now: Instant,
    as_of: str | None = None,
    known_at: str | None = None,
    draft: Edition | None = None,
) -> Run:
    """A run of a program at the clocks as typed; dates are days in the program's zone.

    A draft's zone counts instead of the published one. Raises `UnknownProgram`, `BadInstant`,
    `NoZone`, `BadKnownAt`.
    """
    zone = draft.zone if draft else DEFAULT_ZONE
    if draft is None and known_at is not None and is_day(known_at):
        # Which day is meant depends on the zone of the terms known by its end: take those known
        # by the end of the day in the default zone.
        zone = edition_at(connection, program, known_position(connection, known_at, now=now))[
            0
        ].zone
    position = known_position(connection, known_at, zone, now=now)
    streams = {f"terms:{program}", f"period:{period_id(program, period)}"}
    events = list(read_log(connection, until=position, streams=streams))
    published = [event for event in events if isinstance(event.event, TermsPublished)]
    if draft is not None:
        edition = draft
    elif published:
        edition = edition_from(published[-1])
    else:
        edition = edition_at(connection, program, position)[0]  # raises with what is published
    at = clocks_at(connection, now=now, as_of=as_of, zone=edition.zone, position=position)
    closes = (event for event in events if isinstance(event.event, PeriodClosed))
    return Run(edition, at, next((close for close in closes if close.at <= at.as_of), None))
