"""Stores: onboarded, verified, stocked, selling, open or closed, each as a small timeline."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.aggregates.base import Fact, Reference
from ledger.aggregates.fields import Amount, Country, Currency, Id, Text
from ledger.aggregates.orders import SOURCE as ORDERS_SOURCE
from ledger.aggregates.things import STORE

STORE_WARNINGS = ("unknown_store", "before_onboarding")
ClosureReason = Literal[
    "voluntary",
    "prohibited_goods",
    "counterfeit",
    "risk_red_line",
    "fake_fulfilment",
    "other_violation",
    "other",
]
StoreId = Annotated[Id, Field(description="the store's id")]


class StoreFact(Fact):
    """A fact that lives in the stream of its store."""

    LIVES_IN_STORE = True
    WARNINGS: ClassVar[tuple[str, ...]] = STORE_WARNINGS

    @property
    def stream(self) -> str:
        return f"store:{self.store}"  # type: ignore[attr-defined]  # every subclass has it


class MerchantOnboarded(StoreFact):
    """A merchant opened a store; with `partner`, that partner introduced it."""

    TOPIC = "merchant-onboarded.v1"
    ORDER = 60
    INTRODUCES = ("store", STORE)
    WARNINGS = ("onboarded_twice", "unknown_partner")
    EXAMPLE: ClassVar = {
        "type": "MerchantOnboarded",
        "at": "2026-01-10T09:00:00+08:00",
        "merchant": "M-7",
        "store": "S-1001",
        "market": "EU",
        "brand": "Nordlicht",
        "partner": "P-01",
        "via": "exclusive_link",
    }

    merchant: Annotated[Id, Field(description="the merchant that owns the store")]
    store: StoreId
    market: Annotated[Id, Field(description="the market it sells in, such as EU or JP")]
    brand: Annotated[Id | None, Field(description="the brand that it sells")] = None
    partner: Annotated[Id | None, Field(description="the partner that introduced it")] = None
    via: Annotated[
        Literal["exclusive_link", "other"],
        Field(description="opened through the partner's exclusive link, or otherwise"),
    ] = "other"

    def references(self) -> tuple[Reference, ...]:
        references = [Reference("store", self.store), Reference("merchant", self.merchant)]
        if self.brand:
            references.append(Reference("brand", self.brand))
        if self.partner:
            references.append(Reference("partner", self.partner))
        return tuple(references)


class StoreVerified(StoreFact):
    """The platform verified the store."""

    TOPIC = "store-verified.v1"
    ORDER = 70
    EXAMPLE: ClassVar = {
        "type": "StoreVerified",
        "at": "2026-01-11T15:20:00+08:00",
        "store": "S-1001",
    }

    store: StoreId


class StockListed(StoreFact):
    """The store has stock in a country from this instant."""

    TOPIC = "stock-listed.v1"
    ORDER = 80
    EXAMPLE: ClassVar = {
        "type": "StockListed",
        "at": "2026-01-20T08:00:00+08:00",
        "store": "S-1001",
        "country": "DE",
    }

    store: StoreId
    country: Annotated[Country, Field(description="the country, such as DE")]


class StockDelisted(StoreFact):
    """The store has no stock in a country any more."""

    TOPIC = "stock-delisted.v1"
    ORDER = 90
    EXAMPLE: ClassVar = {
        "type": "StockDelisted",
        "at": "2026-03-02T08:00:00+08:00",
        "store": "S-1001",
        "country": "DE",
    }

    store: StoreId
    country: Annotated[Country, Field(description="the country, such as DE")]


class FirstSale(StoreFact):
    """The store made its first sale; of several reports the earliest counts."""

    TOPIC = "first-sale.v1"
    ORDER = 100
    EXAMPLE: ClassVar = {
        "type": "FirstSale",
        "at": "2026-01-25T21:14:09+08:00",
        "store": "S-1001",
        "order": "5771",
    }

    store: StoreId
    order: Annotated[Id | None, Field(description="the order's id")] = None

    def references(self) -> tuple[Reference, ...]:
        return (Reference("sale", self.store),)


class GMVRecorded(StoreFact):
    """Gross merchandise value of a store's orders of one day; refunds are negative."""

    TOPIC = "gmv-recorded.v1"
    ORDER = 110
    AMOUNTS = (("amount", "currency"),)
    WARNINGS = (*STORE_WARNINGS, "two_feeds", "day_after_fact")
    OF_DAY = "day"
    EXAMPLE: ClassVar = {
        "type": "GMVRecorded",
        "at": "2026-01-27T02:00:00+08:00",
        "store": "S-1001",
        "day": "2026-01-25",
        "amount": "412.90",
        "currency": "EUR",
        "basis": "settled",
        "orders": 17,
    }

    store: StoreId
    day: Annotated[date, Field(description="the day on which the orders were created")]
    amount: Annotated[Amount, Field(description="signed; a refund carries its order's day")]
    currency: Currency
    basis: Annotated[
        Literal["placed", "settled"], Field(description="orders as placed, or as settled")
    ]
    orders: Annotated[int | None, Field(ge=0, description="how many orders it sums")] = None

    def references(self) -> tuple[Reference, ...]:
        return (Reference("feed", f"{self.store}/{self.basis}", self.source or ""),)

    @property
    def is_refund(self) -> bool:
        """Whether it reduces the amount of orders that remain.

        The archive counts orders on every fact except those that remove orders again.
        """
        takes_off = self.source == ORDERS_SOURCE and self.orders is None
        return self.amount.startswith("-") and not takes_off


class StoreSuspended(StoreFact):
    """The platform suspended the store."""

    TOPIC = "store-suspended.v1"
    ORDER = 120
    EXAMPLE: ClassVar = {
        "type": "StoreSuspended",
        "at": "2026-03-05T10:00:00+08:00",
        "store": "S-1001",
    }

    store: StoreId


class StoreClosing(StoreFact):
    """The store is being closed."""

    TOPIC = "store-closing.v1"
    ORDER = 130
    EXAMPLE: ClassVar = {
        "type": "StoreClosing",
        "at": "2026-03-20T10:00:00+08:00",
        "store": "S-1001",
    }

    store: StoreId


class StoreReopened(StoreFact):
    """The store is in normal state again."""

    TOPIC = "store-reopened.v1"
    ORDER = 140
    EXAMPLE: ClassVar = {
        "type": "StoreReopened",
        "at": "2026-03-09T10:00:00+08:00",
        "store": "S-1001",
    }

    store: StoreId


class StoreClosed(StoreFact):
    """The store is closed, for a reason that decides whether it counts as high-risk."""

    TOPIC = "store-closed.v1"
    ORDER = 150
    EXAMPLE: ClassVar = {
        "type": "StoreClosed",
        "at": "2026-03-28T16:45:00+08:00",
        "store": "S-1001",
        "reason": "counterfeit",
    }

    store: StoreId
    reason: Annotated[
        ClosureReason,
        Field(description="why it was closed"),
    ]

    def references(self) -> tuple[Reference, ...]:
        return (Reference("closed", self.store),)


class DiscountRevoked(StoreFact):
    """The platform takes a store's discounts of a program away, from this instant on."""

    TOPIC = "discount-revoked.v1"
    ORDER = 220
    WARNINGS = (*STORE_WARNINGS, "unknown_program")
    EXAMPLE: ClassVar = {
        "type": "DiscountRevoked",
        "at": "2020-05-20T10:00:00+08:00",
        "store": "S-1001",
        "program": "technical-fee-2020",
        "reason": "fake orders",
    }

    store: StoreId
    program: Annotated[Id, Field(description="the edition's id")]
    reason: Annotated[Text, Field(description="why")]
