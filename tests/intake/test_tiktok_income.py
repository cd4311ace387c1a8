"""TikTok Shop's income file: what is read out of it, and what each bad row is told."""

import runpy
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ledger.intake.tables.workbook import rows_of_workbook
from ledger.kernel.errors import MissingFile
from tests.platform_files import FILES, problems_in, read_orders, refused

SCRIPT = runpy.run_path(str(FILES / "make_workbooks.py"))
PROFILE = "tiktok-income"
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


def with_cell(name: str, cell: Any) -> list[Any]:
    """The usual row with one other cell."""
    return [cell if one == name else usual for one, usual in zip(HEADER, USUAL, strict=True)]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_the_good_files_give_their_orders(suffix: str) -> None:
    """Both have a banner, an explaining row, `/`, `-` and blanks, and amounts without cents. Two
    rows of one order are one, and one that names an order is of it."""
    found = read_orders(FILES / f"tiktok-income-good.{suffix}", PROFILE)
    assert found.orders == [
        ("577430000000000001", "-6.00"),
        ("577430000000000002", "-10.00"),
        ("577430000000000003", "-2.50"),
        ("577430000000000004", "-3.20"),
    ]
    assert found.places == [4, 5, 7, 8]
    assert [one["id"] for one in found.other] == ["577490000000000002"]
    assert found.rows == 7


def test_the_workbooks_are_those_that_the_script_makes(tmp_path: Path) -> None:
    """Cell by cell: compressed bytes may differ from one library to the next."""
    for name in ("good", "bad"):
        made = tmp_path / f"{name}.xlsx"
        SCRIPT[name](made)
        committed = FILES / f"tiktok-income-{name}.xlsx"
        of_made, of_committed = (
            list(rows_of_workbook("a.xlsx", path.read_bytes(), "Order details"))
            for path in (made, committed)
        )
        assert of_made == of_committed


def test_every_row_of_the_bad_csv_is_named_with_what_was_found_and_expected() -> None:
    """All at once, so that they are mended at once."""
    found = problems_in(FILES / "tiktok-income-bad.csv", PROFILE)
    assert [(place, code) for place, code, _ in found] == [
        (3, "equation_differs"),
        (4, "invalid_field"),
        (5, "invalid_field"),
        (6, "spoilt_id"),
        (8, "missing_field"),
        (9, "bad_amount"),
        (10, "equation_differs"),
        (11, "unknown_currency"),
        (12, "wrong_cells"),
        (13, "mixed_currencies"),
        (15, "equation_differs"),
    ]
    said = {place: words for place, _, words in found}
    assert said[3].startswith(
        "found Total settlement amount 184, expected 185 = Total revenue 200 + Total fees -15 + "
        "Ajustment amount 0."
    )
    column = "Order created time (UTC)"
    assert said[4].startswith(f"{column}: found '11/05/2020', expected a day written as %Y/%m/%d.")
    assert said[9].startswith("TikTok Shop commission fee: found '-3,20', expected an amount")
    assert said[12].startswith("row: found 8 cells, expected 10 as in the header.")
    assert said[13] == "order 577430000000000001: found USD, expected CNY as in row 2."


def test_every_row_of_the_bad_workbook_is_named_with_what_was_found() -> None:
    """Cells that only a workbook can have: numbers, dates with a time, truths."""
    found = problems_in(FILES / "tiktok-income-bad.xlsx", PROFILE)
    assert [(place, code) for place, code, _ in found] == [
        (3, "bad_amount"),
        (4, "equation_differs"),
        (5, "spoilt_id"),
        (6, "invalid_field"),
        (7, "invalid_field"),
        (8, "bad_amount"),
        (9, "equation_differs"),
    ]
    assert "'-6.0000000001' is not an exact decimal amount" in found[0][2]
    assert "found '2020-05-02 13:30:00', expected a day" in found[3][2]
    assert "found 'true'" in found[5][2]


@pytest.mark.parametrize(
    "spelled", ["Order/Adjustment ID", "ＯＲＤＥＲ＼adjustment  id ", "order / adjustment_id"]
)
def test_headers_are_matched_without_case_width_blanks_and_slash(
    csv_file: Write, spelled: str
) -> None:
    """All of these are the same column."""
    header = [spelled, "Transaction type ", "Order created time", *HEADER[3:]]
    found = read_orders(csv_file(USUAL, header=header), PROFILE)
    assert found.orders == [(USUAL[0], "-6.00")]


@pytest.mark.parametrize("sep", [",", ";", "\t"])
def test_a_csv_may_be_separated_by_commas_semicolons_or_tabs(csv_file: Write, sep: str) -> None:
    """Seller centres of some countries write semicolons."""
    assert read_orders(csv_file(USUAL, before="a,b;c\n", sep=sep), PROFILE).rows == 1


def test_a_missing_column_is_refused_with_those_that_there_are(csv_file: Write) -> None:
    """Without revenue and fees the equation cannot be checked; only adjustments may lack."""
    header = [one if one != "Total fees" else "Total fee" for one in HEADER]
    said = refused(csv_file(USUAL, header=header), PROFILE)
    assert said.startswith("income.csv: nothing gives Total fees; found")
    assert "'Total fee'" in said


def test_two_columns_of_one_name_are_refused(csv_file: Write) -> None:
    """Which of them counts would be a guess."""
    header = [*HEADER[:8], "Type"]
    said = refused(csv_file(USUAL, header=header), PROFILE, column="Total fees")
    assert "'Type' and 'Type' are columns of one name" in said


def test_a_file_without_a_header_is_refused(csv_file: Write) -> None:
    """Another file altogether, or one in another language."""
    said = refused(csv_file(header=["a", "b"]), PROFILE)
    assert said.startswith("income.csv: none of its first 100 rows is the header")


def test_another_fee_is_compared_when_it_is_named(csv_file: Write) -> None:
    """By its header, folded as all headers are."""
    assert read_orders(csv_file(USUAL), PROFILE, column="total  FEES").orders[0][1] == "-8.00"
    assert "nothing gives amount" in refused(csv_file(USUAL), PROFILE, column="Commission")


def test_the_sheet_is_found_by_its_folded_name(workbook: Write) -> None:
    """And otherwise the sheets that there are are named."""
    assert read_orders(workbook(USUAL, sheet=" ORDER  details "), PROFILE).rows == 1
    said = refused(workbook(USUAL, sheet="Reserve details"), PROFILE)
    assert said.endswith("income.xlsx has no sheet 'Order details'; found 'Reserve details'.")


def test_a_file_that_is_no_workbook_and_no_csv_is_refused(tmp_path: Path, workbook: Write) -> None:
    """A workbook cut short, text of another encoding, and no file at all."""
    path = Path(workbook(USUAL))
    path.write_bytes(path.read_bytes()[:2000])
    assert "is not a workbook that can be read" in refused(path, PROFILE)
    path.write_bytes(b"\xff\x81\x8d\x8f")
    assert refused(path, PROFILE).endswith("income.xlsx is not UTF-8 text.")
    with pytest.raises(MissingFile):
        read_orders(tmp_path / "none.xlsx", PROFILE)


@pytest.mark.parametrize(
    "cell", ["2020-05-02", "02/05/2020", "2020/05/02 10:00", "2020/02/30", "May 2"]
)
def test_a_day_in_another_format_is_a_problem_and_never_guessed(csv_file: Write, cell: str) -> None:
    """Day and month in doubt, a time, a day that does not exist."""
    path = csv_file(USUAL, with_cell("Order created time(UTC)", cell))
    ((place, code, words),) = problems_in(path, PROFILE)
    assert (place, code) == (3, "invalid_field")
    assert f"found {cell!r}, expected a day written as %Y/%m/%d." in words


def test_a_date_cell_of_a_workbook_is_a_day(workbook: Write) -> None:
    """It is stored as a day; nothing has to be guessed."""
    row = with_cell("Order created time(UTC)", datetime(2020, 5, 2))
    assert read_orders(workbook(row), PROFILE).rows == 1


def test_numbers_are_the_decimals_that_were_written(workbook: Write) -> None:
    """-0.07 has no exact binary form; it is seven cents all the same."""
    row = [*USUAL[:5], 99.93, 100, -0.07, -0.07]
    assert read_orders(workbook(row), PROFILE).orders == [(USUAL[0], "-0.07")]


@pytest.mark.parametrize(("currency", "ok"), [("JPY", False), ("VND", False), ("KWD", True)])
def test_a_number_has_at_most_the_decimals_of_its_currency(
    workbook: Write, currency: str, ok: bool
) -> None:
    """Whole yen and dong may be numbers with a fraction of zero, but not of a half."""
    whole = [*USUAL[:4], currency, *USUAL[5:]]
    half = [*USUAL[:4], currency, 91.5, 100, -8.5, -6.5]
    assert read_orders(workbook(whole), PROFILE).rows == 1
    if ok:
        assert read_orders(workbook(half), PROFILE).rows == 1
    else:
        assert [code for _, code, _ in problems_in(workbook(half), PROFILE)] == ["bad_amount"]


def test_a_short_id_may_be_a_number_and_a_long_one_may_not(workbook: Write) -> None:
    """Of 18 digits a workbook keeps 15: the order would be another one."""
    found = read_orders(workbook([123456789012345, *USUAL[1:]]), PROFILE)
    assert found.orders[0][0] == "123456789012345"
    told = problems_in(workbook([1234567890123456, *USUAL[1:]]), PROFILE)
    assert [code for _, code, _ in told] == ["spoilt_id"]


def test_the_first_row_of_words_alone_is_passed_over_and_no_other(csv_file: Write) -> None:
    """The second time it is a row that nobody can read."""
    words = ["Platform unique order ID.", *(["Some words."] * 8)]
    assert read_orders(csv_file(words, USUAL), PROFILE).rows == 1
    assert [place for place, _, _ in problems_in(csv_file(words, words, USUAL), PROFILE)] == [3]


def test_a_bad_first_row_is_not_taken_for_an_explanation(csv_file: Write) -> None:
    """An order whose amounts are words is a problem."""
    row = [*USUAL[:5], "n.a.", "n.a.", "n.a.", "n.a."]
    found = problems_in(csv_file(row), PROFILE)
    assert [(place, code) for place, code, _ in found] == [(2, "bad_amount")]


def test_an_adjustment_is_kept_apart_with_what_it_says(csv_file: Write) -> None:
    """It may lack the day of an order; its amounts must add up all the same."""
    header = [*HEADER, "Adjustment amount", "Related order ID", "Statement ID"]
    row = ["577490000000000001", "Logistics reimbursement", "/", "2020/05/20", "CNY"]
    row += ["5.00", "/", "", "-", "5.00", "/", "/"]
    (other,) = read_orders(csv_file(row, header=header), PROFILE).other
    assert other == {
        "place": 2,
        "id": "577490000000000001",
        "type": "Logistics reimbursement",
        "settled": "2020-05-20",
        "settlement": "5.00",
        "amount": "0.00",
        "currency": "CNY",
    }
