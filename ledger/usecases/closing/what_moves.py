"""What a decision would change in open periods: their lines before and after it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import WrongPeriod
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money, sum_by_currency
from ledger.programs.edition import Edition
from ledger.programs.line import Change, changes
from ledger.programs.periods import months_begun
from ledger.programs.registry import program_names, program_of
from ledger.store.supposing import supposing_withdrawn
from ledger.usecases.settling.settle import Settlement, settle
from ledger.usecases.statements.closed_period import closed_periods
from ledger.usecases.terms.editions import last_editions

MONTHS_MAX = 12
"""At most this many open months are worked out, the last ones; the others are only counted."""
SHOWN_MAX = 20


class Open(NamedTuple):
    """The open periods of an edition to work out, and the number of earlier ones left out."""

    periods: list[str | None]
    left_out: int


def open_periods(
    connection: Connection, edition: Edition, clocks: Clocks, months_max: int | None = MONTHS_MAX
) -> Open:
    """The periods of an edition that have begun and are not closed; of months the last
    `months_max`, or all with None."""
    program = program_of(edition.rules)
    if not program.lines:
        return Open([], 0)
    closed = {
        close.event.period
        for close in closed_periods(connection, clocks.known_at)
        if close.event.program == edition.program
    }
    if not program.periods.by_month:
        return Open([] if None in closed else [None], 0)
    begun = months_begun(edition, edition.window.start, clocks.as_of)
    left = [month for month in begun if month not in closed]
    shown = left if months_max is None else left[-months_max:]
    return Open(list(shown), len(left) - len(shown))


def settled(
    connection: Connection, edition: Edition, clocks: Clocks, periods: list[str | None]
) -> dict[str | None, Settlement]:
    """The settlements of some periods; those that the edition does not have are left out."""
    by_period = {}
    for period in periods:
        try:
            by_period[period] = settle(connection, edition, clocks, period=period)
        except WrongPeriod:
            continue
    return by_period


class Moved(NamedTuple):
    """The lines of a period that change."""

    program: str
    period: str | None
    changes: list[Change]

    def as_json(self) -> dict[str, Any]:
        """How many lines change, by how much in total, and the first of the changes."""
        differences = [
            change.difference for change in self.changes if change.difference is not None
        ]
        return {
            "program": self.program,
            "period": self.period,
            "lines": len(self.changes),
            "difference": _texts(sum_by_currency(differences)),
            "changes": [
                {
                    "line": change.line.line,
                    "payee": change.line.payee,
                    "was": change.was.amount_text if change.was else None,
                    "now": change.now.amount_text if change.now else None,
                    "currency": change.line.currency,
                    "was_outcome": change.was.outcome if change.was else None,
                    "now_outcome": change.now.outcome if change.now else None,
                }
                for change in self.changes[:SHOWN_MAX]
            ],
        }


def _texts(sums: dict[str, Money]) -> dict[str, str]:
    return {code: money.text for code, money in sums.items() if money.minor}


def moved(
    program: str,
    before: dict[str | None, Settlement],
    after: dict[str | None, Settlement],
) -> Iterator[Moved]:
    """Per period, the lines that differ; periods in which none does are left out."""
    for period in dict.fromkeys([*before, *after]):
        was = before[period].lines if period in before else ()
        now = after[period].lines if period in after else ()
        if changed := changes(was, now):
            yield Moved(program, period, changed)


def moved_by_terms(
    connection: Connection, before: Edition | None, after: Edition, known_at: int, *, now: Instant
) -> dict[str, Any]:
    """What other terms would change in the periods that are open now."""
    clocks = Clocks(now, known_at)
    periods, left_out = open_periods(connection, after, clocks)
    was = settled(connection, before, clocks, periods) if before else {}
    is_ = settled(connection, after, clocks, periods)
    return {
        "moves": [changed.as_json() for changed in moved(after.program, was, is_)],
        "months_worked_out": MONTHS_MAX,
        "months_left_out": left_out,
    }


def moved_without(
    connection: Connection, position: int, known_at: int, *, now: Instant
) -> dict[str, Any]:
    """How the lines of open periods change without a fact; closed ones change by an adjustment.

    They are worked out by the same queries as after an actual withdrawal.
    """
    clocks = Clocks(now, known_at)
    editions = list(last_editions(connection, known_at, program_names()))
    looked_at = {edition.program: open_periods(connection, edition, clocks) for edition in editions}

    def lines() -> dict[str, dict[str | None, Settlement]]:
        return {
            edition.program: settled(
                connection, edition, clocks, looked_at[edition.program].periods
            )
            for edition in editions
        }

    before = lines()
    with supposing_withdrawn(connection, position, known_at):
        after = lines()
    return {
        "moves": [
            changed.as_json()
            for program in before
            for changed in moved(program, before[program], after[program])
        ],
        "months_worked_out": MONTHS_MAX,
        "months_left_out": sum(periods.left_out for periods in looked_at.values()),
    }
