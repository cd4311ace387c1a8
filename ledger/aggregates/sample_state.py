"""Sample requests and what decides them: whom a store gives samples to, and which products it
submitted. Events may arrive in any order."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, ClassVar

from ledger.aggregates.base import Recorded, first_of, instant_text, last_before, order_key
from ledger.aggregates.sample import (
    ProductSubmitted,
    SampleApproved,
    SampleRequested,
    SampleThresholdSet,
)
from ledger.kernel.instants import Instant


class RequestState:
    """The reports and approvals of one sample request."""

    TOPICS = (SampleRequested.TOPIC, SampleApproved.TOPIC)

    def __init__(self, request: str) -> None:
        self.request = request
        self.reports: list[Recorded] = []
        self.approvals: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        match recorded.event:
            case SampleRequested():
                self.reports.append(recorded)
            case SampleApproved():
                self.approvals.append(recorded)

    @cached_property
    def report(self) -> Recorded | None:
        """The report that counts: the earliest. To be read after the fold."""
        return first_of(self.reports)

    @cached_property
    def approval(self) -> Recorded | None:
        """The approval that counts: the first; among equal ones the first by source and id. A
        request is approved once. To be read after the fold."""
        by_sender = sorted(
            self.approvals, key=lambda fact: (fact.event.source or "", fact.event.id or "")
        )
        return first_of(by_sender)


class OfferState:
    """To whom a store gives samples, and which products it submitted."""

    TOPICS: ClassVar[tuple[str, ...]] = (SampleThresholdSet.TOPIC, ProductSubmitted.TOPIC)

    def __init__(self, store: str) -> None:
        self.store = store
        self.thresholds: dict[str | None, list[Recorded]] = defaultdict(list)
        """By product; those for all other products under None."""
        self.submissions: dict[str, list[Recorded]] = defaultdict(list)
        """By product."""

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline; events without a timeline are ignored."""
        match recorded.event:
            case SampleThresholdSet():
                self.thresholds[recorded.event.product].append(recorded)
            case ProductSubmitted():
                self.submissions[recorded.event.product].append(recorded)

    def threshold(self, product: str, instant: Instant) -> Recorded | None:
        """The last threshold for a product at or before an instant, else the store's own last."""
        for name in (product, None):
            last = last_before(self.thresholds.get(name, ()), instant + 1)
            if last is not None:
                return last
        return None

    def submission(self, product: str, instant: Instant) -> Recorded | None:
        """The last submission of a product at or before an instant."""
        return last_before(self.submissions.get(product, ()), instant + 1)


def describe_request(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """A sample request after these facts: who asked for what, and who approved it. Whether it is
    granted depends on terms."""
    state = RequestState(name)
    for recorded in facts:
        state.apply(recorded)
    report = state.report.event if state.report else None
    approval = state.approval
    return {
        "request": name,
        **{field: getattr(report, field, None) for field in ("store", "product", "creator")},
        "requested_at": instant_text(state.report),
        "approved_at": instant_text(approval),
        "approved_by": approval.event.by if approval else None,
        "reports": len(state.reports),
        "approvals": len(state.approvals),
    }


def describe_offer(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """To whom a store gives samples after these facts, and how many it submitted per product."""
    state = OfferState(name)
    for recorded in facts:
        state.apply(recorded)
    thresholds = {
        product or "any product": max(facts, key=order_key).event
        for product, facts in state.thresholds.items()
    }
    submitted = {
        product: max(facts, key=order_key).event for product, facts in state.submissions.items()
    }
    return {
        "sample_thresholds": _listed(
            f"{product}: {_asked(threshold)}" for product, threshold in thresholds.items()
        ),
        "samples_submitted": _listed(
            f"{product}: {submission.free_samples}" for product, submission in submitted.items()
        ),
    }


def _asked(threshold: SampleThresholdSet) -> str:
    """What a threshold requires of a creator, in words."""
    asked = []
    if threshold.followers_min is not None:
        asked.append(f"{threshold.followers_min} followers")
    if threshold.categories:
        asked.append(f"one of {', '.join(threshold.categories)}")
    return " and ".join(asked) or "nothing"


def _listed(texts: Iterable[str]) -> str | None:
    return ";".join(sorted(texts)) or None


STATES = {"request": describe_request, "store": describe_offer}
