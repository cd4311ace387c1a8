"""Enrolments: what was promised, delivered and paid, as small timelines."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from ledger.aggregates.base import (
    Recorded,
    first_of,
    in_order,
    instant_text,
    last_before,
)
from ledger.aggregates.enrolment import (
    CONTENT_KINDS,
    ContentDelivered,
    ContentPromised,
    FixedFeePaid,
    MerchantEnrolled,
    MerchantInvited,
)
from ledger.kernel.clocks import FOREVER
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money, sum_by_currency


class EnrolmentState:
    """One merchant's enrolment in one program, as timelines. Events may arrive in any order."""

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
        """The enrolment that counts: the earliest. To be read after the fold."""
        return first_of(self.enrolments)

    @cached_property
    def invitation(self) -> Recorded | None:
        """The earliest invitation."""
        return first_of(self.invitations)

    def promise(self, kind: str, before: Instant) -> tuple[int, Recorded] | None:
        """The count promised by the last `ContentPromised` before an instant, else on enrolling.

        None where no count was promised.
        """
        last = last_before(
            (promise for promise in self.promises if promise.event.kind == kind), before
        )
        if last is not None:
            return last.event.count, last
        promised = self.enrolment.event.promised if self.enrolment else None
        count = getattr(promised, kind) if promised else None
        return None if count is None or self.enrolment is None else (count, self.enrolment)

    def delivered(self, kind: str, *, approved_only: bool) -> list[Recorded]:
        """Deliveries of a kind, in business order."""
        return in_order(
            delivery
            for delivery in self.deliveries
            if delivery.event.kind == kind and (delivery.event.approved or not approved_only)
        )

    def paid(self) -> list[Recorded]:
        """Payments towards the fixed fee, in business order."""
        return in_order(self.payments)


def describe_enrolment(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """An enrolment's state after these facts."""
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
            "delivered": sum(fact.event.count for fact in delivered),
        }
    paid = [Money.parse(fact.event.amount, fact.event.currency) for fact in state.paid()]
    return {
        "program": name.partition("/")[0],
        "merchant": state.merchant,
        "invited_at": instant_text(state.invitation),
        "enrolled_at": instant_text(enrolled),
        "store": enrolled.event.store if enrolled else None,
        "content": content,
        "paid": {code: money.text for code, money in sum_by_currency(paid).items()},
    }


STATES = {"enrolment": describe_enrolment}
