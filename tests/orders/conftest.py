"""A small DuckDB, order files of a few rows, and the archive's answers as plain values."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.intake.orders.reading import CheckedOrders, read
from ledger.kernel.instants import parse_instant
from ledger.kernel.orderlines import COLUMNS
from ledger.store.archive.connection import connect

NOW = parse_instant("2026-06-01T00:00:00Z")
ROW = {
    "order_id": "O-1",
    "store": "S-1",
    "created_at": "2026-05-01T10:00:00+08:00",
    "amount": "10.00",
    "currency": "CNY",
    "traffic": "ad",
    "channel": "other",
    "payment": "online",
    "category": "beauty",
    "refunded": "",
    "updated_at": "",
    "item": "",
    "product": "",
    "creator": "",
}
Read = Callable[..., CheckedOrders]


@pytest.fixture
def duck(tmp_path: Path) -> Iterator[Any]:
    """An empty database, which spills into a folder that is called as a column might be."""
    connection = connect(tmp_path / "spill" / "updated_at=7", "500MB")
    yield connection
    connection.close()


@pytest.fixture
def csv_of(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows, each the usual one of an order of its own with other values, to a CSV file."""

    def build(*rows: dict[str, str], name: str = "orders.csv") -> Path:
        lines = [",".join(COLUMNS)]
        for number, row in enumerate(rows, start=1):
            whole = {**ROW, "order_id": f"O-{number}", **row}
            lines.append(",".join(whole[column] for column in COLUMNS))
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return build


@pytest.fixture
def reading(duck: Any) -> Read:
    """Reads files as of `NOW`."""

    def act(*files: Path, **options: Any) -> CheckedOrders:
        return read(duck, files, NOW, **options)

    return act


@pytest.fixture
def rows_of(duck: Any) -> Callable[[CheckedOrders], list[tuple[Any, ...]]]:
    """The checked rows, in order."""

    def act(checked: CheckedOrders) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = duck.execute(
            f"SELECT * FROM {checked.relation} ORDER BY source_file, source_row"
        ).fetchall()
        return found

    return act
