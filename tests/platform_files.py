"""Files of a platform as the comparison reads them, without a book."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

from ledger.intake.platform.mapped_file import How, load_orders, opened_file
from ledger.intake.platform.rows import BadPlatformFile
from ledger.intake.tables.mappings import mapping_named
from ledger.kernel.errors import Refusal
from ledger.kernel.money import Money

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
    path: str | Path, profile: str, store: str | None = "TT-01", column: str | None = None
) -> Read:
    """A file by order through a shipped mapping, or one of the test's own."""
    how = How(mapping_named(profile, "reconcile"), store, column)
    with TemporaryDirectory() as folder, in_memory() as database:
        mapped = opened_file(database, str(path), how, Path(folder) / "t", lambda what, more: None)
        found = load_orders(database, mapped, "", flip_sign=False)
        rows = database.execute(
            "SELECT order_id, minor, currency, place FROM theirs ORDER BY place"
        ).fetchall()
    orders = [(order, Money(minor, currency).text) for order, minor, currency, _ in rows]
    return Read(orders, list(found.other), found.rows, [row[3] for row in rows])


def problems_in(path: str | Path, profile: str, **options: Any) -> list[tuple[int, str, str]]:
    """Each problem of a file: row, code, sentence."""
    with pytest.raises(BadPlatformFile) as caught:
        read_orders(path, profile, **options)
    problems: Any = caught.value.facts["problems"]
    return [(one["place"], one["code"], one["sentence"]) for one in problems]


def refused(path: str | Path, profile: str, **options: Any) -> str:
    """The sentence with which a file as a whole is refused."""
    with pytest.raises(Refusal) as caught:
        read_orders(path, profile, **options)
    return caught.value.sentence
