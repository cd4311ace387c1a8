"""Who reported what, when, from which file and row, and whose account wrote it."""

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import BigInteger, Column, Integer, Table, select, update

from ledger.aggregates.base import Fact, Logged, OwnEvent
from ledger.aggregates.book import BOOK_STREAM, BatchRecorded
from ledger.aggregates.catalogue import event_of
from ledger.kernel.instants import format_instant
from ledger.store.codec import decode_rows
from ledger.store.log import COLUMNS, fetch, read_positions
from ledger.store.schema import TEXT, events, withdrawn
from projections.base import FoldView, Span, lifts_in
from projections.storing import Values, store

_Long = BigInteger().with_variant(Integer, "sqlite")
ROWS_AT_ONCE = 5000


class Call(NamedTuple):
    """A call of `record`: who made it, and by whose account."""

    event: BatchRecorded
    by: str
    actor: str

    @classmethod
    def of(cls, event: BatchRecorded) -> "Call":
        """Of what the log says of the call."""
        return cls(event, event.by, _actor(event))


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
        batches: dict[int, Call] = {}
        rows: list[Values] = []
        for recorded in _own_read(span):
            if recorded.stream == BOOK_STREAM and isinstance(recorded.event, BatchRecorded):
                batches[recorded.position] = Call.of(recorded.event)
            if recorded.at > span.as_of:
                continue
            rows.append(self._row(recorded, self._batch(span, batches, recorded.batch)))
            if len(rows) >= ROWS_AT_ONCE:
                store(span.target, table, rows)
                rows = []
        store(span.target, table, rows)
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

    def _batch(self, span: Span, batches: dict[int, Call], position: int) -> Call | None:
        if position and position not in batches:
            for recorded in read_positions(span.source, [position]):
                batches[position] = Call.of(recorded.event)
        return batches.get(position)

    def _row(self, recorded: Logged, batch: Call | None) -> Values:
        """The values of an event, in the order of the columns."""
        event, row = recorded.event, recorded.row
        file, line = batch.event.place(row) if batch and row else ("", None)
        return (
            recorded.position,
            _fact(recorded.topic) or type(event).__name__,
            recorded.stream,
            format_instant(recorded.at),
            _written(recorded.recorded_at),
            recorded.by or (batch.by if batch else ""),
            _actor(event) or (batch.actor if batch else ""),
            file,
            line,
            recorded.batch or None,
            None,
        )


def _own_read(span: Span) -> Iterator[Logged]:
    """The events of a span. What a fact says is left unread, and its event None: nothing of it is
    shown here."""
    c = events.c
    query = select(*COLUMNS).where(c.position > span.after, c.position <= span.until)
    for row in fetch(span.source, query.order_by(c.position)):
        if _fact(row[3]):
            yield tuple.__new__(Logged, (*row[:4], None, *row[5:]))
        else:
            yield from decode_rows([row])


@cache
def _fact(topic: str) -> str:
    """The type of the facts that are stored under a topic; empty for events of ours, and for topics
    that this version does not write."""
    event = event_of(topic)
    return event.__name__ if event is not None and issubclass(event, Fact) else ""


_written = lru_cache(maxsize=16)(format_instant)
"""All events of a call were recorded at the same instant."""


def _actor(event: Any) -> str:
    """The account and the machine that wrote an event of ours; empty where it does not say."""
    return str(event.actor) if isinstance(event, OwnEvent) and event.actor else ""
