"""Partners now: applied, certified or not, and how many stores they introduced."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, Table, select

from ledger.aggregates.base import Logged
from ledger.aggregates.partner import describe_partner
from ledger.store.reader import LogReader
from ledger.store.schema import TEXT, refs, withdrawn
from projections.base import Span, StreamView

NAMING = ("partner", "applies")
"""Kinds of index entries that lead from a partner to other streams: the stores it introduced, and
its applications."""
_Long = BigInteger().with_variant(Integer, "sqlite")


class Partners(StreamView):
    """One row per partner that has facts of its own, introduced a store or applied."""

    NAME = "partners"
    VERSION = 3
    ABOUT = "partners with their certification and introduced stores"
    KINDS = ("partner",)
    NAMED_ONLY = True

    def columns(self) -> list[Column[Any]]:
        return [
            Column("partner", TEXT, primary_key=True),
            Column("name", TEXT),
            Column("kind", TEXT),
            Column("state", TEXT, nullable=False),
            Column("state_since", TEXT),
            Column("reason", TEXT),
            Column("introduced", _Long, nullable=False),
            Column("withheld", _Long, nullable=False),
            Column("stream", TEXT, nullable=False),
        ]

    def dependents(self, span: Span, table: Table, dirty: set[str]) -> set[str]:
        """Partners whose introductions or applications changed."""
        r = refs.c
        introduced = select(r.name).where(
            r.kind.in_(NAMING), r.position > span.after, r.position <= span.until
        )
        names = {row[0] for row in span.source.execute(introduced)}
        w = withdrawn.c
        of_withdrawn = (
            select(r.name)
            .join_from(refs, withdrawn, w.target == r.position)
            .where(r.kind.in_(NAMING), w.position > span.after, w.position <= span.until)
        )
        names |= {row[0] for row in span.source.execute(of_withdrawn)}
        return {f"partner:{name}" for name in names}

    def rows(self, reader: LogReader, facts: dict[str, list[Logged]]) -> Iterator[dict[str, Any]]:
        names = [stream.partition(":")[2] for stream in facts]
        introduced = Counter(
            {name: len(streams) for name, streams in reader.named("partner", names).items()}
        )
        applied = {name for name, streams in reader.named("applies", names).items() if streams}
        for (stream, events), name in zip(facts.items(), names, strict=True):
            if events or introduced[name] or name in applied:
                described = describe_partner(name, events)
                if described["state"] == "unknown" and name in applied:
                    described["state"] = "applied"
                yield {**described, "introduced": introduced[name], "stream": stream}

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in row.items() if name != "stream"}
