"""Whose book it is: of the two sides of a statement, the payer books as is, the other party the
mirror image.
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
    """Whether this entity's book has entries for a statement: it is one of the two sides. The
    platform is the other side of every statement that is not between two other parties."""
    return entity in (payer, party)


def seen_from(entity: str, payer: str, postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """The payer's postings as the entity books them: unchanged in the payer's own book, mirrored
    in the other party's (a payable of one side is a receivable of the other)."""
    if entity == payer:
        return tuple(postings)
    return tuple(
        Posting(_mirrored(posting.account, payer), posting.amount.negated()) for posting in postings
    )


def _mirrored(account: Account, payer: str) -> Account:
    """Means of payment stay as they are; everything else moves to the other side. An account of a
    party becomes one of the payer; an account of a program keeps its name."""
    if account.name in MEANS:
        return account
    of_party = ":" in account.of
    name = _OTHER.get(account.name, account.name)
    return Account(_ACROSS[account.kind], name, payer if of_party else account.of)
