"""Current lines of closed periods: issued, adjusted, with figures that were accepted."""

from collections.abc import Iterator
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Integer, Table

from ledger.aggregates.base import Logged
from ledger.aggregates.settlement import (
    PeriodClosed,
    StatementAdjusted,
    StatementIssued,
    period_id,
    statement_id,
)
from ledger.programs.line import Line
from ledger.programs.moves import stands_on
from ledger.store.log import read_log
from ledger.store.reader import LogReader
from ledger.store.schema import TEXT
from ledger.usecases.settling.settle import Settlement
from ledger.usecases.statements.closed_period import ClosedPeriod, closed_period, told_as
from projections.amounts import with_decimals
from projections.base import Span, StreamView

_Long = BigInteger().with_variant(Integer, "sqlite")


class Lines(StreamView):
    """One row per line, seen from its payee."""

    NAME = "lines"
    ABOUT = "lines of closed periods, as issued and adjusted"
    KINDS = ("period",)
    SHOWN: ClassVar = ("amount", "issued")

    def columns(self) -> list[Column[Any]]:
        texts = ("kind", "payee", "payer", "subject", "outcome")
        return [
            Column("line", TEXT, primary_key=True),
            Column("program", TEXT, nullable=False),
            Column("period", TEXT),
            Column("from_day", TEXT, nullable=False),
            Column("to_day", TEXT),
            *(Column(name, TEXT, nullable=False) for name in texts),
            Column("amount_minor", _Long),
            Column("currency", TEXT),
            Column("why", TEXT, nullable=False),
            Column("issued_minor", _Long),
            Column("adopted", TEXT),
            Column("statement", TEXT),
            Column("stands", TEXT, nullable=False),
            Column("stands_at", _Long, nullable=False),
            Column("stream", TEXT, primary_key=True),
        ]

    def dependents(self, span: Span, table: Table, dirty: set[str]) -> set[str]:
        """Periods of which something was issued or adjusted."""
        topics = (StatementIssued.TOPIC, StatementAdjusted.TOPIC)
        decided = read_log(span.source, span.after, span.until, topics)
        periods = {period_id(event.event.program, event.event.period) for event in decided}
        return {f"period:{name}" for name in periods}

    def rows(self, reader: LogReader, facts: dict[str, list[Logged]]) -> Iterator[dict[str, Any]]:
        as_of, known_at = reader.clocks
        for of_stream in facts.values():
            for event in of_stream:
                if isinstance(event.event, PeriodClosed):
                    of = (event.event.program, event.event.period)
                    known = closed_period(reader.connection, *of, known_at, as_of)
                    yield from _current(known)

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return with_decimals(row)


def _current(known: ClosedPeriod) -> Iterator[dict[str, Any]]:
    seal = known.seal
    issued = {told_as(line): line for line in known.as_issued}
    for stated in known.current.values():
        line = stated.line
        first = issued.get(told_as(line))
        places = stands_on(seal.rules, line)
        sides = next(place.sides for place in places if not place.to_payer)
        yield {
            "program": seal.program,
            "period": seal.period,
            "from_day": seal.first,
            "to_day": seal.last,
            **_said(line),
            "issued_minor": first.amount.minor if first and first.amount else None,
            "adopted": stated.adopted,
            "statement": statement_id(seal.program, seal.period, sides),
            "stands": "issued",
            "stands_at": stated.clocks.known_at,
            "stream": seal.stream,
        }


def fresh_rows(run: Settlement) -> Iterator[dict[str, Any]]:
    """The lines of a run as rows of the table: not issued, and on no statement."""
    assert run.days is not None
    program = run.edition.program
    for line in run.lines:
        yield {
            "program": program,
            "period": run.period,
            "from_day": str(run.days.first),
            "to_day": None if run.days.last is None else str(run.days.last),
            **_said(line),
            **dict.fromkeys(("issued_minor", "adopted", "statement")),
            "stands": "fresh",
            "stands_at": run.clocks.known_at,
            "stream": f"period:{period_id(program, run.period)}",
        }


def _said(line: Line) -> dict[str, Any]:
    """What a line says, without the tree."""
    return {
        "line": line.line,
        "kind": line.kind,
        "payee": line.payee,
        "payer": line.payer,
        "subject": line.subject,
        "outcome": line.outcome,
        "amount_minor": line.amount.minor if line.amount else None,
        "currency": line.currency,
        "why": ", ".join((*line.unmet, *line.held_for)),
    }
