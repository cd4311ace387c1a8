"""What a book learned between two positions: what was recorded, and which lines that moved."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from ledger.aggregates.catalogue import TOPICS
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import WrongPeriod
from ledger.kernel.instants import format_instant
from ledger.programs.edition import Edition
from ledger.programs.line import Change, changes
from ledger.programs.periods import months_begun
from ledger.programs.registry import program_names, program_of
from ledger.store.schema import events
from ledger.usecases.closing.standing_lines import as_it_stands
from ledger.usecases.settling.settle import Settlement
from ledger.usecases.terms.editions import last_editions

MONTHS_MAX = 12
"""Of a program that settles by month at most this many months are worked out, the last ones."""


@dataclass(frozen=True)
class Learned:
    """What was recorded after one position up to another, and the lines that differ."""

    before: Clocks
    after: Clocks
    recorded: dict[str, int]
    moved: list[tuple[str, str | None, Change]]
    months_left_out: int

    def as_json(self) -> dict[str, Any]:
        """Counts by type of event, and a row per line with both states of it."""
        return {
            "as_of": format_instant(self.after.as_of),
            "from": self.before.known_at,
            "to": self.after.known_at,
            "recorded": self.recorded,
            "lines": [_row(program, period, change) for program, period, change in self.moved],
            "months_left_out": self.months_left_out,
        }


def _row(program: str, period: str | None, change: Change) -> dict[str, Any]:
    was, now, difference = change.was, change.now, change.difference
    return {
        "program": program,
        "period": period,
        "line": change.line.line,
        "payee": change.line.payee,
        "was": was.amount_text if was else None,
        "now": now.amount_text if now else None,
        "difference": difference.text if difference else None,
        "currency": change.line.currency,
        "was_outcome": was.outcome if was else None,
        "now_outcome": now.outcome if now else None,
    }


def learned(connection: Connection, before: Clocks, after: Clocks) -> Learned:
    """What the positions of two clocks of one as-of differ in.

    A period that was closed by then has its lines as issued and adjusted; others are settled at
    both positions, under the terms known at each. Of months the last twelve are worked out.
    """
    earlier = {e.program: e for e in last_editions(connection, before.known_at, program_names())}
    moved: list[tuple[str, str | None, Change]] = []
    left_out = 0
    for edition in last_editions(connection, after.known_at, program_names()):
        periods, passed_over = _periods(edition, after)
        left_out += passed_over
        for period in periods:
            own = earlier.get(edition.program)
            was = _lines(connection, own, before, period) if own else None
            now = _lines(connection, edition, after, period)
            differing = changes(was.lines if was else (), now.lines if now else ())
            moved += [(edition.program, period, change) for change in differing]
    recorded = recorded_between(connection, before.known_at, after.known_at)
    return Learned(before, after, recorded, moved, left_out)


def recorded_between(connection: Connection, after: int, until: int) -> dict[str, int]:
    """How many events of each type follow a position, up to another."""
    c = events.c
    query = (
        select(c.topic, func.count())
        .where(c.position > after, c.position <= until)
        .group_by(c.topic)
    )
    counts = {TOPICS[topic].__name__: count for topic, count in connection.execute(query)}
    return dict(sorted(counts.items()))


def _periods(edition: Edition, clocks: Clocks) -> tuple[list[str | None], int]:
    """The periods to work out, and the number of earlier months that are passed over."""
    program = program_of(edition.rules)
    if not program.lines:
        return [], 0
    if not program.periods.by_month:
        return [None], 0
    months = months_begun(edition, edition.window.start, clocks.as_of)
    return list(months[-MONTHS_MAX:]), max(0, len(months) - MONTHS_MAX)


def _lines(
    connection: Connection, edition: Edition, clocks: Clocks, period: str | None
) -> Settlement | None:
    """A period's lines at a pair of clocks; None where its edition has no such period."""
    try:
        return as_it_stands(connection, edition, period, clocks)
    except WrongPeriod:
        return None
