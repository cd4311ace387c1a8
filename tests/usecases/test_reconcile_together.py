"""Causes that several orders say together: exchanged, summed, taxed, one rate for a category."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fees import PROGRAM, Fees, Row, onboarded, order
from tests.quarter import on_sqlite

from .platform import charged, compared, compared_by_store, ours

OLD = "2020-03-01T10:00:00+08:00"
EXCHANGED = "the amount of another order, and that one has this order's"
RATES = [
    {"category": "apparel", "rate": "0.05"},
    {"category": "apparel", "scene": "ad", "rate": "0.06"},
    {"category": "digital", "rate": "0.02"},
    {"category": "beauty", "rate": "0.12"},
]
AMOUNTS = {"apparel": ("101.10", "230.00", "317.70"), "digital": ("551.00", "80.40", "333.30")}
AMOUNTS |= {"beauty": ("99.90", "154.30", "201.75")}


def tell(book: Any, folder: Path) -> None:
    """Two old stores with orders of three categories at 5, 2 and 12 %, named `apparel-0` and so
    on; those of S-2 end on `s2`."""
    fees = Fees(book, folder)
    fees.rates(rates=RATES)
    fees.tell(onboarded("S-1", OLD), onboarded("S-2", OLD))
    fees.archive(
        *(
            order(f"{category}-{n}", category=category, amount=amount)
            for category, amounts in AMOUNTS.items()
            for n, amount in enumerate(amounts)
        ),
        order("a-s2", store="S-2", amount="77.00"),
        order("b-s2", store="S-2", amount="41.00"),
        order("c-s2", store="S-2", amount="12.00"),
    )


@pytest.fixture
def told(book_with: Callable[[Any], Any], tmp_path: Path) -> Fees:
    """A book that was told so."""
    return Fees(book_with(tell), tmp_path, calls=100)


def said(fees: Fees, **theirs: str | None) -> list[Row]:
    """A file that agrees but for these amounts, by order with `_` for `-`; None leaves it out."""
    changed = {name.replace("_", "-"): amount for name, amount in theirs.items()}
    rows = []
    for row in ours(fees):
        amount = changed.pop(row["order_id"], row["amount"])
        if amount is not None:
            rows.append({**row, "amount": amount})
    return rows + [charged(name, str(amount), "S-2") for name, amount in changed.items()]


def causes(fees: Fees, rows: list[Row]) -> dict[str, list[tuple[str, str]]]:
    """What is said of each order that broke."""
    return {
        one["order_id"]: [(cause["because"], cause["detail"]) for cause in one["likely"]]
        for one in compared(fees, rows).as_json(full=True)["breaks"]
    }


@on_sqlite
def test_two_orders_with_each_others_amount_say_so(told: Fees) -> None:
    """Wherever they are; a third one of the same amount leaves it open."""
    found = causes(told, said(told, apparel_0="-11.02", digital_0="-5.06"))
    assert found["apparel-0"] == [
        ("exchanged", f"{EXCHANGED}: exchanged with digital-0 of S-1, whose amount is ours -11.02")
    ]
    assert found["digital-0"][0][1].endswith("apparel-0 of S-1, whose amount is ours -5.06")
    told.archive(order("twin", amount="101.10"))
    found = causes(told, said(told, apparel_0="-11.02", digital_0="-5.06", twin="-11.02"))
    assert set(map(len, found.values())) == {0}
    assert causes(told, said(told, apparel_0="-11.02")) == {"apparel-0": []}


@on_sqlite
def test_a_row_that_stands_for_several_orders_says_which(told: Fees) -> None:
    """One of ours that swallowed others, or a row of its own."""
    detail = "one row stands for several orders: that of {}, is the sum of ours of {}"
    whole = ("sum_of_orders", detail.format("a-s2, -5.90", "a-s2, b-s2"))
    assert causes(told, said(told, a_s2="-5.90", b_s2=None)) == {"a-s2": [whole], "b-s2": [whole]}
    own = ("sum_of_orders", detail.format("batch, -6.50", "a-s2, b-s2, c-s2"))
    found = causes(told, said(told, a_s2=None, b_s2=None, c_s2=None, batch="-6.50"))
    assert found == {key: [own] for key in ("batch", "a-s2", "b-s2", "c-s2")}


@on_sqlite
@pytest.mark.parametrize(
    "theirs",
    [
        {"a_s2": "-5.91", "b_s2": None},
        {"batch": "-3.85", "a_s2": None},  # another id of one order is no sum
        {"a_s2": None, "b_s2": None, "c_s2": None, "batch": "-5.90", "other": "-4.45"},
    ],
)
def test_sums_that_do_not_fit_or_share_an_order_are_not_named(
    told: Fees, theirs: dict[str, str | None]
) -> None:
    """A cent more; a single order; two rows that would both need order a."""
    assert set(map(len, causes(told, said(told, **theirs)).values())) == {0}


@on_sqlite
def test_a_sum_that_can_be_taken_in_two_ways_is_not_named(told: Fees) -> None:
    """Two orders of one amount that they lack, and one row that has swallowed either."""
    told.archive(order("e-s2", store="S-2", amount="41.00"))
    found = causes(told, said(told, a_s2="-5.90", b_s2=None, e_s2=None))
    assert set(map(len, found.values())) == {0}


@on_sqlite
def test_tax_that_is_included_is_named_across_categories(told: Fees) -> None:
    """6 % on top of our 5.06, 11.50 and 11.02; the fourth break has nothing to do with it."""
    changed = {"apparel_0": "-5.36", "apparel_1": "-12.19", "digital_0": "-11.68"}
    tax = [("tax", "tax of 0.06 included: ours x 1.06")]
    assert causes(told, said(told, **changed)) == dict.fromkeys(
        ("apparel-0", "apparel-1", "digital-0"), tax
    )
    found = causes(told, said(told, **changed, beauty_2="-31.11"))
    assert (found["beauty-2"], found["digital-0"]) == ([], tax)
    few = causes(told, said(told, apparel_0="-5.36", digital_0="-11.68"))
    assert set(map(len, few.values())) == {0}


@on_sqlite
def test_one_rate_for_a_whole_category_is_named_with_what_it_was(told: Fees) -> None:
    """All three orders of beauty at 13 %, on the cent: 12.99, 20.06, 26.23."""
    changed = {"beauty_0": "-12.99", "beauty_1": "-20.06", "beauty_2": "-26.23"}
    detail = "0.13 instead of 0.12 for the whole category beauty: 3 orders fit"
    assert causes(told, said(told, **changed)) == {
        key: [("rate", detail)] for key in ("beauty-0", "beauty-1", "beauty-2")
    }
    found = compared(told, said(told, **changed))
    assert [one.count for one in found.breaks] == [3]
    assert f"{PROGRAM}/2020-05#amount_differs#CNY#rate:0.13" in found.breaks[0].id


@on_sqlite
@pytest.mark.parametrize(
    "theirs",
    [
        {"beauty_0": "-12.99", "beauty_1": "-20.06", "beauty_2": "-26.24"},
        {"beauty_0": "-12.99"},
        {"beauty_0": "-12.00", "beauty_1": "-18.53"},
        {"beauty_0": "-12.34", "beauty_1": "-17.77", "beauty_2": "-31.00"},
    ],
)
def test_a_rate_that_does_not_give_all_of_its_breaks_is_not_named(
    told: Fees, theirs: dict[str, str]
) -> None:
    """A cent off in one of three, one order alone, cents that any rate near ours gives, invented
    figures."""
    assert set(map(len, causes(told, said(told, **theirs)).values())) == {0}


@on_sqlite
def test_a_month_of_one_category_names_both_readings(fees: Fees) -> None:
    """6 % of tax on 5 % is 5.3 % of the only category: nothing tells which it is."""
    fees.rates(rates=RATES)
    fees.tell(onboarded("S-1", OLD))
    amounts = AMOUNTS["apparel"]
    fees.archive(*(order(f"x-{n}", amount=one) for n, one in enumerate(amounts)))
    rows = [charged("x-0", "-5.36"), charged("x-1", "-12.19"), charged("x-2", "-16.84")]
    for found in causes(fees, rows).values():
        assert [because for because, _ in found] == ["tax", "rate"]


@on_sqlite
def test_a_general_rate_with_something_fixed_is_told_apart_from_it(fees: Fees) -> None:
    """5 % and 1.00 an order, of which they take 6 %; a fee at its upper bound does not move."""
    row = {"category": "apparel", "rate": "0.05", "fixed": "1.00", "max": "20.00"}
    fees.rates(rates=[row, {"rate": "0.02"}], discounts=[])
    fees.tell(onboarded("S-1", OLD))
    fees.archive(
        *(order("a"), order("b", amount="210.00"), order("c", amount="900.00")),
        order("d", category="digital"),
    )
    rows = [charged("a", "-7.00"), charged("b", "-13.60"), charged("c", "-20.00")]
    found = causes(fees, [*rows, charged("d", "-2.00")])
    detail = "0.06 instead of 0.05 for the whole category apparel: 2 orders fit"
    assert found == {"a": [("rate", detail)], "b": [("rate", detail)]}


@on_sqlite
def test_tax_that_is_included_in_lines_is_named(fees: Fees) -> None:
    """6 % on top of three of four stores; of lines of one amount alone it is not said."""
    amounts = {"S-1": "100.00", "S-2": "230.00", "S-3": "317.70", "S-4": "551.00"}
    fees.rates(rates=RATES)
    fees.tell(*(onboarded(one, OLD) for one in amounts))
    fees.archive(*(order(f"o-{one}", store=one, amount=text) for one, text in amounts.items()))
    rows = "S-1,-5.30,CNY\nS-2,-12.19,CNY\nS-3,-16.84,CNY\n"
    found = compared_by_store(fees, f"{rows}S-4,-33.33,CNY\n").breaks
    assert [[cause.detail for cause in one.likely] for one in found] == [
        *(3 * [["tax of 0.06 included: ours x 1.06"]]),
        [],
    ]
    few = compared_by_store(fees, "S-1,-5.30,CNY\nS-2,-12.19,CNY\nS-3,-15.89,CNY\n").breaks
    assert {one.likely for one in few} == {()}


@on_sqlite
def test_lines_of_one_amount_say_no_rate(fees: Fees) -> None:
    """Three of 5.00 that are 5.30: an award that was raised would look alike."""
    stores = ("S-1", "S-2", "S-3")
    fees.rates(rates=RATES)
    fees.tell(*(onboarded(one, OLD) for one in stores))
    fees.archive(*(order(f"o-{one}", store=one) for one in stores))
    found = compared_by_store(fees, "".join(f"{one},-5.30,CNY\n" for one in stores)).breaks
    assert [one.likely for one in found] == [(), (), ()]


@on_sqlite
@pytest.mark.parametrize(
    "theirs",
    [
        pytest.param({"x": ("1.00", "-0.12"), "y": ("8.00", "-1.00")}, id="half a cent apart"),
        pytest.param(
            {"x": ("1.00", "-0.07"), "y": ("1.01", "-0.07")}, id="two cents that say none"
        ),
    ],
)
def test_a_rate_that_misses_an_order_or_says_nothing_is_not_named(
    fees: Fees, theirs: dict[str, tuple[str, str]]
) -> None:
    """0.125 leaves room for both amounts, but half up is 0.13 of the first; and by two cents any
    rate could be read out of small orders."""
    fees.rates(rates=[{"category": "apparel", "rate": "0.05"}, {"rate": "0.02"}], discounts=[])
    fees.tell(onboarded("S-1", OLD))
    fees.archive(
        *(order(name, amount=net) for name, (net, _) in theirs.items()),
        order("d", category="digital"),
    )
    rows = [charged(name, amount) for name, (_, amount) in theirs.items()]
    found = causes(fees, [*rows, charged("d", "-2.00")])
    assert found == {"x": [], "y": []}
