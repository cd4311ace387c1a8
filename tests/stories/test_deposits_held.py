"""The accounts of a store's deposit: what is held, what the store owes, what it has to come."""

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import BadPayment
from ledger.store.book import Book
from ledger.usecases.init import init
from ledger.usecases.statements.statement import statement
from ledger.usecases.terms.publish import publish
from projections.exporters.xlsx import write
from tests.marks import decision
from tests.quarter import NOW, Quarter, edition

PROGRAM = "deposit-2020"
HELD, OWES, COMES = (
    "Liabilities:Deposit:store:S-1 CNY",
    "Assets:Receivable:store:S-1 CNY",
    "Liabilities:Payable:store:S-1 CNY",
)
LEFT = {"leave_open": "it is asked"}

pytestmark = decision


def moved(type_: str, at: str, amount: str, **more: str) -> dict[str, Any]:
    """A fact about the deposit of S-1."""
    fact = {"type": f"Deposit{type_}", "at": f"{at}T10:00:00+08:00", "store": "S-1"}
    return fact | {"amount": amount, "currency": "CNY"} | more


ONBOARDED = {
    "type": "MerchantOnboarded",
    "at": "2020-01-02T10:00:00+08:00",
    "merchant": "M-1",
    "store": "S-1",
    "market": "CN",
}
CLOSED = {
    "type": "StoreClosed",
    "at": "2020-06-10T15:00:00+08:00",
    "store": "S-1",
    "reason": "voluntary",
}


def terms(**changed: Any) -> Any:
    usual = {"return_after_days": 30, "top_up_within_days": 7, "version": 2, "publisher": "acme"}
    return edition(PROGRAM, **usual | changed)


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    publish(book, terms(), "test")
    return Quarter(book, tmp_path)


def test_paid_in_used_topped_up_released_and_given_back(quarter: Quarter) -> None:
    """Facts pay at once; what is used and released is booked when it is issued."""
    quarter.tell([ONBOARDED, moved("Paid", "2020-05-02", "2000.00")])
    assert quarter.balances() == {"Assets:Cash CNY": "2000.00", HELD: "-2000.00"}
    quarter.tell([moved("Compensated", "2020-05-10", "2500.00")])
    assert quarter.balances() == {"Assets:Cash CNY": "2000.00", HELD: "-2000.00"}
    quarter.close(PROGRAM, period="2020-05", **LEFT)
    used = {f"Liabilities:BuyerCompensation:{PROGRAM} CNY": "-2500.00"}
    assert quarter.balances() == {"Assets:Cash CNY": "2000.00", OWES: "500.00", **used}
    quarter.tell([moved("Paid", "2020-06-02", "1000.00"), CLOSED])
    assert quarter.balances() == {"Assets:Cash CNY": "3000.00", HELD: "-500.00", **used}
    (back,) = quarter.tell([moved("Returned", "2020-06-20", "100.00")])
    assert quarter.balances() == {"Assets:Cash CNY": "2900.00", HELD: "-400.00", **used}
    quarter.close(PROGRAM, period="2020-07", **LEFT)
    assert quarter.balances() == {"Assets:Cash CNY": "2900.00", COMES: "-400.00", **used}
    quarter.as_built_anew()
    quarter.withdraw(back)
    assert quarter.balances() == {"Assets:Cash CNY": "3000.00", COMES: "-500.00", **used}
    quarter.tell([moved("Returned", "2020-08-01", "500.00")])
    assert quarter.balances() == {"Assets:Cash CNY": "2500.00", **used}
    quarter.as_built_anew()


def test_a_deduction_is_income_and_a_late_one_is_adjusted(quarter: Quarter) -> None:
    """In the store's own month, by the difference."""
    more = {"reason": "penalty"}
    quarter.tell([ONBOARDED, moved("Paid", "2020-05-02", "50.00")])
    quarter.tell([moved("Deducted", "2020-05-03", "20.00", **more)])
    quarter.close(PROGRAM, period="2020-05", **LEFT)
    income = f"Income:DepositDeductions:{PROGRAM} CNY"
    assert quarter.balances()[income] == "-20.00"
    quarter.tell([moved("Deducted", "2020-05-04", "40.00", **more)])
    (row,) = quarter.adjust(PROGRAM, period="2020-05")["adjustments"]
    assert (row["was"], row["now"], row["difference"]) == ("-20.00", "-60.00", "-40.00")
    assert quarter.balances() == {"Assets:Cash CNY": "50.00", OWES: "10.00", income: "-60.00"}
    quarter.as_built_anew()


def test_the_stores_own_book_mirrors_it(new_location: Callable[[], str], tmp_path: Path) -> None:
    """It has a deposit with the platform; another store's book has nothing."""
    for entity, expected in {
        "store:S-1": {
            "Assets:Cash CNY": "-100.00",
            "Assets:Deposit:platform CNY": "70.00",
            f"Expenses:DepositDeductions:{PROGRAM} CNY": "30.00",
        },
        "store:S-2": {},
    }.items():
        book, _ = init(new_location(), entity)
        folder = tmp_path / entity.replace(":", "-")
        folder.mkdir()
        quarter = Quarter(book, folder)
        quarter.tell([ONBOARDED, moved("Paid", "2020-05-02", "100.00")])
        quarter.tell([moved("Deducted", "2020-05-03", "30.00", reason="other")])
        quarter.close(PROGRAM, period="2020-05", **LEFT)
        assert quarter.balances() == expected
        book.close()


def test_what_was_held_before_the_program_began_counts_from_terms_that_begin_earlier(
    quarter: Quarter,
) -> None:
    """Paid in 2019 it has no entry; an edition for that year, published later, books it."""
    quarter.tell([ONBOARDED, moved("Paid", "2019-12-31", "70.00")])
    assert quarter.balances() == {}
    year = {"program": "deposit-2019", "first": date(2019, 1, 1), "last": date(2019, 12, 31)}
    publish(quarter.book, terms(**year, version=1), "test")
    assert quarter.balances() == {"Assets:Cash CNY": "70.00", HELD: "-70.00"}
    quarter.as_built_anew()
    quarter.tell([moved("Deducted", "2020-01-05", "80.00", reason="other")])
    quarter.close(PROGRAM, period="2020-01", **LEFT)
    assert quarter.balances()[OWES] == "10.00", "sums run over all editions"
    (shown,) = quarter_statement(quarter, "2020-01")["pots"]
    assert shown["at_start"]["balance"] == "70.00"
    assert shown["at_cut"] == shown["at_cut"] | {"balance": "0.00", "uncovered": "10.00"}
    quarter.as_built_anew()


def quarter_statement(quarter: Quarter, period: str) -> dict[str, Any]:
    with quarter.book.reading() as connection:
        clocks = Clocks(FOREVER, quarter.book.head().position)
        return statement(connection, PROGRAM, period, "store:S-1", clocks)


def test_a_statement_shows_the_pot_and_nobody_pays_it(quarter: Quarter, tmp_path: Path) -> None:
    """At the month's start and at its end, in place of a running total."""
    quarter.tell([ONBOARDED, moved("Paid", "2020-05-02", "2000.00")])
    quarter.tell([moved("Compensated", "2020-06-30", "2500.00")])
    quarter.close(PROGRAM, period="2020-06", **LEFT)
    answer = quarter_statement(quarter, "2020-06")
    assert answer["pots"] == [
        {
            "payee": "store:S-1",
            "at_start": {
                "instant": "2020-05-31T15:59:59.999999Z",
                "balance": "2000.00",
                "uncovered": "0.00",
            },
            "at_cut": {
                "instant": "2020-06-30T15:59:59.999999Z",
                "balance": "0.00",
                "uncovered": "500.00",
            },
        }
    ]
    (row,) = answer["statements"]
    assert (row["due"], row["paid"], row["open"], row["advance"]) == ("-2500.00", None, None, None)
    assert answer["running"] == []
    (shown,) = quarter.rows("statements")
    assert (shown["due"], shown["open"]) == ("-2500.00", None)
    with quarter.refused(BadPayment):
        quarter.pay("-500.00", "store:S-1", program=f"{PROGRAM}/2020-06")
    write(answer, tmp_path / "statement.xlsx")
    with zipfile.ZipFile(tmp_path / "statement.xlsx") as file:
        texts = file.read("xl/sharedStrings.xml").decode()
    assert "at its end" in texts
    assert "500.00" in texts
    closed = quarter.close(PROGRAM, period="2020-07", **LEFT)
    assert all(one["brought_forward"] == [] for one in closed["statements"])


def test_obligations_of_money_name_who_owes_and_where_they_stand_again(quarter: Quarter) -> None:
    """Per month in which the deposit falls short; the earlier ones point to the latest."""
    asked = {"type": "DepositRequired", "at": "2026-09-05T10:00:00+08:00", "store": "S-1"}
    quarter.tell([ONBOARDED, asked | {"amount": "100.00", "currency": "CNY"}])
    rows = quarter.rows("obligations", clocks_now(quarter))
    assert [(row["obligation"], row["repeated_in"]) for row in rows] == [
        (f"{PROGRAM}/2026-09/S-1/top_up", "2026-11"),
        (f"{PROGRAM}/2026-10/S-1/top_up", "2026-11"),
        (f"{PROGRAM}/2026-11/S-1/top_up", None),
    ]
    assert {(row["owed_by"], row["owed_to"], row["amount"], row["currency"]) for row in rows} == {
        ("store:S-1", "platform", "100.00", "CNY")
    }
    assert {row["due"] for row in rows} == {"2026-09-12"}


def clocks_now(quarter: Quarter) -> Clocks:
    return Clocks(NOW, quarter.book.head().position)
