"""The tables of a book: the log, its indexes, and the rules that the database itself enforces.

`refs` and `withdrawn` are indexes of the log: written in the same transaction as the events
they lead to, derivable from them, and recomputed by `verify`. Nothing else here is state.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

FORMAT = 1
"""The layout of these tables. A book with a greater one is refused, never guessed at."""

metadata = MetaData()
_Long = BigInteger().with_variant(Integer, "sqlite")

events = Table(
    "events",
    metadata,
    Column("position", _Long, primary_key=True, autoincrement=False),
    Column("stream", Text, nullable=False),
    Column("version", _Long, nullable=False),
    Column("topic", Text, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("at", _Long, nullable=False),
    Column("recorded_at", _Long, nullable=False),
    Column("by", Text, nullable=False),
    Column("batch", _Long, nullable=False),
    Column("row", _Long, nullable=False),
    Column("key", LargeBinary),
    Column("hash", LargeBinary, nullable=False),
    UniqueConstraint("stream", "version", name="events_stream_version"),
    UniqueConstraint("key", name="events_key"),
)

refs = Table(
    "refs",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("position", _Long, primary_key=True, autoincrement=False),
    Column("at", _Long, nullable=False),
    Column("stream", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_with_rowid=False,
)

withdrawn = Table(
    "withdrawn",
    metadata,
    Column("target", _Long, primary_key=True, autoincrement=False),
    Column("position", _Long, nullable=False),
)

meta = Table(
    "duebook_meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

READ_COLUMNS = (
    "position",
    "stream",
    "version",
    "topic",
    "state",
    "at",
    "recorded_at",
    "by",
    "batch",
    "row",
    "hash",
)
"""What reading an event needs, in the order of `Recorded`; the key is for writers only."""

_SQLITE_GUARDS = {
    "events_refuse_update": "BEFORE UPDATE ON events",
    "events_refuse_delete": "BEFORE DELETE ON events",
    # INSERT OR REPLACE deletes without firing the delete trigger, so it is refused here.
    "events_refuse_replace": """BEFORE INSERT ON events
        WHEN NEW.position <= (SELECT max(position) FROM events)
          OR EXISTS (SELECT 1 FROM events WHERE stream = NEW.stream AND version = NEW.version)
          OR EXISTS (SELECT 1 FROM events WHERE key = NEW.key)""",
}
_POSTGRES_GUARDS = {
    "events_refuse_change": "BEFORE UPDATE OR DELETE ON events FOR EACH ROW",
    "events_refuse_truncate": "BEFORE TRUNCATE ON events FOR EACH STATEMENT",
}
_REFUSAL = "recorded events are never changed or deleted"


REF_COLUMNS = ("kind", "name", "position", "at", "stream", "detail")


def insert_refs(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Adds entries to the index: kind, name, position, at, stream, detail."""
    _insert(connection, "refs", REF_COLUMNS, rows)


def insert_lifts(connection: Connection, rows: Sequence[tuple[int, int]]) -> None:
    """Adds what is withdrawn: the fact's position, the withdrawal's."""
    _insert(connection, "withdrawn", ("target", "position"), rows)


def _insert(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    if rows:
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        marks = ", ".join([mark] * len(columns))
        names = ", ".join(columns)
        connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(rows))


def create(connection: Connection) -> None:
    """Makes the tables and the triggers that refuse every change of an event."""
    metadata.create_all(connection)
    # Written out: a partial index in the metadata would load every dialect at each start.
    connection.exec_driver_sql("CREATE INDEX refs_introduced ON refs (at) WHERE kind = 'partner'")
    if connection.dialect.name == "sqlite":
        for name, when in _SQLITE_GUARDS.items():
            connection.exec_driver_sql(
                f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        return
    connection.exec_driver_sql(
        "CREATE FUNCTION duebook_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    for name, when in _POSTGRES_GUARDS.items():
        connection.exec_driver_sql(
            f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION duebook_refuse()"
        )


def has_table(connection: Connection, name: str) -> bool:
    """Whether a table is there; cheaper than reflection, which every start would pay for."""
    if connection.dialect.name == "sqlite":
        sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        return connection.exec_driver_sql(sql, (name,)).first() is not None
    found = connection.exec_driver_sql("SELECT to_regclass(%s)", (f'"{name}"',)).scalar()
    return found is not None


def missing_guards(connection: Connection) -> list[str]:
    """The triggers that are not there, or (PostgreSQL) are disabled."""
    if connection.dialect.name == "sqlite":
        expected, sql = _SQLITE_GUARDS, "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        expected = _POSTGRES_GUARDS
        sql = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'events'::regclass AND tgenabled = 'O'"
    found = {row[0] for row in connection.exec_driver_sql(sql)}
    return sorted(set(expected) - found)
