"""A month of fees from settle to adjustment, and every order of a line explained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import LeftOpen, NoOrders, NoSuchLine, PeriodOpen, WrongPeriod
from ledger.kernel.instants import parse_instant
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.closing.reasons import with_reasons
from ledger.usecases.closing.replay import replay
from ledger.usecases.closing.standing_lines import explain_standing
from ledger.usecases.settling.explain import explain
from ledger.usecases.statements.statement import statement
from ledger.usecases.verifying.closed_periods import verify_closed
from tests.fees import (
    AFTER_MAY,
    MAY,
    NOW,
    PROGRAM,
    RATES,
    Fees,
    everything,
    onboarded,
    order,
    revoked,
)
from tests.marks import decision, sql
from tests.quarter import GROWTH, on_sqlite, silent

from .platform import explained

pytestmark = decision

LATER = parse_instant("2027-12-31T00:00:00Z")
LATE = {"refunded": "50.00", "updated_at": "2020-07-05T10:00:00+08:00"}


def tell(book: Any, folder: Path) -> None:
    """S-1, a newcomer, and S-2, each with an order of May."""
    fees = Fees(book, folder)
    fees.rates()
    fees.tell(onboarded("S-1"), onboarded("S-2", "2020-03-01T10:00:00+08:00"))
    fees.archive(order("a"), order("b", store="S-2"))


@pytest.fixture
def told(book_with: Callable[[Any], Any], tmp_path: Path) -> Fees:
    """A book that was told so."""
    return Fees(book_with(tell), tmp_path, calls=4)


def closed(fees: Fees) -> dict[str, Any]:
    return close(fees.book, PROGRAM, MAY, by="lin", now=NOW, as_of=AFTER_MAY)


def adjusted(fees: Fees) -> list[tuple[Any, ...]]:
    answer = adjust(fees.book, PROGRAM, MAY, by="lin", now=NOW)[1]
    return [
        (one["line"], one["was"], one["now"], one["difference"], tuple(one["because"]))
        for one in answer["adjustments"]
    ]


def test_a_month_is_not_closed_before_it_has_ended(told: Fees) -> None:
    """The last order of May may still come."""
    with pytest.raises(PeriodOpen):
        close(
            *(told.book, PROGRAM, MAY),
            by="lin",
            now=NOW,
            as_of=parse_instant("2020-05-31T23:59:59+08:00"),
        )
    with pytest.raises(WrongPeriod):
        close(told.book, PROGRAM, by="lin", now=NOW)


def test_orders_of_a_store_that_nobody_onboarded_keep_their_month_open(told: Fees) -> None:
    """No line charges them: somebody must say why the month is closed without. June is not May,
    and a store that is onboarded is an exception no more."""
    told.archive(order("c", store="S-9"), order("d", store="S-9"))
    june = {"created_at": "2020-06-20T12:00:00+08:00"}
    told.archive(order("e", store="S-8", **june))
    with pytest.raises(LeftOpen, match="store S-9 is not known yet"):
        closed(told)
    told.tell(onboarded("S-9"))
    answer = closed(told)
    assert answer["exceptions"] == 0
    assert answer["totals"] == {"CNY": "-8.00"}


@sql
def test_a_month_closed_without_a_store_charges_it_once_it_is_onboarded(told: Fees) -> None:
    """The reason stays with the close; the orders have waited, and the adjustment takes them."""
    told.archive(order("c", store="S-9"))
    reason = "S-9 is being cleared up"
    answer = close(told.book, PROGRAM, MAY, by="lin", now=NOW, as_of=AFTER_MAY, leave_open=reason)
    assert answer["exceptions"] == 1
    told.tell(onboarded("S-9", "2020-03-01T10:00:00+08:00"))
    ((line, was, now, difference, _),) = adjusted(told)
    assert (line, was, now, difference) == (f"{PROGRAM}/{MAY}/S-9", None, "-5.00", "-5.00")


def test_a_late_revision_of_a_closed_month_is_adjusted_by_its_difference(told: Fees) -> None:
    """Linked to the file that it came in; statement, replay and verify hold before and after."""
    closed(told)
    told.archive(order("b", store="S-2", **LATE))
    event = told.facts("orders-archived.v2")[-1]
    line = f"{PROGRAM}/{MAY}/S-2"
    assert adjusted(told) == [(line, "-5.00", "-2.50", "2.50", (event.position,))]
    assert adjusted(told) == []
    head = told.book.head().position
    with told.book.reading() as connection:
        said = statement(connection, PROGRAM, MAY, "store:S-2", Clocks(FOREVER, head))
        again = replay(connection, PROGRAM, MAY, known_at=head).as_json()
    assert said["totals"] == {"CNY": "-5.00"}, "what was issued is never edited"
    assert [one["difference"] for one in said["adjustments"]] == ["2.50"]
    assert again["identical"] is True
    assert [one.detail for one in verify_closed(told.book, silent) if not one.ok] == []


@on_sqlite
def test_an_adjustment_names_the_orders_with_what_they_were_and_are(told: Fees) -> None:
    """File and row of each; archives that hold none of the line's orders are not named."""
    closed(told)
    told.archive(order("b", store="S-2", **LATE), order("other", amount="1.00"))
    told.archive(order("later", created_at="2020-06-02T12:00:00+08:00"))
    adjusted(told)
    head = Clocks(FOREVER, told.book.head().position)
    with told.book.reading() as connection:
        said = statement(connection, PROGRAM, MAY, "store:S-2", head)
        with_reasons(connection, said, PROGRAM, MAY, head, "store:S-2")
        _, stands = explain_standing(
            connection, f"{PROGRAM}/{MAY}/S-2", Clocks(LATER, head.known_at), orders=True
        )
    (row,) = said["adjustments"]
    (changed,) = row["orders"]
    assert (changed["order_id"], changed["fee_was"], changed["fee_now"]) == ("b", "-5.00", "-2.50")
    assert (changed["amount_was"], changed["refunded_now"], changed["row"]) == (
        "100.00",
        "50.00",
        2,
    )
    assert [fact["type"] for fact in row["facts"]] == ["OrdersArchived"]
    assert (stands["stands"], stands["amount"]) == ("issued", row["now"])
    assert [one["fee"] for one in stands["orders"]] == [row["now"]]


@on_sqlite
def test_a_finer_rate_published_later_leaves_a_closed_month(told: Fees) -> None:
    """A rate of the category applied to the scene already; a category without any is filled."""
    told.archive(order("c", store="S-2", category="digital", traffic="ad"))
    told.archive(order("d", category="gadgets"))
    options = {"by": "lin", "now": NOW, "as_of": AFTER_MAY, "leave_open": "no rate yet"}
    close(told.book, PROGRAM, MAY, **options)
    finer = {"category": "digital", "scene": "ad", "rate": "0.90"}
    told.rates(rates=[*RATES, finer])
    assert adjusted(told) == []
    told.rates(rates=[*RATES, finer, {"category": "gadgets", "scene": "other", "rate": "0.05"}])
    (line,) = adjusted(told)
    assert line[:4] == (f"{PROGRAM}/{MAY}/S-1", "0.00", "-2.00", "-2.00")


@on_sqlite
@pytest.mark.parametrize("at_close", [[], [{"category": "beauty", "rate": "0.02"}]])
def test_rates_are_filled_row_by_row_and_stay(told: Fees, at_close: list[dict[str, str]]) -> None:
    """Whether the month was closed with other rates or without any; a finer row fills nothing."""
    told.archive(order("c", store="S-2", category="digital"))
    told.rates(rates=at_close)
    options = {"by": "lin", "now": NOW, "as_of": AFTER_MAY, "leave_open": "no rates yet"}
    close(told.book, PROGRAM, MAY, **options)
    apparel = {"category": "apparel", "rate": "0.05"}
    told.rates(rates=[*at_close, apparel])
    assert [one[:3] for one in adjusted(told)] == [(f"{PROGRAM}/{MAY}/S-1", "0.00", "-1.00")]
    finer = {"category": "apparel", "scene": "other", "rate": "0.90"}
    told.rates(rates=[*at_close, apparel, finer])
    assert adjusted(told) == []
    told.rates(rates=[*at_close, apparel, finer, {"category": "digital", "rate": "0.02"}])
    assert [one[:3] for one in adjusted(told)] == [(f"{PROGRAM}/{MAY}/S-2", "0.00", "-7.00")]


@sql
def test_a_late_order_and_a_late_revocation_are_adjusted(told: Fees) -> None:
    """Each line by its own facts; a store that had no line gets one."""
    closed(told)
    told.tell(revoked("S-1", "2020-05-10T10:00:00+08:00"), onboarded("S-3"))
    told.archive(order("c", store="S-3"))
    found = {line.rpartition("/")[2]: values for line, *values in adjusted(told)}
    assert found["S-1"][:3] == ["-1.00", "-5.00", "-4.00"]
    assert found["S-3"][:3] == [None, "-1.00", "-1.00"]
    assert set(found) == {"S-1", "S-3"}


def test_a_revision_of_another_month_leaves_the_closed_one(told: Fees) -> None:
    """Nothing to adjust."""
    closed(told)
    told.archive(order("j", created_at="2020-06-10T10:00:00+08:00"))
    assert adjusted(told) == []


@sql
def test_every_order_of_a_line_is_told_with_its_fee(told: Fees) -> None:
    """In the order of creation; they sum to the line."""
    told.archive(
        order("ad", traffic="ad", created_at="2020-05-21T12:00:00+08:00"),
        order("full", created_at="2020-05-07T12:00:00+08:00", refunded="40.00"),
    )
    answer = explained(told, "S-1")
    assert [one["order_id"] for one in answer["orders"]] == ["full", "a", "ad"]
    full, plain, _ = answer["orders"]
    assert (full["rate"], full["discount"], full["charged_rate"]) == ("0.05", None, "0.05")
    assert (full["fee"], full["refunded"]) == ("-3.00", "40.00")
    assert (plain["discount"], plain["charged_rate"], plain["fee"]) == ("newcomer", "0.01", "-1.00")
    assert answer["amount"] == "-10.00"


@on_sqlite
def test_every_order_of_a_line_leads_to_its_row(told: Fees) -> None:
    """To the file that it last came in; and the file's event to the files of its call."""
    first = told.archive_files(
        told.file(order("c", store="S-2")), told.file(order("d", store="S-2"))
    )
    told.archive(order("e"), order("d", store="S-2", **LATE))
    assert first.recorded == 2
    answer = explained(told, "S-2")
    found = [(one["order_id"], one["file"], one["row"]) for one in answer["orders"]]
    names = [f"orders-{number}.csv" for number in (3, 4, 5, 6)]
    assert found == [("b", names[0], 3), ("c", names[1], 2), ("d", names[3], 3)]
    files = [one["file"] for one in answer["facts"] if one["type"] == "OrdersArchived"]
    assert files == [names[0], f"{names[1]}, {names[2]}", names[3]]


def test_the_tree_shows_scene_category_rate_discount_and_when_it_runs(told: Fees) -> None:
    """The parts sum to the line; the events are the onboarding and the file."""
    told.archive(order("ad", traffic="ad"), order("d", category="digital", channel="other"))
    answer = explained(told, "S-1")
    tree = answer["explanation"]
    parts = [(one["label"], one.get("amount")) for one in tree["parts"]]
    assert parts[:3] == [
        ("apparel, ad", "-6.00"),
        ("apparel, other", "-1.00"),
        ("digital, other", "-1.00"),
    ]
    assert parts[3][0] == "discount newcomer, 0.01"
    assert "from 2020-05-08" in tree["parts"][3]["observed"]
    types = [one["type"] for one in answer["facts"]]
    assert types == ["MerchantOnboarded", "OrdersArchived", "OrdersArchived"]


def test_a_held_line_names_the_category_without_a_rate(told: Fees) -> None:
    """As fully as a payable one."""
    told.archive(order("x", category="jewellery"))
    answer = explained(told, "S-1")
    held = [one for one in answer["explanation"]["parts"] if "jewellery" in one["label"]]
    assert answer["held_for"] == ["category_rate_missing"]
    assert [one["pending"] for one in held] == ["category_rate_missing"]
    assert [one["fee"] for one in answer["orders"]] == ["-1.00", None]


def test_a_line_that_is_not_there_and_a_program_without_orders_are_refused(told: Fees) -> None:
    """With the next step."""
    with told.book.reading() as connection:
        clocks = everything(told.book.head().position)
        with pytest.raises(NoSuchLine) as refused:
            explain(connection, f"{PROGRAM}/{MAY}/S-9", clocks)
        assert f"duebook settle {PROGRAM} {MAY}" in refused.value.hint
    told.tell(
        onboarded("S-M-7"),
        {"type": "MerchantEnrolled", "at": "2026-05-03T10:00:00+08:00", "program": GROWTH}
        | {"merchant": "M-7", "store": "S-M-7"},
    )
    with told.book.reading() as connection, pytest.raises(NoOrders):
        explain(
            *(connection, f"{GROWTH}/M-7/fixed_fee", everything(told.book.head().position)),
            orders=True,
        )
