"""Statements as they stand: issued, adjusted, carried, paid, and what is open or paid ahead."""

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
        """Statements that events of other streams move: facts that pay, or a withdrawal of one,
        a balance that is carried over, a line that is handed on."""
        return {f"statement:{name}" for name in moved_statements(span)}

    def rows(self, reader: LogReader, facts: dict[str, list[Logged]]) -> Iterator[dict[str, Any]]:
        names = [stream.partition(":")[2] for stream, found in facts.items() if found]
        standing: dict[str, dict[str, Standing]] = defaultdict(dict)
        for (name, currency), own in standings(reader.connection, names, reader.clocks).items():
            standing[name][currency] = own
        for stream, events in facts.items():
            if events:
                name = stream.partition(":")[2]
                own_ = dict.fromkeys(_currencies(events), Standing()) | standing[name]
                for currency, one in sorted(own_.items()):
                    yield _row(stream, name, currency, events, one)

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
    """The statements that events of a span move, and payments that it withdraws have moved."""
    events = [
        *read_log(span.source, span.after, span.until, moving_topics()),
        *(payment.fact for payment in lifted_payments(span.source, span.after, span.until)),
    ]
    return {name for recorded in events for name in statements_of(recorded.event)}


def _currencies(found: list[Logged]) -> set[str]:
    """The commodities of a statement's lines; one of decisions alone has a row without any."""
    lines = [line for event in found for line in getattr(event.event, "lines", ())]
    return {line.currency for line in lines if line.currency} or {""}


def _row(
    stream: str, name: str, currency: str, found: list[Logged], standing: Standing
) -> dict[str, Any]:
    first: StatementEvent = found[0].event
    issued = next((event for event in found if isinstance(event.event, StatementIssued)), None)
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
