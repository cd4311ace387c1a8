"""Files of a platform as the comparison reads them, without a book."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

from ledger.intake.orders.reading import read
from ledger.intake.platform.how import How
from ledger.intake.platform.mapped_file import load_orders, opened_file, rows_of
from ledger.intake.problems import BadPlatformFile
from ledger.intake.tables.mappings import mapping_named
from ledger.kernel.errors import Refusal
from ledger.kernel.instants import parse_instant
from ledger.kernel.money import Money

NOW = parse_instant("2026-12-01T00:00:00Z")
FILES = Path(__file__).parents[1] / "fixtures" / "platform"


class Read(NamedTuple):
    """The orders of a file with their amounts, in the order of the file; and what is of none."""

    orders: list[tuple[str, str]]
    other: list[dict[str, Any]]
    rows: int
    places: list[int]


@contextmanager
def in_memory() -> Iterator[Any]:
    """A database in memory that is left behind closed."""
    import duckdb

    database = duckdb.connect(":memory:")
    database.execute("SET TimeZone = 'UTC'")
    try:
        yield database
    finally:
        database.close()


def read_orders(
    path: str | Path,
    profile: str,
    store: str | None = "TT-01",
    column: str | None = None,
    **fixed: str,
) -> Read:
    """A file by order through a shipped mapping, or one of the test's own."""
    how = How(mapping_named(profile, "reconcile"), store, column, fixed=tuple(fixed.items()))
    with TemporaryDirectory() as folder, in_memory() as database:
        mapped = opened_file(database, str(path), how, Path(folder) / "t", lambda what, more: None)
        found = load_orders(database, mapped, str, flip_sign=False)
        rows = database.execute(
            "SELECT order_id, minor, currency, place FROM theirs ORDER BY place"
        ).fetchall()
    orders = [(order, Money(minor, currency).text) for order, minor, currency, _ in rows]
    return Read(orders, list(found.other), found.rows, [row[3] for row in rows])


def read_lines(
    path: str | Path, profile: str, store: str | None = None
) -> list[tuple[str, str | None, str | None]]:
    """A file by line: the line or store, its amount with its currency, its outcome."""
    how = How(mapping_named(profile, "reconcile"), store)
    with TemporaryDirectory() as folder, in_memory() as database:
        mapped = opened_file(database, str(path), how, Path(folder) / "t", lambda what, more: None)
        rows = rows_of(database, mapped, str).rows
    return [
        (
            row.line or row.store or "",
            f"{row.amount.text} {row.amount.currency}" if row.amount else None,
            row.outcome,
        )
        for row in rows
    ]


class OrdersRead(NamedTuple):
    """The order lines of a file as text, by order; and the rows that are none, with their codes."""

    lines: list[str]
    rejected: list[tuple[int, str]]


def read_order_file(
    path: str | Path, profile: str, zone: str | None = None, **fixed: str
) -> OrdersRead:
    """A file of orders through a shipped mapping."""
    with TemporaryDirectory() as folder, in_memory() as database:
        checked = read(
            *(database, [Path(path)], NOW, fixed),
            mapping=mapping_named(profile, "orders"),
            zone=zone,
            within=Path(folder),
        )
        rows = database.execute(
            "SELECT order_id, item, amount_minor, refunded_minor, currency, payment, category,"
            " strftime(make_timestamp(created_at), '%Y-%m-%dT%H:%M:%SZ')"
            f" FROM {checked.relation} ORDER BY source_row"
        ).fetchall()
        rejected = [(one.row, one.code) for one in checked.rejections]
    return OrdersRead([" ".join(str(cell) for cell in row if cell) for row in rows], rejected)


def problems_in(
    path: str | Path, profile: str, *, by_line: bool = False, **options: Any
) -> list[tuple[int, str, str]]:
    """Each problem of a file: row, code, sentence."""
    reader: Any = read_lines if by_line else read_orders
    with pytest.raises(BadPlatformFile) as caught:
        reader(path, profile, **options)
    problems: Any = caught.value.facts["problems"]
    return [(one["place"], one["code"], one["sentence"]) for one in problems]


def refused(path: str | Path, profile: str, **options: Any) -> str:
    """The sentence with which a file as a whole is refused."""
    with pytest.raises(Refusal) as caught:
        read_orders(path, profile, **options)
    return caught.value.sentence
