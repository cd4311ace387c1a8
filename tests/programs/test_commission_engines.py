"""Commissions are the same figures on every engine that the expression is compiled to."""

from pathlib import Path
from random import Random

import pytest

from ledger.kernel.clocks import Clocks
from ledger.programs.affiliate_commission.expression import EXPRESSIONS, ORDERS, Setting, columns_of
from ledger.programs.affiliate_commission.gather import Month, month_of_orders
from ledger.programs.affiliate_commission.parameters import parameters_of
from ledger.programs.affiliate_commission.tables import neighbour_tables
from ledger.programs.periods import month
from ledger.store.reader import LogReader
from ledger.usecases.settling.settle import published_edition
from tests.fee_engines import LARGE_ENGINES, Row, Typed, asked
from tests.properties.test_commission_months import PROGRAM, Told, opened, tell
from tests.quarter import NOW

COLUMNS = (*("store", "order_id", "score", "due"), *("eligible", "covered", "approved", "not_own"))
CHANGES: list[dict[str, object]] = [
    {},
    {"deduct_refunds": False, "declines_unapproved": False},
    {"neighbour": "before"},
    {"rounding": "cut_off"},
    {"rounding": "half_even"},
]


def typed(found: Month) -> Typed:
    """The orders and small tables of a month, with their types."""
    listed = ", ".join(f'"{name}"' for name in ORDERS)
    rows: list[Row] = found.session.ask(f"SELECT {listed} FROM orders", {})
    small = {**found.tables(), **neighbour_tables(found.plans)}
    return {"orders": (ORDERS, [tuple(map(_plain, row)) for row in rows])} | {
        name: (columns_of(name), list(zip(*table.values(), strict=True)))
        for name, table in small.items()
    }


def _plain(value: object) -> object:
    return value if isinstance(value, int) else str(value)


@pytest.mark.parametrize("engine", ["polars", *LARGE_ENGINES])  # too deep for SQLite
def test_the_commission_of_every_order_is_the_same_on_every_engine(
    engine: str, tmp_path: Path
) -> None:
    """Of drawn months, also asked with one thing changed: as DuckDB answers them."""
    compared = 0
    for seed in range(4):
        told = Told(Random(f"engines {seed}"))
        quarter = opened(str(tmp_path / f"{seed}.db"), tmp_path, "platform", told)
        tell(quarter, told.left, told.rows)
        with quarter.book.reading() as connection:
            clocks = Clocks(NOW, quarter.book.head().position)
            edition = published_edition(connection, PROGRAM, clocks)
            reader, window = LogReader(connection, clocks), month(edition, "2024-05").window
            found = month_of_orders(reader, edition, parameters_of(edition), window, None)
            if found is None:
                continue
            tables = typed(found)
            for changed in CHANGES:
                setting: Setting = found.setting._replace(**changed)  # type: ignore[arg-type]
                expression = EXPRESSIONS["orders"](setting)
                ours = asked("duckdb", expression, COLUMNS, tables)
                assert asked(engine, expression, COLUMNS, tables) == ours, (seed, changed)
                compared += len(ours)
        quarter.book.close()
    assert compared > 20
