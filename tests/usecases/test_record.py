"""What is no fact is refused, with its place and the next step, and nothing is recorded."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import MissingFile
from ledger.store.book import Book
from tests.marks import decision, more

Record = Callable[..., Any]
AT = "2026-02-01T08:00:00Z"
GOOD = {"type": "PartnerCertified", "at": AT, "partner": "P-1"}
GMV = {
    "type": "GMVRecorded",
    "at": AT,
    "store": "S-1",
    "day": "2026-01-31",
    "amount": "10.00",
    "currency": "CNY",
    "basis": "settled",
}
WITHDRAWAL = {"type": "FactWithdrawn", "at": AT, "reason": "wrong store"}


def of(fact: dict[str, Any], **changed: Any) -> str:
    """The fact's line with some fields changed; None leaves one out."""
    return json.dumps({k: v for k, v in {**fact, **changed}.items() if v is not None})


COMPACT = json.dumps(GMV, separators=(",", ":"))
ROWS = [
    ("bad_json", "{'type': 'StoreVerified'}", "found", "one JSON object a line"),
    ("bad_json", "[1, 2]", "found a list", "one fact a line"),
    ("bad_json", "17", "found a number", "one fact a line"),
    ("bad_json", of(GMV, amount=float("nan")), "expected value", "one JSON object a line"),
    ("bad_json", "[" * 100_000, "recursion", "one JSON object a line"),
    ("bad_json", of(GMV)[:-1] + ', "store": "S-2"}', "'store' appears twice", "once"),
    ("bad_json", COMPACT[:-1] + ',"store" :"S-2"}', "'store' appears twice", "once"),
    ("not_text", of(GMV, store="S\0").replace("\\u0000", "\0"), "NUL", "UTF-8"),
    ("unknown_type", of(GMV, type="GMVRecord"), "'GMVRecord'", "Did you mean GMVRecorded?"),
    ("unknown_type", of(GMV, type="Weather"), "'Weather'", "duebook facts"),
    ("unknown_type", of(GMV, type=7), "7", "duebook facts"),
    ("missing_field", of(GMV, type=None), "'type' is missing", "Say what happened"),
    ("missing_field", of(GMV, at=None), "'at' is missing", "Say when it happened"),
    ("missing_field", of(GMV, store=None), "needs the field 'store'", "duebook facts"),
    ("missing_field", of(GMV, amount=None), "needs the field 'amount'", "duebook facts"),
    ("invalid_field", of(GMV, stor="S-1"), "no field 'stor'", "Did you mean 'store'?"),
    ("invalid_field", of(GMV, store="S 1"), "store: found 'S 1'", "duebook facts"),
    ("invalid_field", of(GMV, store="S" * 65), "store: found", "duebook facts"),
    ("invalid_field", of(GMV, store=""), "store: found ''", "duebook facts"),
    ("invalid_field", of(GMV, store=1), "store: found '1'", "duebook facts"),
    ("invalid_field", of(GMV, basis="net"), "'placed' or 'settled'", "duebook facts"),
    ("invalid_field", of(GMV, day="2026-02-30"), "day: found", "duebook facts"),
    ("invalid_field", of(GMV, orders=-1), "orders: found '-1'", "duebook facts"),
    ("invalid_field", of(GMV, at="2026-02-30T08:00:00Z"), "at: ", "2026-01-10T09:00:00+08:00"),
    ("invalid_field", of(GMV, at="1 February 2026"), "at: ", "2026-01-10T09:00:00+08:00"),
    ("invalid_field", of(GMV, at="0001-01-01T00:00:00+08:00"), "at: ", ""),
    ("invalid_field", of(GMV, by=["me"]), "by: found", "200"),
    ("invalid_field", of(WITHDRAWAL, position=3, id="x"), "not both", "duebook facts"),
    ("invalid_field", of(WITHDRAWAL), "not both", "duebook facts"),
    ("invalid_field", of(WITHDRAWAL, position=0), "position: found '0'", "duebook facts"),
    ("no_zone", of(GMV, at="2026-02-01T08:00:00"), "no zone", "Z for UTC"),
    ("in_future", of(GMV, at="2026-11-21T12:00:01Z"), "2026-11-21T12:00:00Z", "correct the date"),
    ("in_future", of(GMV, at="2026-11-21T12:00:00-00:01"), "is in the future", "its zone"),
    ("bad_amount", of(GMV, amount=10.5), "amount: 10.5 is a bare number", '"10.5"'),
    ("bad_amount", of(GMV, amount=10), "amount: 10 is a bare number", '"10"'),
    ("bad_amount", of(GMV, amount="NaN"), "amount: 'NaN'", "digits and one point"),
    ("bad_amount", of(GMV, amount="1e3"), "amount: '1e3'", "digits and one point"),
    ("bad_amount", of(GMV, amount="1,000.00"), "amount: '1,000.00'", 'Write "1000.00"'),
    ("bad_amount", of(GMV, amount="１０"), "amount: '１０'", "digits and one point"),
    ("bad_amount", of(GMV, amount="1" * 19), "more than 18 digits", "Check the amount"),
    ("bad_amount", of(GMV, amount="1.005"), "3 decimals; CNY has 2", "to 2 decimals"),
    ("bad_amount", of(GMV, amount="100.5", currency="JPY"), "JPY has 0", "to 0 decimals"),
    ("unknown_currency", of(GMV, currency="RMB"), "currency: 'RMB'", "CNY or EUR"),
    ("unknown_currency", of(GMV, currency="cny"), "currency: 'cny'", "CNY or EUR"),
    ("unknown_currency", of(GMV, currency="USD.AD"), "currency: 'USD.AD'", "CNY or EUR"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "row", "error", "hint"), ROWS, ids=[f"{row[0]}-{n}" for n, row in enumerate(ROWS)]
)
@decision
def test_a_row_that_is_no_fact_is_refused_with_its_place(
    book: Book, record_facts: Record, code: str, row: str, error: str, hint: str
) -> None:
    """File, line, code, what was found and what to do; the good row beside it waits too."""
    head = book.head()
    answer = record_facts(book, [GOOD], f"\n{json.dumps(GOOD)}\n{row}\n")
    (rejected,) = answer.rejected
    assert (rejected.code, rejected.line) == (code, 3)
    assert rejected.file.endswith("1-facts.ndjson")
    assert error in rejected.error
    assert hint in rejected.hint
    assert (answer.recorded, answer.receipt) == (0, head.receipt)
    assert book.head() == head


def test_every_bad_row_is_told_at_once_and_in_order(book: Book, record_facts: Record) -> None:
    """One run finds all that is wrong, in the order of the files and lines."""
    text = "\n".join(row for _, row, _, _ in ROWS)
    answer = record_facts(book, text, text)
    assert [one.code for one in answer.rejected] == [row[0] for row in ROWS] * 2
    assert [one.line for one in answer.rejected] == [*range(1, len(ROWS) + 1)] * 2
    assert [one.file[-14:] for one in answer.rejected] == (
        ["0-facts.ndjson"] * len(ROWS) + ["1-facts.ndjson"] * len(ROWS)
    )
    assert all(one.hint for one in answer.rejected)


@pytest.mark.parametrize("name", ["facts.ndjson", "facts.csv"])
def test_a_file_in_utf_16_is_read_as_what_it_is(
    book: Book, record_facts: Record, name: str
) -> None:
    """What a spreadsheet saves as "Unicode text" begins with a mark that says so."""
    content = "type,at,partner\nPartnerCertified,2026-02-01T08:00:00Z,P-1\n".encode("utf-16")
    answer = record_facts(book, content, name=name)
    assert (answer.recorded, answer.rejected[:]) == (1, [])


def test_a_line_that_is_cut_off_says_that_the_input_ended(book: Book, record_facts: Record) -> None:
    """A sender that stopped early is told apart from one that writes bad JSON."""
    answer = record_facts(book, json.dumps(GOOD) + "\n" + json.dumps(GMV)[:40])
    (rejected,) = answer.rejected
    assert (rejected.code, rejected.line) == ("bad_json", 2)
    assert "ends in the middle of a line" in rejected.error
    assert "send the whole input again" in rejected.hint


def test_a_line_of_two_mebibytes_is_too_long(book: Book, record_facts: Record) -> None:
    """It is skipped to its end, and the lines after it are read with their own numbers."""
    long = of(GOOD, name="x" * 2 * 1024 * 1024)
    answer = record_facts(book, f"{json.dumps(GOOD)}\n{long}\n17\n")
    assert [(one.line, one.code) for one in answer.rejected] == [
        (2, "line_too_long"),
        (3, "bad_json"),
    ]
    assert "1,048,576 bytes" in answer.rejected[0].error


@pytest.mark.parametrize(("over", "code"), [(0, "invalid_field"), (1, "line_too_long")])
def test_a_line_may_be_exactly_one_mebibyte(
    book: Book, record_facts: Record, over: int, code: str
) -> None:
    """The limit is on the line without its end, whichever end that is."""
    shell = len(of(GOOD, name=""))
    line = of(GOOD, name="x" * (1024 * 1024 - shell + over))
    assert len(line) == 1024 * 1024 + over
    for end in ("\n", "\r\n", ""):
        answer = record_facts(book, json.dumps(GOOD) + "\n" + line + end)
        assert [(one.line, one.code) for one in answer.rejected] == [(2, code)]


MEASURED = """
import resource, sys
from ledger.kernel.instants import parse_instant
from ledger.store.book import open_book
from ledger.usecases.recording.record import record
book = open_book(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
answer = record(book, [sys.argv[2]], now=parse_instant("2026-11-21T12:00:00Z"), by="test")
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print([(one.line, one.code) for one in answer.rejected], grown)
"""


@more
@pytest.mark.parametrize("name", ["zeros.ndjson", "zeros.csv"])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_line_of_300_megabytes_is_never_held_in_memory(
    book: Book, tmp_path: Path, name: str
) -> None:
    """A disk image sent by mistake is refused in the memory of an ordinary line."""
    with (tmp_path / name).open("wb") as file:
        file.write(f"type,at,partner\n{json.dumps(GOOD)}\n".encode())
        file.seek(300_000_000, os.SEEK_CUR)
        file.write(b"\n17\n")
    out = subprocess.run(
        [sys.executable, "-c", MEASURED, book.location, str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    ).stdout
    rejections, _, kilobytes = out.rpartition(" ")
    assert "(3, 'line_too_long')" in rejections
    assert ", (4, '" in rejections, "the line after it is still read"
    assert int(kilobytes) < 40_000


@pytest.mark.parametrize("name", ["facts.ndjson", "facts.csv"])
@pytest.mark.parametrize("content", [b"", b"\n", b" \n\r\n"])
@decision
def test_an_empty_file_is_refused(
    book: Book, record_facts: Record, name: str, content: bytes
) -> None:
    """Blank lines are nothing, too: more often a failed export than a day without facts."""
    head = book.head()
    answer = record_facts(book, content, name=name)
    assert [(one.line, one.code) for one in answer.rejected] == [(0, "empty_file")]
    assert "Export it again" in answer.rejected[0].hint
    assert book.head() == head


def test_a_file_that_is_not_there_stops_the_whole_call(
    book: Book, record_facts: Record, tmp_path: Path, now: int
) -> None:
    """Nothing of the other files is recorded either; a folder is no file."""
    from ledger.usecases.recording.record import record

    head = book.head()
    (tmp_path / "good.ndjson").write_text(json.dumps(GOOD))
    for missing in (tmp_path / "nosuch.ndjson", tmp_path):
        with pytest.raises(MissingFile, match="cannot be read"):
            record(book, [str(tmp_path / "good.ndjson"), str(missing)], now=now, by="test")
    assert book.head() == head


def test_with_keep_good_the_good_rows_are_recorded(book: Book, record_facts: Record) -> None:
    """The rejected ones are answered with their data, ready to be fixed and sent again."""
    other = {**GOOD, "partner": "P-2"}
    answer = record_facts(book, [GOOD, {**GMV, "amount": "1e3"}, other], keep_good=True)
    assert answer.recorded == 2
    (rejected,) = answer.rejected
    assert (rejected.line, rejected.code) == (2, "bad_amount")
    assert rejected.raw == {**GMV, "amount": "1e3"}
    assert answer.receipt == book.head().receipt
    mended = {**rejected.raw, "amount": "1000", "error": rejected.error}
    assert record_facts(book, [mended]).recorded == 1


def test_a_dry_run_answers_the_same_and_records_nothing(book: Book, record_facts: Record) -> None:
    """What would be new, known, refused and surprising, at an unchanged head."""
    record_facts(book, [GOOD])
    head = book.head()
    facts = [GOOD, GMV, {**GOOD, "partner": "P-2"}]
    tried = record_facts(book, facts, dry_run=True)
    assert (tried.recorded, tried.known, len(tried.warnings)) == (2, 1, 1)
    assert tried.receipt == head.receipt == book.head().receipt
    done = record_facts(book, facts)
    assert (done.recorded, done.known, done.warnings) == (2, 1, tried.warnings)
    assert record_facts(book, "17\n", dry_run=True).rejected[0].code == "bad_json"


def test_strict_turns_a_warning_into_a_rejection(book: Book, record_facts: Record) -> None:
    """The whole call is refused; with keep_good only the rows that surprise."""
    head = book.head()
    answer = record_facts(book, [GOOD, GMV], strict=True)
    assert [(one.line, one.code) for one in answer.rejected] == [(2, "unknown_store")]
    assert (answer.recorded, answer.warnings) == (0, [])
    assert book.head() == head
    waiting = {**WITHDRAWAL, "id": "not recorded yet"}
    kept = record_facts(book, [GOOD, GMV, waiting], strict=True, keep_good=True)
    assert [one.code for one in kept.rejected] == ["unknown_store", "unknown_fact"]
    assert (kept.recorded, kept.warnings) == (1, [])
