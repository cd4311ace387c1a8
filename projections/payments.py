"""Payments of statements, by decision or by fact. What was withdrawn no longer counts."""

from collections.abc import Iterator
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Integer, Table

from ledger.aggregates.base import Fact, Logged
from ledger.aggregates.settlement import StatementEvent
from ledger.kernel.instants import day_of, format_instant
from ledger.programs.line import PLATFORM
from ledger.store.reader import LogReader
from ledger.store.schema import TEXT
from ledger.usecases.statements.balances import moves
from projections.amounts import with_decimals
from projections.base import Span, StreamView
from projections.statements import moved_statements

_Long = BigInteger().with_variant(Integer, "sqlite")


class Payments(StreamView):
    """One row per payment that counts, on the statement that it pays."""

    NAME = "payments"
    ABOUT = "payments of statements, with the bank's day and reference"
    KINDS = ("statement",)
    SHOWN: ClassVar = ("amount",)

    def columns(self) -> list[Column[Any]]:
        return [
            Column("position", _Long, primary_key=True, autoincrement=False),
            Column("statement", TEXT, primary_key=True),
            Column("program", TEXT, nullable=False),
            Column("period", TEXT),
            Column("payee", TEXT, nullable=False),
            Column("payer", TEXT, nullable=False),
            Column("paid_at", TEXT, nullable=False),
            Column("bank_day", TEXT, nullable=False),
            Column("amount_minor", _Long, nullable=False),
            Column("currency", TEXT, nullable=False),
            Column("ref", TEXT),
            Column("by", TEXT, nullable=False),
            Column("type", TEXT, nullable=False),
            Column("fact", _Long, nullable=False),
            Column("stream", TEXT, nullable=False),
        ]

    def dependents(self, span: Span, table: Table, dirty: set[str]) -> set[str]:
        """Statements that facts pay, or paid before they were withdrawn."""
        return {f"statement:{name}" for name in moved_statements(span)}

    def rows(self, reader: LogReader, facts: dict[str, list[Logged]]) -> Iterator[dict[str, Any]]:
        first = {
            of_stream[0].event.statement: of_stream[0].event
            for of_stream in facts.values()
            if of_stream
        }
        for recorded, move in moves(reader.connection, first, reader.clocks, facts):
            if move.what == "paid":
                yield _row(recorded, first[move.statement]) | {
                    "amount_minor": move.amount.minor,
                    "currency": move.amount.currency,
                }

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return with_decimals(row)


def _row(recorded: Logged, own: StatementEvent) -> dict[str, Any]:
    event = recorded.event
    given = getattr(event, "posting_date", None)
    return {
        "position": recorded.position,
        "statement": own.statement,
        "program": own.program,
        "period": own.period,
        "payee": own.payee,
        "payer": own.payer or PLATFORM,
        "paid_at": format_instant(recorded.at),
        "bank_day": given or day_of(recorded.at, own.zone).isoformat(),
        "ref": getattr(event, "ref", None),
        "by": recorded.by,
        "type": type(event).__name__,
        "fact": int(isinstance(event, Fact)),
        "stream": own.stream,
    }
