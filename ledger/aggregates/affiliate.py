"""Creators who sell for stores, and the plans under which stores pay them a commission.

A plan is reported as a whole: each report replaces the one before it, from its instant on.
Source: seed 003.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from ledger.aggregates.base import Fact, Reference
from ledger.aggregates.enrolment import Count
from ledger.aggregates.fields import Country, Id, Reason, Ref, decimal_said
from ledger.aggregates.live_task import CategoryId, CreatorId
from ledger.aggregates.store import StoreId
from ledger.aggregates.things import Thing

PlanKind = Literal["shop", "open", "targeted"]
Maker = Literal["merchant", "platform"]
PLANS = "affiliate-plan"
"""The kind under which the index lists the facts about plans, by the plan."""
PLANS_OF_STORE = "plans-of"
"""The kind under which it lists the plans of a store."""
APPROVALS = "plan-approval"
"""The kind under which it lists approvals, by the creator."""
DECIMALS_MAX = 6
PlanId = Annotated[Id, Field(description="the plan's id")]
ProductId = Annotated[Id, Field(description="the product")]
Rate = Annotated[str, Field(description="a share as a decimal string, 0 to 1")]

PLAN = Thing(
    "plan",
    listed="plan",
    unknown="unknown_plan",
    unknown_sentence="affiliate plan {name} is not known yet.",
    until="The fact is recorded and waits until the plan is set.",
    named_by=(PLANS,),
)


def share_said(rate: str) -> str:
    """The rate in its shortest form. Raises `ValueError` outside 0..1 or with more than six
    decimals."""
    value = decimal_said(rate)
    if not 0 <= value <= 1:
        raise ValueError("a rate of 0 to 1, such as 0.15")
    if value != round(value, DECIMALS_MAX):
        raise ValueError(f"a rate with at most {DECIMALS_MAX} decimals")
    return f"{value.normalize():f}"


class CreatorRegistered(Fact):
    """What is known of a creator from now on: country, age, followers, categories."""

    TOPIC = "creator-registered.v1"
    ORDER = 600
    EXAMPLE: ClassVar = {
        "type": "CreatorRegistered",
        "at": "2024-01-05T09:00:00-08:00",
        "creator": "C-1",
        "country": "US",
        "age": 24,
        "followers": 12500,
        "categories": ["beauty", "home"],
    }

    creator: CreatorId
    country: Annotated[Country, Field(description="where the account is registered, such as US")]
    age: Annotated[Count, Field(le=200, description="in whole years")]
    followers: Annotated[Count, Field(description="how many, a whole number")]
    categories: Annotated[
        tuple[CategoryId, ...] | None, Field(description="what the creator sells")
    ] = None
    ref: Ref = None

    @property
    def stream(self) -> str:
        return f"creator:{self.creator}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("creator", self.creator),)


class PlanFact(Fact):
    """A fact about an affiliate plan."""

    plan: PlanId

    @property
    def stream(self) -> str:
        return f"plan:{self.plan}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference(PLANS, self.plan),)


class AffiliatePlanSet(PlanFact):
    """A store's plan from now on, as a whole; of a plan that had ended: it is in force again.

    A shop plan pays one rate for every product. An open plan pays for some products: every creator
    who sells them or, with `approval`, those who were approved. A targeted plan pays only the
    creators it names. The rate of a product is the one in `rates`, else `rate`.
    """

    TOPIC = "affiliate-plan-set.v1"
    ORDER = 610
    INTRODUCES = ("plan", PLAN)
    JUDGED = True
    WARNINGS: ClassVar[tuple[str, ...]] = (
        *("unknown_store", "plan_differs", "two_shop_plans"),
        *("rate_below_minimum", "rate_below_suggested", "tools_frozen"),
    )
    EXAMPLE: ClassVar = {
        "type": "AffiliatePlanSet",
        "at": "2024-02-01T09:00:00-08:00",
        "plan": "PL-7",
        "store": "S-2001",
        "kind": "targeted",
        "rate": "0.2",
        "products": ["K-1"],
        "creators": ["C-1"],
    }

    store: StoreId
    kind: Annotated[
        PlanKind,
        Field(description="for all products of the store, for some, or for some and some creators"),
    ]
    rate: Annotated[Rate | None, Field(description="of every product without one of its own")] = (
        None
    )
    products: Annotated[
        tuple[ProductId, ...] | None, Field(description="open and targeted: what it covers")
    ] = None
    rates: Annotated[
        dict[Id, str] | None, Field(description="open and targeted: rates of single products")
    ] = None
    creators: Annotated[
        tuple[CreatorId, ...] | None, Field(description="targeted: who may sell under it")
    ] = None
    approval: Annotated[
        bool, Field(description="open: whether the store must approve each creator")
    ] = False
    created_by: Annotated[Maker, Field(description="who made the plan")] = "merchant"
    reason: Reason = None
    ref: Ref = None

    @field_validator("rate")
    @classmethod
    def _is_share(cls, rate: str | None) -> str | None:
        return None if rate is None else share_said(rate)

    @field_validator("rates")
    @classmethod
    def _are_shares(cls, rates: dict[str, str] | None) -> dict[str, str] | None:
        return {name: share_said(rates[name]) for name in sorted(rates)} if rates else None

    @field_validator("products", "creators")
    @classmethod
    def _each_once(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """A set in order, however it was listed; an empty list counts as left out."""
        return tuple(sorted(set(names))) if names else None

    @model_validator(mode="after")
    def _of_its_kind(self) -> "AffiliatePlanSet":
        if self.kind == "shop":
            self._check_shop_plan()
            return self
        if not self.covered:
            raise ValueError(f"products or rates: a plan of kind {self.kind} names its products")
        lacking = [
            product
            for product in self.covered
            if self.rate is None and product not in self._own_rates
        ]
        if lacking:
            raise ValueError(f"a rate for product {lacking[0]}, in rates or as rate")
        if (self.kind == "targeted") != (self.creators is not None):
            raise ValueError("creators: named by targeted plans, and by those alone")
        if self.approval and self.kind != "open":
            raise ValueError("approval: asked for by open plans alone")
        return self

    def _check_shop_plan(self) -> None:
        if self.rate is None:
            raise ValueError("rate: a shop plan has one for all products")
        if self.products or self.rates or self.creators or self.approval:
            raise ValueError("a shop plan has a rate, and no products, rates, creators or approval")

    @property
    def _own_rates(self) -> dict[str, str]:
        return self.rates or {}

    @property
    def covered(self) -> tuple[str, ...]:
        """The products that the plan names, each once, in order."""
        return tuple(sorted({*(self.products or ()), *self._own_rates}))

    def rate_of(self, product: str) -> str:
        """The rate of a product that the plan covers."""
        rate = self._own_rates.get(product, self.rate)
        assert rate is not None, "the border lets no plan in that lacks a rate"
        return rate

    def references(self) -> tuple[Reference, ...]:
        return (
            *super().references(),
            Reference("plan", self.plan),
            Reference(PLANS_OF_STORE, self.store),
        )


class AffiliatePlanEnded(PlanFact):
    """The plan is in force no more, until it is set again."""

    TOPIC = "affiliate-plan-ended.v1"
    ORDER = 620
    NAMES: ClassVar = {"plan": PLAN}
    WARNINGS = ("unknown_plan",)
    EXAMPLE: ClassVar = {
        "type": "AffiliatePlanEnded",
        "at": "2024-03-01T00:00:00-08:00",
        "plan": "PL-7",
    }

    reason: Reason = None
    ref: Ref = None


class _ApprovalFact(PlanFact):
    """A store's decision about a creator who wants to sell under a plan that needs approval."""

    NAMES: ClassVar = {"plan": PLAN}
    WARNINGS = ("unknown_plan",)

    creator: CreatorId
    reason: Reason = None
    ref: Ref = None

    def references(self) -> tuple[Reference, ...]:
        return (*super().references(), Reference(APPROVALS, self.creator))


class CreatorApproved(_ApprovalFact):
    """The store lets a creator sell under a plan that asks for approval."""

    TOPIC = "creator-approved.v1"
    ORDER = 630
    EXAMPLE: ClassVar = {
        "type": "CreatorApproved",
        "at": "2024-02-02T10:00:00-08:00",
        "plan": "PL-9",
        "creator": "C-2",
    }


class CreatorDisapproved(_ApprovalFact):
    """The store lets a creator sell under the plan no more, or never did."""

    TOPIC = "creator-disapproved.v1"
    ORDER = 640
    EXAMPLE: ClassVar = {
        "type": "CreatorDisapproved",
        "at": "2024-02-20T10:00:00-08:00",
        "plan": "PL-9",
        "creator": "C-2",
        "reason": "misleading video",
    }
