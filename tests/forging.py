"""What somebody can do who has the book's file, or its database, and the source code.

Events are rewritten past the guards, and all that follows from them is made anew until it fits."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from ledger.store import chain
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.store.indexes import recomputed
from ledger.store.receipts import receipts_path
from ledger.store.schema import (
    events,
    holds_looks,
    insert_lifts,
    insert_refs,
    merkle,
    refs,
    snapshots,
    withdrawn,
)
from ledger.store.tree import holds_tree, make_tree
from ledger.usecases.verifying.reading_through import chain_columns
from projections.catalogue import VIEWS
from projections.runner import rebuild

Row = dict[str, Any]
Change = Callable[[list[Row]], list[Row]]
"""Takes the events in their order, each with what its hash covers, and answers what is to be there
instead."""


@contextmanager
def unguarded(book: Book) -> Iterator[Connection]:
    """The database while nothing refuses a change; afterwards the guards are as before."""
    with (
        book.engine.connect().execution_options(duebook_write=True) as connection,
        connection.begin(),
    ):
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql("ALTER TABLE events DISABLE TRIGGER USER")
            yield connection
            connection.exec_driver_sql("ALTER TABLE events ENABLE TRIGGER USER")
            return
        sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'"
        triggers = connection.exec_driver_sql(sql).fetchall()
        for name, _ in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        yield connection
        for _, made in triggers:
            connection.exec_driver_sql(made)


def forge_log(book: Book, change: Change) -> None:
    """Rewrites the log, and makes every hash, index, subtree and kept receipt fit again."""
    with unguarded(book) as connection:
        rows = change(_rows(connection))
        previous = chain.GENESIS
        for row in rows:
            previous = chain.link(previous, *(row[name] for name in chain_columns()))
            row["hash"] = previous
        connection.execute(delete(events))
        connection.execute(insert(events), rows)
        make_derived_anew(connection)
    keep_receipts_as_if(book, rows)


def _rows(connection: Connection) -> list[Row]:
    c = events.c
    query = select(*(c[name] for name in chain_columns())).order_by(c.position)
    rows = [dict(row) for row in connection.execute(query).mappings()]
    for row in rows:
        row["state"] = bytes(row["state"])
        row["key"] = None if row["key"] is None else bytes(row["key"])
    return rows


def make_derived_anew(connection: Connection) -> None:
    """The indexes and the tree that the log gives; snapshots beyond its end are gone."""
    indexes = recomputed(connection)
    size = head_of(connection).position
    for table in (refs, withdrawn, merkle):
        connection.execute(delete(table))
    connection.execute(delete(snapshots).where(snapshots.c.position > size))
    kept = sorted(ref for ref in indexes.refs if ref[0] != "looks" or holds_looks(connection))
    insert_refs(connection, kept)
    insert_lifts(connection, sorted(indexes.lifts))
    if holds_tree(connection):
        make_tree(connection, size)


def rebuild_read_models(book: Book) -> None:
    """Every read model is what the log gives."""
    for view in VIEWS.values():
        rebuild(book, view)


def keep_receipts_as_if(book: Book, rows: list[Row]) -> None:
    """The receipts next to a file are those of the forged log: of the same writes, as far as it
    has them."""
    path = receipts_path(book)
    if path is None or not path.exists():
        return
    written = {int(line.partition(":")[0]) for line in path.read_text().split()}
    kept = [row for row in rows if row["position"] in written or row is rows[-1]]
    path.write_text("".join(f"{row['position']}:{row['hash'].hex()}\n" for row in kept))


def replaced(topic: str, old: str, new: str) -> Change:
    """The last event of a topic that says one thing says another, in as many bytes or not."""

    def change(rows: list[Row]) -> list[Row]:
        saying = [row for row in rows if row["topic"] == topic and old.encode() in row["state"]]
        assert saying, f"no {topic} says {old}"
        saying[-1]["state"] = saying[-1]["state"].replace(old.encode(), new.encode())
        return rows

    return change


def cut(count: int) -> Change:
    """The last events are gone."""
    return lambda rows: rows[:-count]


def without(position: int) -> Change:
    """One event is gone, and those after it have moved up: positions, versions in their streams,
    and the batches that they belong to."""

    def change(rows: list[Row]) -> list[Row]:
        versions: dict[str, int] = defaultdict(int)
        kept = [row for row in rows if row["position"] != position]
        for number, row in enumerate(kept, 1):
            versions[row["stream"]] += 1
            row["position"], row["version"] = number, versions[row["stream"]]
            row["batch"] -= row["batch"] > position
        return kept

    return change


def position_of(book: Book, topic: str, said: str) -> int:
    """Where the last event of a topic is that says something."""
    with book.reading() as connection:
        rows = _rows(connection)
    return max(r["position"] for r in rows if r["topic"] == topic and said.encode() in r["state"])


def run_sql(book: Book, *statements: str) -> None:
    """Runs SQL past the guards, which are as they were afterwards."""
    with unguarded(book) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))
