"""Orders at a month's edge that the platform counts by UTC, and files whose signs are turned."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.usecases.closing.close import close
from tests.fees import MAY, NOW, PROGRAM, Fees, onboarded, order
from tests.marks import sql
from tests.quarter import on_sqlite

from .platform import AFTER_JUNE, charged, compared, compared_by_store, ours

OLD = "2020-03-01T10:00:00+08:00"
JUNE = "2020-06"
UTC = "days in UTC instead of Asia/Shanghai"


def tell(book: Any, folder: Path) -> None:
    """S-1 pays 5 %: in May, and in the first and the last minute of the eight hours after it."""
    fees = Fees(book, folder)
    fees.rates()
    fees.tell(onboarded("S-1", OLD))
    fees.archive(
        order("may"),
        order("early", created_at="2020-05-01T07:59:59+08:00"),
        order("edge", created_at="2020-06-01T00:30:00+08:00", amount="200.00"),
        order("last", created_at="2020-06-01T07:59:59+08:00"),
        order("late", created_at="2020-06-01T08:00:00+08:00"),
        order("half", created_at="2020-06-01T01:00:00+08:00", item="1"),
        order("half", created_at="2020-06-01T09:00:00+08:00", item="2"),
    )


@pytest.fixture
def told(book_with: Callable[[Any], Any], tmp_path: Path) -> Fees:
    """A book that was told so."""
    return Fees(book_with(tell), tmp_path, calls=100)


def named(fees: Fees, order_id: str, amount: str, period: str = MAY) -> list[tuple[str, str]]:
    """What is said of one more row in a file that agrees otherwise."""
    rows = [*ours(fees, period), charged(order_id, amount)]
    found = compared(fees, rows, period)
    (one,) = (one for one in found.breaks if one.order_id == order_id)
    assert one.kind == "missing_ours"
    return [(cause.because, cause.detail) for cause in one.likely]


def test_an_order_of_theirs_that_is_ours_of_the_next_month_says_so(told: Fees) -> None:
    """With our line, our month, both instants and the amount."""
    detail = (
        f"{UTC}: the order is ours, of {JUNE}, in {PROGRAM}/{JUNE}/S-1 "
        "(created 2020-06-01T00:30:00+08:00; 2020-05-31T16:30:00Z in UTC), -10.00"
    )
    assert named(told, "edge", "-10.00") == [("zone", detail)]


@on_sqlite
@pytest.mark.parametrize(
    ("order_id", "amount"),
    [("edge", "-10.01"), ("late", "-5.00"), ("half", "-10.00"), ("nobody", "-5.00")],
)
def test_what_utc_does_not_explain_is_not_explained_by_it(
    told: Fees, order_id: str, amount: str
) -> None:
    """Another amount, an order after the eight hours or only half inside, an invented one."""
    assert named(told, order_id, amount) == []


def test_an_order_of_ours_that_is_theirs_of_the_month_before_says_so(told: Fees) -> None:
    """They do not have it in this month at all."""
    rows = [one for one in ours(told) if one["order_id"] != "early"]
    (found,) = compared(told, rows).breaks
    (cause,) = found.likely
    assert (found.kind, cause.because, cause.gives) == ("missing_theirs", "zone", "0.00")
    assert cause.detail == (
        f"{UTC}: theirs of 2020-04; ours is in {PROGRAM}/{MAY}/S-1 "
        "(created 2020-05-01T07:59:59+08:00; 2020-04-30T23:59:59Z in UTC), -5.00"
    )


@on_sqlite
def test_orders_at_the_edge_are_one_group_and_each_names_its_own(told: Fees) -> None:
    """The group's id names no order, so that it is the same in every run."""
    found = compared(told, [*ours(told), charged("edge", "-10.00"), charged("last", "-5.00")])
    (group,) = found.breaks
    assert (group.count, group.id) == (
        2,
        f"{PROGRAM}/{MAY}#missing_ours#CNY#zone:{UTC.replace(' ', '_')}:_ours_of_{JUNE}",
    )
    told_of = [one["likely"][0]["detail"] for one in found.as_json(full=True)["breaks"]]
    assert ["00:30:00" in one for one in told_of] == [True, False]
    assert ["07:59:59" in one for one in told_of] == [False, True]


@sql
def test_an_order_of_a_closed_next_month_is_named_as_it_was_issued(told: Fees) -> None:
    """Whatever the terms say of it now."""
    close(told.book, PROGRAM, JUNE, by="lin", now=NOW, as_of=AFTER_JUNE)
    told.rates(rates=[{"category": "apparel", "rate": "0.07"}])
    assert [because for because, _ in named(told, "edge", "-10.00")] == ["zone"]
    assert named(told, "edge", "-14.00") == []


@on_sqlite
def test_signs_that_are_turned_are_told_and_nothing_else(told: Fees) -> None:
    """Also where some rows disagree besides; once most of them agree it is not said."""
    told.archive(order("more"), order("third"))
    rows = [{**one, "amount": one["amount"].removeprefix("-")} for one in ours(told)]
    found = compared(told, [*rows[:-1], {**rows[-1], "amount": "-1.00"}])
    answer = found.as_json()
    assert (answer["signs"]["opposite"], answer["signs"]["compared"]) == (3, 4)
    assert "with --flip-sign" in answer["signs"]["sentence"]
    assert all(one.likely == () for one in found.breaks)
    assert "signs" not in compared(told, [*ours(told)[:2], *rows[2:]]).as_json()
    again = compared(told, ours(told), flip_sign=True).as_json()
    assert "without --flip-sign" in again["signs"]["sentence"]


@on_sqlite
def test_signs_of_a_file_by_store_are_told_too(told: Fees) -> None:
    """As those of orders are."""
    found = compared_by_store(told, "S-1,10.00,CNY\n")
    assert found.as_json()["signs"]["opposite"] == 1
    assert [one.likely for one in found.breaks] == [()]
    assert "signs" not in compared_by_store(told, "S-1,-10.00,CNY\n").as_json()
