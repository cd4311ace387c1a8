"""The chart of accounts: what is owed, paid ahead, earned and spent, per party and program.

An account's amount is debit-positive. The balances of a party's accounts in one commodity follow
from its position on its statements (`Standing`).
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from ledger.kernel.money import Money

Kind = Literal["Assets", "Liabilities", "Income", "Expenses"]
KINDS: tuple[Kind, ...] = ("Assets", "Liabilities", "Income", "Expenses")

PAYABLE = "Payable"
RECEIVABLE = "Receivable"
ADVANCES = "Advances"
CASH = "Cash"
AD_CREDIT = "AdCredit"
TRAFFIC = "Traffic"
MEANS = (CASH, AD_CREDIT, TRAFFIC)
"""Means of payment: the same accounts in every entity's book."""
MONEY_CODE_LENGTH = 3
"""Codes of ISO 4217 have three letters; a commodity that is not money has another form."""


class Account(NamedTuple):
    """An account: its kind, its name, and the party or program it belongs to, if any."""

    kind: str
    name: str
    of: str = ""

    @property
    def text(self) -> str:
        """As people read and type it: `Liabilities:Payable:partner:P-01`."""
        return f"{self.kind}:{self.name}" + (f":{self.of}" if self.of else "")


def parse_account(text: str) -> Account:
    """The account written as `text`: the reverse of `Account.text`."""
    kind, _, rest = text.partition(":")
    name, _, of = rest.partition(":")
    return Account(kind, name, of)


def means_of_payment(commodity: str) -> Account:
    """What is paid with: cash for money, ad credit or traffic for other commodities."""
    if len(commodity) == MONEY_CODE_LENGTH:
        return Account("Assets", CASH)
    return Account("Assets", TRAFFIC if commodity == "TRAFFIC" else AD_CREDIT)


Part = Literal["issued", "adjusted", "brought_forward", "carried_forward", "paid"]


class Standing(NamedTuple):
    """A party's position on one statement in one commodity, in minor units, from its own side.

    Every figure of a statement's balance follows from these five sums: its lines as issued, what
    adjustments changed, what was brought forward from earlier statements, what was carried forward
    to later ones, and what was paid to the party (negative: by it).
    """

    issued: int = 0
    adjusted: int = 0
    brought_forward: int = 0
    carried_forward: int = 0
    paid: int = 0

    @property
    def stated(self) -> int:
        """The lines as issued and adjusted; negative: the party owes."""
        return self.issued + self.adjusted

    @property
    def due(self) -> int:
        """What is due on this statement, with what was carried over."""
        return self.stated + self.brought_forward + self.carried_forward

    @property
    def open(self) -> int:
        """Still to be paid to the party; negative: by the party."""
        return self.due - self.paid

    @property
    def _covered(self) -> int:
        """What was paid here or, carried over, on other statements."""
        return self.paid - self.brought_forward - self.carried_forward

    @property
    def settled(self) -> int:
        """What was paid, up to the amount of the lines."""
        if self.stated >= 0:
            return min(max(self._covered, 0), self.stated)
        return max(min(self._covered, 0), self.stated)

    @property
    def advance(self) -> int:
        """Paid beyond what is due: positive, to be recovered from the party; negative, by it."""
        return self._covered - self.settled

    def balances(self, party: str) -> dict[Account, int]:
        """The account balances of this standing, debit-positive; accounts at zero are left out."""
        claim, ahead = self.stated - self.settled, self.advance
        accounts = {}
        if claim:
            owed = ("Liabilities", PAYABLE) if claim > 0 else ("Assets", RECEIVABLE)
            accounts[Account(*owed, party)] = -claim
        if ahead:
            accounts[Account("Assets" if ahead > 0 else "Liabilities", ADVANCES, party)] = ahead
        return accounts

    def moved(self, part: Part, minor: int) -> "Standing":
        """The standing after one of its sums has moved."""
        changed: dict[str, int] = {part: getattr(self, part) + minor}
        return self._replace(**changed)

    def texts(self, currency: str) -> dict[str, str]:
        """Every sum, and what is due, open and advanced, as decimal strings."""
        sums = {**self._asdict(), "due": self.due, "open": self.open, "advance": self.advance}
        return {name: Money(minor, currency).text for name, minor in sums.items()}


def movement(party: str, before: Standing, after: Standing) -> dict[Account, int]:
    """The debits and credits of a change of standing; they sum to minus the change of `open`."""
    return difference(before.balances(party), after.balances(party))


def difference(was: Mapping[Account, int], now: Mapping[Account, int]) -> dict[Account, int]:
    """By how much accounts differ; unchanged ones are left out."""
    moved = {account: now.get(account, 0) - was.get(account, 0) for account in sorted({*was, *now})}
    return {account: amount for account, amount in moved.items() if amount}
