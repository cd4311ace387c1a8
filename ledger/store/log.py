"""The whole log, in its own order: every event, withdrawn facts too."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, select

from ledger.aggregates.base import Logged, Recorded
from ledger.aggregates.book import BookOpened
from ledger.store.codec import decode_facts, decode_rows
from ledger.store.schema import FACT_COLUMNS, READ_COLUMNS, events

NAMES_AT_ONCE = 500
ROWS_AT_ONCE = 1000
COLUMNS = [events.c[name] for name in READ_COLUMNS]
FACTS = [events.c[name] for name in FACT_COLUMNS]


def fetch(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Any]]:
    """The rows of a query in batches: bounded memory on both databases.

    SQLite's cursor streams by itself and is read directly, which is twice as fast; on
    PostgreSQL a server-side cursor streams, whose first rows SQLAlchemy has buffered.
    """
    if connection.dialect.name != "sqlite":
        # Of the statement, not of the connection: there it would last for later statements.
        options = {"stream_results": True, "max_row_buffer": ROWS_AT_ONCE}
        streamed = connection.execute(query, execution_options=options)
        for rows in streamed.partitions(ROWS_AT_ONCE):
            yield from rows
        return
    result = connection.execute(query)
    cursor = result.cursor
    assert cursor is not None
    try:
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows
    finally:
        if not connection.closed:  # a reader that stopped early may outlive its connection
            result.close()


def read_log(
    connection: Connection,
    after: int = 0,
    until: int | None = None,
    topics: Iterable[str] = (),
    stream: str | None = None,
    streams: Collection[str] = (),
) -> Iterator[Logged]:
    """Every event, decoded, in the order of the log; withdrawn ones too. With a stream, or a few,
    only theirs."""
    c = events.c
    query = select(*COLUMNS).where(c.position > after)
    if until is not None:
        query = query.where(c.position <= until)
    if names := list(topics):
        query = query.where(c.topic.in_(names))
    if stream is not None:
        query = query.where(c.stream == stream)
    if streams:
        query = query.where(c.stream.in_(streams))
    return decode_rows(fetch(connection, query.order_by(c.position)))


def read_facts(
    connection: Connection, after: int, until: int, topics: Collection[str]
) -> Iterator[Recorded]:
    """The events of some topics within a piece of the log, withdrawn ones too, without what only
    the log says of them."""
    c = events.c
    query = select(*FACTS).where(c.position > after, c.position <= until, c.topic.in_(topics))
    return decode_facts(fetch(connection, query.order_by(c.position)))


def read_positions(connection: Connection, positions: Iterable[int]) -> Iterator[Logged]:
    """The events at these positions, in the order of the log."""
    for chunk in chunks(sorted(set(positions))):
        query = select(*COLUMNS).where(events.c.position.in_(chunk)).order_by(events.c.position)
        yield from decode_rows(fetch(connection, query))


def chunks(names: Sequence[Any], size: int = NAMES_AT_ONCE) -> Iterator[list[Any]]:
    """A sequence in pieces that fit into one query."""
    remaining = iter(names)
    while piece := list(islice(remaining, size)):
        yield piece


def entity_of(connection: Connection) -> str:
    """Whose side a book keeps, as its first event says."""
    opened = next(iter(read_positions(connection, [1]))).event
    assert isinstance(opened, BookOpened), "a book begins so"
    return opened.entity
