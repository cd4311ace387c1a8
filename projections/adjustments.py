"""Adjustments of closed periods: what a line said, what it says now, and because of what."""

from collections.abc import Iterator
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Integer

from ledger.aggregates.base import Logged
from ledger.aggregates.settlement import StatementAdjusted
from ledger.kernel.instants import format_instant
from ledger.programs.line import PLATFORM
from ledger.store.reader import LogReader
from ledger.store.schema import TEXT
from projections.amounts import minor_of, with_decimals
from projections.base import StreamView

_Long = BigInteger().with_variant(Integer, "sqlite")


class Adjustments(StreamView):
    """One row per adjusted line, seen from its payee."""

    NAME = "adjustments"
    ABOUT = "adjusted lines: what they said, say now, and because of what"
    KINDS = ("statement",)
    SHOWN: ClassVar = ("was", "now", "difference")

    def columns(self) -> list[Column[Any]]:
        texts = ("payee", "payer", "line", "kind", "subject")
        return [
            Column("position", _Long, primary_key=True, autoincrement=False),
            Column("number", _Long, primary_key=True, autoincrement=False),
            Column("statement", TEXT, nullable=False),
            Column("program", TEXT, nullable=False),
            Column("period", TEXT),
            Column("issued_at", TEXT, nullable=False),
            Column("posting_date", TEXT),
            Column("by", TEXT, nullable=False),
            Column("reason", TEXT),
            Column("adopted", TEXT),
            *(Column(name, TEXT, nullable=False) for name in texts),
            *(Column(f"{name}_minor", _Long) for name in self.SHOWN),
            Column("currency", TEXT),
            Column("outcome", TEXT, nullable=False),
            Column("outcome_was", TEXT),
            Column("why", TEXT, nullable=False),
            Column("because", TEXT, nullable=False),
            Column("filled", TEXT, nullable=False),
            Column("stream", TEXT, nullable=False),
        ]

    def rows(self, reader: LogReader, facts: dict[str, list[Logged]]) -> Iterator[dict[str, Any]]:
        for of_stream in facts.values():
            for event in of_stream:
                if isinstance(event.event, StatementAdjusted):
                    yield from _rows(event, event.event)

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return with_decimals(row)


def _rows(recorded: Logged, event: StatementAdjusted) -> Iterator[dict[str, Any]]:
    own = (row for row in event.lines if row.payee is None)  # else it is its payer's side
    for number, row in enumerate(own, 1):
        yield {
            "position": recorded.position,
            "number": number,
            "statement": event.statement,
            "program": event.program,
            "period": event.period,
            "issued_at": format_instant(recorded.at),
            "posting_date": event.posting_date,
            "by": recorded.by,
            "reason": event.reason,
            "adopted": event.adopted,
            "payee": event.payee,
            "payer": row.payer or PLATFORM,
            "line": row.line,
            "kind": row.kind,
            "subject": row.subject,
            "was_minor": minor_of(row.was, row.currency),
            "now_minor": minor_of(row.now, row.currency),
            "difference_minor": minor_of(row.difference, row.currency),
            "currency": row.currency,
            "outcome": row.outcome,
            "outcome_was": row.outcome_was,
            "why": ", ".join((*row.unmet, *row.held_for)),
            "because": ", ".join(map(str, row.because)),
            "filled": ", ".join(row.filled),
            "stream": event.stream,
        }
