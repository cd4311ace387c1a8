"""Campaigns of stores, and the platform's promotions that they enter. Source: seed 001.

The facts live in the stream of their store.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from ledger.aggregates.affiliate import Maker
from ledger.aggregates.base import Fact, Reference
from ledger.aggregates.fields import Amount, Currency, Id, Reason, Ref
from ledger.aggregates.store import StoreId

CAMPAIGNS = "campaign-of"
"""The kind under which the index lists the judged facts about campaigns, by the store."""
CampaignId = Annotated[Id, Field(description="the campaign's id")]


class _CampaignFact(Fact):
    """A fact about a campaign of a store."""

    WARNINGS: ClassVar[tuple[str, ...]] = ("unknown_store",)

    campaign: CampaignId
    store: StoreId

    @property
    def stream(self) -> str:
        return f"store:{self.store}"


class CampaignCreated(_CampaignFact):
    """A campaign was made for a store, by its merchant or by the platform."""

    TOPIC = "campaign-created.v1"
    ORDER = 780
    JUDGED = True
    WARNINGS = ("unknown_store", "tools_frozen")
    EXAMPLE: ClassVar = {
        "type": "CampaignCreated",
        "at": "2026-06-01T10:00:00+08:00",
        "campaign": "K-618",
        "store": "S-1001",
        "kind": "flash_sale",
        "created_by": "merchant",
    }

    kind: Annotated[Id, Field(description="what it is, such as flash_sale or coupon")]
    created_by: Annotated[Maker, Field(description="who made it")]
    reason: Reason = None
    ref: Ref = None

    def references(self) -> tuple[Reference, ...]:
        return (Reference(CAMPAIGNS, self.store),)


class PromotionConfirmed(_CampaignFact):
    """The merchant confirmed that its store takes part in a campaign."""

    TOPIC = "promotion-confirmed.v1"
    ORDER = 790
    EXAMPLE: ClassVar = {
        "type": "PromotionConfirmed",
        "at": "2026-06-10T10:00:00+08:00",
        "campaign": "MID-YEAR",
        "store": "S-1001",
    }

    reason: Reason = None
    ref: Ref = None


class CampaignEntered(_CampaignFact):
    """A store, or one product of it, entered a campaign at a price."""

    TOPIC = "campaign-entered.v1"
    ORDER = 800
    AMOUNTS = (("price", "currency"),)
    NOT_NEGATIVE = ("price",)
    JUDGED = True
    WARNINGS = (
        *("unknown_store", "promotion_unconfirmed", "product_not_submitted"),
        "below_floor_price",
    )
    EXAMPLE: ClassVar = {
        "type": "CampaignEntered",
        "at": "2026-06-12T10:00:00+08:00",
        "campaign": "MID-YEAR",
        "store": "S-1001",
        "level": "major",
        "by": "platform",
        "product": "K-1",
        "price": "19.90",
        "currency": "USD",
    }

    level: Annotated[Literal["routine", "major"], Field(description="how big the promotion is")]
    by: Annotated[Maker, Field(description="who entered it")]
    product: Annotated[Id | None, Field(description="the product that takes part")] = None
    price: Annotated[Amount | None, Field(description="at which price")] = None
    currency: Annotated[Currency | None, Field(description="of the price, ISO 4217 code")] = None
    reason: Reason = None
    ref: Ref = None

    @model_validator(mode="after")
    def _price_in_a_currency(self) -> "CampaignEntered":
        if (self.price is None) != (self.currency is None):
            raise ValueError("price and currency: both, or neither")
        return self

    def references(self) -> tuple[Reference, ...]:
        return (Reference(CAMPAIGNS, self.store),)
