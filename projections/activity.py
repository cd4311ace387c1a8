"""Who reported what, when, from which file and row, and whose account wrote it."""

from collections.abc import Iterator
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Integer, Table, insert, select, update

from ledger.aggregates.base import Logged, OwnEvent
from ledger.aggregates.book import BOOK_STREAM, BatchRecorded
from ledger.kernel.instants import format_instant
from ledger.store.log import read_log, read_positions
from ledger.store.schema import TEXT, withdrawn
from projections.base import FoldView, Span, lifts_in

_Long = BigInteger().with_variant(Integer, "sqlite")
ROWS_AT_ONCE = 5000


class Activity(FoldView):
    """One row per event, with the file and the line that a fact came from."""

    NAME = "activity"
    ABOUT = "who reported what, when, from which file and line, and whose account wrote it"
    VERSION = 3
    BATCH: ClassVar = 50_000

    def columns(self) -> list[Column[Any]]:
        return [
            Column("position", _Long, primary_key=True, autoincrement=False),
            Column("type", TEXT, nullable=False),
            Column("stream", TEXT, nullable=False),
            Column("at", TEXT, nullable=False),
            Column("recorded_at", TEXT, nullable=False),
            Column("by", TEXT, nullable=False),
            Column("actor", TEXT, nullable=False),
            Column("file", TEXT, nullable=False),
            Column("line", _Long),
            Column("batch", _Long),
            Column("withdrawn_by", _Long),
        ]

    def take(self, span: Span, table: Table) -> None:
        batches: dict[int, BatchRecorded] = {}
        rows: list[dict[str, Any]] = []
        for recorded in read_log(span.source, span.after, span.until):
            if recorded.stream == BOOK_STREAM and isinstance(recorded.event, BatchRecorded):
                batches[recorded.position] = recorded.event
            if recorded.at > span.as_of:
                continue
            rows.append(self._row(recorded, self._batch(span, batches, recorded.batch)))
            if len(rows) >= ROWS_AT_ONCE:
                span.target.execute(insert(table), rows)
                rows = []
        if rows:
            span.target.execute(insert(table), rows)
        withdrawn_by = dict(lifts_in(span))
        withdrawn_by |= {target: position for target, position in self._waited(span)}
        for target, position in sorted(withdrawn_by.items()):
            where = table.c.position == target
            span.target.execute(update(table).where(where).values(withdrawn_by=position))

    def _waited(self, span: Span) -> Iterator[tuple[int, int]]:
        """(fact, withdrawal) for facts of the span that a withdrawal was waiting for."""
        w = withdrawn.c
        query = select(w.target, w.position).where(
            w.target > span.after, w.target <= span.until, w.position <= span.until
        )
        for target, position in span.source.execute(query):
            yield target, position

    def _batch(
        self, span: Span, batches: dict[int, BatchRecorded], position: int
    ) -> BatchRecorded | None:
        if position and position not in batches:
            for recorded in read_positions(span.source, [position]):
                batches[position] = recorded.event
        return batches.get(position)

    def _row(self, recorded: Logged, batch: BatchRecorded | None) -> dict[str, Any]:
        file, line = batch.place(recorded.row) if batch and recorded.row else ("", None)
        return {
            "position": recorded.position,
            "type": type(recorded.event).__name__,
            "stream": recorded.stream,
            "at": format_instant(recorded.at),
            "recorded_at": format_instant(recorded.recorded_at),
            "by": recorded.by or (batch.by if batch else ""),
            "actor": _actor(recorded.event) or _actor(batch),
            "file": file,
            "line": line,
            "batch": recorded.batch or None,
            "withdrawn_by": None,
        }


def _actor(event: Any) -> str:
    """The account and the machine that wrote an event of ours; empty where it does not say."""
    return str(event.actor) if isinstance(event, OwnEvent) and event.actor else ""
