"""What a spreadsheet would run is decided once, for CSV and for workbooks."""

import io
import zipfile

import pytest

from projections.exporters.sheet import Sheet, Styles
from projections.exporters.spreadsheet import csv_cell, would_run

RUNS = ["=1", "+1", "-x", "@a", "＝1", "＋1", "－1", "＠a", "\t=1", "\r=1", "\n=1", "\n1"]
RUNS += [" =1", "\xa0=1", "\u3000=1", "\ufeff=1", "\u200b@a", "+86", "- 1", "-1e5", "﹦1"]
PLAIN = ["", "1", "-1", "-12.50", "a=1", "1-2", "x@y", "'=1", "书"]


@pytest.mark.parametrize("text", RUNS, ids=ascii)
def test_a_text_that_would_run_gets_a_quote_in_csv(text: str) -> None:
    """Also behind blanks, and in wide forms."""
    assert would_run(text)
    assert csv_cell(text).startswith("'")


@pytest.mark.parametrize("text", PLAIN, ids=ascii)
def test_other_texts_and_numbers_stay(text: str) -> None:
    """An amount below zero is a number."""
    assert not would_run(text)
    assert csv_cell(text) == text


def test_in_a_workbook_its_cell_stays_a_text_also_when_it_is_edited() -> None:
    """By the workbook's own mark; the text is as it was."""
    import xlsxwriter  # type: ignore[import-untyped,unused-ignore]

    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    sheet = Sheet(book, Styles(book), "A")
    sheet.heading("=1", "plain")
    sheet.line(["=2", "plain"])
    book.close()
    parts = zipfile.ZipFile(made)
    styles = parts.read("xl/styles.xml").decode()
    assert styles.count('quotePrefix="1"') == 2
    assert "<t>=2</t>" in parts.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in parts.read("xl/worksheets/sheet1.xml").decode()
