"""A book of format 1 lacks the index of rates: it is brought up to date when it is opened."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from ledger.kernel.errors import OlderBook
from ledger.store.book import Book, open_book
from ledger.store.schema import FORMAT, INDEX_FORMAT
from ledger.usecases.settling.settle import published_edition, settle
from ledger.usecases.verifying.upgrade import bring_index_up, upgrade
from tests.quarter import NOW, PROGRAM, Clocks, Quarter, amount_of, on_sqlite, plain_quarter

RATE = {"type": "RateQuoted", "at": "2026-01-24T09:00:00Z", "base": "EUR", "quote": "CNY"}
IN_EUR = amount_of("S-2", "100.00") | {"currency": "EUR"}
QUOTES = "SELECT count(*) FROM refs WHERE kind = 'quote'"


def _execute(book: Book, sql: str) -> None:
    writing = book.engine.connect().execution_options(duebook_write=True)
    with writing as connection, connection.begin():
        assert connection.exec_driver_sql(sql).rowcount


def _scalar(book: Book, sql: str) -> Any:
    with book.reading() as connection:
        return connection.exec_driver_sql(sql).scalar()


@pytest.fixture
def old(book: Book, tmp_path: Path) -> str:
    """The place of a book as the version before wrote it: settled amounts rest on its rates."""
    quarter = Quarter(book, tmp_path)
    rates = [{**RATE, "rate": "8.0", "day": f"2026-01-{day}"} for day in (20, 24)]
    quarter.tell([*plain_quarter(), *rates, IN_EUR])
    assert _scalar(book, QUOTES) == 2
    _execute(book, "DELETE FROM refs WHERE kind = 'quote'")
    _execute(book, "DROP TABLE snapshots")
    _execute(book, "UPDATE duebook_meta SET value = '1' WHERE key = 'format'")
    book.close()
    return book.location


def _failing(location: str) -> dict[str, str]:
    book = open_book(location)
    try:
        return Quarter(book, Path()).failing()
    finally:
        book.close()


def test_an_old_book_is_brought_up_to_date_when_it_is_opened(
    old: str, capsys: pytest.CaptureFixture[str], assert_whole: Callable[[Book], Any]
) -> None:
    """By any command, said once on stderr; only the index grows, and verify holds."""
    opened = open_book(old)
    assert opened.format == 1
    before = opened.head()
    opened.close()
    assert "refs" in _failing(old), "without its index an old book would not verify"
    assert run(["programs", "--book", old, "--format", "json"]) == 0
    told = capsys.readouterr()
    assert f"up to format {INDEX_FORMAT}: its index only." in told.err
    assert PROGRAM in told.out
    book = open_book(old)
    assert (book.format, book.head()) == (INDEX_FORMAT, before)
    assert _scalar(book, QUOTES) == 2
    assert_whole(book)
    book.close()
    assert _failing(old) == {}
    assert run(["verify", "--book", old]) == 0
    assert "format" not in capsys.readouterr().err, "the second time there is nothing to tell"


def test_what_an_upgraded_book_settles_rests_on_its_rates(old: str) -> None:
    """The lines are those that a book made today has, and it can be closed."""
    book = open_book(old)
    bring_index_up(book)
    assert len(book.notes) == 1
    bring_index_up(book)
    assert len(book.notes) == 1, "a second time changes nothing"
    with pytest.raises(OlderBook, match="format 4"):
        Quarter(book, Path()).close()
    assert upgrade(book, by="lin", agree=lambda _: False)["was"] == INDEX_FORMAT == book.format
    upgrade(book, by="lin")
    assert book.format == FORMAT
    kept = f"SELECT value FROM duebook_meta WHERE key = 'upgraded to {FORMAT}'"
    assert _scalar(book, kept) == f"from {INDEX_FORMAT} by lin"
    assert upgrade(book, by="ana")["was"] == FORMAT, "a second time changes nothing"
    assert _scalar(book, kept) == f"from {INDEX_FORMAT} by lin"
    with book.reading() as connection:
        clocks = Clocks(NOW, book.head().position)
        edition = published_edition(connection, PROGRAM, clocks)
        lines = settle(connection, edition, clocks).lines
    assert [(one.outcome, one.held_for) for one in lines] == [("payable", ())] * 2
    quarter = Quarter(book, Path())
    assert quarter.close()["totals"] == {"CNY": "4000.00"}
    assert quarter.failing() == {}
    book.close()


def test_an_old_book_that_may_only_be_read_is_refused(old: str) -> None:
    """Never read with an index that lacks something; who may write opens it once."""
    book = open_book(old, readonly=True)
    with pytest.raises(OlderBook) as refused:
        bring_index_up(book)
    assert "was made by an older duebook" in refused.value.sentence
    assert "duebook programs --book" in refused.value.hint
    assert _scalar(book, QUOTES) == 0
    book.close()
    assert open_book(old).format == 1


@on_sqlite
def test_an_old_read_only_file_is_answered_and_stays_as_it_is(
    old: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a copy of it, with its index brought up to date."""
    Path(old).chmod(0o444)
    before = Path(old).read_bytes()
    assert run(["settle", PROGRAM, "--book", old]) == 0
    assert PROGRAM in capsys.readouterr().out
    assert Path(old).read_bytes() == before


def test_an_upgrade_that_fails_leaves_the_old_book(
    old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Index and format change in one transaction."""
    book = open_book(old)

    def full(*given: Any) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ledger.usecases.verifying.upgrade.update", full)
        with pytest.raises(OSError, match="no space"):
            upgrade(book, by="lin")
    assert _scalar(book, QUOTES) == 0
    assert _scalar(book, "SELECT value FROM duebook_meta WHERE key = 'format'") == "1"
    upgrade(book, by="lin")
    assert _scalar(book, QUOTES) == 2
    book.close()
