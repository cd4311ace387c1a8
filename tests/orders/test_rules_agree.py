"""The rules in SQL and in Python are the same rules."""

from pathlib import Path
from random import Random
from typing import Any

from ledger.intake.orders.faults_in_words import fault_of
from ledger.kernel.instants import parse_instant
from ledger.kernel.money import Money

from .conftest import NOW, ROW

SIGNS = {
    "order_id": "aZ09._- é店+/\t\u034f\u3164",
    "store": "aZ09._- é店+/\t\ufe0f",
    "created_at": "0123456789-+:.TZ zt",
    "updated_at": "0123456789-+:.TZ zt",
    "amount": "0123456789.-+e_, ",
    "refunded": "0123456789.-+e_, ",
    "currency": "CNYJPKWDcny ",
    "traffic": "ador ",
}
STARTS = {
    "order_id": ["o1", "-", "."],
    "store": ["S-1", "-", ".", "..", "-S"],
    "created_at": [
        *("2026-05-01T10:00:00+08:00", "2026-05-01T10:00:00Z", "2026-05-01T10:00+05:45"),
        *("2026-05-01 10:00:00+08:00", "2026-05-01 10:00:00 -0400", "2026-05-01T10:00:00+08"),
    ],
    "updated_at": [
        *("2026-05-01T10:00:00.123456-03:30", "2026-05-01T10:00:00.1234Z"),
        *("2026-05-01 10:00:00.123456789+08", "2026-05-01 10:00 Z"),
    ],
    "amount": [
        *("10.00", "1200", "0.5", "123456789012345678", "9999999999999.99"),
        *("600.0000", "1500.00", "1234567890123456.000"),
    ],
    "refunded": ["0", "10.00", "3.1", "0.00", "0.0000", "3.1000"],
    "currency": ["CNY", "JPY", "KWD", "CLF"],
}


def _mutated(random: Random, column: str) -> str:
    text = list(random.choice(STARTS.get(column, [ROW[column]])))
    for _ in range(random.choice([0, 1, 1, 2])):
        at = random.randrange(len(text) + 1)
        sign = random.choice(SIGNS[column])
        match random.randrange(3):
            case 0:
                text.insert(at, sign)
            case 1:
                text[at : at + 1] = sign
            case _:
                del text[at : at + 1]
    return "".join(text)


def test_a_row_is_rejected_by_sql_exactly_when_python_finds_a_fault(
    reading: Any, rows_of: Any, tmp_path: Path
) -> None:
    """Forty thousand rows, each with a cell or two of typing mistakes; values agree as well."""
    random = Random(20260501)
    rows = []
    for _ in range(40_000):
        row = dict(ROW)
        for column in random.sample(sorted(SIGNS), random.choice([1, 2])):
            row[column] = _mutated(random, column)
        row["order_id"] += f"_{len(rows)}"  # one row of each order
        rows.append(row)
    path = tmp_path / "rows.csv"
    lines = [",".join('"' + cell + '"' for cell in row.values()) for row in rows]
    path.write_text("\n".join([",".join(ROW), *lines]) + "\n", encoding="utf-8")
    good = {row[1] - 2: row for row in rows_of(reading(path, keep=1))}
    faults = [fault_of(row, NOW) for row in rows]
    assert 5_000 < len(good) < 35_000
    for at, (row, fault) in enumerate(zip(rows, faults, strict=True)):
        assert (fault is None) == (at in good), (row, fault)
        if fault is None:
            found = good[at]
            assert found[4] == parse_instant(row["created_at"].strip()), row
            assert found[5] == Money.parse(row["amount"].strip(), found[6]).minor, row
