"""Enrolments: a merchant invited into a service program, what it was promised, given and paid."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from ledger.aggregates.base import (
    Amount,
    Currency,
    Fact,
    Id,
    Recorded,
    Reference,
    Text,
    first_of,
    in_order,
    instant_text,
    last_before,
)
from ledger.kernel.clocks import FOREVER
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money, sum_by_currency

ContentKind = Literal["aigc", "creator_video"]
CONTENT_KINDS: tuple[ContentKind, ...] = ("aigc", "creator_video")


def _whole(value: object) -> object:
    """A count as a cell of a CSV writes it: digits only; everything else is judged as it is."""
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,10}", value) else value


Count = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=10**9, strict=True)]


class EnrolmentFact(Fact):
    """A fact that lives in the stream of one merchant's place in one program."""

    WARNINGS: ClassVar[tuple[str, ...]] = ("unknown_program", "not_enrolled")

    @property
    def stream(self) -> str:
        return f"enrolment:{self.name}"

    @property
    def name(self) -> str:
        """Program and merchant, under which the index knows the enrolment."""
        return f"{self.program}/{self.merchant}"  # type: ignore[attr-defined]  # every subclass


class Promised(BaseModel):
    """Promised counts per kind of content; a kind that is left out is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aigc: Annotated[Count | None, Field(description="pieces made by the platform's tools")] = None
    creator_video: Annotated[Count | None, Field(description="videos of creators")] = None


class MerchantInvited(EnrolmentFact):
    """The platform opened a program's enrolment to a merchant."""

    TOPIC = "merchant-invited.v1"
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
    INTRODUCES = "enrolment"
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
        """Promising nothing in particular says as little as leaving it out."""
        return promised if promised and promised.model_dump(exclude_none=True) else None

    def references(self) -> tuple[Reference, ...]:
        return (Reference("enrolled", self.name), Reference("enrols", self.store))


class ContentPromised(EnrolmentFact):
    """The platform sets or changes how much content of a kind it promises."""

    TOPIC = "content-promised.v1"
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
    ref: Annotated[Text | None, Field(description="where it can be looked up")] = None


class FixedFeePaid(EnrolmentFact):
    """The merchant paid towards the fixed fee; a refund is negative."""

    TOPIC = "fixed-fee-paid.v1"
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


class EnrolmentState:
    """One merchant's place in one program, as timelines. Events may arrive in any order."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.invitations: list[Recorded] = []
        self.enrolments: list[Recorded] = []
        self.promises: list[Recorded] = []
        self.deliveries: list[Recorded] = []
        self.payments: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        match recorded.event:
            case ContentDelivered():
                self.deliveries.append(recorded)
            case FixedFeePaid():
                self.payments.append(recorded)
            case ContentPromised():
                self.promises.append(recorded)
            case MerchantEnrolled():
                self.enrolments.append(recorded)
            case MerchantInvited():
                self.invitations.append(recorded)

    @property
    def merchant(self) -> str:
        """The merchant's id."""
        return self.name.partition("/")[2]

    @cached_property
    def enrolment(self) -> Recorded | None:
        """The enrolment that counts: the earliest. Asked after the fold."""
        return first_of(self.enrolments)

    @cached_property
    def invitation(self) -> Recorded | None:
        """The earliest invitation."""
        return first_of(self.invitations)

    def promise(self, kind: str, before: Instant) -> tuple[int, Recorded] | None:
        """The count promised: by the last `ContentPromised` before an instant, else on enrolling.

        None where nobody has said how many.
        """
        last = last_before((one for one in self.promises if one.event.kind == kind), before)
        if last is not None:
            return last.event.count, last
        said = self.enrolment.event.promised if self.enrolment else None
        count = getattr(said, kind) if said else None
        return None if count is None or self.enrolment is None else (count, self.enrolment)

    def delivered(self, kind: str, *, approved_only: bool) -> list[Recorded]:
        """Deliveries of a kind, in business order."""
        return in_order(
            one
            for one in self.deliveries
            if one.event.kind == kind and (one.event.approved or not approved_only)
        )

    def paid(self) -> list[Recorded]:
        """Payments towards the fixed fee, in business order."""
        return in_order(self.payments)


def describe_enrolment(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """An enrolment as it stands after these facts."""
    state = EnrolmentState(name)
    for recorded in facts:
        state.apply(recorded)
    enrolled = state.enrolment
    content = {}
    for kind in CONTENT_KINDS:
        promise = state.promise(kind, FOREVER)
        delivered = state.delivered(kind, approved_only=False)
        content[kind] = {
            "promised": promise[0] if promise else None,
            "delivered": sum(one.event.count for one in delivered),
        }
    paid = [Money.parse(one.event.amount, one.event.currency) for one in state.paid()]
    return {
        "program": name.partition("/")[0],
        "merchant": state.merchant,
        "invited_at": instant_text(state.invitation),
        "enrolled_at": instant_text(enrolled),
        "store": enrolled.event.store if enrolled else None,
        "content": content,
        "paid": {code: money.text for code, money in sum_by_currency(paid).items()},
    }
