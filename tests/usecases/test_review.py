"""What a review found: each of these was wrong once."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book, open_book
from ledger.store.receipts import kept_receipts
from ledger.usecases.init import init
from ledger.usecases.recording.record import RecordAnswer, record
from ledger.usecases.settling.settle import published_edition, settle
from ledger.usecases.verifying.verify import verify
from projections.reading import report

Record = Callable[..., RecordAnswer]
AT = {"at": "2026-02-01T08:00:00Z"}
CLOSED = {"type": "StoreClosed", **AT, "store": "S-1", "reason": "other", "id": "x1"}
BY_ID = {"type": "FactWithdrawn", **AT, "id": "x1", "reason": "wrong"}
FOREVER = 2**62


def failing(book: Book) -> dict[str, str]:
    return {c.name: c.detail for c in verify(book, [], lambda what, more: None) if not c.ok}


def test_two_withdrawals_may_wait_for_one_fact(book: Book, record_facts: Record) -> None:
    """The first one lifts it; the log and its indexes agree about that."""
    record_facts(book, [BY_ID])
    record_facts(book, [{**BY_ID, "reason": "again"}, {**BY_ID, "reason": "and again"}])
    record_facts(book, [CLOSED])
    assert failing(book) == {}


def test_two_withdrawals_of_one_fact_in_one_call(book: Book, record_facts: Record) -> None:
    """By id and by position: the second finds nothing, and the call is recorded."""
    position = record_facts(book, [CLOSED]).position
    by_position = {"type": "FactWithdrawn", **AT, "position": position, "reason": "wrong"}
    answer = record_facts(book, [BY_ID, by_position])
    assert [one.code for one in answer.warnings] == ["unknown_fact"]
    assert failing(book) == {}


@pytest.mark.parametrize("number", range(6))
def test_of_two_onboardings_at_once_the_exception_names_the_one_that_does_not_count(
    book: Book, record_facts: Record, number: int
) -> None:
    """The report and the settlement put equal instants in the same order."""
    onboarded = {"type": "MerchantOnboarded", **AT, "store": "S-1", "market": "EU"}
    one = {**onboarded, "merchant": f"M-{number}", "partner": "P-1"}
    other = {**onboarded, "merchant": f"M-{number}", "partner": "P-2"}
    record_facts(book, [one, other])
    named = [r["position"] for r in report(book, "exceptions").rows if "twice" in r["code"]]
    with book.reading() as connection:
        clocks = Clocks(FOREVER, book.head().position)
        edition = published_edition(connection, "recruiting-eu-jp-2026q1", clocks)
        (line,) = settle(connection, edition, clocks).lines
    assert len(named) == 1
    award = line.explanation.parts[-1]
    assert award.label == "award"
    assert named[0] not in award.events
    assert {named[0], *award.events} == set(line.explanation.events)


def test_a_writer_whose_clock_is_behind_finds_what_the_book_holds(
    book: Book, record_facts: Record, write_facts: Callable[..., Any], now: int
) -> None:
    """A second entry of one feed would look like tampering."""
    gmv = {"type": "GMVRecorded", "store": "S-1", "day": "2026-01-31", "amount": "1.00"}
    gmv |= {"currency": "EUR", "basis": "settled"}
    record_facts(book, [{**gmv, "at": "2026-11-21T11:59:00Z"}])
    record(book, [str(write_facts([{**gmv, **AT}]))], now=now - 120_000_000, by="test")
    assert failing(book) == {}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_receipt_after_one_that_was_cut_off_stands_on_its_own(
    book: Book, record_facts: Record
) -> None:
    """A crash in the middle of a receipt must not spoil the next one."""
    assert book.path is not None
    path = Path(f"{book.path}.receipts")
    path.write_text(path.read_text("utf-8") + "3:abc4", encoding="utf-8")
    answer = record_facts(book, [CLOSED])
    assert kept_receipts(book)[-1].position == answer.position
    assert failing(book) == {}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_is_recorded_is_answered_although_its_receipt_cannot_be_kept(
    book: Book, record_facts: Record
) -> None:
    """The book notes it; the answer carries the receipt."""
    path = Path(f"{book.path}.receipts")
    path.unlink()
    path.mkdir()
    answer = record_facts(book, [CLOSED])
    assert answer.recorded == 1
    assert answer.receipt in book.notes[0]


KILLED = """
import os, sys
import ledger.usecases.init as usecase
usecase.append_terms = lambda *ignored: os._exit(9)
usecase.init(sys.argv[1], "platform")
"""


def test_an_init_that_was_killed_can_be_done_again(tmp_path: Path) -> None:
    """It leaves nothing at its place: the book is made beside it, and renamed when it is whole."""
    path = str(tmp_path / "book.db")
    killed = subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert (killed.returncode, os.path.exists(path)) == (9, False)
    init(path, "platform")[0].close()
    book = open_book(path)
    assert failing(book) == {}
    book.close()


def test_a_stray_quote_in_a_csv_loses_no_row(book: Book, tmp_path: Path) -> None:
    """Every line that it swallows is rejected with its text."""
    rows = [f"PartnerCertified,2026-01-0{n}T00:00:00Z,P-{n}" for n in range(1, 8)]
    rows[2] = rows[2].replace("P-3", '"P-3')
    file = tmp_path / "partners.csv"
    file.write_text("type,at,partner\n" + "\n".join(rows) + "\n", encoding="utf-8")
    now = parse_instant("2026-11-21T12:00:00Z")
    answer: Any = record(book, [str(file)], now=now, by="test", keep_good=True)
    assert answer.recorded == 2
    assert [(one.line, one.raw) for one in answer.rejected] == list(enumerate(rows[2:], 4))
