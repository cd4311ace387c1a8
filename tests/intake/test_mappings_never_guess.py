"""What a mapping may not pass over: another currency in a cell, lost digits, rows cut off."""

from pathlib import Path
from typing import Any

import pytest

from ledger.intake.orders.reading import read
from ledger.intake.tables import table
from ledger.intake.tables.mappings import parsed
from ledger.kernel.instants import parse_instant
from tests.platform_files import in_memory

NOW = parse_instant("2030-01-01T00:00:00Z")
REST = """
store = { constant = "S-1" }
created_at = { constant = "2025-11-03T10:00:00Z" }
traffic = { constant = "ad" }
channel = { constant = "other" }
payment = { constant = "online" }
category = { constant = "x" }
"""


def told(tmp_path: Path, mapping: str, text: str) -> tuple[list[Any], list[tuple[int, str]]]:
    """The amounts of the good orders; row and code of the bad ones."""
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    with in_memory() as database:
        checked = read(database, [path], NOW, mapping=parsed(mapping + REST, "m"))
        rows = database.execute(
            f"SELECT order_id, amount_minor FROM {checked.relation} ORDER BY source_row"
        ).fetchall()
        return rows, [(one.row, one.code) for one in checked.rejections]


@pytest.mark.parametrize("at_once", [0, 10**9])
def test_a_unit_that_is_another_currency_than_the_row_says_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """`R$` in a column of dollars; a sign that means several currencies says nothing."""
    monkeypatch.setattr(table, "DIRECT_FROM_BYTES", at_once)
    mapping = """name = "m"\nfor = "orders"\n[columns]\norder_id = "ID"\namount = "Total"
currency = "Cur"\nrefunded = { header = "Back", default = "0" }"""
    rows = ["1,5.00,USD,0", "2,R$ 5.00,USD,0", "3,$5.00,USD,0", "4,BRL 5.00,usd,0", "5,5.00 €,EUR,"]
    text = "\n".join(["ID,Total,Cur,Back", *rows, "6,5.00,USD,€ 1.00", "7,US$ 5.00, usd ,0"]) + "\n"
    good, bad = told(tmp_path, mapping, text)
    assert good == [("1", 500), ("3", 500), ("5", 500), ("7", 500)]
    assert bad == [(3, "bad_amount"), (5, "bad_amount"), (7, "bad_amount")]


def test_digits_behind_the_sixth_decimal_of_a_sum_are_not_cut_off(tmp_path: Path) -> None:
    """Zeros there are none."""
    mapping = """name = "m"\nfor = "orders"\n[columns]\norder_id = "ID"
amount = { sum = ["A", "B"] }\ncurrency = { constant = "USD" }"""
    text = "ID,A,B\n1,1.0000000,2.00\n2,1.0000004,2.00\n3,1.00,2.00\n"
    assert told(tmp_path, mapping, text) == ([("1", 300), ("3", 300)], [(3, "bad_amount")])


def test_a_number_of_pieces_is_not_rounded(tmp_path: Path) -> None:
    """Of a price times a quantity both are exact."""
    mapping = """name = "m"\nfor = "orders"\n[columns]\norder_id = "ID"
amount = { header = "A", times = "N" }\ncurrency = { constant = "USD" }"""
    text = "ID,A,N\n1,1.25,2.0000\n2,1.25,2.0004\n3,1.2500000001,2\n"
    assert told(tmp_path, mapping, text) == ([("1", 250)], [(3, "bad_amount"), (4, "bad_amount")])


def test_a_row_that_is_cut_off_is_told_whatever_rows_count(tmp_path: Path) -> None:
    """What would say that it does not count may stand in the part that is lost."""
    mapping = """name = "m"\nfor = "orders"\n[rows]\nonly = { Type = ["Sale"] }
[columns]\norder_id = "ID"\namount = "A"\ncurrency = { constant = "USD" }"""
    text = "ID,A,Type\n1,1.00,Sale\n2,2.00\n3,3.00,Payout\n"
    assert told(tmp_path, mapping, text) == ([("1", 100)], [(3, "wrong_cells")])
