"""Reading back what was decided about a period: its close, its statements, what they say now."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.base import Logged
from ledger.aggregates.settlement import (
    VOID,
    PaymentMade,
    PeriodClosed,
    StatementAdjusted,
    StatementIssued,
    period_id,
)
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import LogBroken, NotClosed
from ledger.kernel.instants import Instant, format_instant
from ledger.kernel.money import Money
from ledger.programs.contract import Line
from ledger.programs.edition import Edition
from ledger.programs.registry import rules_of
from ledger.store.log import chunks, read_log, read_positions
from ledger.store.reader import LogReader
from ledger.usecases.terms.editions import edition_at

POSITION_MAX = 2**62
"""A known-at beyond every log."""


class Stated(NamedTuple):
    """What a payee was last told about a line, and at which clocks that was worked out."""

    line: str
    kind: str
    payee: str
    subject: str
    outcome: str
    amount: Money
    unmet: tuple[str, ...]
    held_for: tuple[str, ...]
    clocks: Clocks
    adopted: str | None = None
    """The break by which the platform's figure was accepted: adjustments leave it alone."""

    @property
    def said(self) -> tuple[object, ...]:
        """As `Line.said`: what two runs are compared by."""
        return self[:8]


Lines = dict[tuple[str, str], Stated]
"""By line and payee."""


@dataclass(frozen=True)
class ClosedPeriod:
    """A closed period with its statements, adjustments and payments, each as recorded."""

    closed: Logged
    issued: list[Logged]
    adjusted: list[Logged]
    payments: list[Logged]

    @property
    def seal(self) -> PeriodClosed:
        """The close itself."""
        event = self.closed.event
        assert isinstance(event, PeriodClosed)
        return event

    @property
    def clocks(self) -> Clocks:
        """Where the close stood."""
        return Clocks(self.seal.as_of, self.seal.known_at)

    @property
    def stands(self) -> Clocks:
        """Where lines were last worked out: at the close or an adjustment."""
        lines = (one.clocks for one in self.worked_out.values())
        every = (*lines, *self.voided.values(), self.clocks)
        return max(every, key=lambda one: one.known_at)

    @cached_property
    def as_issued(self) -> list[Stated]:
        """The lines of the close, by line and payee."""
        lines = [
            Stated(
                *(one.line, one.kind, recorded.event.payee, one.subject, one.outcome),
                *(Money.parse(one.amount, one.currency), one.unmet, one.held_for, self.clocks),
            )
            for recorded in self.issued
            for one in recorded.event.lines
        ]
        return sorted(lines, key=lambda one: (one.line, one.payee))

    @cached_property
    def current(self) -> Lines:
        """What every line says with all adjustments, by line and payee."""
        return self._folded[0]

    @property
    def worked_out(self) -> Lines:
        """As `current`, without figures of the platform that were accepted."""
        return self._folded[2]

    @property
    def voided(self) -> dict[tuple[str, str], Clocks]:
        """Lines that a payee had and has no more, and where that was worked out."""
        return self._folded[1]

    @cached_property
    def _folded(self) -> tuple[Lines, dict[tuple[str, str], Clocks], Lines]:
        found: Lines = {(one.line, one.payee): one for one in self.as_issued}
        worked_out = dict(found)
        voided: dict[tuple[str, str], Clocks] = {}
        for recorded in self.adjusted:
            event = recorded.event
            clocks = Clocks(event.as_of, event.known_at)
            for one in event.lines:
                key = (one.line, event.payee)
                if one.outcome == VOID:
                    found.pop(key, None)
                    worked_out.pop(key, None)
                    voided[key] = clocks
                    continue
                voided.pop(key, None)
                found[key] = Stated(
                    *(one.line, one.kind, event.payee, one.subject, one.outcome),
                    *(Money.parse(one.now, one.currency), one.unmet, one.held_for, clocks),
                    event.adopted,
                )
                if event.adopted is None:
                    worked_out[key] = found[key]
        return found, voided, worked_out


def digest_of(lines: Iterable[Line | Stated]) -> str:
    """sha256 over what every line says: id, kind, payee, subject, outcome, amount, reasons."""
    said = sorted(
        [
            *(one.line, one.kind, one.payee, one.subject, one.outcome),
            *(one.amount.text, one.amount.currency, list(one.unmet), list(one.held_for)),
        ]
        for one in lines
    )
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def find_closed(
    connection: Connection,
    program: str,
    period: str | None,
    known_at: int,
    as_of: Instant = FOREVER,
) -> Logged | None:
    """The close of a period that the book knew at a position, decided by an as-of."""
    stream = f"period:{period_id(program, period)}"
    found = read_log(connection, until=known_at, stream=stream)
    closes = (one for one in found if isinstance(one.event, PeriodClosed) and one.at <= as_of)
    return next(closes, None)


def closed_period(
    connection: Connection,
    program: str,
    period: str | None,
    known_at: int,
    as_of: Instant = FOREVER,
) -> ClosedPeriod:
    """A closed period with everything decided about it by an as-of. Raises `NotClosed`."""
    closed = find_closed(connection, program, period, known_at, as_of)
    name = period_id(program, period)
    if closed is None:
        when = "" if as_of == FOREVER else f" and as of {format_instant(as_of)}"
        raise NotClosed(
            f"{name} is not closed at position {known_at}{when}.",
            _how_to_close(connection, program, period, known_at),
        )
    reader = LogReader(connection, Clocks(as_of, known_at))
    streams = reader.named("statement", [name]).get(name, [])
    found = [one for chunk in chunks(streams) for one in reader.facts(chunk)]
    found.sort(key=lambda one: one.position)
    return ClosedPeriod(
        closed,
        [one for one in found if isinstance(one.event, StatementIssued)],
        [one for one in found if isinstance(one.event, StatementAdjusted)],
        [one for one in found if isinstance(one.event, PaymentMade)],
    )


def _how_to_close(connection: Connection, program: str, period: str | None, known_at: int) -> str:
    """The command; for a period that nobody named, which ones are closed.

    Raises `UnknownProgram` and `WrongPeriod` where no such period could be closed.
    """
    later = find_closed(connection, program, period, POSITION_MAX)
    if later is not None:
        when = f"{format_instant(later.at)}, position {later.position}"
        return f"It was closed at {when}: ask with clocks that stand there or later."
    if period is None:
        closed = sorted(
            one.event.period or ""
            for one in closed_periods(connection, known_at)
            if one.event.program == program and one.event.period
        )
        if closed:
            return f"Name the month; closed are {', '.join(closed)}."
    edition, _ = edition_at(connection, program, known_at)
    rules = rules_of(edition.rules)
    rules.days_of(edition, period)
    rules.settles_until(edition, period)
    name = period_id(program, period).replace("/", " ")
    return f"Close it: duebook close {name} --by NAME"


def closed_periods(connection: Connection, known_at: int) -> list[Logged]:
    """Every close that the book knew at a position, in the order of the log."""
    reader = LogReader(connection, Clocks(FOREVER, known_at))
    positions = [position for _, position in reader.under("closed-period", "", "\U0010ffff")]
    return list(read_positions(connection, positions))


def edition_of(connection: Connection, seal: PeriodClosed) -> Edition:
    """The terms that a close rests on, from the log. Raises `LogBroken` where they do not hold."""
    found: list[Any] = [one.event for one in read_positions(connection, [seal.terms.position])]
    if not found or found[0].digest != seal.terms.digest:
        raise LogBroken(f"The terms of the close of {seal.program} are not in the log.")
    edition = Edition.from_data(found[0].edition, f"position {seal.terms.position}")
    if edition.digest != seal.terms.digest:
        raise LogBroken(f"The terms at position {seal.terms.position} do not match their digest.")
    return edition
