"""Payables, receivables and advances follow from two numbers: what is due, what was paid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.accounting.chart import (
    Account,
    Standing,
    means_of_payment,
    movement,
    parse_account,
)

PARTY = "partner:P-1"
PAYABLE, ADVANCE = "Liabilities:Payable:partner:P-1", "Assets:Advances:partner:P-1"
RECEIVABLE, AHEAD = "Assets:Receivable:partner:P-1", "Liabilities:Advances:partner:P-1"
AMOUNT = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("due", "paid", "open_", "advance", "accounts"),
    [
        (0, 0, 0, 0, {}),
        (100, 0, 100, 0, {PAYABLE: -100}),
        (100, 40, 60, 0, {PAYABLE: -60}),
        (100, 100, 0, 0, {}),
        (100, 130, -30, 30, {ADVANCE: 30}),
        (0, 30, -30, 30, {ADVANCE: 30}),
        (0, -30, 30, -30, {AHEAD: -30}),
        (100, -30, 130, -30, {PAYABLE: -100, AHEAD: -30}),
        (-100, 0, -100, 0, {RECEIVABLE: 100}),
        (-100, -40, -60, 0, {RECEIVABLE: 60}),
        (-100, -130, 30, -30, {AHEAD: -30}),
        (-100, 20, -120, 20, {RECEIVABLE: 100, ADVANCE: 20}),
    ],
)
def test_a_standing_comes_to_these_accounts(
    due: int, paid: int, open_: int, advance: int, accounts: dict[str, int]
) -> None:
    """Debits positive: what the party is owed is a liability, what it owes an asset."""
    standing = Standing(issued=due, paid=paid)
    assert (standing.open, standing.advance) == (open_, advance)
    found = {account.text: amount for account, amount in standing.balances(PARTY).items()}
    assert found == accounts


@given(due=AMOUNT, paid=AMOUNT, more_due=AMOUNT, more_paid=AMOUNT)
def test_a_movement_leads_from_one_standing_to_the_next_and_sums_to_what_opened(
    due: int, paid: int, more_due: int, more_paid: int
) -> None:
    """Debited and credited, the old balances become the new; no account keeps a zero."""
    before = Standing(issued=due, paid=paid)
    after = before.moved("adjusted", more_due).moved("paid", more_paid)
    moved = movement(PARTY, before, after)
    balances = before.balances(PARTY)
    for account, amount in moved.items():
        assert amount
        balances[account] = balances.get(account, 0) + amount
    assert {k: v for k, v in balances.items() if v} == after.balances(PARTY)
    assert sum(moved.values()) == before.open - after.open


@given(due=AMOUNT, paid=AMOUNT)
def test_balances_of_a_standing_are_what_is_open_reversed(due: int, paid: int) -> None:
    """At most one claim and one advance; what is due and what was paid are both in them."""
    standing = Standing(issued=due, paid=paid)
    found = standing.balances(PARTY)
    assert sum(found.values()) == -standing.open
    claims = [a for account, a in found.items() if account.name != "Advances"]
    advances = [a for account, a in found.items() if account.name == "Advances"]
    assert len(claims) <= 1
    assert advances == ([standing.advance] if standing.advance else [])


@pytest.mark.parametrize(
    ("due", "paid"),
    [
        *((100, 130), (0, 30), (0, -30), (-100, -130), (100, 40), (-100, -40)),
    ],
)
def test_an_advance_that_is_carried_over_stands_no_more_where_it_was(due: int, paid: int) -> None:
    """A close adds the advance to what is due: the next close must find none to carry again."""
    standing = Standing(issued=due, paid=paid)
    assert standing.moved("carried_forward", standing.advance).advance == 0


@pytest.mark.parametrize("of", ["", "partner:P-1", "recruiting-eu-jp-2026q1", "merchant:商家-7"])
def test_an_account_reads_back_from_its_text(of: str) -> None:
    """Also with a party's own colon in it."""
    account = Account("Assets", "Cash", of)
    assert parse_account(account.text) == account


def test_ad_credit_is_paid_out_of_ad_credit() -> None:
    """It is not money: it never moves cash."""
    assert means_of_payment("USD.AD").text == "Assets:AdCredit"
    assert means_of_payment("USD").text == means_of_payment("JPY").text == "Assets:Cash"
