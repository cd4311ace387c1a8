"""TikTok Shop's income file: what is read out of it, and what each bad row is told."""

import runpy
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ledger.intake.platform.rows import BadPlatformFile, Income
from ledger.intake.platform.sheets import rows_of
from ledger.intake.platform.tiktok import Row, read
from ledger.kernel.errors import MissingFile

FILES = Path(__file__).parents[2] / "fixtures" / "platform"
SCRIPT = runpy.run_path(str(FILES / "make_workbooks.py"))
COMMISSION = Income("TT-01").column
HEADER: list[str] = SCRIPT["HEADER"]
USUAL: list[Any] = SCRIPT["USUAL"]
Write = Callable[..., str]


@pytest.fixture
def csv_file(tmp_path: Path) -> Write:
    """Writes rows, the usual header over them unless another is given, as a CSV."""

    def write(
        *rows: list[Any], header: list[str] = HEADER, before: str = "", sep: str = ","
    ) -> str:
        path = tmp_path / "income.csv"
        lines = [sep.join(map(str, row)) for row in [header, *rows]]
        path.write_text(before + "\n".join(lines) + "\n", encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def workbook(tmp_path: Path) -> Write:
    """Writes rows as a workbook of one sheet, whose dimension is understated."""

    def write(*rows: list[Any], header: list[str] = HEADER, sheet: str = "Order details") -> str:
        path = tmp_path / "income.xlsx"
        SCRIPT["write"](path, [(sheet, [header, *rows])])
        return str(path)

    return write


def said(path: str, column: str = COMMISSION) -> list[tuple[int, str, str]]:
    """Each problem of a file: row, code, sentence."""
    with pytest.raises(BadPlatformFile) as caught:
        read(path, column)
    problems: Any = caught.value.facts["problems"]
    return [(one["place"], one["code"], one["sentence"]) for one in problems]


def refused(path: str, column: str = COMMISSION) -> str:
    """The sentence with which a file as a whole is refused."""
    with pytest.raises(BadPlatformFile) as caught:
        read(path, column)
    return caught.value.sentence


def with_cell(name: str, cell: Any) -> list[Any]:
    """The usual row with one other cell."""
    return [cell if one == name else usual for one, usual in zip(HEADER, USUAL, strict=True)]


def plain(rows: list[Row]) -> list[tuple[str, bool, str]]:
    """What the comparison rests on."""
    return [(row.id, row.is_order, row.amount.text) for row in rows]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_the_good_files_give_their_transactions(suffix: str) -> None:
    """Both have a banner, an explaining row, `/`, `-` and blanks, and amounts without cents."""
    rows = read(str(FILES / f"tiktok-income-good.{suffix}"), COMMISSION)
    assert [row.place for row in rows] == [4, 5, 6, 7, 8, 9, 10]
    assert plain(rows) == [
        ("577430000000000001", True, "-6.00"),
        ("577430000000000002", True, "-12.00"),
        ("577430000000000002", True, "2.00"),
        ("577430000000000003", True, "-2.50"),
        ("577430000000000004", True, "-3.20"),
        ("577490000000000001", False, "0.00"),
        ("577490000000000002", False, "0.00"),
    ]


def test_the_workbooks_are_those_that_the_script_makes(tmp_path: Path) -> None:
    """Cell by cell: compressed bytes may differ from one library to the next."""
    for name in ("good", "bad"):
        made = tmp_path / f"{name}.xlsx"
        SCRIPT[name](made)
        committed = FILES / f"tiktok-income-{name}.xlsx"
        sheet = "Order details"
        assert list(rows_of(str(made), sheet)) == list(rows_of(str(committed), sheet))


def test_every_row_of_the_bad_csv_is_named_with_what_was_found_and_expected() -> None:
    """All at once, so that they are mended at once."""
    column = "Order created time (UTC)"
    of_rows = {place: (code, words) for place, code, words in said(bad("csv"))}
    assert of_rows == {
        3: (
            "settlement_equation",
            "found Total settlement amount 184.00, expected 185.00 = Total revenue 200.00 + "
            "Total fees -15.00 + Ajustment amount 0.00.",
        ),
        4: ("bad_date", f"{column}: found '11/05/2020', expected a day as YYYY/MM/DD."),
        5: (
            "bad_date",
            "Order settled time (UTC): found '2020/13/20', expected a day as YYYY/MM/DD.",
        ),
        6: (
            "id_as_number",
            "Order\\Adjustment  Id: found the number 5.7743E+17, expected text: a number keeps 15 "
            "digits, and the last ones of this id are lost. Use the file as it was exported, not "
            "saved again.",
        ),
        7: ("missing_field", "Order\\Adjustment  Id: is empty."),
        8: ("missing_field", "Transaction type: is empty."),
        9: (
            "bad_amount",
            "TikTok Shop commission fee: found '-3,20', expected an exact decimal amount in CNY: "
            "'-3,20' is not a plain decimal number.",
        ),
        10: (
            "bad_amount",
            "Total settlement amount: found '66.805', expected an exact decimal amount in CNY: "
            "'66.805' has 3 decimals; CNY has 2.",
        ),
        11: (
            "unknown_currency",
            "'RMB' is not a currency of ISO 4217. Did you mean CNY? Write the three-letter code in "
            "capitals, such as CNY or EUR.",
        ),
        12: ("invalid_field", "found 8 cells, expected 10."),
        13: (
            "mixed_currencies",
            "order 577430000000000001: found USD, expected CNY as in row 2.",
        ),
        14: ("missing_field", f"{column}: is empty, expected a day as YYYY/MM/DD."),
        15: (
            "settlement_equation",
            "found Total settlement amount -5.00, expected 5.00 = Total revenue 0.00 + Total fees "
            "0.00 + Ajustment amount 5.00.",
        ),
    }


def bad(suffix: str) -> str:
    """The path of a bad file."""
    return str(FILES / f"tiktok-income-bad.{suffix}")


def test_every_row_of_the_bad_workbook_is_named_with_what_was_found() -> None:
    """Cells that only a workbook can have: numbers, dates with a time, truths."""
    found = said(bad("xlsx"))
    assert [(place, code) for place, code, _ in found] == [
        (3, "bad_amount"),
        (4, "bad_amount"),
        (5, "id_as_number"),
        (6, "bad_date"),
        (7, "bad_date"),
        (8, "bad_amount"),
        (9, "settlement_equation"),
    ]
    assert "found '-6.0000000001', expected an exact decimal amount in CNY" in found[0][2]
    assert "found '2020-05-02 13:30:00', expected a day as YYYY/MM/DD" in found[3][2]
    assert "found 'True'" in found[5][2]


@pytest.mark.parametrize(
    "spelled", ["Order/Adjustment ID", "ＯＲＤＥＲ＼adjustment  id ", "order / adjustment_id"]
)
def test_headers_are_matched_without_case_width_blanks_and_slash(
    csv_file: Write, spelled: str
) -> None:
    """All of these are the same column."""
    header = [spelled, "Transaction type ", "Order created time", *HEADER[3:]]
    assert plain(read(csv_file(USUAL, header=header), COMMISSION)) == [(USUAL[0], True, "-6.00")]


@pytest.mark.parametrize("sep", [",", ";", "\t"])
def test_a_csv_may_be_separated_by_commas_semicolons_or_tabs(csv_file: Write, sep: str) -> None:
    """Seller centres of some countries write semicolons."""
    assert len(read(csv_file(USUAL, before="a,b;c\n", sep=sep), COMMISSION)) == 1


def test_a_missing_column_is_refused_with_the_nearest_one(csv_file: Write) -> None:
    """Without revenue and fees the equation cannot be checked; only adjustments may lack."""
    header = [one if one != "Total fees" else "Total fee" for one in HEADER]
    assert refused(csv_file(USUAL, header=header)) == (
        "income.csv:1: the column 'Total fees' is missing; found 'Total fee'."
    )


def test_two_columns_of_one_meaning_are_refused(csv_file: Write) -> None:
    """Which of them counts would be a guess."""
    header = [*HEADER[:8], "Transaction type"]
    assert refused(csv_file(USUAL, header=header), "Total fees") == (
        "income.csv:1: 'Type' and 'Transaction type' are the same column."
    )


def test_a_file_without_a_header_is_refused(csv_file: Write) -> None:
    """Another file altogether, or one in another language."""
    assert refused(csv_file(header=["a", "b"])).startswith("income.csv: no header among its first")


def test_another_fee_is_compared_when_it_is_named(csv_file: Write) -> None:
    """By its header, folded as all headers are."""
    (row,) = read(csv_file(USUAL), "total  FEES")
    assert row.amount.text == "-8.00"
    assert "the column 'Commission' is missing" in refused(csv_file(USUAL), "Commission")


def test_the_sheet_is_found_by_its_folded_name(workbook: Write) -> None:
    """And otherwise the sheets that there are are named."""
    assert len(read(workbook(USUAL, sheet=" ORDER  details "), COMMISSION)) == 1
    assert refused(workbook(USUAL, sheet="Reserve details")) == (
        "income.xlsx has no sheets 'Order details'; found 'Reserve details'."
    )


def test_a_file_that_is_no_workbook_and_no_csv_is_refused(tmp_path: Path, workbook: Write) -> None:
    """A workbook cut short, text of another encoding, and no file at all."""
    path = Path(workbook(USUAL))
    path.write_bytes(path.read_bytes()[:2000])
    assert "is not a workbook that can be read" in refused(str(path))
    path.write_bytes("Währung".encode("latin-1"))
    assert refused(str(path)) == "income.xlsx: byte 2 is not UTF-8 text."
    with pytest.raises(MissingFile):
        read(str(tmp_path / "none.xlsx"), COMMISSION)


@pytest.mark.parametrize(
    "cell", ["2020/5/2", "2020-05-02", "02/05/2020", "2020/05/02 10:00", "2020/02/30", "May 2"]
)
def test_a_day_in_another_format_is_a_problem_and_never_guessed(csv_file: Write, cell: str) -> None:
    """Day and month in doubt, a time, a day that does not exist."""
    ((place, code, words),) = said(csv_file(USUAL, with_cell("Order created time(UTC)", cell)))
    assert (place, code) == (3, "bad_date")
    assert words.endswith(f"found {cell!r}, expected a day as YYYY/MM/DD.")


def test_a_date_cell_of_a_workbook_is_a_day(workbook: Write) -> None:
    """It is stored as a day; nothing has to be guessed."""
    row = with_cell("Order created time(UTC)", datetime(2020, 5, 2))
    assert len(read(workbook(row), COMMISSION)) == 1


def test_numbers_are_the_decimals_that_were_written(workbook: Write) -> None:
    """-0.07 has no exact binary form; it is seven cents all the same."""
    row = [*USUAL[:5], 99.93, 100, -0.07, -0.07]
    assert plain(read(workbook(row), COMMISSION)) == [(USUAL[0], True, "-0.07")]


@pytest.mark.parametrize(("currency", "ok"), [("JPY", False), ("VND", False), ("KWD", True)])
def test_a_number_has_at_most_the_decimals_of_its_currency(
    workbook: Write, currency: str, ok: bool
) -> None:
    """Whole yen and dong may be numbers with a fraction of zero, but not of a half."""
    whole = [*USUAL[:4], currency, *USUAL[5:]]
    half = [*USUAL[:4], currency, 91.5, 100, -8.5, -6.5]
    assert len(read(workbook(whole), COMMISSION)) == 1
    if ok:
        assert len(read(workbook(half), COMMISSION)) == 1
    else:
        assert [code for _, code, _ in said(workbook(half))] == ["bad_amount"]


def test_a_short_id_may_be_a_number_and_a_long_one_may_not(workbook: Write) -> None:
    """Of 18 digits a workbook keeps 15: the order would be another one."""
    rows = read(workbook([123456789012345, *USUAL[1:]]), COMMISSION)
    assert rows[0].id == "123456789012345"
    found = said(workbook([1234567890123456, *USUAL[1:]]))
    assert [code for _, code, _ in found] == ["id_as_number"]


def test_the_first_row_of_words_alone_is_passed_over_and_no_other(csv_file: Write) -> None:
    """The second time it is a row that nobody can read."""
    words = ["Platform unique order ID.", *(["Some words."] * 8)]
    assert len(read(csv_file(words, USUAL), COMMISSION)) == 1
    assert [place for place, _, _ in said(csv_file(words, words, USUAL))] == [3]


def test_a_bad_first_row_is_not_taken_for_an_explanation(csv_file: Write) -> None:
    """An order whose amounts are words is a problem."""
    row = [*USUAL[:5], "n.a.", "n.a.", "n.a.", "n.a."]
    assert [(place, code) for place, code, _ in said(csv_file(row))] == [(2, "bad_amount")]


def test_an_adjustment_is_kept_apart_with_what_it_says(csv_file: Write) -> None:
    """It may lack the day of an order; its amounts must add up all the same."""
    header = [*HEADER, "Adjustment amount", "Related order ID", "Statement ID"]
    row = ["577490000000000001", "Logistics reimbursement", "/", "2020/05/20", "CNY"]
    row += ["5.00", "/", "", "-", "5.00", "577430000000000003", "/"]
    (found,) = read(csv_file(row, header=header), COMMISSION)
    assert not found.is_order
    assert found.other == {
        "place": 2,
        "id": "577490000000000001",
        "type": "Logistics reimbursement",
        "related": "577430000000000003",
        "settled": "2020-05-20",
        "settlement": "5.00",
        "compared": "0.00",
        "currency": "CNY",
    }
