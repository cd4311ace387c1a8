"""The fee's table expression on two engines, DuckDB and SQLite, against plain Python."""

import sqlite3
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.programs.technical_fee.expression import (
    NONE,
    ORDERS,
    Setting,
    Shape,
    rates_columns,
    sql_of,
    stores_columns,
)
from ledger.programs.technical_fee.parameters import SCENES
from tests.marks import drawn, examples

Row = tuple[Any, ...]
SHAPES = (
    Shape(10_000, "ordinary", None),
    Shape(5_000, None, ("shoes", "母婴")),
    Shape(10_000, "ad", None),
    Shape(0, "ordinary", ("never",)),
)
SETTINGS = [
    Setting(SHAPES, "CNY", True),
    Setting(SHAPES[::-1], "CNY", False),
    Setting(SHAPES[:1], "JPY", True),
    Setting((), "CNY", True),
]
COLUMNS = {
    "stores": ("store", "orders", "fee", "unrated", "foreign"),
    "totals": (
        *("store", "scene", "category", "base", "ppm", "discount", "foreign"),
        *("orders", "net", "fee"),
    ),
    "orders": ("store", "order_id", "scene", "net", "base", "ppm", "discount", "foreign", "fee"),
}
CATEGORIES = ("shoes", "母婴", "books", "no rate", "ads only")
LARGEST = 10**15
EDGES = (0, 1, 49, 50, 51, 150, 250, 999_999, 10**6, 10**6 + 1, LARGEST - 1, LARGEST)


class Tables(NamedTuple):
    """The rows of the three tables that the expression joins."""

    orders: list[Row]
    rates: list[Row]
    stores: list[Row]


def tables_of(random: Random, discounts: int, count: int = 1500) -> Tables:
    """Orders of known and unknown stores at few instants, so that the ends of windows are hit."""
    orders = []
    for number in range(count):
        amount = random.choice([random.choice(EDGES), random.randint(0, LARGEST)])
        orders.append(
            (
                *(f"S-{random.randrange(12)}", f"O-{number}", random.randrange(20), amount),
                random.choice([0, 0, amount, random.randint(0, amount)]),
                random.choice(["CNY"] * 9 + ["JPY"]),
                random.choice(["ad", "ordinary"]),
                random.choice(["selected_alliance", "other"]),
                random.choice(CATEGORIES),
            )
        )
    rates = [
        ("shoes", 50_000, 20_000, 30_000),
        ("母婴", 4_999, 12_345, 1_000_000),
        ("books", 0, 10_000, 1),
        ("ads only", 7, None, None),
    ]
    stores = [
        (f"S-{number}", *(random.randrange(21) for _ in range(2 * discounts)))
        for number in range(10)
    ]
    return Tables(orders, rates, stores)


def loaded(database: Any, tables: Tables, discounts: int) -> Any:
    """The tables in an engine, in the types of the expression."""
    kinds = {"string": "VARCHAR", "int64": "BIGINT"}
    for name, columns, rows in (
        ("orders", ORDERS, tables.orders),
        ("rates", rates_columns(), tables.rates),
        ("stores", stores_columns(discounts), tables.stores),
    ):
        listed = ", ".join(f'"{column}" {kinds[kind]}' for column, kind in columns.items())
        database.execute(f"CREATE TABLE {name} ({listed})")
        if rows:
            marks = ", ".join("?" * len(columns))
            database.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    return database


def asked(database: Any, kind: str, setting: Setting, dialect: str) -> list[Row]:
    """What an engine answers, in an order of its own values."""
    listed = ", ".join(f'"{name}"' for name in COLUMNS[kind])
    sql = f"SELECT {listed} FROM ({sql_of(kind, setting, dialect)}) AS found"
    return _ordered(tuple(map(_plain, row)) for row in database.execute(sql).fetchall())


def _plain(value: Any) -> Any:
    assert not isinstance(value, float), "a fee is never worked out in floating point"
    return value if value is None or isinstance(value, str) else int(value)


def _ordered(rows: Any) -> list[Row]:
    return sorted(rows, key=lambda row: tuple((one is not None, str(one)) for one in row))


class Oracle:
    """The rule in words of Python, order by order, with exact decimals."""

    def __init__(self, tables: Tables, setting: Setting) -> None:
        self.setting = setting
        self.rates = {row[0]: dict(zip(SCENES, row[1:], strict=True)) for row in tables.rates}
        self.stores = {row[0]: row[1:] for row in tables.stores}
        self.lines = [found for row in tables.orders if (found := self._line(*row))]

    def _line(self, *row: Any) -> dict[str, Any] | None:
        store, order_id, at, amount, refunded, currency, traffic, channel, category = row
        if store not in self.stores:
            return None
        scene = "ad" if traffic == "ad" else channel
        base = self.rates.get(category, {}).get(scene)
        net = amount - refunded if self.setting.deduct_refunds else amount
        ppm, discount = base, NONE
        for number, shape in enumerate(self.setting.discounts if base is not None else ()):
            start, end = self.stores[store][2 * number : 2 * number + 2]
            fits = start <= at < end and shape.traffic in (None, traffic)
            if fits and category in (shape.categories or (category,)) and shape.ppm < ppm:
                ppm, discount = shape.ppm, number
        fee = None
        if base is not None:
            exact = Decimal(net) * Decimal(ppm) / Decimal(1_000_000)
            fee = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
        return {
            "store": store,
            "order_id": order_id,
            "scene": scene,
            "category": category,
            "net": net,
            "base": base,
            "ppm": ppm,
            "discount": discount,
            "fee": fee,
            "foreign": int(currency != self.setting.currency),
        }

    def answer(self, kind: str) -> list[Row]:
        """What the expression has to answer."""
        if kind == "orders":
            return _ordered(tuple(one[name] for name in COLUMNS[kind]) for one in self.lines)
        keys = ("store",) if kind == "stores" else COLUMNS["totals"][:7]
        groups: dict[Row, list[dict[str, Any]]] = {}
        for one in self.lines:
            groups.setdefault(tuple(one[key] for key in keys), []).append(one)
        return _ordered(self._sums(kind, key, lines) for key, lines in groups.items())

    @staticmethod
    def _sums(kind: str, key: Row, lines: list[dict[str, Any]]) -> Row:
        fees = [one["fee"] for one in lines if one["fee"] is not None]
        fee = sum(fees) if fees else None
        if kind == "totals":
            return (*key, len(lines), sum(one["net"] for one in lines), fee)
        unrated = sum(one["base"] is None for one in lines)
        return (*key, len(lines), fee, unrated, sum(one["foreign"] for one in lines))


@pytest.fixture
def engines() -> Iterator[dict[str, Any]]:
    """An empty database of each dialect."""
    import duckdb

    made = {"duckdb": duckdb.connect(":memory:"), "sqlite": sqlite3.connect(":memory:")}
    yield made
    for one in made.values():
        one.close()


@pytest.mark.parametrize("number", drawn(range(len(SETTINGS)), 2))
@pytest.mark.parametrize("seed", drawn([1, 20200501], 2))
def test_two_engines_and_plain_python_answer_alike(
    engines: dict[str, Any], number: int, seed: int
) -> None:
    """Sums by store, in detail, and order by order; amounts to 10^15, missing rates, ties."""
    setting = SETTINGS[number]
    discounts = len(setting.discounts)
    tables = tables_of(Random(seed), discounts)
    oracle = Oracle(tables, setting)
    assert {one["fee"] is None for one in oracle.lines} == {True, False}
    assert len({one["discount"] for one in oracle.lines}) > min(discounts, 1)
    for dialect, database in engines.items():
        loaded(database, tables, discounts)
        for kind in COLUMNS:
            assert asked(database, kind, setting, dialect) == oracle.answer(kind), (dialect, kind)


def test_of_equal_rates_the_first_discount_is_named(engines: dict[str, Any]) -> None:
    """The lowest fee wins; of equal ones the row that stands first, on both engines."""
    shapes = [Shape(ppm, None, None) for ppm in (9, 5, 5)]
    setting = Setting(tuple(shapes), "CNY", True)
    order = ("S-1", "O-1", 5, 10**6, 0, "CNY", "ordinary", "other", "shoes")
    tables = Tables([order], [("shoes", 50, 50, 50)], [("S-1", 0, 9, 0, 9, 0, 9)])
    for dialect, database in engines.items():
        ((*_, ppm, discount, _, fee),) = asked(
            loaded(database, tables, 3), "orders", setting, dialect
        )
        assert (ppm, discount, fee) == (5, 1, 5)


def test_a_discount_equal_to_the_rate_is_none(engines: dict[str, Any]) -> None:
    """Nothing is lower, so nobody is told of a discount."""
    setting = Setting((Shape(50, None, None),), "CNY", True)
    order = ("S-1", "O-1", 5, 10**6, 0, "CNY", "ordinary", "other", "shoes")
    tables = Tables([order], [("shoes", 50, 50, 50)], [("S-1", 0, 9)])
    for dialect, database in engines.items():
        ((*_, discount, _, fee),) = asked(loaded(database, tables, 1), "orders", setting, dialect)
        assert (discount, fee) == (NONE, 50)


def test_without_rates_or_stores_there_is_no_fee_and_no_line(engines: dict[str, Any]) -> None:
    """Empty tables are tables as well."""
    order = ("S-1", "O-1", 5, 100, 0, "CNY", "ordinary", "other", "shoes")
    setting = SETTINGS[0]
    window = (0, 9) * len(setting.discounts)
    for dialect, database in engines.items():
        loaded(database, Tables([order], [], [("S-1", *window)]), len(setting.discounts))
        assert asked(database, "stores", setting, dialect) == [("S-1", 1, None, 1, 0)]
        database.execute("DELETE FROM stores")
        assert asked(database, "stores", setting, dialect) == []


def _fees(database: Any, dialect: str, amounts: list[int], ppm: int) -> list[int]:
    """The fee of each amount at one rate."""
    orders = [
        ("S-1", f"{n:06}", 0, one, 0, "CNY", "ordinary", "other", "shoes")
        for n, one in enumerate(amounts)
    ]
    loaded(database, Tables(orders, [("shoes", ppm, ppm, ppm)], [("S-1",)]), 0)
    return [row[-1] for row in asked(database, "orders", Setting((), "CNY", True), dialect)]


def _exact(amount: int, ppm: int) -> int:
    """Half up, in whole numbers of Python."""
    return (amount * ppm * 2 + 10**6) // (2 * 10**6)


@examples(15, 60)
def test_any_amount_at_any_rate_is_rounded_half_up(examples: int) -> None:
    """To 10^15 minor units on both engines, against whole numbers without limit."""
    import duckdb

    @settings(max_examples=examples, deadline=None)
    @given(
        st.lists(st.integers(0, LARGEST) | st.sampled_from(EDGES), min_size=1, max_size=40),
        st.integers(0, 10**6) | st.sampled_from([1, 5 * 10**5, 10**6 - 1, 10**6]),
    )
    def check(amounts: list[int], ppm: int) -> None:
        wanted = [_exact(one, ppm) for one in amounts]
        with duckdb.connect(":memory:") as duck:
            assert _fees(duck, "duckdb", amounts, ppm) == wanted
        lite = sqlite3.connect(":memory:")
        assert _fees(lite, "sqlite", amounts, ppm) == wanted
        lite.close()

    check()


@pytest.mark.parametrize("ppm", drawn([1, 10_000, 333_333, 999_999, 10**6], 2))
def test_the_largest_order_that_a_book_takes_is_exact(engines: dict[str, Any], ppm: int) -> None:
    """In DuckDB, up to 10^18 - 1 minor units: no product passes 64 bits, no division loses one.

    SQLite takes remainders as doubles: exact up to 2^53, above what the tests before ask of both.
    """
    random = Random(18)
    amounts = [10**18 - 1, *(random.randint(10**15, 10**18 - 1) for _ in range(500))]
    found = _fees(engines["duckdb"], "duckdb", amounts, ppm)
    assert found == [_exact(one, ppm) for one in amounts]
