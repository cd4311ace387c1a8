"""Lines, statements, entries and order lines as a data lake: Parquet files, and a Delta log for
each table, so that other people's engines read them and see what changed between two exports.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.duck import literal
from ledger.kernel.errors import MissingExtra
from ledger.kernel.instants import Instant
from ledger.store.archive.folder import digest_of
from ledger.store.book import Book
from ledger.store.head import origin_of
from ledger.store.order_lines import OrderLines, Session
from projections.catalogue import VIEWS
from projections.exporters.lake_places import Lake, NotALake
from projections.leftovers import tables_of
from projections.rights import may_build
from projections.sql.on_duckdb import ORDERS, SHOWN, Sought, copy_tables, order_lines
from projections.sql.query import read_only
from projections.temporary import Progress

READ_MODELS = ("lines", "statements", "adjustments", "payments", "entries")
DAYS = ("date", "from_day", "to_day", "posting_date", "bank_day")
DELTA = {
    "VARCHAR": "string",
    "BIGINT": "long",
    "DATE": "date",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "BOOLEAN": "boolean",
}
"""Types of DuckDB in Delta; a decimal is called the same in both."""
BOOK, KNOWN_AT, AS_OF = "duebook.book", "duebook.known_at", "duebook.as_of"
"""What a version of a table says of itself."""


class Exported(NamedTuple):
    """A table as it was written: its rows, its file, its version, and whether that is a new one."""

    table: str
    rows: int
    file: str
    version: int
    new: bool


class Question(NamedTuple):
    """What is exported: a book at its head, or at clocks."""

    book: Book
    clocks: Clocks | None
    now: Instant
    progress: Progress


def export_lake(question: Question, lake: Lake) -> tuple[Clocks, list[Exported]]:
    """Writes the tables into a lake, each in one of its name; their clocks and what was written.

    A file is named by its digest and is there whole before a table's log names it. A table that is
    as it was gets no new version. Earlier versions stay, for whoever looks back. Raises `NotALake`
    for a place of anything else, `LakeTaken` where somebody else writes a table meanwhile,
    `LakeMissing` for a store that cannot be reached, and `MissingExtra`.
    """
    _delta()
    with _opened(question) as (sought, database, has_orders):
        origin = origin_of(sought.log)
        names = [*READ_MODELS, *([ORDERS] if has_orders else [])]
        _refuse_foreign(lake, names, origin)
        known_at = sought.stands.known_at
        said = {BOOK: origin, KNOWN_AT: str(known_at)}
        if question.clocks is not None:
            said[AS_OF] = str(question.clocks.as_of)
        lake.prove()
        made = []
        for name in names:
            made.append(_exported(database, name, lake, said))
            question.progress("writing tables", 1)
        return sought.stands, made


@contextmanager
def _opened(question: Question) -> Iterator[tuple[Sought, Any, bool]]:
    """A DuckDB with the tables in it."""
    book, clocks = question.book, question.clocks
    views = [VIEWS[name] for name in READ_MODELS]
    temporary = clocks is not None or not may_build(book, tables_of(*VIEWS))
    with (
        read_only(book, views, clocks, question.progress, in_temporary=temporary) as (
            kept,
            stands,
        ),
        book.reading() as log,
    ):
        at = clocks or Clocks(question.now, stands.known_at)
        sought = Sought(log, at, kept, stands)
        session = Session(None)
        try:
            copy_tables(session.database, sought, READ_MODELS)
            yield sought, session.database, _show_orders(session.database, log, at)
        finally:
            session.close()


def _show_orders(database: Any, log: Connection, at: Clocks) -> bool:
    """Makes the order lines that count a view; whether there are any."""
    lines = OrderLines.at(log, at)
    if not lines.files:
        return False
    database.execute(f"CREATE TEMP VIEW order_lines AS {order_lines(lines, at)}")
    database.execute(f"CREATE TEMP VIEW {ORDERS} AS SELECT {SHOWN} FROM order_lines")
    return True


def _exported(database: Any, name: str, lake: Lake, said: dict[str, str]) -> Exported:
    from deltalake import Schema
    from deltalake.transaction import (
        AddAction,
        CommitProperties,
        create_table_with_add_actions,
    )

    shown, schema = _typed(database, name)
    with lake.building(name) as work:
        part = work / "part.parquet"
        (rows,) = database.execute(
            f"COPY (SELECT {shown} FROM {name} ORDER BY ALL) TO {literal(str(part))} "
            "(FORMAT parquet, COMPRESSION zstd)"
        ).fetchone()
        file, size = f"{digest_of(part)}.parquet", part.stat().st_size
        lake.put(name, file, part)
    there = lake.table(name)
    if there is not None and [uri.rpartition("/")[2] for uri in there.file_uris()] == [file]:
        return Exported(name, rows, file, there.version(), new=False)
    added = [AddAction(file, size, {}, 0, True, json.dumps({"numRecords": rows}))]
    # Whoever comes second is refused: what it saw is no longer what it would replace.
    properties = CommitProperties(custom_metadata=said, max_commit_retries=0)
    typed = Schema.from_json(json.dumps({"type": "struct", "fields": schema}))
    with lake.reached(name):
        if there is None:
            create_table_with_add_actions(
                *(lake.uri(name), typed, added),
                name=name,
                storage_options=lake.options,
                commit_properties=properties,
            )
            return Exported(name, rows, file, 0, new=True)
        before = there.version()
        there.create_write_transaction([*added], "overwrite", typed, commit_properties=properties)
    return Exported(name, rows, file, before + 1, new=True)


def _typed(database: Any, name: str) -> tuple[str, list[dict[str, Any]]]:
    """The columns as SQL, days and instants as such, and their Delta schema."""
    shown, schema = [], []
    for column, kind, *_ in database.execute(f"DESCRIBE {name}").fetchall():
        quoted = '"' + column.replace('"', '""') + '"'
        if kind == "VARCHAR" and (column == "at" or column.endswith("_at")):
            kind = "TIMESTAMP WITH TIME ZONE"
        elif kind == "VARCHAR" and column in DAYS:
            kind = "DATE"
        value = quoted if kind in ("VARCHAR", "BIGINT") else f"nullif({quoted}::VARCHAR, '')"
        shown.append(f"CAST({value} AS {kind}) AS {quoted}")
        delta = DELTA.get(kind) or kind.lower().replace(" ", "")
        schema.append({"name": column, "type": delta, "nullable": True, "metadata": {}})
    return ", ".join(shown), schema


def _refuse_foreign(lake: Lake, names: list[str], origin: str) -> None:
    """Refuses a place with anything in it that is not a lake of this book."""
    there = lake.names()
    others = sorted(set(there) - set(names))
    if others:
        raise NotALake(f"{lake.shown} has {others[0]} in it, which is no table of a lake.")
    for name in names:
        if name not in there:
            continue
        table = lake.table(name)
        if table is None:
            # A file without a log is what an export left that was killed.
            if any(not file.endswith(".parquet") for file in lake.names_in(name)):
                raise NotALake(f"{lake.shown}/{name} is there and is no Delta table.")
            continue
        with lake.reached(name):
            (last,) = table.history(1)
        if last.get(BOOK) != origin:
            raise NotALake(f"{lake.shown} is the lake of another book, {last.get(BOOK)}.")


def _delta() -> None:
    """Raises `MissingExtra`."""
    try:
        import deltalake  # noqa: F401
    except ImportError:
        raise MissingExtra(
            "A lake needs the package deltalake.", "Install it: pip install 'duebook[lake]'"
        ) from None
