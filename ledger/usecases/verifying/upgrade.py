"""Bringing a book of an older version up to date: its indexes and its format, never an event."""

from typing import Any

from sqlalchemy import Connection, insert, select, update

from ledger.aggregates.catalogue import THINGS
from ledger.kernel.errors import OlderBook, Refusal
from ledger.kernel.looks import look_of
from ledger.store.book import Book, shown
from ledger.store.engines import sqlite_engine
from ledger.store.head import head_of
from ledger.store.indexes import recomputed
from ledger.store.log import fetch
from ledger.store.order_lines import Calls, archive_of
from ledger.store.places import ARCHIVE
from ledger.store.rights import (
    Lacking,
    hide_from_readers,
    let_write_as,
    owns,
    refuse_unless_owner,
)
from ledger.store.schema import (
    FORMAT,
    INDEX_FORMAT,
    LOOKS,
    TREE,
    holds_looks,
    insert_refs,
    line_secrets,
    merkle,
    meta,
    metadata,
    refs,
)
from ledger.store.scratch import Scratch
from ledger.store.tree import holds_tree, make_tree
from ledger.usecases.record_decisions import Agree, at_once
from ledger.usecases.verifying.copies import copy_of

NO_LOOKS = (
    "The index of {book}, which may only be read, does not list what ids look like: ids that look "
    "alike are not reported. Somebody who may write to it must open it once: "
    "duebook programs --book BOOK"
)


def bring_index_up(book: Book) -> None:
    """Adds what the index of an older book lacks, in one transaction; current books are unchanged.

    Raises `OlderBook` where the book may only be read.
    """
    if book.format >= INDEX_FORMAT:
        _add_looks(book)
        _add_tree(book)
        return
    if not book.writable:
        raise OlderBook(
            f"{shown(book.location)} was made by an older duebook and may only be read here.",
            "Let somebody who may write open it once: duebook programs --book BOOK",
        )
    with book.log.writing(older=True) as writer:
        connection = writer.connection
        metadata.create_all(connection)
        r = refs.c
        query = select(r.kind, r.name, r.position, r.at, r.stream, r.detail)
        have = {tuple(row) for row in fetch(connection, query)}
        insert_refs(connection, sorted(recomputed(connection).refs - have))
        _set_format(connection, INDEX_FORMAT)
        _say_holds_looks(connection)
        _keep_tree(connection, writer.head.position)
    book.keeps_tree = True
    book.format = book.log.format = INDEX_FORMAT
    book.lists_looks = True
    book.notes.append(
        f"Brought {shown(book.location)} up to format {INDEX_FORMAT}: its index only."
    )


def up_to_date(book: Book) -> Book:
    """The book with its index brought up to date; for a caller who may not do that, a temporary
    copy of it, deleted with the book, on which every query works.
    """
    if book.format >= INDEX_FORMAT or _may_be_brought_up(book):
        bring_index_up(book)
        return book
    scratch = Scratch()
    place = scratch.path / "book.db"
    copy_of(book, place)
    copied = Book(book.location, sqlite_engine(place, readonly=False), writable=True)
    copied.format = book.format
    bring_index_up(copied)
    if book.path is not None:
        _name_archive(copied, book)
    copied.close()
    readable = Book(book.location, sqlite_engine(place, readonly=True), writable=False)
    readable.read_from = str(place)
    readable.format, readable.lives_in, readable.lacking = copied.format, scratch, book.lacking
    if book.path is not None:
        book.close()
    else:
        readable.stored_as = book
    said = f"{shown(book.location)} was made by an older duebook and may only be read"
    if book.writable:
        said = f"{shown(book.location)} was made by an older duebook and does not belong to you"
        readable.lacking = Lacking(
            "This book was made by an older duebook, and this role may not bring it up to date.",
            "Ask somebody who may act as its owner to run: duebook upgrade --by NAME",
        )
    readable.notes.append(f"{said}: answered from a copy whose index was brought up to date.")
    return readable


def _may_be_brought_up(book: Book) -> bool:
    if book.path is not None or not book.writable:
        return book.writable
    with book.reading() as connection:
        return owns(connection)


def _name_archive(copied: Book, book: Book) -> None:
    """Points the copy to the order lines of the original file, which lie next to the original."""
    with book.reading() as connection:
        place = archive_of(connection).location
    with copied.engine.begin() as connection:
        if connection.execute(select(meta.c.key).where(meta.c.key == ARCHIVE)).first() is None:
            connection.execute(insert(meta), [{"key": ARCHIVE, "value": place}])


def _add_looks(book: Book) -> None:
    """Adds the looks of ids to the index, from the names that it lists already."""
    if book.lists_looks:
        return
    if not _may_be_brought_up(book):
        book.notes.append(NO_LOOKS.format(book=shown(book.location)))
        return
    with book.log.writing(older=True) as writer:
        connection, r = writer.connection, refs.c
        if holds_looks(connection):
            return
        query = select(r.kind, r.name, r.position, r.at, r.stream, r.detail)
        have = {tuple(row) for row in fetch(connection, query.where(r.kind == LOOKS))}
        words = {thing.listed: thing.word for thing in THINGS.values()}
        operator = ("GLOB", "*[^ -~]*") if book.path else ("~", "[^ -~]")
        not_ascii = r.name.op(operator[0])(operator[1])
        listed = query.where(r.kind.in_(sorted(words)), not_ascii)
        looks = {
            (LOOKS, f"{words[kind]}/{look_of(name)}", position, at, stream, name)
            for kind, name, position, at, stream, _ in fetch(connection, listed)
            if look_of(name) != name
        }
        insert_refs(connection, sorted(looks - have))
        _say_holds_looks(connection)
    book.lists_looks = True


def _add_tree(book: Book) -> None:
    """Keeps the tree over the log, in one pass. A book that may only be read goes without: its
    tree is worked out when it is asked for."""
    if book.keeps_tree or not _may_be_brought_up(book):
        return
    with book.log.writing(older=True) as writer:
        _keep_tree(writer.connection, writer.head.position)
    book.keeps_tree = True


def _keep_tree(connection: Connection, size: int) -> None:
    if holds_tree(connection):
        return
    merkle.create(connection, checkfirst=True)
    if connection.dialect.name != "sqlite":
        let_write_as(connection, merkle.name, refs.name)
        line_secrets.create(connection, checkfirst=True)
        hide_from_readers(connection, line_secrets.name)
        let_write_as(connection, line_secrets.name, refs.name)
    make_tree(connection, size)
    connection.execute(insert(meta), [{"key": TREE, "value": "kept"}])


class DerivedOrders(Refusal):
    """A book whose archived orders derived facts, as in older versions: it can no longer be
    written."""


def derives(book: Book) -> bool:
    """Whether facts were derived from the book's orders, as in older versions."""
    if book.format >= FORMAT:
        return False
    with book.reading() as connection:
        return Calls.by(connection, head_of(connection).position).derived


def upgrade(book: Book, *, by: str, agree: Agree = at_once) -> dict[str, Any]:
    """Lets a book of an older version be written by this version, and no longer by earlier ones,
    if `agree` approves.

    Nothing in its log changes; `duebook_meta` keeps who decided it. Raises `DerivedOrders` for a
    book that holds its orders twice, once as facts; `OlderBook` where it may only be read;
    `RightMissing` for a role that is not its owner on a server; `ClockDoubted`.
    """
    bring_index_up(book)
    if derives(book):
        raise DerivedOrders(
            f"{shown(book.location)} holds facts that were derived from its orders, by days of "
            "Asia/Shanghai. It is read, replayed, verified and exported as ever, and not written "
            "any more.",
            "Go on in a new book: duebook export facts -o F.ndjson, then there: duebook record "
            "F.ndjson, and duebook orders with the order files.",
        )
    was = book.format
    plan = {"book": shown(book.location), "was": was, "format": FORMAT, "recorded": 0}
    if was < FORMAT and agree(plan):
        if book.writable:
            with book.reading() as connection:
                refuse_unless_owner(connection)
        trusts = book.log.clock_trusted()
        said = f"; the clock is right: {trusts.reason}" if trusts else ""
        with book.log.writing(older=True) as writer:
            _set_format(writer.connection, FORMAT)
            kept = {"key": f"upgraded to {FORMAT}", "value": f"from {was} by {by}{said}"}
            writer.connection.execute(insert(meta), [kept])
        book.format = book.log.format = FORMAT
        plan["recorded"] = 1
    return plan


def _say_holds_looks(connection: Connection) -> None:
    if not holds_looks(connection):
        connection.execute(insert(meta), [{"key": LOOKS, "value": "all"}])


def _set_format(connection: Connection, number: int) -> None:
    connection.execute(update(meta).where(meta.c.key == "format").values(value=str(number)))
