"""Commissions beside the partner side's file, order by order: every single cause, none invented."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.usecases.reconciling.comparison import Reconciliation
from ledger.usecases.reconciling.platform_file import reconcile_file
from tests.fees import Fees, Row, order
from tests.quarter import on_sqlite

PROGRAM, MAY = "affiliate-us-2024", "2024-05"
AFTER = parse_instant("2024-07-01T00:00:00+08:00")
A = "2024-02-01T10:00:00+08:00"
Fact = dict[str, Any]


def plan(name: str, kind: str, rate: str, at: str = A, **more: Any) -> Fact:
    """A report of a plan of S-1."""
    own = {"plan": name, "store": "S-1", "kind": kind, "rate": rate}
    return {"type": "AffiliatePlanSet", "at": at, **own, **more}


def registered(creator: str, age: int = 20) -> Fact:
    """A creator with followers enough."""
    said = {"creator": creator, "country": "US", "age": age, "followers": 9000}
    return {"type": "CreatorRegistered", "at": A, **said}


FACTS = [
    {"type": "MerchantOnboarded", "at": A, "merchant": "M-1", "store": "S-1", "market": "US"},
    *(registered(one) for one in ("C-1", "C-2", "C-4")),
    registered("C-3", age=17),
    {"type": "AccountBound", "at": A, "store": "S-1", "account": "C-4", "role": "channel"},
    plan("A-shop", "shop", "0.10"),  # the first version of all
    plan("P-open", "open", "0.12", products=["K-1"]),
    plan("P-ask", "open", "0.13", products=["K-2"], approval=True),
    plan("P-t", "targeted", "0.20", products=["K-1"], creators=["C-1"]),
    plan("P-t2", "targeted", "0.19", products=["K-1"], creators=["C-1"]),
    plan("P-t", "targeted", "0.25", "2024-05-20T12:00:00+08:00", products=["K-1"])
    | {"creators": ["C-1"]},
    plan("P-gone", "targeted", "0.30", products=["K-3"], creators=["C-1"]),
    {"type": "AffiliatePlanEnded", "at": "2024-05-10T00:00:00+08:00", "plan": "P-gone"},
    plan("P-new", "targeted", "0.35", "2024-05-25T00:00:00+08:00", products=["K-4"])
    | {"creators": ["C-1"]},
]
LATER = "2024-05-21T12:00:00+08:00"


class Paid(NamedTuple):
    """An order, our commission, theirs, and why."""

    order: Row
    ours: str
    theirs: str
    causes: list[tuple[str, str]]


def sold(**more: str) -> Row:
    """An order of C-1 for K-1 of S-1."""
    usual = {"created_at": LATER, "currency": "USD", "creator": "C-1", "product": "K-1"}
    return order("x", **usual | more)


FIRST, SECOND, THIRD, FOURTH = (
    ("plan", f"the {word} of the plans in rank") for word in ("first", "second", "third", "fourth")
)
BEFORE, AFTER_IT = (
    ("rate", "the plan's rate before this one"),
    ("rate", "the plan's rate after this one"),
)
EARLY = ("plan_in_force", "as if plans had held before they were first set")
ENDED = ("plan_in_force", "as if no plan had ended")
SINGLE = {
    "too young, paid all the same": Paid(
        sold(creator="C-3"), "0.00", "12.00", [("creator_eligible", "taken as met")]
    ),
    "the store's own account was paid": Paid(
        sold(creator="C-4"), "0.00", "12.00", [("not_own_account", "taken as met")]
    ),
    "not approved, paid all the same": Paid(
        sold(product="K-2"), "0.00", "13.00", [("creator_approved", "taken as met")]
    ),
    "not approved, paid by the shop plan": Paid(sold(product="K-2"), "0.00", "10.00", [FIRST]),
    "the lower of two targeted plans": Paid(sold(), "25.00", "19.00", [SECOND]),
    "the open plan instead of the targeted one": Paid(sold(), "25.00", "12.00", [THIRD]),
    "the shop plan instead of the targeted one": Paid(sold(), "25.00", "10.00", [FOURTH]),
    "the rate from before the change": Paid(sold(), "25.00", "20.00", [BEFORE]),
    "the rate from after the change": Paid(
        sold(created_at="2024-05-20T11:59:59+08:00"), "20.00", "25.00", [AFTER_IT]
    ),
    "the plan had ended": Paid(sold(product="K-3"), "10.00", "30.00", [ENDED]),
    "the plan was not set yet": Paid(sold(product="K-4"), "10.00", "35.00", [EARLY]),
    "the refund was ignored": Paid(
        sold(refunded="40.00"), "15.00", "25.00", [("refund_ignored", "taken of the whole amount")]
    ),
    "invented": Paid(sold(), "25.00", "24.99", []),
}


@pytest.fixture
def made(new_location: Callable[[], str], tmp_path: Path) -> Iterator[Fees]:
    from ledger.usecases.init import init

    book, _ = init(new_location(), "platform", str(tmp_path / "orders"))
    fees = Fees(book, tmp_path)
    fees.tell(*FACTS)
    yield fees
    book.close()


def against(fees: Fees, *rows: tuple[str, str]) -> Reconciliation:
    """The comparison with their commission per order."""
    path = fees.folder / "theirs.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("order_id", "store", "amount", "currency"))
        writer.writerows((name, "S-1", amount, "USD") for name, amount in rows)
    with fees.book.reading() as connection:
        clocks = Clocks(AFTER, fees.book.head().position)
        return reconcile_file(connection, PROGRAM, MAY, str(path), clocks)


@on_sqlite
def test_every_single_cause_is_named_and_none_is_invented(made: Fees) -> None:
    """Each order differs for one reason; the break of its group names it, and no other."""
    rows = {
        name: {**one.order, "order_id": f"O-{n}"} for n, (name, one) in enumerate(SINGLE.items())
    }
    made.archive(*rows.values())
    agreeing = against(made, *((rows[name]["order_id"], one.ours) for name, one in SINGLE.items()))
    assert (agreeing.breaks, agreeing.matched) == ([], len(SINGLE))
    for name, one in SINGLE.items():
        said = [
            (rows[other]["order_id"], own.theirs if other == name else own.ours)
            for other, own in SINGLE.items()
        ]
        (found,) = against(made, *said).breaks
        causes = [(cause.because, cause.detail) for cause in found.likely]
        assert (found.order_id, causes) == (rows[name]["order_id"], one.causes), name


@on_sqlite
def test_an_order_that_utc_has_in_another_month_is_told(made: Fees) -> None:
    """The first eight hours of May in Shanghai are April in UTC: they do not have it in May."""
    made.archive(
        {**sold(created_at="2024-05-01T07:59:59+08:00", product=""), "order_id": "O-1"},
        {**sold(), "order_id": "O-2"},
    )
    (found,) = against(made, ("O-2", "25.00")).breaks
    (cause,) = found.likely
    assert (found.kind, found.order_id) == ("missing_theirs", "O-1")
    assert (cause.because, cause.gives) == ("zone", "0.00")
    assert cause.detail == (
        "days in UTC instead of Asia/Shanghai: theirs of 2024-04; ours is in "
        f"{PROGRAM}/{MAY}/S-1/C-1 (created 2024-05-01T07:59:59+08:00; 2024-04-30T23:59:59Z in UTC),"
        " 10.00"
    )


@on_sqlite
def test_an_order_whose_items_are_of_two_creators_is_compared_as_a_whole(made: Fees) -> None:
    """Their file has the order; it belongs to two lines of ours, so that none can take it over."""
    items = (
        {**sold(), "order_id": "O-1", "item": "1"},
        {**sold(creator="C-2"), "order_id": "O-1", "item": "2"},
    )
    made.archive(*items)
    assert against(made, ("O-1", "37.00")).breaks == []
    (found,) = against(made, ("O-1", "36.00")).breaks
    assert (found.ours, found.theirs, found.line) == ("37.00", "36.00", f"{PROGRAM}/{MAY}/S-1")
