"""Free samples: whom a store gives them to, what it submitted, who asked, and who approved.

Thresholds and submissions live in the stream of their store, requests in their own. Source:
seeds 001 and 003.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from ledger.aggregates.affiliate import ProductId
from ledger.aggregates.base import Fact, Reference
from ledger.aggregates.enrolment import Count
from ledger.aggregates.fields import Amount, Currency, Id, Reason, Ref, zero_or_more
from ledger.aggregates.live_task import CategoryId, CreatorId
from ledger.aggregates.store import StoreId
from ledger.aggregates.things import Thing

REQUESTS_OF_STORE = "samples-of"
"""The kind under which the index lists the requests of a store."""
REQUESTS_OF_CREATOR = "samples-for"
"""The kind under which it lists those of a creator."""
APPROVALS = "sample-approval"
"""The kind under which it lists approvals, by the request."""
SUBMITTED = "submitted"
"""The kind under which it lists the products that stores submitted, by the store."""
RequestId = Annotated[Id, Field(description="the request's id")]

REQUEST = Thing(
    "request",
    listed="sample-request",
    unknown="unknown_request",
    unknown_sentence="sample request {name} is not known yet.",
    until="The fact is recorded and waits until the request is reported.",
    twice="requested_twice",
    twice_sentence="sample request {name} is reported made at",
    in_one_period=True,
)


class _OfStore(Fact):
    """A fact that lives in the stream of its store."""

    WARNINGS: ClassVar[tuple[str, ...]] = ("unknown_store",)

    store: StoreId

    @property
    def stream(self) -> str:
        return f"store:{self.store}"


class SampleThresholdSet(_OfStore):
    """Whom a store gives samples to from now on, of one product or of all others.

    A product's own threshold replaces the store's as a whole; what it does not name is not
    required.
    """

    TOPIC = "sample-threshold-set.v1"
    ORDER = 740
    EXAMPLE: ClassVar = {
        "type": "SampleThresholdSet",
        "at": "2024-04-20T09:00:00-08:00",
        "store": "S-2001",
        "followers_min": 5000,
        "categories": ["beauty"],
    }

    product: Annotated[Id | None, Field(description="the product; without it: every other one")] = (
        None
    )
    followers_min: Annotated[
        Count | None, Field(description="at least so many followers; without it: not asked")
    ] = None
    categories: Annotated[
        tuple[CategoryId, ...] | None,
        Field(description="one of these must be the creator's; without any: not asked"),
    ] = None
    reason: Reason = None
    ref: Ref = None

    @field_validator("categories")
    @classmethod
    def _some(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """An empty list requires nothing, as if left out."""
        return names or None


class ProductSubmitted(_OfStore):
    """The store submitted a product: its floor price and how many samples it gives, from now on.

    The last report of a product counts.
    """

    TOPIC = "product-submitted.v1"
    ORDER = 750
    AMOUNTS = (("floor_price", "currency"),)
    EXAMPLE: ClassVar = {
        "type": "ProductSubmitted",
        "at": "2024-04-18T09:00:00-08:00",
        "store": "S-2001",
        "product": "K-1",
        "floor_price": "19.90",
        "currency": "USD",
        "free_samples": 10,
        "auto_approve": 2,
    }

    product: ProductId
    floor_price: Annotated[Amount, Field(description="the lowest price it may be sold at")]
    currency: Currency
    free_samples: Annotated[Count, Field(description="how many samples were ever offered")]
    auto_approve: Annotated[
        Count, Field(description="how many of them the platform may approve by itself")
    ]
    reason: Reason = None
    ref: Ref = None

    @field_validator("floor_price")
    @classmethod
    def _not_below_zero(cls, amount: str) -> str:
        return zero_or_more(amount)

    def references(self) -> tuple[Reference, ...]:
        return (Reference(SUBMITTED, self.store),)


class SampleRequested(Fact):
    """A creator asks a store for a free sample; of several reports the earliest counts."""

    TOPIC = "sample-requested.v1"
    ORDER = 760
    INTRODUCES = ("request", REQUEST)
    WARNINGS = ("unknown_store", "requested_twice")
    EXAMPLE: ClassVar = {
        "type": "SampleRequested",
        "at": "2024-05-04T20:00:00-08:00",
        "request": "R-31",
        "store": "S-2001",
        "product": "K-1",
        "creator": "C-1",
    }

    request: RequestId
    store: StoreId
    product: ProductId
    creator: CreatorId
    ref: Ref = None

    @property
    def stream(self) -> str:
        return f"request:{self.request}"

    def references(self) -> tuple[Reference, ...]:
        return (
            Reference("sample-request", self.request),
            Reference(REQUESTS_OF_STORE, self.store),
            Reference(REQUESTS_OF_CREATOR, self.creator),
        )


class SampleApproved(Fact):
    """A sample was approved; a request is approved once, by the first report."""

    TOPIC = "sample-approved.v1"
    ORDER = 770
    JUDGED = True
    WARNINGS = (
        *("unknown_request", "approved_though_declined"),
        *("product_not_submitted", "auto_approval_exceeded", "samples_exhausted"),
    )
    EXAMPLE: ClassVar = {
        "type": "SampleApproved",
        "at": "2024-05-05T09:00:00-08:00",
        "request": "R-31",
        "by": "merchant",
    }

    request: RequestId
    by: Annotated[Literal["platform", "merchant"], Field(description="who approved it")]
    reason: Reason = None
    ref: Ref = None

    @property
    def stream(self) -> str:
        return f"request:{self.request}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference(APPROVALS, self.request),)
