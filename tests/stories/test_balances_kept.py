"""The accounts of a store's balance: what is kept, what was advanced, what has to come."""

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
from tests.quarter import Quarter, edition

PROGRAM = "samples-us-2024"
CASH, KEPT, COMES = (
    "Assets:Cash USD",
    "Liabilities:Balance:store:S-1 USD",
    "Assets:Receivable:store:S-1 USD",
)
PROCEEDS, FREIGHT = f"Assets:Proceeds:{PROGRAM} USD", f"Assets:FreightAdvanced:{PROGRAM} USD"
LEFT = {"leave_open": "it is asked"}
ONBOARDED = {
    "type": "MerchantOnboarded",
    "at": "2023-06-01T10:00:00+08:00",
    "merchant": "M-1",
    "store": "S-1",
    "market": "US",
}
REQUESTED = {
    "type": "SampleRequested",
    "at": "2024-05-04T10:00:00+08:00",
    "request": "R-31",
    "store": "S-1",
    "product": "K-1",
    "creator": "C-1",
}

pytestmark = decision


def moved(type_: str, day: str, amount: str, **more: str) -> dict[str, Any]:
    """A fact that moves the balance of S-1."""
    day = day if len(day) > len("05-02") else f"2024-{day}"
    fact = {"type": type_, "at": f"{day}T10:00:00+08:00", "store": "S-1"}
    return fact | {"amount": amount, "currency": "USD"} | more


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    return Quarter(book, tmp_path)


def last_entry(quarter: Quarter) -> dict[str, str]:
    """The accounts that the latest entry moves."""
    rows = quarter.rows("entries")
    return {row["account"]: row["amount"] for row in rows if row["number"] == rows[-1]["number"]}


def test_settled_advanced_charged_paid_out_and_covered(quarter: Quarter) -> None:
    """Proceeds stand against an asset of the program; freight leaves the balance alone until the
    month's line takes it off."""
    quarter.tell([ONBOARDED, moved("ProceedsSettled", "05-02", "20.00")])
    assert quarter.balances() == {PROCEEDS: "20.00", KEPT: "-20.00"}
    quarter.tell([moved("SampleFreightAdvanced", "05-06", "12.50")])
    assert last_entry(quarter) == {
        "Assets:Cash": "-12.50",
        f"Assets:FreightAdvanced:{PROGRAM}": "12.50",
    }
    advanced = {PROCEEDS: "20.00", KEPT: "-20.00", CASH: "-12.50", FREIGHT: "12.50"}
    assert quarter.balances() == advanced
    quarter.close(PROGRAM, period="2024-05", **LEFT)
    assert last_entry(quarter) == {
        f"Assets:FreightAdvanced:{PROGRAM}": "-12.50",
        "Liabilities:Balance:store:S-1": "12.50",
    }
    assert quarter.balances() == {PROCEEDS: "20.00", KEPT: "-7.50", CASH: "-12.50"}
    quarter.tell([moved("PayoutMade", "06-03", "15.00")])
    assert last_entry(quarter) == {
        "Assets:Cash": "-15.00",
        "Assets:Receivable:store:S-1": "7.50",
        "Liabilities:Balance:store:S-1": "7.50",
    }
    assert quarter.balances() == {PROCEEDS: "20.00", COMES: "7.50", CASH: "-27.50"}
    quarter.tell([moved("BalancePaid", "06-04", "10.00"), moved("ProceedsSettled", "06-05", "-4")])
    assert quarter.balances() == {PROCEEDS: "16.00", COMES: "1.50", CASH: "-17.50"}
    quarter.as_built_anew()


def test_what_is_late_is_adjusted_and_what_is_withdrawn_is_reversed(quarter: Quarter) -> None:
    """An advance at its own day, its charge by the difference."""
    quarter.tell([ONBOARDED, moved("SampleFreightAdvanced", "05-06", "2.00")])
    quarter.close(PROGRAM, period="2024-05", **LEFT)
    assert quarter.balances() == {COMES: "2.00", CASH: "-2.00"}
    (late,) = quarter.tell([moved("SampleFreightAdvanced", "05-07", "3.00")])
    assert quarter.balances() == {COMES: "2.00", CASH: "-5.00", FREIGHT: "3.00"}
    (row,) = quarter.adjust(PROGRAM, period="2024-05")["adjustments"]
    assert (row["was"], row["now"], row["because"]) == ("-2.00", "-5.00", [late])
    assert quarter.balances() == {COMES: "5.00", CASH: "-5.00"}
    quarter.as_built_anew()
    quarter.withdraw(late)
    assert last_entry(quarter) == {
        "Assets:Cash": "3.00",
        f"Assets:FreightAdvanced:{PROGRAM}": "-3.00",
    }
    quarter.adjust(PROGRAM, period="2024-05")
    assert quarter.balances() == {COMES: "2.00", CASH: "-2.00"}
    (settled,) = quarter.tell([moved("ProceedsSettled", "05-08", "9.00")])
    quarter.withdraw(settled)
    assert quarter.balances() == {COMES: "2.00", CASH: "-2.00"}
    quarter.as_built_anew()


def test_the_stores_own_book_mirrors_it_and_knows_no_advance(
    new_location: Callable[[], str], tmp_path: Path
) -> None:
    """What the platform paid a carrier is its own cash; a creator's book has nothing."""
    for entity, expected in {
        "store:S-1": {
            "Assets:Cash USD": "5.00",
            "Assets:Balance:platform USD": "2.50",
            f"Liabilities:FreightAdvanced:{PROGRAM} USD": "12.50",
            f"Liabilities:Proceeds:{PROGRAM} USD": "-20.00",
        },
        "creator:C-1": {},
    }.items():
        book, _ = init(new_location(), entity)
        folder = tmp_path / entity.replace(":", "-")
        folder.mkdir()
        quarter = Quarter(book, folder)
        quarter.tell([ONBOARDED, REQUESTED, moved("ProceedsSettled", "05-02", "20.00")])
        quarter.tell([moved("SampleFreightAdvanced", "05-06", "12.50")])
        quarter.tell([moved("PayoutMade", "05-07", "5.00")])
        quarter.close(PROGRAM, period="2024-05", **LEFT)
        assert quarter.balances() == expected
        assert quarter.failing() == {}
        book.close()


def test_what_moved_before_the_program_began_is_booked_by_terms_that_begin_earlier(
    quarter: Quarter,
) -> None:
    """Each of several facts of 2023 under the edition of that year, published later."""
    quarter.tell([ONBOARDED, moved("ProceedsSettled", "2023-12-30", "9.00")])
    quarter.tell([moved("SampleFreightAdvanced", "2023-12-30", "4.00")])
    quarter.tell([moved("BalancePaid", "2023-12-31", "1.00")])
    assert quarter.balances() == {}
    year = {"program": "samples-2023", "first": date(2023, 1, 1), "last": date(2023, 12, 31)}
    publish(quarter.book, edition(PROGRAM, **year, publisher="acme", version=1), "test")
    assert quarter.balances() == {
        CASH: "-3.00",
        KEPT: "-10.00",
        "Assets:Proceeds:samples-2023 USD": "9.00",
        "Assets:FreightAdvanced:samples-2023 USD": "4.00",
    }
    quarter.as_built_anew()
    quarter.close("samples-2023", period="2023-12", **LEFT)
    assert quarter.balances() == {
        CASH: "-3.00",
        KEPT: "-6.00",
        "Assets:Proceeds:samples-2023 USD": "9.00",
    }
    quarter.as_built_anew()


def test_a_fact_is_booked_by_the_edition_in_whose_days_it_lies(quarter: Quarter) -> None:
    """Where a later edition takes days over, the program's assets of those days move to it; what
    is withdrawn then is reversed there."""
    quarter.tell([ONBOARDED, moved("ProceedsSettled", "05-02", "20.00")])
    told = [moved("ProceedsSettled", "07-02", "8.00"), moved("SampleFreightAdvanced", "07-03", "3")]
    july, _ = quarter.tell(told)
    quarter.tell([moved("BalancePaid", "07-04", "1.00")])
    quarter.catch_up()
    ended = {"last": date(2024, 6, 30), "publisher": "acme", "version": 2}
    publish(quarter.book, edition(PROGRAM, **ended), "test")
    second = {"program": "samples-2024b", "first": date(2024, 7, 1)}
    publish(quarter.book, edition(PROGRAM, **second, publisher="acme", version=1), "test")
    taken_over = {
        CASH: "-2.00",
        KEPT: "-29.00",
        PROCEEDS: "20.00",
        "Assets:Proceeds:samples-2024b USD": "8.00",
        "Assets:FreightAdvanced:samples-2024b USD": "3.00",
    }
    assert quarter.balances() == taken_over
    quarter.as_built_anew()
    quarter.withdraw(july)
    del taken_over["Assets:Proceeds:samples-2024b USD"]
    assert quarter.balances() == taken_over | {KEPT: "-21.00"}
    quarter.close("samples-2024b", period="2024-07", **LEFT)
    assert quarter.balances() == {CASH: "-2.00", KEPT: "-18.00", PROCEEDS: "20.00"}
    quarter.as_built_anew()


def test_each_currency_has_accounts_of_its_own(quarter: Quarter) -> None:
    """Although no line can be told of a store with two of them."""
    quarter.tell([ONBOARDED, moved("ProceedsSettled", "05-02", "20.00")])
    quarter.tell([moved("PayoutMade", "05-03", "7.00", currency="EUR")])
    assert quarter.balances() == {
        PROCEEDS: "20.00",
        KEPT: "-20.00",
        "Assets:Cash EUR": "-7.00",
        "Assets:Receivable:store:S-1 EUR": "7.00",
    }
    quarter.as_built_anew()


def stated(quarter: Quarter, party: str, period: str = "2024-05") -> dict[str, Any]:
    with quarter.book.reading() as connection:
        clocks = Clocks(FOREVER, quarter.book.head().position)
        return statement(connection, PROGRAM, period, party, clocks)


def test_a_stores_statement_shows_the_balance_and_nobody_pays_it(
    quarter: Quarter, tmp_path: Path
) -> None:
    """At the month's start and at its end, in place of a running total."""
    quarter.tell([ONBOARDED, moved("ProceedsSettled", "04-30", "5.01")])
    quarter.tell([moved("SampleFreightAdvanced", "05-06", "12.50")])
    quarter.tell([moved("ProceedsSettled", "06-01", "100.00")])
    quarter.close(PROGRAM, period="2024-05", **LEFT)
    answer = stated(quarter, "store:S-1")
    assert answer["pots"] == [
        {
            "payee": "store:S-1",
            "at_start": {
                "instant": "2024-04-30T15:59:59.999999Z",
                "balance": "5.01",
                "uncovered": "0.00",
            },
            "at_cut": {
                "instant": "2024-05-31T15:59:59.999999Z",
                "balance": "-7.49",
                "uncovered": "7.49",
            },
        }
    ]
    (owed,) = answer["obligations"]
    assert (owed["obligation"], owed["amount"], owed["due"]) == (
        *(f"{PROGRAM}/2024-05/S-1/negative_balance", "7.49", None),
    )
    (row,) = answer["statements"]
    assert (row["due"], row["paid"], row["open"], row["advance"]) == ("-12.50", None, None, None)
    write(answer, tmp_path / "statement.xlsx")
    with zipfile.ZipFile(tmp_path / "statement.xlsx") as file:
        assert "7.49" in file.read("xl/sharedStrings.xml").decode()
    with quarter.refused(BadPayment) as refused:
        quarter.pay("12.50", "store:S-1", program=f"{PROGRAM}/2024-05", currency="USD")
    assert "facts pay it" in str(refused.value)
    closed = quarter.close(PROGRAM, period="2024-06", **LEFT)
    assert all(one["brought_forward"] == [] for one in closed["statements"])


def test_a_creators_statement_holds_decisions_and_no_balance(quarter: Quarter) -> None:
    """There is nothing to pay on it; the store's own has only its freight."""
    quarter.tell([ONBOARDED, REQUESTED, moved("SampleFreightAdvanced", "05-06", "12.50")])
    quarter.close(PROGRAM, period="2024-05", **LEFT)
    answer = stated(quarter, "creator:C-1")
    assert [line["line"] for line in answer["lines"]] == [f"{PROGRAM}/R-31"]
    assert (answer["decisions"], answer["totals"]) == ({"granted": 1}, {})
    assert (answer["pots"], answer["statements"], answer["obligations"]) == ([], [], [])
    own = stated(quarter, "store:S-1")
    assert [line["line"] for line in own["lines"]] == [f"{PROGRAM}/2024-05/S-1/freight"]
    with quarter.refused(BadPayment) as refused:
        quarter.pay("12.50", "creator:C-1", program=f"{PROGRAM}/2024-05", currency="USD")
    assert "decisions only" in str(refused.value)
