"""Stores now: whose they are, who introduced them, whether they are open."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, Column, Integer

from ledger.aggregates.base import Logged
from ledger.aggregates.store_state import describe_store
from ledger.store.reader import LogReader
from ledger.store.schema import TEXT
from projections.base import StreamView

_Long = BigInteger().with_variant(Integer, "sqlite")


class Stores(StreamView):
    """One row per store that somebody reported anything about."""

    NAME = "stores"
    ABOUT = "stores with their merchant, brand, partner and state"
    KINDS = ("store",)

    def columns(self) -> list[Column[Any]]:
        texts = ("merchant", "brand", "market", "partner", "via")
        instants = ("onboarded_at", "verified_at", "first_sale_at")
        return [
            Column("store", TEXT, primary_key=True),
            *(Column(name, TEXT) for name in (*texts, *instants)),
            Column("state", TEXT, nullable=False),
            Column("state_since", TEXT),
            Column("reason", TEXT),
            Column("stock", TEXT, nullable=False),
            Column("facts", _Long, nullable=False),
            Column("stream", TEXT, nullable=False),
        ]

    def rows(self, reader: LogReader, facts: dict[str, list[Logged]]) -> Iterator[dict[str, Any]]:
        for stream, events in facts.items():
            if events:
                yield {**describe_store(stream.partition(":")[2], events), "stream": stream}

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in row.items() if name != "stream"}
