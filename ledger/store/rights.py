"""What the connected role may do in a book on a server, and the refusals where it may not.

`roles.sql` is the script that gives three roles exactly what each needs.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.kernel.errors import ConcurrentWrite, ReadOnlyBook, Refusal, RightMissing
from ledger.store.schema import events, merkle, refs, snapshots, withdrawn

NEEDED = tuple(table.name for table in (events, refs, withdrawn, snapshots))
"""What recording and closing insert into; who may not do that may only read."""
WRITTEN = (*NEEDED, merkle.name)
"""With what is kept for proofs alone, and worked out where a writer may not keep it. Nothing else
of a book is written, and no row twice."""
HOW = "what each role is for: duebook init --roles"
_DENIED, _TAKEN = "42501", "23505"


class Lacking(NamedTuple):
    """Why a book may only be read, and what would change that."""

    sentence: str
    hint: str


def lacking(connection: Connection) -> Lacking | None:
    """Why this role may not record in the book on a server that it has opened; None where it
    may."""
    role, reads, missing = connection.exec_driver_sql(
        "SELECT current_user::text, current_setting('transaction_read_only') = 'on',"
        " ARRAY(SELECT t FROM unnest(%s::text[]) AS t"
        " WHERE NOT has_table_privilege(to_regclass(t), 'INSERT'))",
        (list(NEEDED),),
    ).one()
    if missing:
        return Lacking(
            f"The role {role} may only read this book: it has no right to INSERT into "
            f"{', '.join(missing)}.",
            f"Ask the database's administrator for: GRANT duebook_writer TO {role}; ({HOW}).",
        )
    if reads:
        return Lacking(
            "This book may only be read: its server, or this role's settings, make every "
            "transaction read-only.",
            "Write to the server that this one follows, or ask the database's administrator.",
        )
    return None


def may_not_read(location: str) -> RightMissing:
    """The refusal for a role that may not even read."""
    return RightMissing(
        f"The role that asks for {location} may not read there.",
        f"Ask the database's administrator for a role that may: duebook_reader ({HOW}).",
    )


def refuse_if_hidden(connection: Connection, location: str) -> None:
    """Raises `RightMissing` where a book is in a schema in which this role may see nothing."""
    result = connection.exec_driver_sql(
        "SELECT 1 FROM pg_class WHERE relname = 'duebook_meta'"
        " AND NOT has_schema_privilege(relnamespace, 'USAGE')"
    )
    if result.first() is not None:
        raise may_not_read(location)


def read_only(why: Lacking | None, to_what: str) -> ReadOnlyBook:
    """The refusal of a write to a book that may only be read."""
    if why is not None:
        return ReadOnlyBook(*why)
    return ReadOnlyBook("This book may only be read.", f"Ask the book's owner to {to_what}.")


def owns(connection: Connection) -> bool:
    """Whether this role may change the tables of the book themselves, as an upgrade does."""
    result = connection.exec_driver_sql(
        "SELECT bool_and(pg_has_role(relowner, 'USAGE')) AND"
        " has_schema_privilege(min(relnamespace::int8)::oid, 'CREATE') FROM pg_class"
        " WHERE oid IN ('events'::regclass, 'duebook_meta'::regclass)"
    )
    return bool(result.scalar())


def may(connection: Connection, table: str, right: str) -> bool:
    """Whether this role has a right to a table of a book on a server."""
    sql = "SELECT has_table_privilege(%s, %s)"
    return bool(connection.exec_driver_sql(sql, (table, right)).scalar())


def let_write_as(connection: Connection, table: str, like: str) -> None:
    """Lets every role that may add to one table of a book on a server add to another as well."""
    query = (
        "SELECT DISTINCT grantee::text FROM information_schema.role_table_grants"
        " WHERE table_schema = current_schema() AND table_name = %s"
        " AND privilege_type = 'INSERT' AND grantee <> current_user"
    )
    for role in connection.exec_driver_sql(query, (like,)).scalars().all():
        name = _quoted(connection, role)
        connection.exec_driver_sql(f'GRANT SELECT, INSERT ON "{table}" TO {name}')


def hide_from_readers(connection: Connection, table: str) -> None:
    """Takes from every role but its owner what a table of a book on a server was given when it was
    made."""
    query = (
        "SELECT DISTINCT grantee::text FROM information_schema.role_table_grants"
        " WHERE table_schema = current_schema() AND table_name = %s AND grantee <> current_user"
    )
    for role in connection.exec_driver_sql(query, (table,)).scalars().all():
        name = "PUBLIC" if role == "PUBLIC" else _quoted(connection, role)
        connection.exec_driver_sql(f'REVOKE ALL ON "{table}" FROM {name}')


def _quoted(connection: Connection, role: str) -> str:
    return connection.dialect.identifier_preparer.quote(role)


def refuse_unless_owner(connection: Connection) -> None:
    """Raises `RightMissing` for a role that may not change the tables of a book on a server."""
    if connection.dialect.name == "sqlite" or owns(connection):
        return
    role = connection.exec_driver_sql("SELECT current_user::text").scalar()
    raise RightMissing(
        f"The role {role} may not change the tables of this book: they do not belong to it.",
        f"Ask somebody who may act as their owner, such as duebook_owner ({HOW}).",
    )


def told(error: BaseException) -> Refusal | None:
    """The refusal for a database error about a missing right, or about a position that is taken;
    None for other errors."""
    said: Any = getattr(error, "orig", None) or error
    state = getattr(said, "sqlstate", None)
    text = str(said).strip().partition("\n")[0]
    if state == _DENIED:
        return RightMissing(
            f"The role that asks the book may not do this: {text}.",
            f"Ask the database's administrator for a role that may ({HOW}).",
        )
    if state == _TAKEN and getattr(said.diag, "constraint_name", None) == "events_pkey":
        return ConcurrentWrite(
            "Somebody wrote to the log at the same moment, and not by duebook, which takes turns. "
            "Nothing was recorded.",
            "Run the same command again, and `duebook verify` to see whether the log holds.",
        )
    return None
