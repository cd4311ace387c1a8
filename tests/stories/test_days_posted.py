"""Entries fall on the day to which they belong, and not on a day that is locked."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.aggregates.lock import PeriodLocked
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import BadPayment
from ledger.kernel.instants import day_of, parse_instant
from ledger.store.book import Book
from ledger.usecases.statements.lock import lock
from ledger.usecases.statements.locked_days import BadLock, BadPostingDate, DayLocked
from ledger.usecases.terms.publish import publish
from projections.journal import Posted, balances_by_day
from tests.quarter import (
    GROWTH,
    NOW,
    PROGRAM,
    Quarter,
    amount_of,
    enrolled,
    fee_paid,
    moved,
    next_quarter,
    plain_quarter,
    silent,
    store,
)

SECOND = "recruiting-eu-jp-2026q2"
FIRST, LAST = date(2026, 4, 1), date(2026, 3, 31)
REFUND = amount_of("S-1", "-1400.00", "2026-11-01T09:00:00+08:00")
"""Takes the GMV of S-1 below what is asked for."""


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    quarter = Quarter(book, tmp_path)
    quarter.tell(plain_quarter())
    return quarter


def days(quarter: Quarter, what: str | None = None) -> set[str]:
    """The days on which entries of a kind are posted."""
    return {row["date"] for row in quarter.rows("entries") if what in (None, row["what"])}


def locked(quarter: Quarter, through: date, **options: Any) -> dict[str, Any]:
    """Locks days as lin."""
    return lock(quarter.book, through, **{"by": "lin", "now": NOW} | options)


def by_month(quarter: Quarter) -> dict[tuple[str, str], dict[str, str]]:
    """What each account moved in each month."""
    found = balances_by_day(quarter.book, None, None, silent, span=Posted(), every=1)
    return {
        (row["account"], row["currency"]): {n: v for n, v in row.items() if n[0] == "2"}
        for row in found.rows
    }


def test_each_month_has_its_own(quarter: Quarter) -> None:
    """A close on the period's last day, a payment on the bank's, an adjustment on its own: though
    everything is recorded in November."""
    quarter.close()
    quarter.pay("4000.00", on=date(2026, 5, 10))
    quarter.tell([REFUND])
    quarter.adjust(posting_date=date(2026, 11, 20))
    assert days(quarter, "issued") == {"2026-03-31"}
    assert days(quarter, "paid") == {"2026-05-10"}
    assert days(quarter, "adjusted") == {"2026-11-20"}
    months = by_month(quarter)
    assert months[f"Expenses:Incentive:{PROGRAM}", "CNY"] == {
        "2026-03": "4000.00", "2026-05": "0.00", "2026-11": "-2000.00"
    }  # fmt: skip
    assert months["Assets:Cash", "CNY"]["2026-05"] == "-4000.00"
    quarter.as_built_anew()
    assert quarter.failing() == {}


def test_an_adjustment_is_posted_on_the_day_of_its_decision(quarter: Quarter) -> None:
    """Where nobody names another one."""
    quarter.close()
    quarter.tell([REFUND])
    today = quarter.adjust()["posting_date"]
    assert today == "2026-11-21"
    (day,) = days(quarter, "adjusted")
    assert day >= today  # the border's clock is this machine's


def test_what_is_carried_over_is_posted_when_that_is_decided(quarter: Quarter) -> None:
    """Before, what was paid in advance may not have been paid."""
    quarter.close()
    quarter.pay("5000.00", on=date(2026, 5, 10))
    later = next_quarter(SECOND, date(2026, 4, 1))
    publish(quarter.book, later, "finance")
    quarter.tell(moved([*store(5), *store(6)], later))
    quarter.close(SECOND)
    issued = {row["date"] for row in quarter.rows("entries") if row["line"].startswith(SECOND)}
    (carried,) = days(quarter, "carried")
    assert later.last is not None
    assert issued == {later.last.isoformat()}
    decided = day_of(quarter.book.head().recorded_at, later.zone)
    assert carried == decided.isoformat() > later.last.isoformat()
    assert quarter.failing() == {}


def test_a_posting_date_lies_between_the_period_and_today(quarter: Quarter) -> None:
    """Neither a year too early nor in a month to come."""
    for day in (date(2025, 3, 31), date(2026, 11, 22)):
        with quarter.refused(BadPostingDate):
            quarter.close(posting_date=day)
    quarter.close(posting_date=FIRST)
    assert days(quarter) == {"2026-04-01"}
    with quarter.refused(BadPostingDate):
        quarter.pay("1.00", on=date(2026, 11, 22))
    with quarter.refused(BadPostingDate):
        quarter.adjust(posting_date=date(2026, 11, 22))


def test_a_payment_is_known_by_its_day_too(quarter: Quarter) -> None:
    """The same reference on another day is another payment, which it cannot be."""
    quarter.close()
    assert quarter.pay("1.00", on=date(2026, 5, 10))["recorded"]
    assert not quarter.pay("1.00", on=date(2026, 5, 10))["recorded"]
    assert not quarter.pay("1.00")["recorded"]
    with quarter.refused(BadPayment) as refused:
        quarter.pay("1.00", on=date(2026, 5, 11))
    assert "2026-05-10" in str(refused.value)


def test_nothing_is_decided_on_a_locked_day(quarter: Quarter) -> None:
    """The refusal says who locked it, and names the first day that is open."""
    locked(quarter, LAST)
    with quarter.refused(DayLocked) as refused:
        quarter.close()
    assert "lin locked the days up to 2026-03-31" in refused.value.sentence
    assert "--posting-date 2026-04-01" in refused.value.hint
    quarter.close(posting_date=FIRST)
    for change in ({"on": LAST}, {"on": date(2026, 1, 1)}):
        with quarter.refused(DayLocked):
            quarter.pay("1.00", **change)
    quarter.pay("1.00", on=FIRST)
    quarter.tell([REFUND])
    with quarter.refused(DayLocked):
        quarter.adjust(posting_date=LAST)
    assert quarter.failing() == {}


def test_a_lock_moves_nothing_that_stands(quarter: Quarter) -> None:
    """What was posted before keeps its day, in views built anew as well."""
    quarter.close()
    quarter.pay("1.00", on=date(2026, 5, 10))
    before = quarter.rows("entries")
    locked(quarter, date(2026, 10, 31))
    assert quarter.rows("entries") == before
    quarter.as_built_anew()
    assert quarter.rows("entries") == before


def test_what_is_told_late_of_a_locked_day_is_posted_on_the_first_that_is_open(
    book: Book, tmp_path: Path
) -> None:
    """With its own day in the description; its withdrawal too."""
    quarter = Quarter(book, tmp_path)
    quarter.tell([*enrolled(), fee_paid("1000.00", ref="one")])
    locked(quarter, date(2026, 5, 31))
    position = quarter.tell([fee_paid("2000.00", "2026-05-20T14:00:00+08:00", ref="two")])[0]
    rows = {row["narration"]: row["date"] for row in quarter.rows("entries")}
    assert rows["fixed fee paid one"] == "2026-05-04"
    assert rows["fixed fee paid two, of 2026-05-20"] == "2026-06-01"
    quarter.withdraw(position)
    withdrawn = [row for row in quarter.rows("entries") if "withdrawn" in row["narration"]]
    assert withdrawn
    assert all(row["date"] > "2026-05-31" for row in withdrawn)
    quarter.as_built_anew()
    assert quarter.failing() == {}


def test_a_lock_is_of_days_that_are_over_and_never_goes_back(quarter: Quarter) -> None:
    """The same day again is known."""
    with quarter.refused(BadLock):
        locked(quarter, date(2026, 11, 21))
    assert locked(quarter, LAST)["recorded"] == 1
    assert locked(quarter, LAST)["recorded"] == 0
    with quarter.refused(BadLock):
        locked(quarter, date(2026, 2, 28))
    answer = locked(quarter, date(2026, 4, 30))
    assert (answer["was"], answer["recorded"]) == ("2026-03-31", 1)


def test_months_sum_to_the_balances(book: Book, tmp_path: Path) -> None:
    """And the balance at the end of a day to what moved by then."""
    quarter = Quarter(book, tmp_path)
    quarter.tell([*plain_quarter(), *enrolled(), fee_paid("6000.00", ref="one")])
    quarter.close()
    quarter.close(GROWTH, leave_open="counts come in August")
    quarter.pay("1500.00", on=date(2026, 7, 1))
    sums = {
        f"{account} {currency}": sum(map(Decimal, months.values()))
        for (account, currency), months in by_month(quarter).items()
    }
    shown = {name: Decimal(text) for name, text in quarter.balances().items()}
    assert {name: total for name, total in sums.items() if total} == shown
    by_then: dict[str, Decimal] = defaultdict(Decimal)
    for row in quarter.rows("entries"):
        if row["date"] <= "2026-06-30":
            by_then[f"{row['account']} {row['currency']}"] += Decimal(row["amount"])
    ends = balances_by_day(book, None, None, silent, span=Posted(None, date(2026, 6, 30)))
    found = {f"{row['account']} {row['currency']}": row["balance"] for row in ends.rows}
    assert {name: Decimal(text) for name, text in found.items()} == by_then


def test_a_lock_is_an_event_of_its_own_stream(quarter: Quarter) -> None:
    """With who did it and why; no report takes it for something odd."""
    locked(quarter, LAST, reason="filed with the tax office")
    assert PeriodLocked.TOPIC == "period-locked.v1"
    (row,) = [one for one in quarter.rows("activity") if one["stream"] == "lock:book"]
    assert (row["type"], row["by"]) == ("PeriodLocked", "lin")
    assert quarter.rows("exceptions") == []
    assert quarter.failing() == {}


def test_as_of_a_day_stands_what_is_posted_by_its_end(quarter: Quarter) -> None:
    """Whenever it was recorded: the accrual of March and the payment of May, by their days."""
    quarter.close()
    quarter.pay("4000.00", on=date(2026, 5, 10))
    head = quarter.book.head().position
    ends = {
        "2026-03-30T16:00:00Z": {},
        "2026-03-31T16:00:00Z": {"Liabilities:Payable:partner:P-1": "-4000.00"},
        "2026-05-09T16:00:00Z": {"Liabilities:Payable:partner:P-1": "-4000.00"},
        "2026-05-10T16:00:00Z": {"Assets:Cash": "-4000.00"},
    }
    for end, expected in ends.items():
        rows = quarter.rows("trial-balance", Clocks(parse_instant(end), head))
        stand = {
            row["account"]: row["balance"]
            for row in rows
            if row["balance"].strip("-0.") and not row["account"].startswith("Expenses")
        }
        assert stand == expected, end
