"""Rate rows with days, amounts and defaults: the expression against the rule in plain Python."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from ledger.kernel.errors import BadTerms
from ledger.kernel.instants import day_of, parse_instant
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of
from ledger.programs.technical_fee.expression import NONE
from ledger.programs.technical_fee.gather import setting_of
from ledger.programs.technical_fee.parameters import SCENES, Parameters, Rate
from ledger.programs.technical_fee.rates import is_plain, rates_of_scene, tables_of
from tests.fee_engines import ENGINES, Row, Tables, answer, ordered
from tests.marks import drawn
from tests.quarter import edition

BERLIN = "Europe/Berlin"
"""Its days of 29 March and 25 October 2020 have 23 and 25 hours."""
COLUMNS = ("order_id", "base", "ppm", "discount", "row", "fee")
DISCOUNT = {"name": "n", "rate": "0.02", "onboarded_from": "2020-01-01", "first_day": 0, "days": 9}
DAYS = [
    *("2020-03-28", "2020-03-29", "2020-03-30", "2020-04-01"),
    *("2020-10-24", "2020-10-25", "2020-10-26"),
]
INSTANTS = [
    parse_instant(f"{day}T{hour}") + moved
    for day in DAYS
    for hour in ("00:00:00+01:00", "00:00:00+02:00", "02:30:00+01:00")
    for moved in (-1, 0, 1)
]


def fees(rates: list[dict[str, Any]], **more: Any) -> Edition:
    """The fee's edition in euro and Berlin time with some rates."""
    made = edition("technical-fee-2020", publisher="acme", rates=rates, discounts=[DISCOUNT])
    return made.model_copy(update={"zone": BERLIN, "currency": "EUR", **more})


def parameters(rates: list[dict[str, Any]]) -> Parameters:
    return Parameters.model_validate({"rates": rates, "discounts": [DISCOUNT]})


def any_rates(random: Random, count: int) -> list[dict[str, Any]]:
    """Rows for days that touch and leave gaps, with every mix of the other fields."""
    found: list[dict[str, Any]] = [{"category": "shoes", "scene": "ad", "rate": "0.05"}]
    for number in range(count):
        first, last = sorted(random.choices(DAYS, k=2))
        least, most = sorted(random.sample(["0.00", "0.01", "0.50", "2.00", "300.00"], 2))
        row = {
            "rate": random.choice(["0", "0.02", "0.05", "0.012345", "1"]),
            "category": random.choice(["shoes", "books"]) if number % 2 else None,
            "scene": random.choice([*SCENES, None]),
            "from": random.choice([first, None]) if number % 2 else first,
            "to": random.choice([last, None]) if number % 2 else last,
            "fixed": random.choice(["0.30", "0", None]),
            "min": random.choice([least, None]),
            "max": random.choice([most, None]),
        }
        row = {name: value for name, value in row.items() if value is not None}
        try:
            parameters([*found, row])
            found.append(row)
        except ValidationError:
            pass
    return found


def any_orders(random: Random, count: int = 600) -> list[Row]:
    amounts = [0, 1, 49, 50, 51, 250, 999, 10_001, 10**15, 10**18 - 1]
    orders = []
    for number in range(count):
        amount = random.choice(amounts)
        traffic, channel = random.choice(["ad", "ordinary"]), random.choice(SCENES[1:])
        refunded = random.choice([0, 0, amount, amount // 2])
        category = random.choice(["shoes", "books", "toys", ""])
        at = random.choice(INSTANTS)
        orders.append(
            ("S-1", f"{number:04}", at, amount, refunded, "EUR", traffic, channel, category)
        )
    return orders


def counting(rates: tuple[Rate, ...], category: str, scene: str, at: int) -> int | None:
    """The row that counts, by the rule: own before default, and with the scene before without."""
    day = day_of(at, BERLIN)
    for wanted in ((category, scene), (category, None), (None, scene), (None, None)):
        for number, one in enumerate(rates):
            first, last = one.days
            if (one.category, one.scene) == wanted and first <= day <= last:
                return number
    return None


def by_hand(rates: tuple[Rate, ...], order: Row, starts: int, ends: int) -> Row:
    """What an order is charged, in exact decimals."""
    _, name, at, amount, refunded, _, traffic, channel, category = order
    number = counting(rates, category, "ad" if traffic == "ad" else channel, at)
    if number is None:
        return (name, None, None, NONE, None, None)
    row, net = rates[number], amount - refunded
    discounted = starts <= at < ends and row.ppm > 20_000
    ppm = 20_000 if discounted else row.ppm
    minor = [
        None if one is None else Decimal(one) * 100 for one in (row.fixed, row.least, row.most)
    ]
    fee = Decimal(net) * ppm / 10**6 + (minor[0] or 0)
    fee = max(fee, minor[1] or Decimal(0))
    fee = fee if minor[2] is None else min(fee, minor[2])
    charged = int(fee.quantize(Decimal(1), ROUND_HALF_UP)) if net else 0
    return (name, row.ppm, ppm, 0 if discounted else NONE, number, charged)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", drawn(range(6), 3))
def test_every_order_is_charged_by_the_row_that_counts_then(engine: str, seed: int) -> None:
    """On every engine, with rows for spans of days that begin and end where clocks change."""
    random = Random(seed)
    rates = any_rates(random, 40)
    known = parameters(rates)
    terms, orders = fees(rates), any_orders(random)
    starts, ends = sorted(random.sample(INSTANTS, 2))
    made = tables_of(known, "EUR", BERLIN)
    rows, spans = (list(zip(*made[name].values(), strict=True)) for name in ("rates", "spans"))
    tables = Tables(orders, rows, [("S-1", starts, ends)], spans)
    found = answer(engine, "orders", COLUMNS, tables, setting_of(terms, known))
    assert known.rates is not None
    wanted = [by_hand(known.rates, one, starts, ends) for one in orders]
    assert {one[-1] is None for one in wanted} == {True, False}
    assert len({one[4] for one in wanted}) > 4
    assert found == ordered(wanted)


@pytest.mark.parametrize("engine", ENGINES)
def test_plain_rows_in_the_general_table_charge_the_same(engine: str) -> None:
    """One row with a day makes the table general; what the others charge does not change."""
    random = Random(3)
    plain = [
        {"category": "shoes", "rate": "0.05"},
        {"category": "shoes", "scene": "ad", "rate": "0.06"},
        {"category": "books", "scene": "other", "rate": "0.012345"},
    ]
    dated = [*plain, {"category": "unheard of", "rate": "1", "from": "2020-10-25"}]
    assert is_plain(parameters(plain))
    assert not is_plain(parameters(dated))
    orders, found = any_orders(random), []
    for rates in (plain, dated):
        made = tables_of(parameters(rates), "EUR", BERLIN)
        columns = [list(zip(*one.values(), strict=True)) for one in made.values()]
        tables = Tables(orders, columns[0], [("S-1", 0, 0)], *columns[1:])
        setting = setting_of(fees(rates), parameters(rates))
        found.append(answer(engine, "orders", ("order_id", "ppm", "fee"), tables, setting))
    assert found[0] == found[1]


def test_what_one_scene_is_charged_can_be_asked_of_every_scene() -> None:
    """For a reconciliation's "what if", also where a scene has no row."""
    rates = [{"category": "shoes", "scene": "ad", "rate": "0.06", "fixed": "0.30"}]
    made = rates_of_scene(tables_of(parameters(rates), "EUR", BERLIN)["rates"], "ad")
    assert made["scene"] == list(SCENES)
    assert made["fixed"] == [30] * 3


SHOES = {"category": "shoes", "rate": "0.05"}
JUNE = {"from": "2020-06-01", "to": "2020-06-30"}
REFUSED = [
    ([SHOES, SHOES | JUNE], r"category shoes, all days \(0.05\)"),
    ([SHOES | JUNE, SHOES | {"from": "2020-06-30"}], "category shoes, from 2020-06-30"),
    ([SHOES | {"to": "2020-06-01"}, SHOES | JUNE], "category shoes, to 2020-06-01"),
    ([{"rate": "0.1"}, {"rate": "0.2"} | JUNE], "every category, from 2020-06-01 to 2020-06-30"),
    ([{"scene": "ad", "rate": "0.1"}] * 2, "every category, scene ad, all days"),
    ([SHOES | {"from": "2020-06-02", "to": "2020-06-01"}], "expected 2020-06-02 or later"),
    ([SHOES | {"from": 20200601}], "a day is written as"),
    ([SHOES | {"from": "1999-12-31"}], "2000 to 2199"),
    ([SHOES | {"fixed": "-0.01"}], "-0.01 is below zero"),
    ([SHOES | {"min": "1e2"}], "not a plain decimal"),
    ([SHOES | {"max": "0.001"}], "rates.0.max: '0.001' has 3 decimals"),
    ([SHOES | {"fixed": "0.005"}], "rates.0.fixed: "),
    ([SHOES | {"min": "0.501"}], "rates.0.min: "),
    ([SHOES | {"min": "2.00", "max": "1.99"}], "min 2.00 is above max 1.99"),
]


@pytest.mark.parametrize(("rates", "named"), REFUSED)
def test_rows_that_make_no_sense_are_refused(rates: list[dict[str, Any]], named: str) -> None:
    """When they are published, with both rows named where two are for one day."""
    with pytest.raises(BadTerms, match=named):
        program_of("technical_fee").check(fees(rates))


def test_rows_that_share_no_day_or_are_for_other_orders_are_taken() -> None:
    """The day after, another scene, no scene, no category; `min` may be `max`."""
    rates = [
        SHOES | JUNE,
        SHOES | {"from": "2020-07-01", "min": "1", "max": "1.0"},
        SHOES | {"to": "2020-05-31", "fixed": "0"},
        SHOES | JUNE | {"scene": "ad"},
        {"rate": "0.01"} | JUNE,
        {"scene": "ad", "rate": "0.01"} | JUNE,
    ]
    checked = program_of("technical_fee").check(fees(rates))
    assert checked.terms["rates"] == rates
    assert program_of("technical_fee").check(checked).digest == checked.digest


def test_amounts_have_the_decimals_of_the_editions_currency() -> None:
    """Yen have none."""
    yen = fees([SHOES | {"fixed": "30", "max": "3000"}], currency="JPY")
    assert program_of("technical_fee").check(yen).terms["rates"][0]["fixed"] == "30"
    with pytest.raises(BadTerms, match="JPY has 0"):
        program_of("technical_fee").check(fees([SHOES | {"fixed": "0.30"}], currency="JPY"))


def test_a_day_is_the_day_of_the_editions_zone() -> None:
    """The table begins a span where the day begins there, summer time or not."""
    rates = [SHOES | {"from": "2020-03-29", "to": "2020-03-29"}]
    made = tables_of(parameters(rates), "EUR", BERLIN)["spans"]
    _, begins, ends = (one[0] for one in made.values())
    assert begins == parse_instant("2020-03-29T00:00:00+01:00")
    assert ends == parse_instant("2020-03-30T00:00:00+02:00")
    assert ends - begins == timedelta(hours=23) // timedelta(microseconds=1)
