"""Another rounding as what the platform may have done otherwise: of orders, items and lines."""

import pytest

from ledger.usecases.reconciling.comparison import Reconciliation
from tests.fees import Fees, onboarded, order
from tests.quarter import on_sqlite

from .platform import charged, compared, compared_by_store

CUT_OFF = ("rounding", "cut off instead of half up")
HALF_EVEN = ("rounding", "half to even")
PER_ORDER = ("rounding", "once per order instead of per item")
PER_LINE = ("rounding", "once per line instead of per order")
OLD = "2020-03-01T10:00:00+08:00"


def told(fees: Fees, *amounts: str, items: bool = False, **terms: object) -> Fees:
    """An old store with orders of these amounts, or one order with items of them; it pays 5 %."""
    fees.rates(**terms)
    fees.tell(onboarded("S-1", OLD))
    if items:
        rows = [order("x", amount=one, item=f"i-{n}") for n, one in enumerate(amounts)]
    else:
        rows = [order(f"x-{n}", amount=one) for n, one in enumerate(amounts)]
    fees.archive(*rows)
    return fees


def causes(found: Reconciliation) -> list[list[tuple[str, str]]]:
    """What each break may come from."""
    return [[(one.because, one.detail) for one in found.likely] for found in found.breaks]


def test_orders_that_are_cut_off_or_rounded_to_even_say_so(fees: Fees) -> None:
    """0.505 is 0.51 half up, 0.50 cut off or to even; 0.515 is 0.52, 0.51 or 0.52."""
    told(fees, "10.10", "10.30", "10.50")
    found = compared(fees, [charged("x-0", "-0.50"), charged("x-1", "-0.51")])
    by_order = {one.order_id: one for one in found.breaks}
    assert causes(found)[:2] == [[CUT_OFF, HALF_EVEN], [CUT_OFF]]
    assert by_order["x-0"].likely[0].gives == "-0.50"
    found = compared(fees, [charged("x-0", "-0.49"), charged("x-1", "-0.53")])
    assert [one for one in causes(found) if one] == []


@on_sqlite
def test_items_that_are_rounded_together_say_so(fees: Fees) -> None:
    """Three items of 0.505 are 1.53 one by one, and 1.515, so 1.52, together."""
    told(fees, "10.10", "10.10", "10.10", items=True)
    assert causes(compared(fees, [charged("x", "-1.52")])) == [[PER_ORDER]]
    assert causes(compared(fees, [charged("x", "-1.50")])) == [[CUT_OFF, HALF_EVEN]]
    assert causes(compared(fees, [charged("x", "-1.53")])) == []


@pytest.mark.parametrize(
    ("theirs", "named"),
    [("-1.50", [CUT_OFF, HALF_EVEN]), ("-1.52", [PER_LINE]), ("-1.51", [])],
)
def test_a_line_says_how_its_orders_were_rounded(
    fees: Fees, theirs: str, named: list[tuple[str, str]]
) -> None:
    """Of a file by store."""
    told(fees, "10.10", "10.10", "10.10")
    assert causes(compared_by_store(fees, f"S-1,{theirs},CNY\n")) == [named]


@on_sqlite
def test_a_fee_at_a_bound_has_nothing_to_round(fees: Fees) -> None:
    """At least 0.51: 0.505 is below it, and 0.515 above; the sum of both once is 1.03, as ours."""
    row = {"category": "apparel", "rate": "0.05", "min": "0.51"}
    told(fees, "10.10", "10.30", rates=[row], discounts=[])
    assert causes(compared(fees, [charged("x-0", "-0.51"), charged("x-1", "-0.51")])) == [[CUT_OFF]]
    assert causes(compared_by_store(fees, "S-1,-1.03,CNY\n")) == []
    assert causes(compared_by_store(fees, "S-1,-1.02,CNY\n")) == [[CUT_OFF]]
