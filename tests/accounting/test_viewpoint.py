"""One event, two books: what the platform owes is what the partner has to come."""

import pytest

from ledger.accounting.chart import Account, parse_account
from ledger.accounting.entry import Posting
from ledger.accounting.viewpoint import keeps, seen_from
from ledger.kernel.money import Money

MIRRORED = {
    "Liabilities:Payable:partner:P-1": "Assets:Receivable:platform",
    "Assets:Receivable:partner:P-1": "Liabilities:Payable:platform",
    "Assets:Advances:partner:P-1": "Liabilities:Advances:platform",
    "Liabilities:Advances:partner:P-1": "Assets:Advances:platform",
    "Expenses:Incentive:recruiting": "Income:Incentive:recruiting",
    "Income:Commission:growth": "Expenses:Commission:growth",
    "Assets:Cash": "Assets:Cash",
    "Assets:AdCredit": "Assets:AdCredit",
}


@pytest.mark.parametrize(("platform", "other"), MIRRORED.items())
def test_an_account_is_mirrored_with_its_amount_reversed(platform: str, other: str) -> None:
    """The other side of a payable is a receivable; income is the other side of an expense."""
    posting = Posting(parse_account(platform), Money(5, "CNY"))
    (seen,) = seen_from("partner:P-1", [posting])
    assert (seen.account.text, seen.amount) == (other, Money(-5, "CNY"))


def test_the_platform_sees_postings_as_they_are() -> None:
    """Nothing is mirrored, nothing is left out."""
    posting = Posting(Account("Assets", "Cash"), Money(5, "CNY"))
    assert seen_from("platform", [posting]) == (posting,)


def test_a_party_keeps_only_its_own() -> None:
    """A partner is not a merchant of the same id."""
    assert keeps("platform", "partner:P-1")
    assert keeps("partner:P-1", "partner:P-1")
    assert not keeps("partner:P-1", "partner:P-10")
    assert not keeps("partner:P-1", "merchant:P-1")
