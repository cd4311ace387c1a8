"""The tree over the log: kept while it is written, the same as made anew, of any book."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from ledger.kernel.merkle import leaf, root, root_at
from ledger.store import recorder, tree
from ledger.store.book import Book, open_book
from ledger.store.head import head_of
from ledger.store.schema import TREE, events, merkle, meta
from ledger.store.tree import LogTree, holds_tree, stored, subtrees
from ledger.usecases.recording.record import record
from ledger.usecases.verifying.merkle_tree import verify_tree
from ledger.usecases.verifying.upgrade import up_to_date
from tests.quarter import NOW, certified

Record = Callable[..., Any]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> int:
    """Subtrees of 4 instead of 256 leaves, so that few events reach many levels."""
    for module in (tree, recorder):
        monkeypatch.setattr(module, "WIDTH", 4)
    monkeypatch.setattr(tree, "BITS", 2)
    return 4


def _partners(first: int, count: int) -> list[dict[str, Any]]:
    return [fact for number in range(first, first + count) for fact in certified(f"P-{number}")]


def _leaves(book: Book) -> list[bytes]:
    with book.reading() as connection:
        query = select(events.c.hash).order_by(events.c.position)
        return [leaf(bytes(row[0])) for row in connection.execute(query)]


def _checked(book: Book) -> int:
    """How many subtrees are kept, each of which is what the log gives; and so is every root."""
    leaves = _leaves(book)
    with book.reading() as connection:
        kept = stored(connection)
        again = {row[:2]: row[2] for row in subtrees(connection, len(leaves))}
        for size in {1, len(leaves) // 2, len(leaves) - 1, len(leaves)}:
            assert root_at(size, LogTree(connection)) == root(leaves[:size])
    assert kept == again
    return len(kept)


@pytest.mark.parametrize("calls", [(1,) * 9, (3, 5, 7, 11), (64,), (2, 61, 1)])
def test_whatever_is_recorded_in_whatever_calls_the_tree_is_kept(
    book: Book, record_facts: Record, monkeypatch: pytest.MonkeyPatch, calls: tuple[int, ...]
) -> None:
    with book.reading() as connection:
        size = head_of(connection).position
        connection.rollback()
    for module in (tree, recorder):
        monkeypatch.setattr(module, "WIDTH", 4)
    monkeypatch.setattr(tree, "BITS", 2)
    _made_anew(book)
    done = 0
    for count in calls:
        record_facts(book, _partners(done, count), name=f"f{done}.ndjson")
        done += count
    assert _checked(book) >= (size + done) // 4
    assert verify_tree(book).ok


def _made_anew(book: Book) -> None:
    """Keeps the tree of what is there at the width of the test."""
    with book.engine.begin() as connection:
        connection.execute(delete(merkle))
        tree.make_tree(connection, head_of(connection).position)


def test_at_its_own_width_a_long_call_keeps_one_subtree_in_256(
    book: Book, record_facts: Record
) -> None:
    record_facts(book, _partners(0, 600))
    assert _checked(book) == len(_leaves(book)) // 256 == 2


def test_an_older_book_gets_its_tree_when_it_is_opened(
    book: Book, location: str, record_facts: Record, narrow: int
) -> None:
    record_facts(book, _partners(0, 30))
    _made_anew(book)
    with book.engine.begin() as connection:
        connection.execute(text("DROP TABLE merkle"))
        connection.execute(delete(meta).where(meta.c.key == TREE))
    without = _leaves(book)
    with book.reading() as connection:
        assert not holds_tree(connection)
        assert root_at(len(without), LogTree(connection)) == root(without), "worked out"
    record_facts(book, _partners(30, 10), name="more.ndjson")
    opened = up_to_date(open_book(location))
    try:
        assert opened.keeps_tree
        assert _checked(opened) > 0
    finally:
        opened.close()


def test_a_subtree_that_was_altered_is_named(book: Book, record_facts: Record, narrow: int) -> None:
    record_facts(book, _partners(0, 30))
    _made_anew(book)
    assert verify_tree(book).ok
    m = merkle.c
    with book.engine.begin() as connection:
        which = (m.level == 1, m.number == 2)
        connection.execute(update(merkle).where(*which).values(hash=bytes(32)))
    check = verify_tree(book)
    assert (check.ok, "subtree 2 of level 1" in check.detail) == (False, True)
    _made_anew(book)
    with book.engine.begin() as connection:
        connection.execute(insert(merkle), [{"level": 1, "number": 99, "hash": bytes(32)}])
    check = verify_tree(book)
    assert (check.ok, "subtree 99 of level 1 is beyond the log" in check.detail) == (False, True)


def test_a_subtree_that_is_missing_is_worked_out(
    book: Book, record_facts: Record, narrow: int
) -> None:
    """It is derived: nothing depends on its being kept."""
    record_facts(book, _partners(0, 60))
    _made_anew(book)
    leaves = _leaves(book)
    with book.engine.begin() as connection:
        connection.execute(delete(merkle).where(merkle.c.number == 1))
    with book.reading() as connection:
        assert root_at(len(leaves), LogTree(connection)) == root(leaves)
    assert verify_tree(book).ok


def test_a_writer_who_was_given_the_log_alone_records_without_keeping_the_tree(
    new_database: Any, tmp_path: Any, write_facts: Callable[..., Any]
) -> None:
    """The rights of before there was a tree are enough: it is worked out."""
    from tests.roles import made

    roles = made(new_database(), tmp_path)
    roles.ask("REVOKE INSERT ON merkle FROM duebook_writer")
    clerk = open_book(roles.of("clerk"))
    try:
        assert clerk.writable
        path = str(write_facts(_partners(1000, 300)))
        assert record(clerk, [path], now=NOW, by="test").recorded == 300
        leaves = _leaves(clerk)
        with clerk.reading() as connection:
            assert stored(connection) == {}
            assert root_at(len(leaves), LogTree(connection)) == root(leaves)
        assert verify_tree(clerk).ok
    finally:
        clerk.close()


def test_the_secrets_of_an_older_book_on_a_server_are_for_its_writers_alone(
    new_database: Any, tmp_path: Any
) -> None:
    """The table is made with the tree, whatever the readers are given by default."""
    from tests.roles import made

    roles = made(new_database(), tmp_path)
    roles.ask("DROP TABLE merkle, duebook_secrets")
    roles.ask(f"DELETE FROM duebook_meta WHERE key = '{TREE}'")
    up_to_date(open_book(roles.of("keeper"))).close()
    asked = "SELECT has_table_privilege('{}', 'duebook_secrets', '{}')"
    for role, right, may in (
        ("duebook_reader", "SELECT", False),
        ("duebook_writer", "SELECT", True),
        ("duebook_writer", "INSERT", True),
        ("duebook_writer", "DELETE", False),
    ):
        assert roles.ask(asked.format(role, right)) == [(may,)], (role, right)
