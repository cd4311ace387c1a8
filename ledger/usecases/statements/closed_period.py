"""Reading back what was decided about a period: its close, its statements, its current lines."""

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
from ledger.programs.edition import Edition
from ledger.programs.line import Line, line_now, line_of
from ledger.programs.registry import program_of
from ledger.store.log import chunks, read_log, read_positions
from ledger.store.reader import LogReader
from ledger.usecases.terms.editions import edition_at

POSITION_MAX = 2**62
"""A known-at beyond every log."""


class Stated(NamedTuple):
    """A line as last stated to its payee, and the clocks at which that was worked out."""

    line: Line
    clocks: Clocks
    adopted: str | None = None
    """The break by which the platform's figure was accepted: adjustments leave it alone."""


Lines = dict[str, Stated]
"""By the line's id."""
Told = tuple[str, str, str]
"""A line's id, its payee and its payer: between other parties it is another line."""


def told_as(line: Line) -> Told:
    """The key of a line: its id and its parties."""
    return line.line, line.payee, line.payer


class Stating(NamedTuple):
    """A decision that states lines: its own event, and the statements whose lines it states."""

    decision: Logged
    statements: list[Any]


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
    def statings(self) -> list[Stating]:
        """Whatever states lines, in the order of the log: the close, then each adjustment."""
        close = Stating(self.closed, [recorded.event for recorded in self.issued])
        return [close, *(Stating(recorded, [recorded.event]) for recorded in self.adjusted)]

    @property
    def clocks(self) -> Clocks:
        """The clocks of the close."""
        return Clocks(self.seal.as_of, self.seal.known_at)

    @property
    def stands(self) -> Clocks:
        """The clocks at which lines were last worked out: at the close or an adjustment."""
        lines = (stated.clocks for stated in self.worked_out.values())
        every = (*lines, *self.voided.values(), self.clocks)
        return max(every, key=lambda clocks: clocks.known_at)

    @cached_property
    def as_issued(self) -> list[Line]:
        """The lines of the close, by id."""
        lines = (
            line_of(stated, recorded.event.payee)
            for recorded in self.issued
            for stated in recorded.event.lines
            if stated.payee is None
        )
        return sorted(lines, key=lambda line: line.line)

    @cached_property
    def current(self) -> Lines:
        """Every line as of all adjustments."""
        return self._folded[0]

    @property
    def worked_out(self) -> Lines:
        """As `current`, without figures of the platform that were accepted."""
        return self._folded[2]

    @property
    def voided(self) -> dict[Told, Clocks]:
        """Lines voided between their two parties, with the clocks of the adjustment that did."""
        return self._folded[1]

    @cached_property
    def _folded(self) -> tuple[Lines, dict[Told, Clocks], Lines]:
        current = {line.line: Stated(line, self.clocks) for line in self.as_issued}
        worked_out = dict(current)
        voided: dict[Told, Clocks] = {}
        for recorded in self.adjusted:
            event = recorded.event
            clocks = Clocks(event.as_of, event.known_at)
            for row in event.lines:
                if row.payee is not None:
                    continue  # the payer's side of a line
                now = line_now(row, event.payee)
                if row.outcome == VOID:
                    voided[told_as(now)] = clocks
                    for held in (current, worked_out):
                        # A line that moves to another party may be stated to that one first.
                        if row.line in held and told_as(held[row.line].line) == told_as(now):
                            del held[row.line]
                    continue
                voided.pop(told_as(now), None)
                current[row.line] = Stated(now, clocks, event.adopted)
                if event.adopted is None:
                    worked_out[row.line] = current[row.line]
        return current, voided, worked_out


def find_closed(
    connection: Connection,
    program: str,
    period: str | None,
    known_at: int,
    as_of: Instant = FOREVER,
) -> Logged | None:
    """The close of a period as known at a position, if decided by an as-of; else None."""
    stream = f"period:{period_id(program, period)}"
    events = read_log(connection, until=known_at, stream=stream)
    closes = (
        event for event in events if isinstance(event.event, PeriodClosed) and event.at <= as_of
    )
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
    streams = [f"statement:{statement}" for statement in statements_of(reader, name)]
    events = [event for chunk in chunks(streams) for event in reader.facts(chunk)]
    events.sort(key=lambda event: event.position)
    return ClosedPeriod(
        closed,
        [event for event in events if isinstance(event.event, StatementIssued)],
        [event for event in events if isinstance(event.event, StatementAdjusted)],
        [event for event in events if isinstance(event.event, PaymentMade)],
    )


def statements_of(reader: LogReader, period: str) -> list[str]:
    """The ids of the statements of a period, given by its id, that are known at the reader's
    clocks."""
    streams = reader.named("statement", [period]).get(period, [])
    return [stream.partition(":")[2] for stream in streams]


def _how_to_close(connection: Connection, program: str, period: str | None, known_at: int) -> str:
    """A hint: the command to close it, when it was closed later, or which months are closed.

    Raises `UnknownProgram`, `NoLines` and `WrongPeriod` where no such period could be closed.
    """
    later = find_closed(connection, program, period, POSITION_MAX)
    if later is not None:
        when = f"{format_instant(later.at)}, position {later.position}"
        return f"It was closed at {when}: use --as-of and --known-at at or after that point."
    if period is None:
        closed = sorted(
            close.event.period or ""
            for close in closed_periods(connection, known_at)
            if close.event.program == program and close.event.period
        )
        if closed:
            return f"Name the month; closed are {', '.join(closed)}."
    edition, _ = edition_at(connection, program, known_at)
    rules = program_of(edition.rules)
    rules.refuse_without_lines(edition)
    rules.days_of(edition, period)
    rules.settles_until(edition, period)
    name = period_id(program, period).replace("/", " ")
    return f"Close it: duebook close {name} --by NAME"


def closed_periods(connection: Connection, known_at: int) -> list[Logged]:
    """Every close known at a position, in the order of the log."""
    reader = LogReader(connection, Clocks(FOREVER, known_at))
    positions = [position for _, position in reader.under("closed-period", "", "\U0010ffff")]
    return list(read_positions(connection, positions))


def edition_of(connection: Connection, seal: PeriodClosed) -> Edition:
    """The terms of a close, from the log. Raises `LogBroken` if they are missing or altered."""
    versions: list[Any] = [
        recorded.event for recorded in read_positions(connection, [seal.terms.position])
    ]
    if not versions or versions[0].digest != seal.terms.digest:
        raise LogBroken(f"The terms of the close of {seal.program} are not in the log.")
    edition = Edition.from_data(versions[0].edition, f"position {seal.terms.position}")
    if edition.digest != seal.terms.digest:
        raise LogBroken(f"The terms at position {seal.terms.position} do not match their digest.")
    return edition
