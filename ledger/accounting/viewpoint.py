"""Whose book it is: the platform's own side, or a partner's or merchant's mirror of it."""

from collections.abc import Iterable

from ledger.accounting.chart import ADVANCES, PAYABLE, RECEIVABLE, Account
from ledger.accounting.entry import Posting

PLATFORM = "platform"
_MIRROR = {
    ("Liabilities", PAYABLE): ("Assets", RECEIVABLE),
    ("Assets", RECEIVABLE): ("Liabilities", PAYABLE),
    ("Assets", ADVANCES): ("Liabilities", ADVANCES),
    ("Liabilities", ADVANCES): ("Assets", ADVANCES),
}
_ACROSS = {"Expenses": "Income", "Income": "Expenses"}


def keeps(entity: str, payee: str) -> bool:
    """Whether a book of this entity has entries for a payee: the platform for all, others own."""
    return entity in (PLATFORM, payee)


def seen_from(entity: str, postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """The postings as the entity books them: what one side owes, the other has to come."""
    if entity == PLATFORM:
        return tuple(postings)
    return tuple(Posting(_mirrored(one.account), one.amount.negated()) for one in postings)


def _mirrored(account: Account) -> Account:
    across = _MIRROR.get((account.kind, account.name))
    if across:
        return Account(*across, PLATFORM)
    return account._replace(kind=_ACROSS.get(account.kind, account.kind))
