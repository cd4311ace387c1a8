"""An error is no zero, a zero behind the decimals no decimal, a nameless column no column."""

import runpy
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.intake.line_ends import with_one_line_end
from ledger.intake.tables.workbook import Unreadable, rows_of_workbook
from tests.platform_files import problems_in, read_orders

SCRIPT = runpy.run_path(
    str(Path(__file__).parents[2] / "fixtures" / "platform" / "make_workbooks.py")
)
COMMISSION = "TikTok Shop commission fee"
PROFILE = "tiktok-income"
ERRORS = ["#DIV/0!", "#N/A", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!"]
Edited = Callable[[Callable[[str], str]], str]


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """A workbook of one row of income whose sheet was edited as a text."""

    def write(edit: Callable[[str], str]) -> str:
        given, made = tmp_path / "given.xlsx", tmp_path / "income.xlsx"
        rows = [SCRIPT["HEADER"], SCRIPT["USUAL"]]
        SCRIPT["write"](given, [("Notes", [["a"]]), ("Order details", rows)])
        with zipfile.ZipFile(given) as old, zipfile.ZipFile(made, "w") as new:
            for part in old.infolist():
                content = old.read(part)
                if part.filename.endswith("sheet2.xml"):
                    text = content.decode()
                    changed = edit(text)
                    assert changed != text, text
                    content = changed.encode()
                new.writestr(part.filename, content)
        return str(made)

    return write


def _cell_of(text: str, place: str) -> str:
    """A cell of a sheet as it is written."""
    begins = text.index(f'r="{place}"')
    begins = text.rindex("<c", 0, begins)
    return text[begins : text.index("</c>", begins) + 4]


PLACE = f"{chr(ord('A') + SCRIPT['HEADER'].index(COMMISSION))}2"
"""Where the compared fee of the only row stands."""


def problem_of(path: str) -> dict[str, Any]:
    """What the only row is refused with."""
    (problem,) = problems_in(path, PROFILE)
    return dict(zip(("place", "code", "sentence"), problem, strict=True))


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_cell_is_refused_with_its_place(edited: Edited, error: str) -> None:
    """It reads as a blank in the library, and a blank is a zero."""

    cell = f'<c r="{PLACE}" t="e"><f>1/0</f><v>{error}</v></c>'
    problem = problem_of(edited(lambda text: text.replace(_cell_of(text, PLACE), cell)))
    assert (problem["place"], problem["code"]) == (2, "cell_error")
    assert f"{COMMISSION}: found the error {error}" in problem["sentence"]


@pytest.mark.parametrize("stored", ["", "<v></v>", "<v/>"])
def test_a_formula_without_a_stored_result_is_no_blank(edited: Edited, stored: str) -> None:
    """What wrote the workbook did not calculate it."""

    cell = f'<c r="{PLACE}"><f>SUM(A1:A2)</f>{stored}</c>'
    problem = problem_of(edited(lambda text: text.replace(_cell_of(text, PLACE), cell)))
    assert problem["code"] == "cell_error"
    assert "found a formula without a stored result" in problem["sentence"]


def test_an_error_in_another_sheet_and_a_formula_with_its_result_are_fine(edited: Edited) -> None:
    """Only what is asked for is looked at."""

    def calculated(text: str) -> str:
        cell = _cell_of(text, PLACE)
        value = cell[cell.index("<v>") : cell.index("</v>") + 4]
        return text.replace(cell, f'<c r="{PLACE}"><f>A1</f>{value}</c>')

    assert read_orders(edited(calculated), PROFILE).orders


def test_an_error_in_a_cell_that_nobody_reads_refuses_nothing(edited: Edited) -> None:
    """It is kept as what it is."""

    def far(text: str) -> str:
        cell = '<c r="Z2" t="e"><v>#N/A</v></c>'
        return text.replace("</row></sheetData>", f"{cell}</row></sheetData>")

    raw = Path(edited(far)).read_bytes()
    _, (_, cells) = rows_of_workbook("a.xlsx", raw, "Order details")
    assert cells[25] == Unreadable("the error #N/A")


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (b"a\r\nb\nc\r\n", b"a\nb\nc\n"),
        (b"a\rb\rc", b"a\nb\nc"),
        (b"a\rb\r", b"a\nb\n"),
        (b"a\n\rb\r\n", b"a\n\nb\n"),
        (b"a\nb\n", None),
        (b"a\r\nb\r\n", None),
        (b"a", None),
        (b"", None),
    ],
)
def test_line_ends_of_several_kinds_become_one(
    tmp_path: Path, given: bytes, made: bytes | None
) -> None:
    """And no line gets another number; a file whose lines end alike is left as it is."""
    path, copy = tmp_path / "given", tmp_path / "copy"
    path.write_bytes(given)
    assert with_one_line_end(path, copy) == (made is not None)
    assert (copy.read_bytes() if copy.exists() else None) == made


def test_a_line_end_between_two_blocks_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is read at once."""
    for size in range(1, 9):
        monkeypatch.setattr("ledger.intake.line_ends.BLOCK_BYTES", size)
        path, copy = tmp_path / "given", tmp_path / f"copy{size}"
        path.write_bytes(b"ab\r\ncd\nef\rgh\r\n\r\nij\r")
        assert with_one_line_end(path, copy)
        assert copy.read_bytes() == b"ab\ncd\nef\ngh\n\nij\n"
