"""What shipped profiles check: the equation of every row, and rows that sum others."""

import csv
import io
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from ledger.intake.problems import BadPlatformFile
from tests.platform_files import FILES, read_lines, read_orders, refused
from tests.shipped_profiles import BY_NAME, Sample

CHANGED = "7.77"
CHECKED: list[tuple[str, str, tuple[int, ...]]] = [
    ("tiktok-orders.csv", "SKU Seller Discount", (8,)),
    ("tiktok-orders.csv", "Order Refund Amount", (7, 8)),
    ("tiktok-on-hold.csv", "Fees", ()),
    ("tiktok-payments.ndjson", "settlement_amount.value", ()),
    ("tiktok-payments.ndjson", "amount.value", (3,)),
    ("tiktok-transactions.ndjson", "fee_tax_amount", ()),
    ("douyin-bill.csv", "订单退款", (7,)),
    ("stripe-payouts.csv", "fee", ()),
    ("adyen-settlement.csv", "Commission (NC)", (5, 7, 8)),
]
"""A profile, an amount of its equation, and the rows that the equation is not about: an order that
nobody paid or that was cancelled, what was exchanged, a withdrawal, rows of a whole batch."""


def rows_of(sample: Sample) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header of a good text sample, all before it included, and its rows with their places."""
    text = (
        sample.path("good")
        .read_bytes()
        .decode("utf-8" if sample.profile != "douyin-bill" else "gb18030")
    )
    rows = list(csv.reader(io.StringIO(text)))
    heads = {"tiktok-on-hold": 4, "tiktok-orders": 2}
    above = heads.get(sample.profile, 1)
    header = next(row for row in rows[:above] if all(row[:3]) and len(row[0]) < 25)
    below = [(at, row) for at, row in enumerate(rows, 1) if at > above and row[0] != "合计"]
    return header, below


def with_amount(sample: Sample, place: int, column: str, folder: Path) -> Path:
    """The good sample with another amount in one row."""
    path = folder / f"{place}.{sample.suffix}"
    if sample.suffix == "ndjson":
        lines = sample.path("good").read_text(encoding="utf-8").splitlines()
        data: Any = json.loads(lines[place - 1])
        inner, _, key = column.rpartition(".")
        (data[inner] if inner else data)[key] = CHANGED
        lines[place - 1] = json.dumps(data)
        path.write_text("\n".join(lines), encoding="utf-8")
        return path
    encoding = "gb18030" if sample.profile == "douyin-bill" else "utf-8"
    text = sample.path("good").read_bytes().decode(encoding)
    rows = list(csv.reader(io.StringIO(text)))
    header, _ = rows_of(sample)
    rows[place - 1][header.index(column)] = CHANGED
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


def places_of(sample: Sample) -> list[int]:
    if sample.suffix == "ndjson":
        return list(range(1, len(sample.path("good").read_bytes().splitlines()) + 1))
    return [place for place, _ in rows_of(sample)[1]]


@pytest.mark.parametrize(("name", "column", "apart"), CHECKED)
def test_the_equation_is_checked_in_every_row(
    name: str, column: str, apart: tuple[int, ...], tmp_path: Path
) -> None:
    """One amount of each row in turn is another: that row is refused, and no other."""
    sample = BY_NAME[name]
    places = places_of(sample)
    assert len(places) >= 5, places
    for place in places:
        path = with_amount(sample, place, column, tmp_path)
        if place in apart:
            assert sample.read(path), place
        else:
            assert sample.problems(path) == [(place, "equation_differs")]


def test_a_totals_row_is_claimed_by_nobody() -> None:
    """Neither as an order nor as a row of none; one that says another sum refuses the file."""
    found = read_orders(FILES / "douyin-bill-good.csv", "douyin-bill")
    assert found.rows == 6
    assert "合计" not in str(found)
    said = refused(FILES / "douyin-bill-totals.csv", "douyin-bill")
    assert "7: totals_differ: found the total -22.49 CNY, expected -22.50 by the rows above" in said


def test_the_summary_of_a_settlement_is_checked_and_of_no_order() -> None:
    """It says in a column of its own what all amounts come to, decimals behind a comma."""
    found = read_orders(FILES / "amazon-settlement-v2-good.tsv", "amazon-settlement-v2")
    assert [one["place"] for one in found.other] == [2, 11]
    assert found.places == [3, 5]
    said = refused(FILES / "amazon-settlement-v2-totals.tsv", "amazon-settlement-v2")
    assert "2: totals_differ: found total-amount 147,36, expected 147.35, the sum of amount" in said


def test_the_totals_of_a_statement_are_checked_and_no_line(tmp_path: Path) -> None:
    """They sum the lines above them; adjustments below them stand apart."""
    script = runpy.run_path(str(FILES / "make_workbooks.py"))
    rows = [list(row) for row in script["STATEMENTS"]["duebook-statement-good"]]
    (total,) = [row for row in rows if row[:1] == ["Total"]]
    path = tmp_path / "statement.xlsx"
    script["write"](path, [("Statement", rows)])
    assert not [line for line, _, _ in read_lines(path, "duebook-statement") if line == "Total"]
    total[6] = 4000.01
    script["write"](path, [("Statement", rows)])
    with pytest.raises(BadPlatformFile, match=r"totals_differ: found the total 4000\.01 CNY"):
        read_lines(path, "duebook-statement")
