"""Rates with days, amounts and defaults in the life of a month: told, compared, closed, filled."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import LeftOpen
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.closing.replay import replay
from ledger.usecases.verifying.closed_periods import verify_closed
from tests.fees import AFTER_MAY, MAY, NOW, PROGRAM, Fees, onboarded, order
from tests.marks import decision
from tests.quarter import on_sqlite, silent

from .platform import breaks, charged, compared, explained, likely

pytestmark = decision

EARLY = {"category": "apparel", "rate": "0.05", "to": "2020-05-19", "min": "0.50"}
LATE = {"category": "apparel", "rate": "0.03", "from": "2020-05-20", "fixed": "0.30"}
ADS = {"category": "apparel", "scene": "ad", "rate": "0.06", "max": "5.50"}
OTHERS = {"rate": "0.02"}
OLD = {"store": "S-2"}
NIGHT = {"created_at": "2020-05-20T07:59:59+08:00"}
"""On 19 May in UTC."""


@pytest.fixture
def told(book_with: Callable[[Any], Any], tmp_path: Path) -> Fees:
    """A newcomer and an old store, without orders yet."""

    def tell(book: Any, folder: Path) -> None:
        fees = Fees(book, folder)
        fees.rates(rates=[EARLY, LATE, ADS, OTHERS])
        fees.tell(onboarded("S-1"), onboarded("S-2", "2020-03-01T10:00:00+08:00"))

    return Fees(book_with(tell), tmp_path, calls=4)


@on_sqlite
def test_the_tree_says_which_row_charged_what(told: Fees) -> None:
    """One part per scene, category, row and discount, with all that the row says."""
    early = {"created_at": "2020-05-19T23:59:59+08:00"}
    told.archive(
        *(order("a", **early), order("b"), order("c", traffic="ad")),
        *(order("d", category="books"), order("e", **early, amount="1.00")),
    )
    answer = explained(told, "S-1")
    parts = answer["explanation"]["parts"][:-1]
    found = {f"{one['label']} {one['amount']}": one["required"] for one in parts}
    newcomer = "newcomer: 0.01 instead of"
    assert found == {
        "apparel, ad -5.50": "rate 0.06, at most 5.50 CNY",
        "apparel, other -1.30": f"{newcomer} 0.03, plus 0.30 CNY, from 2020-05-20",
        "apparel, other -1.50": f"{newcomer} 0.05, at least 0.50 CNY, to 2020-05-19",
        "books, other -1.00": f"{newcomer} 0.02, the row for categories without one",
    }
    assert answer["explanation"]["required"].startswith("(amount - refunded) x rate + fixed")
    assert answer["amount"] == "-9.30"
    rows = {one["order_id"]: one for one in answer["orders"]}
    columns = ("rate", "charged_rate", "fee")
    assert [rows["b"][name] for name in columns] == ["0.03", "0.01", "-1.30"]
    assert [rows["e"][name] for name in columns] == ["0.05", "0.01", "-0.50"]


@on_sqlite
def test_a_day_without_a_row_is_named_by_its_category(told: Fees) -> None:
    """The month is held as a whole, as for a category that has no row at all."""
    told.rates(rates=[EARLY])
    told.archive(order("a", **OLD), order("b", **OLD, created_at="2020-05-19T23:59:59+08:00"))
    answer = explained(told, "S-2")
    assert (answer["outcome"], answer["held_for"]) == ("held", ["category_rate_missing"])
    pending = [one for one in answer["explanation"]["parts"] if one.get("pending")]
    assert [(one["label"], one["observed"]) for one in pending] == [
        ("apparel, other", "1 order, 100.00 CNY; no rate for the category")
    ]


CHARGED = {
    "another scene's row, with its limit": (
        *(order("x", **OLD), "-5.50", [("rate", "the rate of ad orders")]),
    ),
    "a discount not applied": (order("x"), "-3.30", [("discount_not_applied", "newcomer")]),
    "a discount taken as applying": (
        *(order("x", **OLD), "-1.30", [("newcomer", "taken as applying")]),
    ),
    "a refund ignored": (
        order("x", **OLD, refunded="40.00"),
        "-3.30",
        [("refund_ignored", "the fee is taken of the whole amount")],
    ),
    "a row's first day in UTC": (
        *(order("x", **OLD, **NIGHT), "-5.00"),
        [("zone", "days in UTC instead of Asia/Shanghai")],
    ),
}


@on_sqlite
@pytest.mark.parametrize("name", CHARGED)
def test_a_single_cause_is_named_with_rows_of_any_kind(told: Fees, name: str) -> None:
    """The same changes as before, with the amounts and days of the rows in them."""
    row, theirs, causes = CHARGED[name]
    told.archive(row)
    found = compared(told, [charged("x", theirs, row["store"])])
    assert [one[:2] for one in breaks(found)] == [("amount_differs", "x")]
    assert likely(found) == causes


def adjusted(fees: Fees) -> list[tuple[Any, ...]]:
    answer = adjust(fees.book, PROGRAM, MAY, by="lin", now=NOW)[1]
    return [
        (one["line"].rpartition("/")[2], one["was"], one["now"], tuple(one["filled"]))
        for one in answer["adjustments"]
    ]


@on_sqlite
def test_a_row_published_later_fills_only_days_that_had_none(told: Fees) -> None:
    """Also where a category had none of its own but was charged as any other; what is filled once
    stays, and the adjusted month is worked out again to the same figures."""
    told.rates(rates=[EARLY, {"category": "toys", "scene": "ad", "rate": "0.09"}])
    early = {"created_at": "2020-05-19T12:00:00+08:00"}
    told.archive(
        *(order("a", **OLD, **early), order("b", **OLD), order("c", store="S-1", category="toys")),
    )
    with pytest.raises(LeftOpen):
        close(told.book, PROGRAM, MAY, by="lin", now=NOW, as_of=AFTER_MAY)
    options = {"by": "lin", "now": NOW, "as_of": AFTER_MAY, "leave_open": "no rates yet"}
    close(told.book, PROGRAM, MAY, **options)
    dearer = {"category": "apparel", "rate": "0.90"}
    finer = {**dearer, "scene": "other"}
    told.rates(rates=[{**dearer, "to": "2020-05-19"}, {**finer, "to": "2020-05-19"}])
    assert adjusted(told) == []
    told.rates(rates=[{**dearer, "rate": "0.10"}])
    filled = ("rates:apparel/@2020-05-20..",)
    assert adjusted(told) == [("S-2", "0.00", "-15.00", filled)]
    told.rates(rates=[dearer, finer, {"rate": "0.04", "from": "2020-05-20"}])
    filled = ("rates:/@2020-05-20..", *filled)
    assert adjusted(told) == [("S-1", "0.00", "-1.00", filled)], "apparel stays as it was filled"
    told.rates(rates=[{"category": "apparel", "rate": "0.01"}])
    assert adjusted(told) == []
    with told.book.reading() as connection:
        assert replay(connection, PROGRAM, MAY, known_at=told.book.head().position).identical
    assert [one.detail for one in verify_closed(told.book, silent) if not one.ok] == []
