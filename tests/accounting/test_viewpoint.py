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
    "Assets:Traffic": "Assets:Traffic",
    "Liabilities:Deposit:store:S-1": "Assets:Deposit:platform",
    "Liabilities:BuyerCompensation:deposit-2020": "Assets:BuyerCompensation:deposit-2020",
}


@pytest.mark.parametrize(("platform", "other"), MIRRORED.items())
def test_an_account_is_mirrored_with_its_amount_reversed(platform: str, other: str) -> None:
    """The other side of a payable is a receivable; income is the other side of an expense."""
    posting = Posting(parse_account(platform), Money(5, "CNY"))
    (seen,) = seen_from("partner:P-1", "platform", [posting])
    assert (seen.account.text, seen.amount) == (other, Money(-5, "CNY"))


def test_the_platform_sees_postings_as_they_are() -> None:
    """Nothing is mirrored, nothing is left out."""
    posting = Posting(Account("Assets", "Cash"), Money(5, "CNY"))
    assert seen_from("platform", "platform", [posting]) == (posting,)


def test_two_who_settle_between_themselves_owe_each_other() -> None:
    """The payer books plainly what it owes the payee, whose book names the payer in turn."""
    owed = Posting(parse_account("Liabilities:Payable:partner:P-1"), Money(-5, "CNY"))
    assert seen_from("merchant:M-1", "merchant:M-1", [owed]) == (owed,)
    (seen,) = seen_from("partner:P-1", "merchant:M-1", [owed])
    assert (seen.account.text, seen.amount.minor) == ("Assets:Receivable:merchant:M-1", 5)


def test_a_party_keeps_only_its_own() -> None:
    """A partner is not a merchant of the same id; the platform stands between no other two."""
    assert keeps("platform", "platform", "partner:P-1")
    assert keeps("partner:P-1", "platform", "partner:P-1")
    assert not keeps("partner:P-1", "platform", "partner:P-10")
    assert not keeps("partner:P-1", "platform", "merchant:P-1")
    assert keeps("merchant:M-1", "merchant:M-1", "partner:P-1")
    assert not keeps("platform", "merchant:M-1", "partner:P-1")
