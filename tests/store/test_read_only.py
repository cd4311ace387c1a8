"""A book that may only be read can be asked everything, and stays as it is."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import ReadOnlyBook
from ledger.store.book import Book, open_book
from ledger.usecases.init import init
from ledger.usecases.settling.settle import published_edition, settle

PROGRAM = "recruiting-eu-jp-2026q1"
INTRODUCED = [
    {"type": "PartnerCertified", "at": "2025-11-03T10:00:00+08:00", "partner": "P-1"},
    {
        "type": "MerchantOnboarded",
        "at": "2026-01-10T09:00:00+08:00",
        "merchant": "M-1",
        "store": "S-1",
        "market": "EU",
        "partner": "P-1",
    },
]
CLOSING = {"type": "StoreClosing", "at": "2026-03-01T00:00:00Z", "store": "S-1"}


@pytest.fixture
def filled(tmp_path: Path, record_facts: Callable[..., Any]) -> Path:
    """A closed SQLite book with one introduced store."""
    path = tmp_path / "duebook.db"
    book, _ = init(str(path), "platform")
    assert record_facts(book, INTRODUCED).recorded == 2
    book.close()
    return path


def lines(book: Book, now: int) -> list[tuple[str, str]]:
    with book.reading() as connection:
        clocks = Clocks(now, book.head().position)
        found = settle(connection, published_edition(connection, PROGRAM, clocks), clocks).lines
    return [(one.line, one.outcome) for one in found]


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """As a user who owns nothing, where the tests run as root, whom no mode stops."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.fixture
def shelf() -> Iterator[Path]:
    """A folder that everybody may enter; those of pytest only their owner may."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize("folder_mode", [0o755, 0o555], ids=oct)
@pytest.mark.parametrize("file_mode", [0o644, 0o444], ids=oct)
def test_a_book_that_may_only_be_read_answers_and_does_not_change(
    shelf: Path,
    filled: Path,
    now: int,
    record_facts: Callable[..., Any],
    folder_mode: int,
    file_mode: int,
) -> None:
    """Somebody else's book, on a read-only folder or not, settles and refuses to record."""
    own = shelf / "duebook.db"
    own.write_bytes(filled.read_bytes())
    before = own.read_bytes()
    own.chmod(file_mode)
    shelf.chmod(folder_mode)
    with as_somebody_else():
        book = open_book(str(own))
        assert not book.writable
        assert lines(book, now) == [(f"{PROGRAM}/S-1", "declined")]
        head = book.head()
    with pytest.raises(ReadOnlyBook):
        record_facts(book, [CLOSING])
    assert book.head() == head
    book.close()
    assert own.read_bytes() == before
    assert [one.name for one in shelf.iterdir()] == ["duebook.db"]


def test_a_file_marked_read_only_is_not_written_even_by_root(
    filled: Path, now: int, record_facts: Callable[..., Any]
) -> None:
    """Its mode is a wish of its owner; whoever could write anyway respects it."""
    filled.chmod(0o444)
    before = filled.read_bytes()
    book = open_book(str(filled))
    assert lines(book, now) == [(f"{PROGRAM}/S-1", "declined")]
    with pytest.raises(ReadOnlyBook):
        record_facts(book, [CLOSING])
    book.close()
    assert filled.read_bytes() == before


def test_a_reader_without_rights_sees_what_a_writer_has_just_recorded(
    shelf: Path, now: int, record_facts: Callable[..., Any]
) -> None:
    """A book that is open elsewhere is read as it stands, not as it was last tidied up."""
    writer, _ = init(str(shelf / "duebook.db"), "platform")
    record_facts(writer, INTRODUCED)
    with as_somebody_else():
        reader = open_book(str(shelf / "duebook.db"))
        assert lines(reader, now) == [(f"{PROGRAM}/S-1", "declined")]
        assert reader.head() == writer.head()
    reader.close()
    writer.close()


def test_a_book_opened_for_reading_stays_as_it_is(
    book: Book, record_facts: Callable[..., Any], now: int
) -> None:
    """Whoever asks for reading only cannot write by mistake."""
    record_facts(book, INTRODUCED)
    reader = open_book(book.location, readonly=True)
    head = reader.head()
    assert lines(reader, now) == [(f"{PROGRAM}/S-1", "declined")]
    with pytest.raises(ReadOnlyBook):
        record_facts(reader, [CLOSING])
    assert reader.head() == head == book.head()
    reader.close()


def test_a_postgresql_role_that_may_only_select_reads_and_does_not_record(
    new_database: Callable[[], str], record_facts: Callable[..., Any], now: int
) -> None:
    """Rights are asked of the server, so a refusal comes before anything is tried."""
    book, _ = init(new_database(), "platform")
    record_facts(book, INTRODUCED)
    with book.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("DROP ROLE IF EXISTS auditor")
        connection.exec_driver_sql("CREATE ROLE auditor LOGIN")
        connection.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO auditor")
    reader = open_book(book.location.replace("postgres:@", "auditor:@"))
    assert not reader.writable
    assert lines(reader, now) == [(f"{PROGRAM}/S-1", "declined")]
    with pytest.raises(ReadOnlyBook):
        record_facts(reader, [CLOSING])
    reader.close()
    with book.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("DROP OWNED BY auditor")
        connection.exec_driver_sql("DROP ROLE auditor")
    book.close()
