"""Whose book it is: of the two sides that a statement is between, one books plainly and the other
the mirror of it.
"""

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


def keeps(entity: str, payer: str, party: str) -> bool:
    """Whether a book of this entity has entries for what moves a statement: those of its two
    sides have. The platform is the other side of every statement that is not between others."""
    return entity in (payer, party)


def seen_from(entity: str, payer: str, postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """The postings as the entity books them, of what the payer has with the other party: what one
    side owes, the other has to come."""
    if entity == payer:
        return tuple(postings)
    return tuple(
        Posting(_mirrored(posting.account, payer), posting.amount.negated()) for posting in postings
    )


def _mirrored(account: Account, payer: str) -> Account:
    """Means of payment stay what they are; everything else lies on the other side. What the payer
    has with a party, the party has with the payer; what a program is named with keeps its name."""
    if account.name in MEANS:
        return account
    of_party = ":" in account.of
    name = _OTHER.get(account.name, account.name)
    return Account(_ACROSS[account.kind], name, payer if of_party else account.of)
