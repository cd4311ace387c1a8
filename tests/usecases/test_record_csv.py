"""Facts as a spreadsheet saves them: CSV with a header, whatever its line ends."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.store.book import Book
from tests.marks import decision, sql

pytestmark = decision

Record = Callable[..., Any]
AT = "2026-02-01T08:00:00Z"
HEADER = "type,at,partner,name,services\n"
ROWS = f"PartnerCertified,{AT},P-1,,\nPartnerCertified,{AT},P-2,,\n"


def rejections(answer: Any) -> list[tuple[int, str]]:
    return [(one.line, one.code) for one in answer.rejected]


@pytest.fixture
def certified(read_facts: Callable[[Book], list[Any]]) -> Callable[[Book], dict[str, Any]]:
    """What the book holds of partners, by their ids."""
    return lambda book: {one.event.partner: one.event for one in read_facts(book)}


@pytest.mark.parametrize("bom", ["", "\ufeff"], ids=["plain", "bom"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "open"])
def test_every_way_to_end_a_line_gives_the_same_facts(
    book: Book,
    record_facts: Record,
    certified: Callable[[Book], dict[str, Any]],
    bom: str,
    end: str,
    last: bool,
) -> None:
    """A byte order mark, CRLF, blank lines and a missing last line end are no part of a fact."""
    text = bom + (HEADER + "\n" + ROWS + ",,,,\n   \n").replace("\n", end)
    answer = record_facts(book, text if last else text.rstrip(), name="facts.csv")
    assert (answer.recorded, answer.rejected) == (2, [])
    assert sorted(certified(book)) == ["P-1", "P-2"]
    assert all(one.name is None for one in certified(book).values())
    again = record_facts(book, HEADER + ROWS, name="facts.csv")
    assert (again.recorded, again.known) == (0, 2)


def test_rows_keep_the_number_of_their_line(
    book: Book, record_facts: Record, read_facts: Callable[[Book], list[Any]]
) -> None:
    """Blank lines count, so that an editor finds the row."""
    text = f"{HEADER}\nPartnerCertified,{AT},P-1,,\n\n\nPartnerCertified,{AT},P 2,,\n"
    assert rejections(record_facts(book, text, name="facts.csv")) == [(6, "invalid_field")]
    record_facts(book, text, name="facts.csv", keep_good=True)
    assert [one.row for one in read_facts(book)] == [3]


def test_lists_are_written_with_semicolons(
    book: Book, record_facts: Record, certified: Callable[[Book], dict[str, Any]]
) -> None:
    """And quoted cells may hold commas, quotes and line ends."""
    text = (
        f"{HEADER}PartnerCertified,{AT},P-1,,escort; delivery ;training\n"
        f'PartnerCertified,{AT},P-2,"Bridge, ""B"" & Co","one"\n'
    )
    assert record_facts(book, text, name="facts.csv").recorded == 2
    assert certified(book)["P-1"].services == ("escort", "delivery", "training")
    assert certified(book)["P-2"].name == 'Bridge, "B" & Co'
    assert certified(book)["P-2"].services == ("one",)


def test_a_type_may_be_given_for_the_whole_file(
    book: Book, record_facts: Record, certified: Callable[[Book], dict[str, Any]]
) -> None:
    """Without a column `type`; a row that names another type keeps it."""
    answer = record_facts(
        book, f"at,partner\n{AT},P-1\n", name="a.csv", default_type="PartnerCertified"
    )
    assert answer.recorded == 1
    mixed = f"type,at,partner,reason\n,{AT},P-2,\nPartnerTerminated,{AT},P-1,behind\n"
    again = record_facts(book, mixed, name="b.csv", default_type="PartnerCertified")
    assert (again.recorded, again.rejected) == (2, [])
    assert {"P-1", "P-2"} == set(certified(book))


@sql
def test_the_same_fact_from_csv_and_ndjson_is_known(book: Book, record_facts: Record) -> None:
    """The format that a fact came in is no part of it."""
    gmv = "GMVRecorded,2026-02-01T08:00:00Z,S-1,2026-01-31,10,CNY,settled,3\n"
    csv = "type,at,store,day,amount,currency,basis,orders\n" + gmv
    assert record_facts(book, csv, name="gmv.csv").recorded == 1
    fact = {
        "type": "GMVRecorded",
        "at": "2026-02-01T16:00:00+08:00",
        "store": "S-1",
        "day": "2026-01-31",
        "amount": "10.00",
        "currency": "CNY",
        "basis": "settled",
        "orders": 3,
    }
    answer = record_facts(book, [fact])
    assert (answer.recorded, answer.known) == (0, 1)


BAD = {
    "no column at": ("type,partner\nPartnerCertified,P-1\n", 1, "missing_field", "no column 'at'"),
    "no column type": (f"at,partner\n{AT},P-1\n", 1, "missing_field", "--type"),
    "doubled column": (f"type,at,at\nx,{AT},{AT}\n", 1, "invalid_field", "appears twice"),
    "too few cells": (
        f"{HEADER}PartnerCertified,{AT}\n",
        2,
        "invalid_field",
        "2 cells, expected 5",
    ),
    "too many cells": (f"{HEADER}PartnerCertified,{AT},P,a,b,c\n", 2, "invalid_field", "6 cells"),
    "unknown column": (f"type,at,partnr\nPartnerCertified,{AT},P\n", 2, "invalid_field", "partner"),
    "empty required cell": (
        f"{HEADER}PartnerCertified,{AT},,n,\n",
        2,
        "missing_field",
        "'partner'",
    ),
    "empty type": (f"{HEADER},{AT},P-1,,\n", 2, "missing_field", "'type'"),
    "quote left open": (f'{HEADER}PartnerCertified,{AT},"P-1,,\n', 2, "invalid_field", "not CSV"),
    "field and its part": (
        f"type,at,partner,name,name.first\nPartnerCertified,{AT},P-1,Ann,A\n",
        2,
        "invalid_field",
        "name",
    ),
    "NUL": (f"{HEADER}PartnerCertified,{AT},P\0,,\n", 2, "not_text", "NUL"),
    "semicolons for commas": ("type;at;partner\nx;y;z\n", 1, "missing_field", "type;at;partner"),
}


@pytest.mark.parametrize(("text", "line", "code", "says"), BAD.values(), ids=BAD)
def test_a_table_that_cannot_be_read_is_refused_with_its_place(
    book: Book, record_facts: Record, text: str, line: int, code: str, says: str
) -> None:
    """The header is refused once, not with every row under it."""
    head = book.head()
    answer = record_facts(book, text, name="facts.csv")
    assert rejections(answer) == [(line, code)]
    assert says in answer.rejected[0].error + answer.rejected[0].hint
    assert answer.rejected[0].file.endswith("facts.csv")
    assert book.head() == head


def test_a_column_that_the_type_needs_is_missed_in_the_header(
    book: Book, record_facts: Record
) -> None:
    """With one type for the file, the header says already that every row would fail."""
    answer = record_facts(book, f"at,name\n{AT},n\n", name="f.csv", default_type="PartnerCertified")
    assert rejections(answer) == [(1, "missing_field")]
    assert "'partner', which PartnerCertified needs" in answer.rejected[0].error


def test_bytes_that_are_not_utf_8_are_refused_with_their_row(
    book: Book, record_facts: Record
) -> None:
    """The other rows are still read, so that all faults show at once."""
    text = f"{HEADER}PartnerCertified,{AT},P-1,Böhm,\n".encode("latin-1") + b"x,y\n"
    answer = record_facts(book, text, name="facts.csv")
    assert rejections(answer) == [(2, "not_text"), (3, "invalid_field")]
