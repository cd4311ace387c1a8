"""Statements as they stand: issued, adjusted, carried, paid, and what is open or paid ahead."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Integer, Table

from ledger.aggregates.base import Logged
from ledger.aggregates.settlement import (
    StatementAdjusted,
    StatementEvent,
    StatementIssued,
)
from ledger.kernel.instants import format_instant
from ledger.kernel.money import Money
from ledger.store.log import read_log
from ledger.store.reader import LogReader
from ledger.store.schema import TEXT
from ledger.usecases.statements.balances import standings
from projections.base import Span, StreamView

_Long = BigInteger().with_variant(Integer, "sqlite")
AMOUNTS = ("issued", "brought_forward", "adjusted", "carried_forward", "due", "paid")


class Statements(StreamView):
    """One row per statement and commodity."""

    NAME = "statements"
    ABOUT = "statements with what is due, paid, open and paid ahead"
    KINDS = ("statement",)
    SHOWN: ClassVar = (*AMOUNTS, "open", "advance")

    def columns(self) -> list[Column[Any]]:
        return [
            Column("statement", TEXT, primary_key=True),
            Column("currency", TEXT, primary_key=True),
            Column("program", TEXT, nullable=False),
            Column("period", TEXT),
            Column("payee", TEXT, nullable=False),
            Column("issued_at", TEXT),
            Column("lines", _Long, nullable=False),
            *(Column(f"{name}_minor", _Long, nullable=False) for name in AMOUNTS),
            Column("open_minor", _Long, nullable=False),
            Column("advance_minor", _Long, nullable=False),
            Column("stream", TEXT, nullable=False),
        ]

    def dependents(self, span: Span, table: Table, dirty: set[str]) -> set[str]:
        """Statements whose balance was carried over, or whose fee was paid by a fact."""
        found = set()
        for stream in dirty:
            kind, _, name = stream.partition(":")
            if kind == "enrolment":
                program, _, merchant = name.partition("/")
                found.add(f"statement:{program}/merchant:{merchant}")
        topics = [StatementIssued.TOPIC]
        for recorded in read_log(span.source, span.after, span.until, topics):
            found.update(f"statement:{one.statement}" for one in recorded.event.brought_forward)
        return found

    def rows(self, reader: LogReader, facts: dict[str, list[Logged]]) -> Iterator[dict[str, Any]]:
        names = [stream.partition(":")[2] for stream, found in facts.items() if found]
        standing = standings(reader.connection, names, reader.clocks)
        for stream, found in facts.items():
            if not found:
                continue
            name = stream.partition(":")[2]
            sums = _sums(one.event for one in found)
            for key, held in standing.items():
                if key[0] == name:
                    sums.setdefault(key[1], _nothing())
                    own = sums[key[1]]
                    taken = own["brought_forward"]
                    own |= {
                        "due": held.due - held.carried,
                        "paid": held.paid - held.carried,
                        "carried_forward": -held.carried - taken,
                        "open": held.open,
                        "advance": held.advance,
                    }
            for currency, amounts in sorted(sums.items()):
                yield _row(stream, name, currency, found, amounts)

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        head = ("statement", "payee", "currency", "issued_at", "lines")
        money = {name: Money(row[f"{name}_minor"], row["currency"]).text for name in self.SHOWN}
        return {name: row[name] for name in head} | money


def _nothing() -> dict[str, int]:
    return dict.fromkeys((*AMOUNTS, "open", "advance"), 0)


def _sums(events: Iterable[Any]) -> dict[str, dict[str, int]]:
    """Per commodity what was issued, brought forward and adjusted."""
    sums: dict[str, dict[str, int]] = {}

    def add(currency: str, name: str, amount: str) -> None:
        held = sums.setdefault(currency, _nothing())
        held[name] += Money.parse(amount, currency).minor

    for event in events:
        match event:
            case StatementIssued():
                for line in event.lines:
                    add(line.currency, "issued", line.amount)
                for carried in event.brought_forward:
                    add(carried.currency, "brought_forward", carried.amount)
            case StatementAdjusted():
                for row in event.lines:
                    add(row.currency, "adjusted", row.difference)
    return sums


def _row(
    stream: str, name: str, currency: str, found: list[Logged], amounts: dict[str, int]
) -> dict[str, Any]:
    first: StatementEvent = found[0].event
    issued = next((one for one in found if isinstance(one.event, StatementIssued)), None)
    return {
        "statement": name,
        "currency": currency,
        "program": first.program,
        "period": first.period,
        "payee": first.payee,
        "issued_at": format_instant(issued.at) if issued else None,
        "lines": len(issued.event.lines) if issued else 0,
        **{f"{key}_minor": value for key, value in amounts.items()},
        "stream": stream,
    }
