"""Files that open with a double click: workbooks of every answer, CSV that says its encoding."""

import csv
import io
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars
import pytest

Duebook = Callable[..., Any]
PROGRAM = "recruiting-eu-jp-2026q1"
MARK = b"\xef\xbb\xbf"
ANSWERS: dict[str, tuple[str, ...]] = {
    "settle": ("settle", PROGRAM, "--as-of", "2026-06-30"),
    "report": ("report", "partners"),
    "exceptions": ("report", "exceptions"),
    "gmv": ("report", "gmv"),
    "journal": ("journal",),
    "balances": ("balances", "--monthly"),
    "query": ("query", "select store, market from stores"),
    "facts": ("facts",),
    "programs": ("programs",),
    "log": ("log", "--limit", "30"),
    "verify": ("verify",),
    "record": ("record", "more.ndjson"),
}


@pytest.fixture
def told(demo: Path, here: Path) -> Path:
    """The demo, and a file to record."""
    fact = '{"type": "PartnerCertified", "at": "2026-01-02T09:00:00+08:00", "partner": "=1+1"}'
    (here / "more.ndjson").write_text(f"{fact}\n", encoding="utf-8")
    return here


def sheet(path: Path) -> list[list[Any]]:
    """The cells of the only sheet of a workbook."""
    from python_calamine import CalamineWorkbook

    with CalamineWorkbook.from_path(str(path)) as book:
        (name,) = book.sheet_names
        return book.get_sheet_by_name(name).to_python()


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_answer_that_has_rows_can_be_a_workbook(
    told: Path, duebook: Duebook, answer: str
) -> None:
    """With as many rows as its CSV has, under the same names."""
    words = ANSWERS[answer]
    ran = duebook(*words, "-o", "a.xlsx")
    assert ran.code in (0, 1), ran.err
    rows = list(csv.reader(io.StringIO(duebook(*words, "--format", "csv").out)))
    found = sheet(told / "a.xlsx")
    if answer != "record":  # is another call the second time
        assert len(found) == len(rows)
    if answer not in ("record", "journal"):  # whose CSV has debits and credits apart
        assert [str(one).partition(" (")[0] for one in found[0]] == [
            one.partition(" (")[0] for one in rows[0]
        ]


def test_numbers_and_days_are_such_and_ids_are_texts(told: Path, duebook: Duebook) -> None:
    """An instant is the clock on the wall of the zone that the head names."""
    assert duebook("close", PROGRAM, "--by", "lin", "--leave-open", "--reason", "x").code == 0
    assert duebook("journal", "-o", "j.xlsx").code == 0
    head, *rows = sheet(told / "j.xlsx")
    row = dict(zip(head, next(one for one in rows if one[2].startswith("Exp")), strict=True))
    assert (row["amount"], row["date"]) == (2000.0, date(2026, 3, 31))
    assert isinstance(row["currency"], str)
    assert duebook("report", "activity", "-o", "a.xlsx").code == 0
    head, first, *_ = sheet(told / "a.xlsx")
    assert "recorded_at (Asia/Shanghai)" in head
    assert isinstance(first[head.index("recorded_at (Asia/Shanghai)")], datetime)


def test_what_a_spreadsheet_would_run_stays_a_text(told: Path, duebook: Duebook) -> None:
    """Also a name of a column, and an id of many digits."""
    text = (told / "more.ndjson").read_text().replace('"=1+1"', '"P-9", "name": "=1+1"')
    (told / "more.ndjson").write_text(text)
    assert duebook("record", "more.ndjson").code == 0
    sql = "select name as \"=2+2\", '577430000000000001' as order_id from partners"
    assert duebook("query", sql, "-o", "q.xlsx").code == 0
    head, *rows = sheet(told / "q.xlsx")
    assert head == ["=2+2", "order_id"]
    assert ["=1+1", "577430000000000001"] in rows


@pytest.mark.parametrize("format_", ["xlsx", "parquet"])
def test_what_is_in_bytes_needs_a_file(demo: Path, duebook: Duebook, format_: str) -> None:
    """It is nothing for a terminal or a pipe."""
    ran = duebook("report", "stores", "--format", format_)
    assert (ran.code, f"-o FILE.{format_}" in ran.err) == (2, True)


def test_an_answer_as_parquet_has_its_amounts_as_decimals(told: Path, duebook: Duebook) -> None:
    assert duebook("settle", PROGRAM, "-o", "lines.parquet").code == 0
    frame = polars.read_parquet("lines.parquet")
    lines = duebook("settle", PROGRAM, "--format", "json").json["lines"]
    assert frame["line"].to_list() == [line["line"] for line in lines]
    amounts = [None if line["amount"] is None else Decimal(line["amount"]) for line in lines]
    assert frame["amount"].to_list() == amounts


def test_csv_in_a_file_says_its_encoding(told: Path, duebook: Duebook) -> None:
    """A byte order mark, unless --no-bom; none in a pipe. We read it ourselves."""
    for words in (("report", "partners"), ("journal",)):
        assert duebook(*words, "-o", "a.csv", "--overwrite").code == 0
        assert (told / "a.csv").read_bytes().startswith(MARK)
        assert duebook(*words, "-o", "a.csv", "--overwrite", "--no-bom").code == 0
        plain = (told / "a.csv").read_bytes()
        assert not plain.startswith(MARK)
        assert duebook(*words, "--format", "csv").out.encode() == plain
    assert not (told / "more.ndjson").read_bytes().startswith(MARK)
