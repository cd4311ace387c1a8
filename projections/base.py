"""What a read model is: a table, and how its rows follow from the log up to a position.

Two kinds. A `StreamView` computes the rows of a stream anew from the stream's own facts, so
that late or withdrawn facts need no special care. A `FoldView` adds up events as they come, for
tables where recomputing whole streams would cost too much. Views that are worked out from the same
can be taken in together, and what they are worked out from is read once.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Column, Connection, MetaData, Table, delete, select

from ledger.aggregates.base import Logged
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.store.log import chunks
from ledger.store.reader import LogReader
from ledger.store.schema import events, withdrawn
from projections.storing import store_named

STREAMS_AT_ONCE = 300
"""Of how many streams the facts are held at a time, for all views that need them."""


class Span(NamedTuple):
    """The part of the log that a view takes in: after one position, up to another.

    `source` reads the log; `target` holds the view's table. They are one connection for the
    live views and two for a view in a temporary database.
    """

    source: Connection
    target: Connection
    after: int
    until: int
    as_of: int
    left_out: frozenset[int] = frozenset()
    """Positions that the view could not take in before: they were never counted."""

    @property
    def clocks(self) -> Clocks:
        return Clocks(self.as_of, self.until)


class View:
    """A table that can be rebuilt from the log at any time. `VERSION` changes with its rows."""

    NAME: ClassVar[str]
    VERSION: ClassVar[int] = 2
    REPORT: ClassVar[str] = ""
    """The name of the report, where it differs from the table's."""
    ABOUT: ClassVar[str]
    BATCH: ClassVar[int | None] = None
    """Events taken in per transaction; None: all at once."""
    AT_ONCE_AS_OF: ClassVar[bool] = False
    """Whether it is built in one piece at an as-of, which goes by other days than the log's."""

    def columns(self) -> list[Column[Any]]:
        """Fresh columns of the table."""
        raise AssertionError(f"{self.NAME} has no columns")

    def table(self, suffix: str = "") -> Table:
        """The table under its own name, or with a suffix."""
        return Table(self.NAME + suffix, MetaData(), *self.columns())

    def batch_at(self, as_of: int) -> int | None:
        """How many events are taken in at a time at an as-of; None: all at once."""
        return None if self.AT_ONCE_AS_OF and as_of != FOREVER else self.BATCH

    def take(self, span: Span, table: Table) -> None:
        """Brings the table from `span.after` to `span.until`, in the caller's transaction."""
        raise AssertionError(f"{self.NAME} takes nothing")

    READS: ClassVar[str] = ""
    """What it is worked out from, where others are too: those of one word can be taken in together.
    Empty: by itself."""

    @staticmethod
    def take_all(span: Span, views: "Sequence[tuple[View, Table]]") -> None:
        """As `take`, for views that are worked out from the same: it is read once for all."""
        for view, table in views:
            view.take(span, table)

    SHOWN: ClassVar[tuple[str, ...]] = ()
    """Columns of the report that the table holds in another form."""

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row of the table as a report shows it."""
        return row


class FoldView(View):
    """Rows that sum up or list events, taken in batch by batch."""


class StreamView(View):
    """Rows that follow from one stream each; the table has a column `stream`."""

    READS = "streams"
    KINDS: ClassVar[tuple[str, ...]]
    """The kinds of streams that have rows, such as `store`."""
    NAMED_ONLY: ClassVar[bool] = False
    """Whether a stream may have rows without facts of its own, because others name it."""

    def rows(self, reader: LogReader, facts: dict[str, list[Logged]]) -> Iterable[dict[str, Any]]:
        """The rows of some streams, from their facts that count."""
        raise AssertionError(f"{self.NAME} has no rows")

    def has_rows(self, kind: str) -> bool:
        """Whether streams of a kind may have rows."""
        return kind in self.KINDS

    def dependents(self, span: Span, table: Table, dirty: set[str]) -> set[str]:
        """Streams whose rows change because those of others do. At first every stream is new, and
        it is not asked, unless those without facts have rows."""
        return set()

    def take(self, span: Span, table: Table) -> None:
        _take_streams(span, [(self, table)])

    @staticmethod
    def take_all(span: Span, views: "Sequence[tuple[View, Table]]") -> None:
        if span.after:
            for view, table in views:
                view.take(span, table)
        else:
            _take_streams(span, views)


def _take_streams(span: Span, views: Sequence[tuple[View, Table]]) -> None:
    touched = touched_streams(span)
    mine: list[tuple[StreamView, Table, set[str]]] = []
    for view, table in views:
        assert isinstance(view, StreamView)
        dirty = set(touched)
        if span.after or view.NAMED_ONLY:
            dirty |= view.dependents(span, table, dirty)
        has_rows = {kind: view.has_rows(kind) for kind in map(_kind, dirty)}
        mine.append((view, table, {stream for stream in dirty if has_rows[_kind(stream)]}))
    for streams in chunks(sorted(set().union(*(own for _, _, own in mine))), STREAMS_AT_ONCE):
        _refold(span, mine, streams)


def _kind(stream: str) -> str:
    return stream.partition(":")[0]


def _refold(
    span: Span, views: Sequence[tuple[StreamView, Table, set[str]]], streams: Sequence[str]
) -> None:
    """Replaces the rows of some streams, in each view that has rows of them."""
    facts: dict[str, list[Logged]] = {stream: [] for stream in streams}
    for recorded in LogReader(span.source, span.clocks).facts(streams):
        facts[recorded.stream].append(recorded)
    for view, table, mine in views:
        own = {stream: events for stream, events in facts.items() if stream in mine}
        if own:
            replaced = list(own)
            rows = list(view.rows(LogReader(span.source, span.clocks), own))
            if span.after:
                span.target.execute(delete(table).where(table.c.stream.in_(replaced)))
            store_named(span.target, table, rows)


def touched_streams(span: Span) -> set[str]:
    """Streams with an event in the span, or with a fact that the span withdraws."""
    c, w = events.c, withdrawn.c
    query = select(c.stream).distinct().where(c.position > span.after, c.position <= span.until)
    of_withdrawn = (
        select(c.stream)
        .distinct()
        .join_from(events, withdrawn, w.target == c.position)
        .where(w.position > span.after, w.position <= span.until)
    )
    return {row[0] for statement in (query, of_withdrawn) for row in span.source.execute(statement)}


def lifts_in(span: Span) -> Iterator[tuple[int, int]]:
    """(fact, withdrawal) positions of everything that is withdrawn within the span."""
    w = withdrawn.c
    query = select(w.target, w.position).where(w.position > span.after, w.position <= span.until)
    for target, position in span.source.execute(query):
        yield target, position


def already_lifted(span: Span) -> set[int]:
    """Positions of facts within the span that are withdrawn by its end."""
    w = withdrawn.c
    query = select(w.target).where(
        w.target > span.after, w.target <= span.until, w.position <= span.until
    )
    return {row[0] for row in span.source.execute(query)}
