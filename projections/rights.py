"""Whether the caller may build read models in a book."""

from collections.abc import Collection

from ledger.kernel.errors import ReadOnlyBook
from ledger.store.book import Book

_MAY = (
    "SELECT has_schema_privilege(current_schema(), 'CREATE') AND NOT EXISTS (SELECT 1"
    " FROM unnest(%s::text[]) AS t JOIN pg_class c ON c.oid = to_regclass(quote_ident(t))"
    " WHERE NOT pg_has_role(c.relowner, 'USAGE'))"
)
"""A table that belongs to another role is neither brought up to date nor swapped."""


def may_build(book: Book, tables: Collection[str] = ()) -> bool:
    """Whether this caller may make tables in the book and change those that are there.

    A caller who may not still gets reports: built from the log, in a temporary database.
    """
    if book.path is not None or not book.writable:
        return book.writable
    with book.reading() as connection:
        return bool(connection.exec_driver_sql(_MAY, (list(tables),)).scalar())


def refuse_to_build(book: Book, tables: Collection[str]) -> None:
    """Raises `ReadOnlyBook` for a caller who may not build read models in the book."""
    if may_build(book, tables):
        return
    said = "This book may only be read."
    if book.writable:
        said = "This role may not make tables in the book, or some there are somebody else's."
    raise ReadOnlyBook(said, "Reports build what they need next to it.")
