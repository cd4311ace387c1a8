"""Receipts: what somebody was told about the log must still be true."""

from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.counted import counted
from ledger.programs.registry import shipped
from ledger.store.book import Book
from ledger.store.receipts import BadReceipt, kept_receipts, parse_receipt
from ledger.usecases.terms.publish import publish
from ledger.usecases.verifying import verify as verifying
from ledger.usecases.verifying.verify import Check, verify

EMPTY = 1 + len(shipped())
"""The head of a book as `init` leaves it: opened, and each shipped edition published."""


def _receipts(book: Book, *given: str) -> Check:
    receipts = [parse_receipt(one, "--receipt") for one in given]
    checks = {one.name: one for one in verify(book, receipts, lambda what, more: None)}
    assert all(one.ok for name, one in checks.items() if name != "receipts"), checks
    return checks["receipts"]


def test_the_receipt_of_every_write_holds(book: Book) -> None:
    """What `init` answered holds on both databases; beside a SQLite book it is also kept."""
    kept = 0 if book.path is None else 1
    check = _receipts(book, book.head().receipt)
    assert (True, f"{kept + 1} hold") == (check.ok, check.detail)
    assert kept == len(kept_receipts(book))


@pytest.mark.parametrize(
    ("position", "flipped"),
    [(1, True), (EMPTY, True), (1, False), (EMPTY + 1, False), (10**9, False)],
)
def test_a_false_receipt_that_is_given_is_named(book: Book, position: int, flipped: bool) -> None:
    """Another hash at a position, the right hash at another position, a position never reached."""
    digest = book.head().hash.hex()
    if flipped:
        digest = f"{int(digest, 16) ^ 1:064x}"
    check = _receipts(book, f"{position}:{digest}")
    assert not check.ok
    assert check.detail.startswith(f"receipt for position {position} (--receipt) does not hold")
    below = f"the log ends at {EMPTY}, {counted(position - EMPTY, 'event')} below its last receipt"
    assert (position > EMPTY) == (below in check.detail)


@pytest.mark.parametrize("text", ["", "2", "2:", "2:abc", f"-2:{'0' * 64}", f"2:{'0' * 65}", "no"])
def test_a_text_that_is_no_receipt_is_refused(text: str) -> None:
    """A receipt reads POSITION:HASH; the place it came from is named."""
    with pytest.raises(BadReceipt, match="is not a receipt \\(line 4\\)"):
        parse_receipt(text, "line 4")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("cut", ["2", "2:", "2:00ff", f"3:{'0' * 64}", "3"])
def test_a_last_line_that_a_crash_cut_off_is_no_receipt(book: Book, cut: str) -> None:
    """Nobody was told of it: only whole lines count."""
    assert book.path is not None
    path = Path(f"{book.path}.receipts")
    path.write_text(path.read_text("utf-8") + cut, encoding="utf-8")
    assert (_receipts(book).ok, _receipts(book).detail) == (True, "1 hold")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_false_receipt_beside_the_book_is_named_with_its_line(book: Book) -> None:
    """So that one can find who was told something else."""
    assert book.path is not None
    path = Path(f"{book.path}.receipts")
    path.write_text(path.read_text("utf-8") + f"2:{'0' * 64}\n", encoding="utf-8")
    check = _receipts(book)
    expected = f"receipt for position 2 ({path.name} line 2) does not hold"
    assert (False, expected) == (check.ok, check.detail)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_write_during_the_check_is_no_fault(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its receipt is of an event that the check does not see yet."""
    real = verifying._log

    def log(*arguments: Any) -> Any:
        found = real(*arguments)
        publish(book, shipped()[0].model_copy(update={"publisher": "acme"}), "lin")
        return found

    monkeypatch.setattr(verifying, "_log", log)
    assert _receipts(book).ok
    assert book.head().position == EMPTY + 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_book_whose_receipts_were_taken_away_still_verifies(book: Book) -> None:
    """They are a convenience beside the book; a receipt that was given is what proves a cut."""
    assert book.path is not None
    receipt = book.head().receipt
    Path(f"{book.path}.receipts").unlink()
    assert _receipts(book, receipt).detail == "1 hold"
