"""GMV per store, day, basis, currency and source: what was reported, less what was withdrawn."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Integer, Table, delete

from ledger.aggregates.base import Logged, Recorded
from ledger.aggregates.store import GMVRecorded
from ledger.kernel.money import Money, exponent
from ledger.store.log import read_facts, read_positions
from ledger.store.reader import LogReader
from ledger.store.schema import TEXT
from projections.base import Span, StreamView, already_lifted, lifts_in
from projections.upsert import add_up

Key = tuple[str, str, str, str, str]
_Long = BigInteger().with_variant(Integer, "sqlite")


class Gmv(StreamView):
    """Sums of minor units. At first of the facts of each store that count; from then on every fact
    adds and every withdrawal subtracts, so that a long stream is not read again for a new day."""

    NAME = "gmv"
    ABOUT = "GMV per store, day, basis and source"
    BATCH: ClassVar = 100_000
    KINDS = ("store",)
    SHOWN: ClassVar = ("amount",)

    def columns(self) -> list[Column[Any]]:
        return [
            Column("store", TEXT, primary_key=True),
            Column("day", TEXT, primary_key=True),
            Column("basis", TEXT, primary_key=True),
            Column("currency", TEXT, primary_key=True),
            Column("source", TEXT, primary_key=True),
            Column("amount_minor", _Long, nullable=False),
            Column("orders", _Long),
            Column("facts", _Long, nullable=False),
        ]

    def rows(self, reader: LogReader, facts: dict[str, list[Logged]]) -> Iterator[dict[str, Any]]:
        sums: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0])
        for of_stream in facts.values():
            for recorded in of_stream:
                if recorded.topic == GMVRecorded.TOPIC:
                    _add(sums, recorded, 1)
        names = [column.name for column in self.columns()]
        return (dict(zip(names, (*key, *sums[key]), strict=True)) for key in sorted(sums))

    def take(self, span: Span, table: Table) -> None:
        if not span.after:
            super().take(span, table)
            return
        sums: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0])
        gone = already_lifted(span)
        topics = [GMVRecorded.TOPIC]
        as_of = span.as_of
        for recorded in read_facts(span.source, span.after, span.until, topics):
            if recorded.at <= as_of and recorded.position not in gone:
                _add(sums, recorded, 1)
        lifts = {target for target, _ in lifts_in(span) if target <= span.after}
        before = lifts - span.left_out
        for recorded in read_positions(span.source, before):
            if recorded.topic == GMVRecorded.TOPIC and recorded.at <= as_of:
                _add(sums, recorded, -1)
        if sums:
            add_up(span.target, table, sums)
            span.target.execute(delete(table).where(table.c.facts == 0))

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        """The amount with its currency's decimals in place of minor units."""
        amount = Money(row["amount_minor"], row["currency"]).text
        names = ("store", "day", "basis", "amount", "currency", "orders", "facts", "source")
        return {name: amount if name == "amount" else row[name] for name in names}


def _add(sums: dict[Key, list[int]], recorded: Recorded, sign: int) -> None:
    event = recorded.event
    key = (event.store, event.day.isoformat(), event.basis, event.currency, event.source or "")
    held = sums[key]
    held[0] += sign * _minor(event.amount, event.currency)
    held[1] += sign * (event.orders or 0)
    held[2] += sign


def _minor(amount: str, currency: str) -> int:
    """Minor units of a canonical amount: its digits without the point."""
    digits = exponent(currency)
    assert not digits or amount[-digits - 1] == ".", "a stored amount is canonical"
    return int(amount.replace(".", ""))
