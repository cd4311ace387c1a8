"""Opening what is there and refusing what is not a book, never changing a byte of it."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import (
    BookExists,
    BookLocked,
    BookMissing,
    ForeignBook,
    NewerBook,
)
from ledger.store import engines, recorder
from ledger.store.book import Book, open_book, shown
from ledger.store.schema import FORMAT
from ledger.usecases.init import init

CERTIFIED = {"type": "PartnerCertified", "at": "2025-11-03T10:00:00+08:00", "partner": "P-1"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "duebook.db"


def set_format(book: Book, number: str) -> None:
    with book.engine.connect() as connection, connection.begin():
        sql = f"UPDATE duebook_meta SET value = '{number}' WHERE key = 'format'"
        connection.exec_driver_sql(sql)


def test_a_book_that_is_not_there_is_missing(path: Path) -> None:
    """The refusal names the place and says how to make a book; it makes none itself."""
    with pytest.raises(BookMissing, match="There is no book at") as refusal:
        open_book(str(path))
    assert "duebook init" in refusal.value.hint
    assert not path.exists()


def test_a_database_that_holds_no_book_is_foreign(new_database: Callable[[], str]) -> None:
    """A PostgreSQL database of somebody else gets no tables of ours by being opened."""
    url = new_database()
    for readonly in (False, True):
        with pytest.raises(ForeignBook, match="is not a duebook book"):
            open_book(url, readonly=readonly)


def _text(path: Path) -> None:
    path.write_text("type,at\nStoreVerified,2026-01-01T00:00:00Z\n", encoding="utf-8")


def _other_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()


def _empty(path: Path) -> None:
    path.touch()


def _torn(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)


@pytest.mark.parametrize("readonly", [False, True], ids=["to write", "to read"])
@pytest.mark.parametrize("make", [_text, _other_database, _empty, _torn])
def test_another_file_is_foreign_and_stays_as_it_was(
    path: Path, make: Callable[[Path], None], readonly: bool
) -> None:
    """A wrong --book never turns somebody's file into something else."""
    make(path)
    before = path.read_bytes()
    with pytest.raises(ForeignBook, match="is not a duebook book") as refusal:
        open_book(str(path), readonly=readonly)
    assert refusal.value.hint.startswith("Nothing was changed.")
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_folder_is_no_book(tmp_path: Path) -> None:
    """A folder is refused as such, not with a message of the database."""
    with pytest.raises(ForeignBook, match="is not a duebook book"):
        open_book(str(tmp_path))


@pytest.mark.parametrize("readonly", [False, True], ids=["to write", "to read"])
def test_a_newer_format_is_refused_with_both_numbers(book: Book, readonly: bool) -> None:
    """A book of a later version is not guessed at, not even for reading."""
    newer = FORMAT + 1
    set_format(book, str(newer))
    said = rf"has format {newer}; this version of duebook reads up to {FORMAT}"
    with pytest.raises(NewerBook, match=said):
        open_book(book.location, readonly=readonly)
    set_format(book, str(FORMAT))
    open_book(book.location, readonly=readonly).close()


def test_a_format_that_is_no_number_is_foreign(book: Book) -> None:
    """Whatever wrote that, it was not duebook."""
    set_format(book, "two")
    with pytest.raises(ForeignBook):
        open_book(book.location)


def test_init_overwrites_nothing(book: Book) -> None:
    """A second init at one place is refused, and the first book keeps its head."""
    head = book.head()
    with pytest.raises(BookExists, match="already"):
        init(book.location, "platform")
    assert book.head() == head


def test_init_spares_a_file_that_is_no_book(path: Path) -> None:
    """A file with anything in it is not ours to write into."""
    _text(path)
    before = path.read_bytes()
    with pytest.raises(BookExists, match="already exists"):
        init(str(path), "platform")
    assert path.read_bytes() == before


def test_init_makes_no_folder(tmp_path: Path) -> None:
    """A mistyped folder is told, not made."""
    with pytest.raises(BookMissing, match="There is no folder"):
        init(str(tmp_path / "no" / "such" / "book.db"), "platform")
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("do", [open_book, lambda url: init(url, "platform")], ids=["open", "init"])
@pytest.mark.parametrize("url", ["mysql://root@localhost/books", "nosuch://somewhere/books"])
def test_a_url_of_another_database_is_refused(do: Callable[[str], Any], url: str) -> None:
    """Only PostgreSQL has a URL here; the hint says what a book is named by."""
    with pytest.raises(ForeignBook) as refusal:
        do(url)
    assert "postgresql://" in refusal.value.hint


@pytest.mark.parametrize("do", [open_book, lambda url: init(url, "platform")], ids=["open", "init"])
def test_a_server_that_does_not_answer_is_told_without_the_password(
    do: Callable[[str], Any],
) -> None:
    """The refusal names the place, and no secret that stood in the URL."""
    with pytest.raises(BookMissing, match="cannot be opened") as refusal:
        do("postgresql://clerk:pa55word@127.0.0.1:1/books?connect_timeout=2")
    assert "127.0.0.1" in refusal.value.sentence
    assert "pa55word" not in refusal.value.sentence + refusal.value.hint


def test_a_database_that_does_not_exist_is_missing(new_database: Callable[[], str]) -> None:
    """The server answers, but has nothing of that name."""
    with pytest.raises(BookMissing, match="nosuch"):
        open_book(new_database().replace("/book_", "/nosuch_"))


def test_a_book_that_stays_locked_is_refused_as_safe_to_repeat(
    path: Path, record_facts: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program holds the write lock: reading goes on, a write gives up after a while."""
    monkeypatch.setattr(engines, "LOCK_SECONDS", 0.2)
    init(str(path), "platform")[0].close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    book = open_book(str(path))
    head = book.head()
    with pytest.raises(BookLocked, match="Somebody else has been writing") as refusal:
        record_facts(book, [CERTIFIED])
    assert refusal.value.kind == "conflict"
    assert book.head() == head
    holder.execute("ROLLBACK")
    holder.close()
    assert record_facts(book, [CERTIFIED]).recorded == 1
    book.close()


def test_a_postgresql_book_that_stays_locked_is_refused_as_safe_to_repeat(
    new_database: Callable[[], str],
    record_facts: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same on PostgreSQL, where the lock is one on the table of events."""
    monkeypatch.setattr(recorder, "LOCK_SECONDS", 1)
    book, _ = init(new_database(), "platform")
    head = book.head()
    with book.engine.connect() as holder, holder.begin():
        holder.exec_driver_sql("LOCK TABLE events IN EXCLUSIVE MODE")
        with pytest.raises(BookLocked, match="Somebody else has been writing"):
            record_facts(book, [CERTIFIED])
    assert book.head() == head
    assert record_facts(book, [CERTIFIED]).recorded == 1
    book.close()


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("book.db", "book.db"),
        ("postgresql://u:secret@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u@h/d?password=secret", "postgresql://u@h/d?password=***"),
        (
            "postgresql://u@h/d?sslpassword=secret&sslmode=require",
            "postgresql://u@h/d?sslmode=require&sslpassword=***",
        ),
    ],
)
def test_a_location_is_shown_without_its_password(location: str, said: str) -> None:
    """Wherever in a URL it stands."""
    words = shown(location)
    assert sorted(words.replace("?", "&").split("&")) == sorted(said.replace("?", "&").split("&"))
