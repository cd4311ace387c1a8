"""Bringing a book of an older version up to date: its indexes only, never an event."""

from sqlalchemy import select, update

from ledger.kernel.errors import OlderBook
from ledger.store.book import Book, shown
from ledger.store.indexes import recomputed
from ledger.store.log import fetch
from ledger.store.schema import FORMAT, insert_refs, meta, metadata, refs


def upgrade(book: Book) -> None:
    """Adds what the index of an older book lacks, in one transaction; new books are left alone.

    Raises `OlderBook` where the book may only be read.
    """
    if book.format >= FORMAT:
        return
    if not book.writable:
        raise OlderBook(
            f"{shown(book.location)} was made by an older duebook and may only be read here.",
            "Let somebody who may write open it once: duebook programs --book BOOK",
        )
    with book.log.writing() as writer:
        connection = writer.connection
        metadata.create_all(connection)
        r = refs.c
        query = select(r.kind, r.name, r.position, r.at, r.stream, r.detail)
        have = {tuple(row) for row in fetch(connection, query)}
        insert_refs(connection, sorted(recomputed(connection).refs - have))
        connection.execute(update(meta).where(meta.c.key == "format").values(value=str(FORMAT)))
    book.format = FORMAT
    book.notes.append(f"Brought {shown(book.location)} up to format {FORMAT}: its index only.")
