"""Double entries from decisions and payments: balanced, complete, seen from the book's entity."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.accounting.entry import Unbalanced
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import NoSuchAccount
from ledger.store.book import Book
from ledger.usecases.init import init
from ledger.usecases.terms.publish import publish
from projections.base import View
from projections.catalogue import VIEWS
from projections.journal import balances, journal
from projections.runner import rebuild
from tests.marks import decision
from tests.quarter import (
    GROWTH,
    PROGRAM,
    TERM_OVER,
    Quarter,
    certified,
    closure,
    edition,
    enrolled,
    fee_paid,
    on_sqlite,
    plain_quarter,
    silent,
    store,
)

Rows = list[tuple[Any, ...]]
INCENTIVE = f"Expenses:Incentive:{PROGRAM}"


def whole_story(quarter: Quarter) -> None:
    """Two programs closed, adjusted and paid by two partners, two merchants, in two commodities."""
    quarter.tell([*plain_quarter(), *certified("P-2"), *store(3, "P-2"), *store(4, "P-2")])
    quarter.tell([*enrolled(gmv="19999.99", aigc=0, creator_video=0), fee_paid("6000.00")])
    quarter.tell(enrolled("M-8", aigc=0, creator_video=0))
    quarter.close(as_of=TERM_OVER)
    quarter.close(GROWTH)
    quarter.pay("4000")
    quarter.pay("1000.00", "partner:P-2")
    quarter.tell([closure("S-1"), fee_paid("-500.00", "2026-08-02T00:00:00Z")])
    quarter.adjust()
    quarter.adjust(GROWTH)
    quarter.pay("3000.00", "merchant:M-7", program=GROWTH, currency="USD.AD")
    quarter.pay("-14000", "merchant:M-8", program=GROWTH, currency="USD")


def entries_of(book: Book, clocks: Clocks | None = None, account: str | None = None) -> Any:
    with journal(book, account=account, clocks=clocks, progress=silent) as found:
        return [(one.number, one.what, one.line, _legs(one)) for one in found.entries()]


def _legs(entry: Any) -> dict[str, str]:
    return {one.account.text: f"{one.amount.text} {one.amount.currency}" for one in entry.postings}


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    return Quarter(book, tmp_path)


def test_issuing_adjusting_and_paying_make_these_entries(quarter: Quarter) -> None:
    """One per movement, numbered by the position of its event; zero lines make none."""
    quarter.tell([*plain_quarter(), *store(3, gmv="1.00")])
    closed = quarter.close(as_of=TERM_OVER)["position"] - 1
    paid = quarter.pay("4500")["position"]
    quarter.tell([closure("S-1")])
    adjusted = quarter.adjust()["position"]
    due = {INCENTIVE: "2000.00 CNY", "Liabilities:Payable:partner:P-1": "-2000.00 CNY"}
    ahead = "Assets:Advances:partner:P-1"
    payable = "Liabilities:Payable:partner:P-1"
    pays = {"Assets:Cash": "-4500.00 CNY", ahead: "500.00 CNY", payable: "4000.00 CNY"}
    back = {INCENTIVE: "-2000.00 CNY", ahead: "2000.00 CNY"}
    assert entries_of(quarter.book) == [
        (f"{closed}.1", "issued", f"{PROGRAM}/S-1", due),
        (f"{closed}.2", "issued", f"{PROGRAM}/S-2", due),
        (f"{paid}.1", "paid", "", pays),
        (f"{adjusted}.1", "adjusted", f"{PROGRAM}/S-1", back),
    ]
    assert [one[0] for one in entries_of(quarter.book, account="Assets:Advances")] == [
        *(f"{paid}.1", f"{adjusted}.1"),
    ]
    with pytest.raises(NoSuchAccount, match="Assets:Adv"):
        entries_of(quarter.book, account="Assets:Adv")


def test_a_growth_term_keeps_dollars_and_ad_credit_apart(quarter: Quarter) -> None:
    """Fee and commission are receivable, compensation is owed in its own commodity."""
    quarter.tell([*enrolled(gmv="19999.99", aigc=0, creator_video=0), fee_paid("6000.00")])
    quarter.close(GROWTH)
    assert quarter.balances() == {
        "Assets:Cash USD": "6000.00",
        "Assets:Receivable:merchant:M-7 USD": "4000.00",
        f"Expenses:Compensation:{GROWTH} USD.AD": "3000.00",
        f"Income:Commission:{GROWTH} USD": "-4000.00",
        f"Income:FixedFee:{GROWTH} USD": "-6000.00",
        "Liabilities:Payable:merchant:M-7 USD.AD": "-3000.00",
    }
    quarter.pay("3000.00", "merchant:M-7", program=GROWTH, currency="USD.AD")
    found = quarter.balances()
    assert found["Assets:AdCredit USD.AD"] == "-3000.00"
    assert found["Assets:Cash USD"] == "6000.00"


def test_the_trial_balance_is_zero_per_commodity(quarter: Quarter) -> None:
    """After everything that there is, also after a withdrawal; debits equal credits."""
    whole_story(quarter)
    (late,) = quarter.tell([fee_paid("77.00", "2026-08-03T00:00:00Z")])
    quarter.catch_up()
    quarter.withdraw(late)
    sums: dict[str, list[float]] = defaultdict(lambda: [0, 0])
    for one in quarter.rows("trial-balance"):
        sums[one["currency"]][0] += round(100 * float(one["debit"]))
        sums[one["currency"]][1] += round(100 * float(one["credit"]))
    assert set(sums) == {"CNY", "USD", "USD.AD"}
    assert all(debit == credit > 0 for debit, credit in sums.values())
    quarter.catch_up()
    assert quarter.failing() == {}


def test_entries_caught_up_step_by_step_equal_those_built_anew(
    quarter: Quarter,
    assert_equal_ways: Callable[[Book], dict[str, Rows]],
    live_rows: Callable[[Book, View], Rows],
) -> None:
    """Whatever stood between two looks: what was due before is asked of the log."""
    quarter.tell([*plain_quarter(), *enrolled(gmv="100.00", aigc=0, creator_video=0)])
    late: list[int] = []
    steps: list[Callable[[], Any]] = [
        lambda: quarter.tell([fee_paid("5000.00")]),
        lambda: quarter.close(as_of=TERM_OVER),
        lambda: quarter.close(GROWTH, leave_open="the fee is not paid yet"),
        lambda: quarter.pay("4000"),
        lambda: late.extend(
            quarter.tell([closure("S-1"), fee_paid("2000.00", "2026-08-02T00:00:00Z")])
        ),
        lambda: quarter.adjust(),
        lambda: quarter.adjust(GROWTH),
        lambda: quarter.pay("-2000", ref="back"),
        lambda: quarter.withdraw(late[-1]),
    ]
    for step in steps:
        step()
        live_rows(quarter.book, VIEWS["entries"])
        live_rows(quarter.book, VIEWS["balances"])
    assert_equal_ways(quarter.book)


def test_a_withdrawn_payment_is_reversed_and_never_taken_out(quarter: Quarter) -> None:
    """The entry stays under its number; the withdrawal's own takes it back."""
    told = quarter.tell([*enrolled(aigc=0, creator_video=0), fee_paid("6000.00", ref="TT-9")])
    quarter.catch_up()
    withdrawal = quarter.withdraw(told[-1])
    first, second = entries_of(quarter.book)
    assert (first[0], second[0]) == (f"{told[-1]}.1", f"{withdrawal}.1")
    assert first[3]["Assets:Cash"] == "6000.00 USD"
    assert second[3]["Assets:Cash"] == "-6000.00 USD"
    assert quarter.balances() == {}
    rebuild(quarter.book, VIEWS["entries"])
    assert entries_of(quarter.book) == [first, second]


def test_a_payment_by_fact_is_of_its_day_in_the_programs_zone(quarter: Quarter) -> None:
    """Two in the afternoon in Los Angeles is the next day in Shanghai."""
    terms = edition(GROWTH, program="growth-us", publisher="acme", zone="America/Los_Angeles")
    publish(quarter.book, terms, "lin")
    paid = fee_paid("6000.00", at="2026-05-04T14:00:00-07:00") | {"program": "growth-us"}
    told = quarter.tell([*enrolled(program="growth-us"), paid])
    with journal(quarter.book, account=None, clocks=None, progress=silent) as found:
        assert [one.date.isoformat() for one in found.entries()] == ["2026-05-04"]
    quarter.withdraw(told[-1])
    with journal(quarter.book, account=None, clocks=None, progress=silent) as found:
        assert len(list(found.entries())) == 2


def test_a_payment_withdrawn_before_it_was_told_has_no_entry(quarter: Quarter) -> None:
    """The withdrawal waited for it by its id; it never counted."""
    quarter.tell(enrolled(aigc=0, creator_video=0))
    lift = {"type": "FactWithdrawn", "at": "2026-06-01T00:00:00Z", "source": "bank", "id": "7"}
    quarter.tell([{**lift, "reason": "sent twice"}])
    quarter.tell([fee_paid("6000.00", source="bank", id="7")])
    assert entries_of(quarter.book) == []
    quarter.catch_up()
    assert quarter.failing() == {}


def test_the_journal_and_the_balances_as_known_at_a_position(quarter: Quarter) -> None:
    """Built anew for that position; the live view is not touched."""
    quarter.tell(plain_quarter())
    quarter.close(as_of=TERM_OVER)
    issued = entries_of(quarter.book)
    position = quarter.book.head().position
    quarter.pay("4000")
    assert len(entries_of(quarter.book)) == 3
    assert entries_of(quarter.book, Clocks(FOREVER, position)) == issued
    found = balances(quarter.book, "Assets:Cash", None, silent).rows
    assert found == [{"account": "Assets:Cash", "balance": "-4000.00", "currency": "CNY"}]
    with pytest.raises(NoSuchAccount) as refused:
        balances(quarter.book, "Assets:Cash", Clocks(FOREVER, position), silent)
    assert "Liabilities:Payable:partner:P-1" in refused.value.hint
    with pytest.raises(NoSuchAccount, match="'Assets:Ca'"):
        balances(quarter.book, "Assets:Ca", None, silent)


def test_rows_that_no_longer_balance_are_refused_when_they_are_read(quarter: Quarter) -> None:
    """Neither shown nor exported; the entry is named."""
    quarter.tell(plain_quarter())
    closed = quarter.close()["position"] - 1
    entries_of(quarter.book)
    writing = quarter.book.engine.connect().execution_options(duebook_write=True)
    with writing as connection, connection.begin():
        sql = "UPDATE entries SET currency = 'EUR' WHERE leg = 1 AND seq = 2"
        assert connection.exec_driver_sql(sql).rowcount == 1
    with pytest.raises(Unbalanced) as refused:
        entries_of(quarter.book)
    assert f"Entry {closed}.2 does not balance" in refused.value.sentence
    rebuild(quarter.book, VIEWS["entries"])
    assert len(entries_of(quarter.book)) == 2


@decision
@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        (
            "partner:P-1",
            {
                "Assets:Cash CNY": "4000.00",
                "Liabilities:Advances:platform CNY": "-2000.00",
                f"Income:Incentive:{PROGRAM} CNY": "-2000.00",
            },
        ),
        (
            "partner:P-2",
            {
                "Assets:Cash CNY": "1000.00",
                "Assets:Receivable:platform CNY": "3000.00",
                f"Income:Incentive:{PROGRAM} CNY": "-4000.00",
            },
        ),
        (
            "merchant:M-7",
            {
                "Assets:Cash USD": "-5500.00",
                "Assets:AdCredit USD.AD": "3000.00",
                "Liabilities:Payable:platform USD": "-4500.00",
                f"Expenses:FixedFee:{GROWTH} USD": "6000.00",
                f"Expenses:Commission:{GROWTH} USD": "4000.00",
                "Liabilities:Advances:platform USD.AD": "-3000.00",
            },
        ),
        ("partner:P-77", {}),
    ],
)
def test_a_partys_book_mirrors_its_own_lines_and_keeps_no_others(
    new_location: Callable[[], str], tmp_path: Path, entity: str, expected: dict[str, str]
) -> None:
    """The same facts and decisions in the book of one who is paid, or who pays."""
    book, _ = init(new_location(), entity)
    quarter = Quarter(book, tmp_path)
    whole_story(quarter)
    assert quarter.balances() == expected
    statements = {one[3] for one in _statements(quarter)}
    assert statements <= {entity}
    quarter.catch_up()
    assert quarter.failing() == {}
    book.close()


def _statements(quarter: Quarter) -> set[tuple[str, ...]]:
    rows = quarter.rows("entries")
    return {(one["number"], "", "", one["statement"].rpartition("/")[2]) for one in rows}


@on_sqlite
def test_a_platforms_and_a_partners_book_reverse_each_other(
    new_location: Callable[[], str], tmp_path: Path
) -> None:
    """Cash, income and what is open, to the cent."""
    found = []
    for entity in ("platform", "partner:P-2"):
        book, _ = init(new_location(), entity)
        quarter = Quarter(book, tmp_path)
        quarter.tell([*certified("P-2"), *store(3, "P-2"), *store(4, "P-2")])
        quarter.close(as_of=TERM_OVER)
        quarter.pay("1000.00", "partner:P-2")
        found.append(quarter.balances())
        book.close()
    platform, partner = found
    assert sorted(platform.values()) == sorted(
        f"-{one}".replace("--", "") for one in partner.values()
    )
