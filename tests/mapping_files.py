"""Files of platforms through mappings that a test writes, as each command reads them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ledger.intake.orders.reading import CheckedOrders, read
from ledger.intake.tables.mappings import mapping_named
from ledger.kernel.errors import Refusal
from ledger.kernel.money import Money
from tests.platform_files import in_memory, read_orders

NOW = 1_800_000_000_000_000
"""Of 2027."""
WORDS = {"store": "S-1", "traffic": "ordinary", "channel": "other", "payment": "online"}


class Orders(NamedTuple):
    """Orders of a file: id (with the item), amount (and what was refunded) and instant; and the
    faults, each a row, its code and what was found."""

    orders: list[tuple[str, str, str]]
    faults: list[tuple[int, str, str]]


def written(
    folder: Path, content: str | bytes, mapping: str, use: str, name: str
) -> tuple[str, ...]:
    """A file and a mapping in a folder."""
    path, profile = folder / name, folder / "mapping.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    profile.write_text(f'name = "own"\nfor = "{use}"\n{mapping}', encoding="utf-8")
    return str(path), str(profile)


def orders(
    folder: Path, content: str | bytes, mapping: str, name: str = "export.csv", **options: Any
) -> Orders:
    """The orders of a file through a mapping."""
    path, profile = written(folder, content, mapping, "orders", name)
    read_as = mapping_named(profile, "orders")
    assert read_as is not None
    fixed = {**WORDS, "category": "c"}
    fixed = {one: word for one, word in fixed.items() if one not in read_as.columns}
    with in_memory() as connection:
        found = read(connection, [Path(path)], NOW, fixed, mapping=read_as, **options)
        rows = connection.execute(
            "SELECT order_id, item, amount_minor, refunded_minor, currency::VARCHAR,"
            " strftime(make_timestamp(created_at), '%Y-%m-%dT%H:%M:%SZ')"
            f" FROM {found.relation} ORDER BY source_row"
        ).fetchall()
    return Orders([_shown(*row) for row in rows], _faults(found))


def _shown(
    order: str, item: str, amount: int, refunded: int, currency: str, at: str
) -> tuple[str, str, str]:
    money = Money(amount, currency).text
    less = f" - {Money(refunded, currency).text}" if refunded else ""
    return (f"{order}/{item}" if item else order, f"{money}{less} {currency}", at)


def _faults(found: CheckedOrders) -> list[tuple[int, str, str]]:
    return [(one.row, one.code, str(one.found or one.column)) for one in found.rejections]


def compared(
    folder: Path, content: str | bytes, mapping: str, name: str = "fees.csv"
) -> list[tuple[str, str]]:
    """The orders of a file of fees with their amounts, through a mapping."""
    path, profile = written(folder, content, mapping, "reconcile", name)
    return read_orders(path, profile, "S-1").orders


def said_of(read: Any, *given: Any) -> str:
    """What a refusal says, and what to do."""
    with pytest.raises(Refusal) as caught:
        read(*given)
    return f"{caught.value.sentence} {caught.value.hint}"


def table(*rows: Sequence[str], sign: str = ",") -> str:
    """Rows as a text."""
    return "".join(sign.join(row) + "\n" for row in rows)
