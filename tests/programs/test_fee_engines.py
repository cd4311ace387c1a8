"""The fee is the same figure on every engine, up to the largest order that a book takes."""

from collections.abc import Iterator
from random import Random

import pytest

from ledger.programs.technical_fee.expression import Setting
from tests.fee_engines import ENGINES, Tables, answer, exact, fees
from tests.marks import drawn

LARGEST = 10**18 - 1
"""18 digits: what intake takes at most, in minor units."""
RATES = (1, 7, 10_000, 12_345, 333_333, 500_000, 999_999, 10**6)


def adversarial(ppm: int) -> Iterator[int]:
    """About 2,000 amounts: on and beside every half cent, million and power of two."""
    random = Random(ppm)
    for _ in range(400):
        half = random.randrange(ppm * 10**12) * 2 + 1
        amount = half * 10**6 // (2 * ppm)
        yield from (amount - 1, amount, amount + 1)
    for _ in range(300):
        million = random.randrange(10**12) * 10**6
        yield million + random.choice([-1, 0, 1, 499_999, 500_000, 500_001])
    for power in range(50, 60):
        yield from (2**power - 1, 2**power, 2**power + 1)
    for _ in range(500):
        yield random.randint(0, LARGEST)
    yield from (0, 1, 49, 50, 51, 499_999, 500_000, 500_001, LARGEST - 1, LARGEST)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("ppm", drawn(RATES, 3))
def test_the_fee_of_any_order_is_exact_on_every_engine(engine: str, ppm: int) -> None:
    """To the minor unit, against whole numbers without limit, to 10^18 - 1."""
    amounts = [one for one in adversarial(ppm) if 0 <= one <= LARGEST]
    assert len(amounts) > 1_900
    wanted = [exact(one, ppm) for one in amounts]
    wrong = [
        (amount, fee, right)
        for amount, fee, right in zip(amounts, fees(engine, amounts, ppm), wanted, strict=True)
        if fee != right
    ]
    assert wrong == []


@pytest.mark.parametrize("engine", ENGINES)
def test_an_order_below_zero_has_no_fee_on_any_engine(engine: str) -> None:
    """Not one that is a unit off: none. And whoever asks can see that there is such an order."""
    order = ("S-1", "O-1", 0, 100, 101, "CNY", "ordinary", "other", "shoes")
    other = ("S-2", "O-2", 0, 100, 100, "CNY", "ordinary", "other", "shoes")
    tables = Tables([order, other], [("shoes", 50_000, 50_000, 50_000)], [("S-1",), ("S-2",)])
    deducted = Setting((), "CNY", True)
    asked = (tables, deducted)
    assert answer(engine, "orders", ("store", "fee"), *asked) == [("S-1", None), ("S-2", 0)]
    assert answer(engine, "least", ("store", "least"), *asked) == [("S-1", -1), ("S-2", 0)]
    ignored = deducted._replace(deduct_refunds=False)
    assert answer(engine, "orders", ("fee",), tables, ignored) == [(5,), (5,)]
    assert answer(engine, "least", ("least",), tables, ignored) == [(100,), (100,)]


@pytest.mark.parametrize("engine", ENGINES)
def test_fees_are_added_up_by_the_day_in_which_an_order_was_created(engine: str) -> None:
    """On every engine: the first instant of a day is in it, the last before the next one too; what
    has no rate or another currency is in no day."""
    usual = ("CNY", "ordinary", "other", "shoes")
    orders = [
        ("S-1", "O-1", 100, 1000, 0, *usual),
        ("S-1", "O-2", 199, 500, 0, *usual),
        ("S-1", "O-3", 200, 300, 0, *usual),
        ("S-2", "O-4", 250, 900, 900, *usual),
        ("S-2", "O-5", 150, 700, 0, "EUR", *usual[1:]),
        ("S-2", "O-6", 150, 700, 0, *usual[:3], "unheard of"),
    ]
    rates = [("shoes", 10_000, 10_000, 10_000)]
    tables = Tables(orders, rates, [("S-1",), ("S-2",)], days=[(100, 200)])
    setting = Setting((), "CNY", True, days=2)
    rows = answer(engine, "days", ("store", "day", "fee"), tables, setting)
    assert rows == [("S-1", 0, 15), ("S-1", 1, 3), ("S-2", 1, 0)]
