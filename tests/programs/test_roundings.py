"""Other roundings, which what-ifs ask for: to the unit, on every engine and for every amount."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

import pytest

from ledger.kernel.money import Money, Rounding
from ledger.programs.technical_fee.expression import Setting
from tests.fee_engines import ENGINES, Tables, answer

MODES: dict[Rounding, str] = {"cut_off": ROUND_DOWN, "half_even": ROUND_HALF_EVEN}
AMOUNTS = [
    *range(0, 2_000, 7),
    *(10 * number for number in range(1, 200, 2)),  # 5 % of these end on a half
    *(10**12 + 10 * number for number in range(1, 100)),
    *(1_500_010, 499_990, 500_010, 10**18 - 1, 10**18 - 10),
]


def asked(engine: str, kind: str, column: str, setting: Setting) -> list[int]:
    """A column for orders of all those amounts of one store, at 5 %."""
    usual = (0, "CNY", "ordinary", "other", "shoes")
    orders = [("S-1", f"{number:04}", 0, one, *usual) for number, one in enumerate(AMOUNTS)]
    tables = Tables(orders, [("shoes", *3 * (50_000,))], [("S-1",)])
    return [row[0] for row in answer(engine, kind, (column,), tables, setting)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rounding", MODES)
def test_another_rounding_is_exact_on_every_engine(engine: str, rounding: Rounding) -> None:
    """Against decimals without limit."""
    wanted = [
        int((Decimal(one) * 5 / 100).to_integral_value(rounding=MODES[rounding])) for one in AMOUNTS
    ]
    found = asked(engine, "orders", "fee", Setting((), "CNY", True, rounding=rounding))
    assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_line_that_is_rounded_once_sums_what_is_exact(engine: str) -> None:
    """Half up at its end, and nothing before."""
    whole, rest = divmod(sum(AMOUNTS) * 5, 100)
    found = asked(engine, "stores", "fee", Setting((), "CNY", True, once=True))
    assert found == [whole + (rest >= 50)]


@pytest.mark.parametrize(
    ("rounding", "text"), [("half_up", "0.51"), ("cut_off", "0.50"), ("half_even", "0.50")]
)
def test_money_is_rounded_as_it_is_told(rounding: Rounding, text: str) -> None:
    """Both signs alike."""
    found = [Money(minor, "CNY").times(Decimal("0.05"), rounding).text for minor in (1010, -1010)]
    assert found == [text, f"-{text}"]
