"""Where the table of an export lies: footers, other tables, archives, headers of two rows."""

import io
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from ledger.intake.tables.table import DIRECT_FROM_BYTES
from ledger.kernel.errors import Refusal
from tests.mapping_files import compared, orders, said_of, table
from tests.platform_files import read_orders

FEES = """
[file]
%s
[columns]
order_id = "Order"
amount = "Fee"
currency = { constant = "CNY" }
"""
WECHAT = """\ufeffTime,Order,Status,Fee
`2025-11-03 10:00:00,`1001,`SUCCESS,`-7.23
`2025-11-03 11:00:00,`1002,`REFUND,`0.03
Orders in total,Fees in total
`2,`-7.20
"""


def workbook(*rows: list[Any]) -> bytes:
    """A workbook of one sheet."""
    from xlsxwriter import Workbook

    packed = io.BytesIO()
    with Workbook(packed) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    return packed.getvalue()


ROWS = 90_000


def large(head: str, end: str = "") -> str:
    """A file of `ROWS` rows, too large to be written anew where it need not be."""
    note = "x" * 90
    content = head + "".join(f"{at},-1.00,{note}\n" for at in range(ROWS)) + end
    assert len(content) > DIRECT_FROM_BYTES
    return content


def zipped(files: dict[str, bytes], flags: int = 0) -> bytes:
    """An archive of some files, with flags of its entries."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    raw = bytearray(packed.getvalue())
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.find(sign) + at] |= flags
    return bytes(raw)


def test_a_table_ends_where_the_mapping_says_and_signs_are_taken_off_every_cell(
    tmp_path: Path,
) -> None:
    """As in WeChat Pay's bills: a backtick before every cell, and a second table of totals."""
    mapping = FEES % 'strip = "`"\nuntil = "Orders in total"\n[rows]\nonly = { Status = "SUCCESS" }'
    assert compared(tmp_path, WECHAT, mapping) == [("1001", "-7.23")]


def test_signs_are_taken_off_the_cells_of_a_workbook_too(tmp_path: Path) -> None:
    """Numbers stay numbers, and texts lose the sign."""
    content = workbook(["Order", "Fee"], ["`1001", -7.23], ["`1002", "`0.03"])
    found = compared(tmp_path, content, FEES % 'strip = "`"', "f.xlsx")
    assert found == [("1001", "-7.23"), ("1002", "0.03")]


def test_an_archive_of_one_file_is_read_as_that_file(tmp_path: Path) -> None:
    """Platforms deliver bills so; what a Mac puts beside is no file."""
    content = zipped({"bills/1900.csv": b"Order,Fee\n1,-2.00\n", "__MACOSX/._1900.csv": b"x"})
    assert compared(tmp_path, content, FEES % "", "bill.zip") == [("1", "-2.00")]
    read = orders(
        tmp_path,
        zipped({"o.csv": b"Order,At\n1,2025-11-03T10:00:00Z\n"}),
        '[columns]\norder_id = "Order"\ncreated_at = "At"\n'
        'amount = { constant = "1" }\ncurrency = { constant = "CNY" }',
    )
    assert read.orders == [("1", "1.00 CNY", "2025-11-03T10:00:00Z")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped({"a.csv": b"Order,Fee\n", "汇总.csv": b"x\n"}), "2 files, expected one; found 'a"),
        (zipped({"a.csv": b"Order,Fee\n"}, flags=1), "is packed with a password"),
        (zipped({"a.zip": zipped({"b.csv": b"Order,Fee\n"})}), "is packed twice"),
    ],
)
def test_any_other_archive_is_refused_with_what_is_in_it(
    tmp_path: Path, content: bytes, said: str
) -> None:
    """Which file of several is meant is not guessed."""
    told = said_of(compared, tmp_path, content, FEES % "", "bill.zip")
    assert said in told
    assert "npack" in told


def test_quotes_inside_of_cells_are_text_where_the_mapping_says_that_none_are_around_them(
    tmp_path: Path,
) -> None:
    """As in Amazon's flat files, where a title may begin with a quote."""
    content = 'Order\tTitle\tFee\n1\t"Deluxe" 12" pan\t-1.00\n2\tPan 9"\t-2.00\n'
    assert "not CSV" in said_of(compared, tmp_path, content, FEES % "")
    assert compared(tmp_path, content, FEES % 'quote = ""') == [("1", "-1.00"), ("2", "-2.00")]


def test_blank_cells_at_the_end_may_be_left_out_where_the_mapping_says_so(tmp_path: Path) -> None:
    """Else a row that is short is one that was cut off."""
    content = "Order,Fee,Note\n1,-1.00\n2,-2.00,x\n"
    assert "cells" in said_of(compared, tmp_path, content, FEES % "")
    assert compared(tmp_path, content, FEES % "ragged = true") == [("1", "-1.00"), ("2", "-2.00")]


def test_a_header_of_two_rows_has_the_lowest_names(tmp_path: Path) -> None:
    """Cells are merged across above, and down where there is no name below."""
    content = workbook(
        ["Income report", ""],
        ["Order", "Fees", "", "Total"],
        ["", "Commission", "Service", ""],
        ["1", "-3.21", "-1", "2.00"],
    )
    mapping = """
[file]
header_rows = 2
[columns]
order_id = "Order"
amount = { sum = ["Commission", "Service"] }
currency = { constant = "CNY" }
settlement = "Total"
"""
    assert compared(tmp_path, content, mapping, "f.xlsx") == [("1", "-4.21")]


def test_two_columns_of_one_name_are_told_apart_by_their_numbers(tmp_path: Path) -> None:
    """Counted from the left; the name alone is refused with both."""
    head = ("Order", "State", "Fee", "State")
    content = table(head, ("1", "Paid", "-1.00", "Sonora"), ("2", "Void", "-2.00", ""))
    rows = '[rows]\nonly = {{ "{}" = "Paid" }}'
    said = said_of(compared, tmp_path, content, FEES % rows.format("State"))
    assert "'State (1)' or 'State (2)'" in said
    assert compared(tmp_path, content, FEES % rows.format("State (1)")) == [("1", "-1.00")]


def test_a_column_that_decides_which_rows_count_has_to_be_there(tmp_path: Path) -> None:
    """Else a word that is misspelt would leave out every row."""
    content = table(("Order", "Fee", "Status"), ("1", "-1.00", "Paid"))
    said = said_of(compared, tmp_path, content, FEES % '[rows]\nonly = { Statsu = "Paid" }')
    assert "nothing gives Statsu" in said
    assert "'Status'" in said


def test_a_row_of_totals_is_known_by_how_its_first_cell_begins(tmp_path: Path) -> None:
    """`*` stands for the number of orders, and the sum is checked."""
    content = "Order,Fee\n1,-1.00\n2,-2.00\nTotal (2 orders),{}\n"
    mapping = FEES % 'totals = "Total (*)"'
    assert compared(tmp_path, content.format("-3.00"), mapping) == [("1", "-1.00"), ("2", "-2.00")]
    assert "totals_differ" in said_of(compared, tmp_path, content.format("-4.00"), mapping)


def test_a_large_file_with_commas_behind_every_row_is_read(tmp_path: Path) -> None:
    """A header and rows with blank cells behind them are no rows of another width."""
    content = large("Order,Fee,Note\n").replace("\n", ",,\n")
    assert len(compared(tmp_path, content, FEES % "")) == ROWS


def test_no_row_of_a_large_file_is_lost_below_a_header_of_several_lines(tmp_path: Path) -> None:
    """A name may hold a line end, and a title may stand above."""
    titled = ('Fees of "May\nOrder,Fee,Note\n', "\n\nOrder,Fee,Note\n")
    mapping = (FEES % "").replace('"Order"', '["Order", "Or der"]')
    for head in ('"Order",Fee,Note\n', '"Or\nder",Fee,Note\n', *titled):
        assert len(compared(tmp_path, large(head), mapping)) == ROWS


def test_the_total_of_a_large_file_is_checked_too(tmp_path: Path) -> None:
    """Of one that is read where it lies, a total that is none is named with its row."""
    head = "Order,Fee,Note\n"
    good = large(head, f"Total,-{ROWS}.00,\n")
    assert len(compared(tmp_path, good, FEES % "")) == ROWS
    said = said_of(compared, tmp_path, large(head, "Total,-1.00,\n"), FEES % "")
    assert f"fees.csv:{ROWS + 2}: totals_differ" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<html><table><tr><td>Order</td></tr></table>", "is HTML or XML"),
        ('<?xml version="1.0"?><Workbook/>', "is HTML or XML"),
        ("%PDF-1.4 ...", "is PDF"),
        ('[\n{"Order": "1"}]', "jq -c"),
    ],
)
def test_what_is_no_table_is_said_to_be_what_it_is(tmp_path: Path, content: str, said: str) -> None:
    """Old exports named `.xls` are pages; a list of JSON is brought into lines by one command."""
    assert said in said_of(compared, tmp_path, content, FEES % "", "report.xls")


def test_a_header_of_other_letters_that_is_not_quoted_is_explained(tmp_path: Path) -> None:
    """TOML takes plain English words for keys without quotes, and no others."""
    said = said_of(compared, tmp_path, "Order,Fee\n", FEES % '[rows]\nonly = { 状态 = "成功" }')
    assert "stands in quotes" in said


def test_a_carriage_return_inside_of_a_cell_ends_no_row(tmp_path: Path) -> None:
    """Not in quotes of our own either: a copy is made in which it is a line end of the cell."""
    header = "Order/adjustment ID,Type,Currency,Total settlement amount,Total revenue,Total fees"
    rows = [
        '1001,Order,CNY,9.00,10.00,-1.00,-1.00,"a\rb"',
        "1002,Order,CNY,9.00,10.00,-1.00,-1.00,c",
    ]
    path = tmp_path / "income.csv"
    text = "\n".join([f"{header},TikTok Shop commission fee,Note", *rows]) + "\n"
    path.write_bytes(text.encode())
    assert read_orders(path, "tiktok-income").orders == [("1001", "-1.00"), ("1002", "-1.00")]


def test_an_archive_with_a_nameless_part_is_no_bug(tmp_path: Path) -> None:
    """What says that it is an archive and is none is refused like any other file."""
    whole = BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("a", b"x,y\n1,2\n")
    raw = whole.getvalue()
    path = tmp_path / "a.zip"
    for at in range(0, len(raw), 3):
        path.write_bytes(raw[:at] + b"\xff" + raw[at + 1 :])
        with suppress(Refusal):
            read_orders(path, "tiktok-income")
