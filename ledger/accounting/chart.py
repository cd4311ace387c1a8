"""The chart of accounts: what is owed, paid ahead, earned and spent, per party and program.

An account's amount is debit-positive. Accounts of one party and one commodity follow from two
numbers alone: what is due to it, and what was paid to it.
"""

from typing import Literal, NamedTuple

Kind = Literal["Assets", "Liabilities", "Income", "Expenses"]
KINDS: tuple[Kind, ...] = ("Assets", "Liabilities", "Income", "Expenses")

PAYABLE = "Payable"
RECEIVABLE = "Receivable"
ADVANCES = "Advances"
CASH = "Cash"
AD_CREDIT = "AdCredit"
MONEY_CODE_LENGTH = 3
"""Codes of ISO 4217 have three letters; a commodity that is not money has another form."""


class Account(NamedTuple):
    """A kind, a name within it, and whose: a party, a program, or nobody's."""

    kind: str
    name: str
    of: str = ""

    @property
    def text(self) -> str:
        """As people read and type it: `Liabilities:Payable:partner:P-01`."""
        return f"{self.kind}:{self.name}" + (f":{self.of}" if self.of else "")


def parse_account(text: str) -> Account:
    """The account that `text` wrote."""
    kind, _, rest = text.partition(":")
    name, _, of = rest.partition(":")
    return Account(kind, name, of)


def means_of_payment(commodity: str) -> Account:
    """What pays: cash for money; granted ad credit for ad credit, which is not money."""
    return Account("Assets", CASH if len(commodity) == MONEY_CODE_LENGTH else AD_CREDIT)


class Standing(NamedTuple):
    """How a party stands on one statement in one commodity, in minor units, seen from it.

    `due` is what the lines say (negative: the party owes), `paid` what it was paid (negative:
    it paid). What is paid beyond what is due stands as an advance.
    """

    due: int = 0
    paid: int = 0
    carried: int = 0
    """How much of `paid` was taken over from an earlier statement, less what a later one took."""

    @property
    def open(self) -> int:
        """Still to be paid to the party; negative: by the party."""
        return self.due - self.paid

    @property
    def settled(self) -> int:
        """As much of what was paid as is due."""
        return (
            min(max(self.paid, 0), self.due) if self.due >= 0 else max(min(self.paid, 0), self.due)
        )

    @property
    def advance(self) -> int:
        """Paid beyond what is due: positive, to be recovered from the party; negative, by it."""
        return self.paid - self.settled

    def balances(self, party: str) -> dict[Account, int]:
        """The accounts that this standing comes to; none for those at zero."""
        claim, ahead = self.due - self.settled, self.advance
        found = {}
        if claim:
            owed = ("Liabilities", PAYABLE) if claim > 0 else ("Assets", RECEIVABLE)
            found[Account(*owed, party)] = -claim
        if ahead:
            found[Account("Assets" if ahead > 0 else "Liabilities", ADVANCES, party)] = ahead
        return found

    def moved(self, *, due: int = 0, paid: int = 0, carried: int = 0) -> "Standing":
        """The standing after more is due, paid, or carried over as paid."""
        return Standing(self.due + due, self.paid + paid + carried, self.carried + carried)


def movement(party: str, before: Standing, after: Standing) -> dict[Account, int]:
    """What a change of standing debits and credits; its sum is the change of `open`, reversed."""
    was, now = before.balances(party), after.balances(party)
    moved = {one: now.get(one, 0) - was.get(one, 0) for one in sorted({*was, *now})}
    return {account: amount for account, amount in moved.items() if amount}
