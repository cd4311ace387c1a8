"""Whose book it is: the platform's own side, or another party's mirror of it."""

from collections.abc import Iterable

from ledger.accounting.chart import MEANS, PAYABLE, RECEIVABLE, Account
from ledger.accounting.entry import Posting

PLATFORM = "platform"
_OTHER = {PAYABLE: RECEIVABLE, RECEIVABLE: PAYABLE}
_ACROSS = {
    "Assets": "Liabilities",
    "Liabilities": "Assets",
    "Expenses": "Income",
    "Income": "Expenses",
}


def keeps(entity: str, party: str) -> bool:
    """Whether a book of this entity has entries for what moves a party's statement: the platform
    for all of them, others for their own."""
    return entity in (PLATFORM, party)


def seen_from(entity: str, postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """The postings as the entity books them: what one side owes, the other has to come."""
    if entity == PLATFORM:
        return tuple(postings)
    return tuple(Posting(_mirrored(one.account), one.amount.negated()) for one in postings)


def _mirrored(account: Account) -> Account:
    """Means of payment stay what they are; everything else lies on the other side. What the
    platform has with a party, the party has with the platform."""
    if account.name in MEANS:
        return account
    across = _ACROSS[account.kind]
    of_party = account.kind in ("Assets", "Liabilities")
    return Account(
        across, _OTHER.get(account.name, account.name), PLATFORM if of_party else account.of
    )
