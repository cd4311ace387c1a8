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
    exc,
    select,
)

LOOKS = "looks"
"""The key under which a book says that its index holds what ids look like."""
TREE = "tree"
"""The key under which a book says that it keeps the Merkle tree of its log."""
INDEX_FORMAT = 4
"""Up to here only the layout of these tables and what the index holds: a book with a smaller one
is brought up to date when it is opened for writing."""
FORMAT = 5
"""A book with a greater one is refused, never guessed at.
2: rates are indexed by day. 3: first sales by store, tasks and links. 4: what facts pay, and
which events of other statements move one. 5: what the log itself holds: archived orders derive no
facts any more, so that a version before would not see them. Written after `upgrade` only."""

metadata = MetaData()
TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Compared byte by byte on both databases, whatever the language of the server."""
_Long = BigInteger().with_variant(Integer, "sqlite")

events = Table(
    "events",
    metadata,
    Column("position", _Long, primary_key=True, autoincrement=False),
    Column("stream", TEXT, nullable=False),
    Column("version", _Long, nullable=False),
    Column("topic", TEXT, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("at", _Long, nullable=False),
    Column("recorded_at", _Long, nullable=False),
    Column("by", TEXT, nullable=False),
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
    Column("kind", TEXT, primary_key=True),
    Column("name", TEXT, primary_key=True),
    Column("position", _Long, primary_key=True, autoincrement=False),
    Column("at", _Long, nullable=False),
    Column("stream", TEXT, nullable=False),
    Column("detail", TEXT, nullable=False),
    sqlite_with_rowid=False,
)

withdrawn = Table(
    "withdrawn",
    metadata,
    Column("target", _Long, primary_key=True, autoincrement=False),
    Column("position", _Long, nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("stream", TEXT, primary_key=True),
    Column("position", _Long, primary_key=True, autoincrement=False),
    Column("version", _Long, nullable=False),
    Column("day", TEXT, nullable=False),
    Column("later", TEXT, nullable=False),
)
"""Left by a close: of a store's first `version` events, those with GMV of orders after `day` are
at the positions `later`, so that a period after that day need not read the others. Derived from
the log, verified, disposable."""

merkle = Table(
    "merkle",
    metadata,
    Column("level", _Long, primary_key=True, autoincrement=False),
    Column("number", _Long, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)
"""Of the tree over the log's hashes the roots of full subtrees of 256 ** level events, by their
number from the first on. Derived from the log, verified, disposable: see `store.tree`."""

meta = Table(
    "duebook_meta",
    metadata,
    Column("key", TEXT, primary_key=True),
    Column("value", TEXT, nullable=False),
)

line_secrets = Table(
    "duebook_secrets",
    MetaData(),
    Column("tree", TEXT, primary_key=True),
    Column("secret", TEXT, nullable=False),
)
"""On a server: see `store.line_secrets`. Not of the log, and not for everybody who reads it."""

FACT_COLUMNS = ("position", "stream", "version", "topic", "state", "at")
"""What states and rules ask of an event, in the order of `Recorded`."""
READ_COLUMNS = (*FACT_COLUMNS, "recorded_at", "by", "batch", "row", "hash")
"""What else the log says of it, in the order of `Logged`; the key is for writers only."""

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
_POSTGRES_BODY = f" BEGIN RAISE EXCEPTION '{_REFUSAL}'; END "


REF_COLUMNS = ("kind", "name", "position", "at", "stream", "detail")


def insert_refs(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Adds entries to the index: kind, name, position, at, stream, detail."""
    _insert(connection, "refs", REF_COLUMNS, rows)


def insert_lifts(connection: Connection, rows: Sequence[tuple[int, int]]) -> None:
    """Adds withdrawals: the fact's position, the withdrawal's."""
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
    if connection.dialect.name != "sqlite":
        line_secrets.create(connection)
    # Written out: a partial index in the metadata would load every dialect at each start.
    connection.exec_driver_sql("CREATE INDEX refs_introduced ON refs (at) WHERE kind = 'partner'")
    for statement in _guard_statements(connection).values():
        connection.exec_driver_sql(statement)


def _guard_statements(connection: Connection) -> dict[str, str]:
    """What makes each guard, by name, in the order in which they are made."""
    if connection.dialect.name == "sqlite":
        return {
            name: f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            for name, when in _SQLITE_GUARDS.items()
        }
    function = (
        f"CREATE FUNCTION duebook_refuse() RETURNS trigger LANGUAGE plpgsql AS $${_POSTGRES_BODY}$$"
    )
    return {"duebook_refuse": function} | {
        name: f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION duebook_refuse()"
        for name, when in _POSTGRES_GUARDS.items()
    }


def guards(connection: Connection) -> set[str]:
    """The names of what refuses a change of an event."""
    return set(_guard_statements(connection))


def has_table(connection: Connection, name: str) -> bool:
    """Whether a table is there; cheaper than reflection, which every start would pay for."""
    if connection.dialect.name == "sqlite":
        sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        return connection.exec_driver_sql(sql, (name,)).first() is not None
    table = connection.exec_driver_sql("SELECT to_regclass(%s)", (f'"{name}"',)).scalar()
    return table is not None


def faulty_guards(connection: Connection) -> list[str]:
    """The guards that are missing, disabled, or not as they were made."""
    if connection.dialect.name == "sqlite":
        sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        existing = {name: made for name, made in connection.exec_driver_sql(sql)}
        expected = _guard_statements(connection)
        return sorted(name for name, made in expected.items() if existing.get(name) != made)
    sql = (
        "SELECT tgname, tgenabled, pg_get_triggerdef(oid), tgfoid = to_regprocedure(%s)"
        " FROM pg_trigger WHERE tgrelid = 'events'::regclass"
    )
    ours = "duebook_refuse()"
    there = {name: fields for name, *fields in connection.exec_driver_sql(sql, (ours,))}
    faulty = {
        name
        for name, when in _POSTGRES_GUARDS.items()
        if name not in there
        or there[name][0] not in ("O", b"O")
        or not _same_events(when, there[name][1])
        or not there[name][2]  # a function of that name in another schema
    }
    body = connection.exec_driver_sql(
        "SELECT prosrc FROM pg_proc WHERE oid = to_regprocedure(%s)", (ours,)
    ).scalar()
    return sorted(faulty | (set() if body == _POSTGRES_BODY else {"duebook_refuse"}))


def _same_events(when: str, made: str) -> bool:
    """Whether a trigger fires when it should; PostgreSQL writes the events in its own order."""
    words = {"UPDATE", "DELETE", "TRUNCATE"}
    return (
        {word for word in words if word in when} == {word for word in words if word in made}
        and "BEFORE" in made
        and "duebook_refuse()" in made
        and " WHEN " not in made
    )


def has_refs(connection: Connection, kind: str) -> bool:
    """Whether the index has an entry of a kind at all."""
    query = select(refs.c.position).where(refs.c.kind == kind).limit(1)
    return connection.execute(query).first() is not None


def holds_looks(connection: Connection) -> bool:
    """Whether the index has all looks of ids: books made before have none, or some."""
    return LOOKS in (stored_layout(connection) or {})


def stored_layout(connection: Connection) -> dict[str, str] | None:
    """What a book says of its layout: its format and its index; None where there is no book."""
    keys = ("format", LOOKS, TREE)
    query = select(meta.c.key, meta.c.value).where(meta.c.key.in_(keys))
    try:
        return {key: value for key, value in connection.execute(query)}
    except exc.DatabaseError as error:
        if any(words in str(error.orig) for words in ("no such table", "does not exist")):
            return None
        raise
