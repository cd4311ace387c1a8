"""What somebody has put on the tables of a book so that they do not answer what they hold.

A trigger, a rule or a generated column writes what nobody recorded; a view, a policy or a table
that inherits shows what is not there, or hides what is. Views that change nothing are listed
separately.
"""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection

from ledger.store.schema import guards, metadata

NAMED_MAX = 5
_SCHEMA = "(SELECT relnamespace FROM pg_class WHERE oid = 'events'::regclass)"


class Meddling(NamedTuple):
    """What can change an answer, and views that cannot, each in words."""

    harmful: list[str]
    beside: list[str]


def meddling(connection: Connection, read_models: Collection[str] = ()) -> Meddling:
    """What is on the tables of the book and on those of its read models that it did not make."""
    ours = {*metadata.tables, *read_models}
    if connection.dialect.name == "sqlite":
        return _in_a_file(connection, ours)
    return _on_a_server(connection, ours)


def damaged_pages(connection: Connection) -> list[str]:
    """What SQLite's own check of a file names: rows that its indexes do not lead to, so that an
    answer would leave them out although the table has them. Nothing for a server, which keeps its
    files to itself."""
    if connection.dialect.name != "sqlite":
        return []
    rows = connection.exec_driver_sql(f"PRAGMA integrity_check({NAMED_MAX})")
    return [text for (text,) in rows if text != "ok"]


def _in_a_file(connection: Connection, ours: set[str]) -> Meddling:
    rows = connection.exec_driver_sql("SELECT type, name, tbl_name FROM sqlite_master").all()
    made = guards(connection)
    harmful = [
        f"trigger {name} on {table}"
        for kind, name, table in rows
        if kind == "trigger" and name not in made
    ]
    views = [name for kind, name, _ in rows if kind == "view"]
    harmful += [f"{name} is a view" for name in views if name in ours]
    for kind, table, _ in rows:
        if kind == "table" and table in ours:
            columns = connection.exec_driver_sql(f'PRAGMA table_xinfo("{table}")').all()
            harmful += [
                f"generated column {table}.{column[1]}" for column in columns if column[6] in (2, 3)
            ]
            harmful += _other_columns(table, {str(column[1]) for column in columns})
    return Meddling(sorted(harmful), sorted(f"view {name}" for name in views if name not in ours))


def _other_columns(table: str, columns: set[str]) -> list[str]:
    known = metadata.tables.get(table)
    if known is None:
        return []
    wrong = columns ^ {column.name for column in known.columns}
    return [f"column {table}.{name}, added or gone" for name in sorted(wrong)]


def _on_a_server(connection: Connection, ours: set[str]) -> Meddling:
    def texts(sql: str) -> list[str]:
        return [text for (text,) in connection.exec_driver_sql(sql)]

    made = ", ".join(f"'{name}'" for name in guards(connection))
    names = ", ".join(f"'{name}'" for name in sorted(ours))
    mine = f"c.relnamespace = {_SCHEMA} AND c.relname IN ({names})"
    harmful = texts(
        "SELECT 'trigger ' || t.tgname || ' on ' || c.relname FROM pg_trigger t"
        f" JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = {_SCHEMA}"
        f" AND NOT t.tgisinternal AND t.tgname NOT IN ({made})"
    )
    harmful += texts(
        "SELECT 'rule ' || r.rulename || ' on ' || c.relname FROM pg_rewrite r"
        f" JOIN pg_class c ON c.oid = r.ev_class WHERE {mine} AND r.rulename <> '_RETURN'"
    )
    harmful += texts(
        "SELECT c.relname || ' is no plain table' FROM pg_class c"
        f" WHERE {mine} AND c.relkind NOT IN ('r', 'i')"
    )
    harmful += texts(
        "SELECT 'row security on ' || c.relname FROM pg_class c"
        f" WHERE {mine} AND (c.relrowsecurity OR c.relforcerowsecurity)"
    )
    harmful += texts(
        "SELECT i.inhrelid::regclass || ' inherits from ' || c.relname FROM pg_inherits i"
        f" JOIN pg_class c ON c.oid = i.inhparent WHERE {mine} AND c.relkind = 'r'"
    )
    harmful += texts(
        "SELECT 'generated column ' || c.relname || '.' || a.attname FROM pg_attribute a"
        f" JOIN pg_class c ON c.oid = a.attrelid WHERE {mine} AND a.attgenerated <> ''"
    )
    for table in metadata.tables:
        columns = texts(
            "SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped"
            f" AND attrelid = to_regclass('{table}')"
        )
        harmful += _other_columns(table, set(columns)) if columns else []
    views = texts(
        "SELECT 'view ' || c.relname FROM pg_class c WHERE c.relkind IN ('v', 'm')"
        f" AND c.relnamespace = {_SCHEMA} AND c.relname NOT IN ({names})"
    )
    return Meddling(sorted(harmful), sorted(views))
