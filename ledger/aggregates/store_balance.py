"""A store's balance with the platform: its proceeds, what it paid in, freight, payouts.

The facts live in the stream of their store. Source: seed 003.
"""

from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from ledger.aggregates.base import Fact, Held, Reference
from ledger.aggregates.fields import Amount, Case, Currency, Id, Reason, Ref, above_zero
from ledger.aggregates.store import StoreId
from ledger.kernel.money import Money

BALANCE = "balance"
"""The name of the pot, and the kind under which the index lists these facts."""
CURRENCY = "currency_differs"
MOVES = ("unknown_store", CURRENCY, "before_program")
"""Exceptions that any fact that moves a balance may raise."""


class BalanceFact(Fact):
    """Money of a store's balance moved."""

    AMOUNTS = (("amount", "currency"),)
    JUDGED = True
    WARNINGS: ClassVar[tuple[str, ...]] = MOVES
    MOVED: ClassVar[str]
    """The sum of the pot that it adds to; empty where a line does so when it is issued."""
    AGAINST: ClassVar[str] = ""
    """The program's asset that balances it, if not cash."""
    WORDS: ClassVar[str]

    store: StoreId
    amount: Annotated[Amount, Field(description="how much, above zero")]
    currency: Currency
    reason: Reason = None
    ref: Ref = None
    case: Case = None

    @property
    def stream(self) -> str:
        return f"store:{self.store}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference(BALANCE, self.store), *self.holds().references())

    def holds(self) -> Held:
        money = Money.parse(self.amount, self.currency)
        return Held(BALANCE, self.stream, self.MOVED, money, self.WORDS, self.AGAINST)


class ProceedsSettled(BalanceFact):
    """Proceeds of the store's sales were settled into its balance; a refund is negative."""

    TOPIC = "proceeds-settled.v1"
    ORDER = 700
    MOVED = "proceeds"
    AGAINST = "Proceeds"
    WORDS = "proceeds settled"
    EXAMPLE: ClassVar = {
        "type": "ProceedsSettled",
        "at": "2024-05-03T09:00:00-08:00",
        "store": "S-2001",
        "amount": "250.00",
        "currency": "USD",
    }

    amount: Annotated[Amount, Field(description="signed: what its sales came to")]


class _AboveZero(BalanceFact):
    """A movement that has one direction only."""

    @field_validator("amount")
    @classmethod
    def _above_zero(cls, amount: str) -> str:
        return above_zero(amount)


class BalancePaid(_AboveZero):
    """The store paid into its balance, to cover what it owes."""

    TOPIC = "balance-paid.v1"
    ORDER = 710
    MOVED = "paid"
    WORDS = "balance paid"
    EXAMPLE: ClassVar = {
        "type": "BalancePaid",
        "at": "2024-06-02T09:00:00-08:00",
        "store": "S-2001",
        "amount": "7.49",
        "currency": "USD",
    }


class SampleFreightAdvanced(_AboveZero):
    """The platform advanced the freight of a sample; the store's balance bears it."""

    TOPIC = "sample-freight-advanced.v1"
    ORDER = 720
    MOVED = ""
    AGAINST = "FreightAdvanced"
    WORDS = "freight advanced"
    EXAMPLE: ClassVar = {
        "type": "SampleFreightAdvanced",
        "at": "2024-05-06T15:00:00-08:00",
        "store": "S-2001",
        "amount": "12.50",
        "currency": "USD",
        "request": "R-31",
    }

    request: Annotated[Id | None, Field(description="the sample request it was for")] = None


class PayoutMade(_AboveZero):
    """The platform paid the store out of its balance."""

    TOPIC = "payout-made.v1"
    ORDER = 730
    MOVED = "payouts"
    WORDS = "payout"
    WARNINGS = (*MOVES, "payout_beyond_balance")
    EXAMPLE: ClassVar = {
        "type": "PayoutMade",
        "at": "2024-05-15T09:00:00-08:00",
        "store": "S-2001",
        "amount": "200.00",
        "currency": "USD",
    }
