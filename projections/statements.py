"""Statements now: issued, adjusted, carried forward, paid, and what is open or paid in advance."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Integer, Table

from ledger.accounting.chart import Standing
from ledger.aggregates.base import Logged
from ledger.aggregates.settlement import StatementEvent, StatementIssued
from ledger.kernel.instants import format_instant
from ledger.kernel.money import Money
from ledger.programs.line import PLATFORM
from ledger.programs.moves import moving_topics, statements_of
from ledger.programs.registry import program_of
from ledger.store.log import read_log
from ledger.store.reader import LogReader
from ledger.store.schema import TEXT
from ledger.usecases.statements.balances import lifted_payments, standings
from ledger.usecases.statements.statement import UNPAID
from projections.base import Span, StreamView

_Long = BigInteger().with_variant(Integer, "sqlite")
AMOUNTS = ("issued", "brought_forward", "adjusted", "carried_forward", "due", "paid")


class Statements(StreamView):
    """One row per statement and commodity."""

    NAME = "statements"
    ABOUT = "statements with what is due, paid, open and paid ahead"
    KINDS = ("statement",)
    VERSION = 3
    SHOWN: ClassVar = (*AMOUNTS, "open", "advance")

    def columns(self) -> list[Column[Any]]:
        return [
            Column("statement", TEXT, primary_key=True),
            Column("currency", TEXT, primary_key=True),
            Column("program", TEXT, nullable=False),
            Column("period", TEXT),
            Column("payee", TEXT, nullable=False),
            Column("payer", TEXT, nullable=False),
            Column("issued_at", TEXT),
            Column("lines", _Long, nullable=False),
            *(Column(f"{name}_minor", _Long, nullable=name == "paid") for name in AMOUNTS),
            Column("open_minor", _Long),
            Column("advance_minor", _Long),
            Column("stream", TEXT, nullable=False),
        ]

    def dependents(self, span: Span, table: Table, dirty: set[str]) -> set[str]:
        """Statements that events of other streams move: a fact that pays or its withdrawal, a
        balance that is carried forward, a line that is passed on."""
        return {f"statement:{name}" for name in moved_statements(span)}

    def rows(self, reader: LogReader, facts: dict[str, list[Logged]]) -> Iterator[dict[str, Any]]:
        names = [stream.partition(":")[2] for stream, events in facts.items() if events]
        by_statement: dict[str, dict[str, Standing]] = defaultdict(dict)
        for (name, currency), standing in standings(
            reader.connection, names, reader.clocks, facts
        ).items():
            by_statement[name][currency] = standing
        for stream, events in facts.items():
            if events:
                name = stream.partition(":")[2]
                by_currency = dict.fromkeys(_currencies(events), Standing()) | by_statement[name]
                for currency, standing in sorted(by_currency.items()):
                    yield _row(stream, name, currency, events, standing)

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        head = ("statement", "payee", "payer", "currency", "issued_at", "lines")
        texts = {
            name: None
            if row[f"{name}_minor"] is None or not row["currency"]
            else Money(row[f"{name}_minor"], row["currency"]).text
            for name in self.SHOWN
        }
        return {name: row[name] for name in head} | texts


def moved_statements(span: Span) -> set[str]:
    """The statements moved by events of a span, or by payments that it withdraws."""
    events = [
        *read_log(span.source, span.after, span.until, moving_topics()),
        *(payment.fact for payment in lifted_payments(span.source, span.after, span.until)),
    ]
    return {name for recorded in events for name in statements_of(recorded.event)}


def _currencies(events: list[Logged]) -> set[str]:
    """The commodities of a statement's lines; `""` for a statement of decisions alone."""
    lines = [line for event in events for line in getattr(event.event, "lines", ())]
    return {line.currency for line in lines if line.currency} or {""}


def _row(
    stream: str, name: str, currency: str, events: list[Logged], standing: Standing
) -> dict[str, Any]:
    first: StatementEvent = events[0].event
    issued = next((event for event in events if isinstance(event.event, StatementIssued)), None)
    unpaid = UNPAID if program_of(first.rules).pot else ()
    return {
        "statement": name,
        "currency": currency,
        "program": first.program,
        "period": first.period,
        "payee": first.payee,
        "payer": first.payer or PLATFORM,
        "issued_at": format_instant(issued.at) if issued else None,
        "lines": len(issued.event.lines) if issued else 0,
        **{
            f"{key}_minor": None if key in unpaid else getattr(standing, key)
            for key in Statements.SHOWN
        },
        "stream": stream,
    }
