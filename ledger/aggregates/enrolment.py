"""Enrolments: merchants invited into a service program; what is promised, delivered and paid."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from ledger.aggregates.base import Fact, Paid, Reference
from ledger.aggregates.fields import Amount, Currency, Id, Ref, Text, whole_of_cell
from ledger.aggregates.settlement import Sides, statement_id
from ledger.aggregates.things import Thing
from ledger.kernel.money import Money

ContentKind = Literal["aigc", "creator_video"]
CONTENT_KINDS: tuple[ContentKind, ...] = ("aigc", "creator_video")


Count = Annotated[int, BeforeValidator(whole_of_cell), Field(ge=0, le=10**9, strict=True)]


INVITATION = Thing(
    "invitation",
    listed="invited",
    unknown="not_invited",
    unknown_sentence="merchant {rest} is enrolled in {program} without an invitation.",
    until="Record its MerchantInvited; until then its lines are declined.",
)
ENROLMENT = Thing(
    "enrolment",
    listed="enrolled",
    unknown="not_enrolled",
    unknown_sentence="merchant {rest} is not enrolled in {program} yet.",
    until="The fact is recorded and waits until the merchant enrols.",
    twice="enrolled_twice",
    twice_sentence="merchant {rest} is reported enrolled in {program} at",
)


class EnrolmentFact(Fact):
    """A fact in the stream of one merchant's enrolment in one program."""

    NAMES: ClassVar = {"name": ENROLMENT}
    WARNINGS: ClassVar[tuple[str, ...]] = ("unknown_program", "not_enrolled")

    @property
    def stream(self) -> str:
        return f"enrolment:{self.name}"

    @property
    def name(self) -> str:
        """`PROGRAM/MERCHANT`, the enrolment's name in the index."""
        return f"{self.program}/{self.merchant}"  # type: ignore[attr-defined]  # every subclass


class Promised(BaseModel):
    """Promised counts per kind of content; a kind that is left out is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    aigc: Annotated[Count | None, Field(description="pieces made by the platform's tools")] = None
    creator_video: Annotated[Count | None, Field(description="videos of creators")] = None


class MerchantInvited(EnrolmentFact):
    """The platform opened a program's enrolment to a merchant."""

    TOPIC = "merchant-invited.v1"
    ORDER = 170
    INTRODUCES = ("name", INVITATION)
    NAMES: ClassVar = {}
    WARNINGS = ("unknown_program",)
    EXAMPLE: ClassVar = {
        "type": "MerchantInvited",
        "at": "2026-04-20T09:00:00+08:00",
        "program": "growth-2026-05",
        "merchant": "M-7",
    }

    program: Annotated[Id, Field(description="the edition's id")]
    merchant: Annotated[Id, Field(description="the merchant")]

    def references(self) -> tuple[Reference, ...]:
        return (Reference("invited", self.name),)


class MerchantEnrolled(EnrolmentFact):
    """The merchant joined a program with a store; of several enrolments the earliest counts."""

    TOPIC = "merchant-enrolled.v1"
    ORDER = 180
    INTRODUCES = ("name", ENROLMENT)
    NAMES: ClassVar = {"name": INVITATION}
    WARNINGS = ("unknown_program", "unknown_store", "not_invited", "enrolled_twice")
    EXAMPLE: ClassVar = {
        "type": "MerchantEnrolled",
        "at": "2026-05-03T10:00:00+08:00",
        "program": "growth-2026-05",
        "merchant": "M-7",
        "store": "S-1001",
        "promised": {"aigc": 50, "creator_video": 12},
    }

    program: Annotated[Id, Field(description="the edition's id")]
    merchant: Annotated[Id, Field(description="the merchant")]
    store: Annotated[Id, Field(description="the store that it takes part with")]
    promised: Annotated[
        Promised | None, Field(description="counts promised with the enrolment")
    ] = None

    @field_validator("promised")
    @classmethod
    def _said(cls, promised: Promised | None) -> Promised | None:
        """A promise without any count is the same as none."""
        return promised if promised and promised.model_dump(exclude_none=True) else None

    def references(self) -> tuple[Reference, ...]:
        return (Reference("enrolled", self.name), Reference("enrols", self.store))


class ContentPromised(EnrolmentFact):
    """The platform sets or changes how much content of a kind it promises."""

    TOPIC = "content-promised.v1"
    ORDER = 190
    EXAMPLE: ClassVar = {
        "type": "ContentPromised",
        "at": "2026-05-06T10:00:00+08:00",
        "program": "growth-2026-05",
        "merchant": "M-7",
        "kind": "aigc",
        "count": 60,
    }

    program: Annotated[Id, Field(description="the edition's id")]
    merchant: Annotated[Id, Field(description="the merchant")]
    kind: Annotated[ContentKind, Field(description="aigc or creator_video")]
    count: Annotated[Count, Field(description="how many in all")]


class ContentDelivered(EnrolmentFact):
    """The platform delivered content to the merchant."""

    TOPIC = "content-delivered.v1"
    ORDER = 200
    EXAMPLE: ClassVar = {
        "type": "ContentDelivered",
        "at": "2026-06-11T16:20:00+08:00",
        "program": "growth-2026-05",
        "merchant": "M-7",
        "kind": "creator_video",
        "count": 2,
        "creator_tier": "waist",
        "ref": "V-88123",
    }

    program: Annotated[Id, Field(description="the edition's id")]
    merchant: Annotated[Id, Field(description="the merchant")]
    kind: Annotated[ContentKind, Field(description="aigc or creator_video")]
    count: Annotated[Count, Field(description="how many")]
    approved: Annotated[bool, Field(description="whether the merchant approved it")] = True
    creator_tier: Annotated[Text | None, Field(description="the creator's tier")] = None
    ref: Ref = None


class FixedFeePaid(EnrolmentFact):
    """The merchant paid towards the fixed fee; a refund is negative."""

    TOPIC = "fixed-fee-paid.v1"
    ORDER = 210
    AMOUNTS = (("amount", "currency"),)
    EXAMPLE: ClassVar = {
        "type": "FixedFeePaid",
        "at": "2026-05-04T14:00:00+08:00",
        "program": "growth-2026-05",
        "merchant": "M-7",
        "amount": "6000.00",
        "currency": "USD",
        "ref": "TT-20260504-118",
    }

    program: Annotated[Id, Field(description="the edition's id")]
    merchant: Annotated[Id, Field(description="the merchant")]
    amount: Annotated[Amount, Field(description="signed: what the merchant paid")]
    currency: Currency
    ref: Annotated[Text | None, Field(description="the payment's reference")] = None

    @property
    def statement(self) -> str:
        """The statement that it pays: the merchant's for the whole term."""
        return statement_id(self.program, None, Sides(f"merchant:{self.merchant}"))

    def references(self) -> tuple[Reference, ...]:
        return (Reference("pays", self.statement),)

    def pays(self) -> Paid:
        amount = Money.parse(self.amount, self.currency).negated()
        return Paid(self.statement, f"merchant:{self.merchant}", amount, "fixed fee paid")
