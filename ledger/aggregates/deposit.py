"""A store's deposit: what is required, paid in, used, and returned.

The facts live in the stream of their store. A deposit may be paid before the store is onboarded.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from ledger.aggregates.base import Fact, Held, Reference
from ledger.aggregates.fields import Amount, Case, Currency, Reason, Ref, above_zero, zero_or_more
from ledger.aggregates.live_task import CategoryId
from ledger.aggregates.store import StoreId
from ledger.kernel.money import Money

DEPOSIT = "deposit"
"""The name of the pot, and the kind under which the index lists these facts."""
CURRENCY = "currency_differs"
MOVES = (CURRENCY, "before_program")
"""Exceptions that terms may raise about any fact that moves a deposit."""


class DepositFact(Fact):
    """A fact about a store's deposit."""

    WARNINGS: ClassVar[tuple[str, ...]] = ("unknown_store",)

    store: StoreId
    ref: Ref = None
    case: Case = None

    @property
    def stream(self) -> str:
        return f"store:{self.store}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference(DEPOSIT, self.store),)


class StoreCategoriesSet(DepositFact):
    """The categories that a store sells in, all of them; they decide what it must put down."""

    TOPIC = "store-categories-set.v1"
    ORDER = 250
    EXAMPLE: ClassVar = {
        "type": "StoreCategoriesSet",
        "at": "2020-05-06T10:00:00+08:00",
        "store": "S-1001",
        "categories": ["apparel", "beauty"],
    }

    categories: Annotated[
        tuple[CategoryId, ...], Field(description="every category; empty: it has none")
    ]
    reason: Reason = None


class DepositRequired(DepositFact):
    """What the platform asks of one store, whatever its categories, from this instant on."""

    TOPIC = "deposit-required.v1"
    ORDER = 260
    AMOUNTS = (("amount", "currency"),)
    JUDGED = True
    WARNINGS: ClassVar[tuple[str, ...]] = ("unknown_store", CURRENCY)
    EXAMPLE: ClassVar = {
        "type": "DepositRequired",
        "at": "2020-05-06T10:00:00+08:00",
        "store": "S-1001",
        "amount": "3000.00",
        "currency": "CNY",
    }

    amount: Annotated[Amount, Field(description="what it must put down, zero or more")]
    currency: Currency
    reason: Reason = None

    @field_validator("amount")
    @classmethod
    def _not_below_zero(cls, amount: str) -> str:
        return zero_or_more(amount)


class _Moved(DepositFact):
    """Money of a deposit moved."""

    AMOUNTS = (("amount", "currency"),)
    JUDGED = True

    amount: Annotated[Amount, Field(description="how much, above zero")]
    currency: Currency

    @field_validator("amount")
    @classmethod
    def _above_zero(cls, amount: str) -> str:
        return above_zero(amount)


class _Cash(_Moved):
    """Money that came in or went out: it moves the pot at once. Uses of a deposit move the pot
    through the line that is issued for them."""

    SUM: ClassVar[str]

    def references(self) -> tuple[Reference, ...]:
        return (*super().references(), *self.holds().references())

    def holds(self) -> Held:
        money = Money.parse(self.amount, self.currency)
        narration = f"deposit {self.SUM.replace('_', ' ')}"
        return Held(DEPOSIT, self.stream, self.SUM, money, narration)


class DepositPaid(_Cash):
    """The store paid into its deposit, at first or to top it up."""

    TOPIC = "deposit-paid.v1"
    ORDER = 270
    SUM = "paid_in"
    WARNINGS: ClassVar[tuple[str, ...]] = ("unknown_store", *MOVES)
    EXAMPLE: ClassVar = {
        "type": "DepositPaid",
        "at": "2020-05-07T15:30:00+08:00",
        "store": "S-1001",
        "amount": "5000.00",
        "currency": "CNY",
    }

    reason: Reason = None


class DepositCompensated(_Moved):
    """Buyers were compensated out of the deposit."""

    TOPIC = "deposit-compensated.v1"
    ORDER = 280
    WARNINGS: ClassVar[tuple[str, ...]] = ("unknown_store", *MOVES, "deposit_uncovered")
    EXAMPLE: ClassVar = {
        "type": "DepositCompensated",
        "at": "2020-06-02T11:00:00+08:00",
        "store": "S-1001",
        "amount": "250.00",
        "currency": "CNY",
    }

    reason: Reason = None


class DepositDeducted(_Moved):
    """The platform took what the store owes it out of the deposit."""

    TOPIC = "deposit-deducted.v1"
    ORDER = 285
    WARNINGS: ClassVar[tuple[str, ...]] = ("unknown_store", *MOVES, "deposit_uncovered")
    EXAMPLE: ClassVar = {
        "type": "DepositDeducted",
        "at": "2020-06-03T11:00:00+08:00",
        "store": "S-1001",
        "amount": "300.00",
        "currency": "CNY",
        "reason": "penalty",
    }

    reason: Annotated[
        Literal["penalty", "fees_owed", "other"], Field(description="what it was taken for")
    ]


class DepositReturned(_Cash):
    """The platform paid back to the store what it had put down."""

    TOPIC = "deposit-returned.v1"
    ORDER = 290
    SUM = "returned"
    WARNINGS: ClassVar[tuple[str, ...]] = (
        *("unknown_store", *MOVES),
        *("returned_while_open", "returned_beyond_due"),
    )
    EXAMPLE: ClassVar = {
        "type": "DepositReturned",
        "at": "2020-07-13T10:00:00+08:00",
        "store": "S-1001",
        "amount": "4450.00",
        "currency": "CNY",
    }

    reason: Reason = None
