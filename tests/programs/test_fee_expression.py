"""The fee's table expression on every engine that installs here, against plain Python."""

from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.programs.technical_fee.expression import NONE, Setting, Shape
from ledger.programs.technical_fee.parameters import SCENES
from tests.fee_engines import ENGINES, SMALL_ENGINES, Row, Tables, answer, exact, fees, ordered
from tests.marks import drawn, examples

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
        *("store", "scene", "category", "base", "ppm", "discount", "foreign", "row"),
        *("orders", "net", "fee"),
    ),
    "orders": ("store", "order_id", "scene", "net", "base", "ppm", "discount", "foreign", "fee"),
}
CATEGORIES = ("shoes", "母婴", "books", "no rate", "ads only")
LARGEST = 10**15
ORDER = ("S-1", "O-1", 5, 10**6, 0, "CNY", "ordinary", "other", "shoes")
EDGES = (0, 1, 49, 50, 51, 150, 250, 999_999, 10**6, 10**6 + 1, LARGEST - 1, LARGEST)


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
            "row": NONE,
            "foreign": int(currency != self.setting.currency),
        }

    def answer(self, kind: str) -> list[Row]:
        """What the expression has to answer."""
        if kind == "orders":
            return ordered([tuple(one[name] for name in COLUMNS[kind]) for one in self.lines])
        keys = ("store",) if kind == "stores" else COLUMNS["totals"][:8]
        groups: dict[Row, list[dict[str, Any]]] = {}
        for one in self.lines:
            groups.setdefault(tuple(one[key] for key in keys), []).append(one)
        return ordered([self._sums(kind, key, lines) for key, lines in groups.items()])

    @staticmethod
    def _sums(kind: str, key: Row, lines: list[dict[str, Any]]) -> Row:
        fees = [one["fee"] for one in lines if one["fee"] is not None]
        fee = sum(fees) if fees else None
        if kind == "totals":
            return (*key, len(lines), sum(one["net"] for one in lines), fee)
        unrated = sum(one["base"] is None for one in lines)
        return (*key, len(lines), fee, unrated, sum(one["foreign"] for one in lines))


@pytest.mark.parametrize("number", drawn(range(len(SETTINGS)), 2))
@pytest.mark.parametrize("seed", drawn([1, 20200501], 2))
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_answers_as_plain_python_does(engine: str, number: int, seed: int) -> None:
    """Sums by store, in detail, and order by order; amounts to 10^15, missing rates, ties."""
    setting = SETTINGS[number]
    discounts = len(setting.discounts)
    tables = tables_of(Random(seed), discounts)
    oracle = Oracle(tables, setting)
    assert {one["fee"] is None for one in oracle.lines} == {True, False}
    assert len({one["discount"] for one in oracle.lines}) > min(discounts, 1)
    for kind, columns in COLUMNS.items():
        assert answer(engine, kind, columns, tables, setting) == oracle.answer(kind), kind


@pytest.mark.parametrize("engine", ENGINES)
def test_of_equal_rates_the_first_discount_is_named(engine: str) -> None:
    """The lowest fee wins; of equal ones the row that stands first."""
    shapes = [Shape(ppm, None, None) for ppm in (9, 5, 5)]
    setting = Setting(tuple(shapes), "CNY", True)
    tables = Tables([ORDER], [("shoes", 50, 50, 50)], [("S-1", 0, 9, 0, 9, 0, 9)])
    found = answer(engine, "orders", ("ppm", "discount", "fee"), tables, setting)
    assert found == [(5, 1, 5)]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_discount_equal_to_the_rate_is_none(engine: str) -> None:
    """Nothing is lower, so nobody is told of a discount."""
    setting = Setting((Shape(50, None, None),), "CNY", True)
    tables = Tables([ORDER], [("shoes", 50, 50, 50)], [("S-1", 0, 9)])
    assert answer(engine, "orders", ("discount", "fee"), tables, setting) == [(NONE, 50)]


@pytest.mark.parametrize("engine", ENGINES)
def test_without_rates_or_stores_there_is_no_fee_and_no_line(engine: str) -> None:
    """Empty tables are tables as well."""
    setting = SETTINGS[0]
    window = (0, 9) * len(setting.discounts)
    tables = Tables([ORDER], [], [("S-1", *window)])
    assert answer(engine, "stores", COLUMNS["stores"], tables, setting) == [("S-1", 1, None, 1, 0)]
    nobody = tables._replace(stores=[])
    assert answer(engine, "stores", COLUMNS["stores"], nobody, setting) == []


@examples(15, 60)
def test_any_amount_at_any_rate_is_rounded_half_up(examples: int) -> None:
    """To the largest order that a book takes, against whole numbers without limit."""

    @settings(max_examples=examples, deadline=None)
    @given(
        st.lists(st.integers(0, 10**18 - 1) | st.sampled_from(EDGES), min_size=1, max_size=40),
        st.integers(0, 10**6) | st.sampled_from([1, 5 * 10**5, 10**6 - 1, 10**6]),
    )
    def check(amounts: list[int], ppm: int) -> None:
        wanted = [exact(one, ppm) for one in amounts]
        for engine in SMALL_ENGINES:
            assert fees(engine, amounts, ppm) == wanted, engine

    check()
