"""Advice keeps no period open; what does not fit does."""

from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import LeftOpen
from ledger.store.book import Book
from ledger.usecases.archiving.archive_orders import record_orders
from tests.fees import order, written
from tests.marks import decision
from tests.quarter import NOW, Quarter, on_sqlite

pytestmark = decision
PROGRAM, MAY = "affiliate-us-2024", "2024-05"
AT = {"at": "2024-05-02T10:00:00+08:00"}


def shop_plan(name: str, rate: str) -> dict[str, Any]:
    """A shop plan of S-1, set in May."""
    own = {"plan": name, "store": "S-1", "kind": "shop", "rate": rate}
    return {"type": "AffiliatePlanSet", **AT, **own}


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    """A store and a creator with an order of May, under a plan below the suggested rate."""
    made = Quarter(book, tmp_path)
    onboarded = {"merchant": "M-1", "store": "S-1", "market": "US"}
    said = {"creator": "C-1", "country": "US", "age": 30, "followers": 9000}
    made.tell(
        [
            {"type": "MerchantOnboarded", "at": "2024-01-02T10:00:00+08:00", **onboarded},
            {"type": "CreatorRegistered", "at": "2024-01-02T10:00:00+08:00", **said},
            shop_plan("P-1", "0.12"),
        ]
    )
    at = {"created_at": "2024-05-20T12:00:00+08:00", "currency": "USD", "creator": "C-1"}
    file = written(tmp_path / "orders.csv", [order("O-1", **at)])
    assert not record_orders(book, [str(file)], now=NOW, by="test").rejected
    return made


@on_sqlite
def test_a_rate_below_the_suggested_one_keeps_no_month_open(quarter: Quarter) -> None:
    """It is shown all the same."""
    assert [one["code"] for one in quarter.rows("exceptions")] == ["rate_below_suggested"]
    quarter.close(PROGRAM, period=MAY)


@on_sqlite
def test_a_second_shop_plan_keeps_its_month_open(quarter: Quarter) -> None:
    """Withdrawn, it no longer does."""
    (position,) = quarter.tell([shop_plan("P-2", "0.20")])
    with quarter.refused(LeftOpen) as raised:
        quarter.close(PROGRAM, period=MAY)
    odd = {(one["code"], one["position"]) for one in raised.value.facts["exceptions"]}
    assert odd == {("two_shop_plans", position), ("two_shop_plans", quarter.told[2])}
    quarter.withdraw(position)
    quarter.close(PROGRAM, period=MAY)
