"""The acts around enrolled stores that are judged, read for many stores at once.

An act is judged from the enrolment of its store on, or from the term's start where that is later
and the terms say so, up to the term's end: half-open, like every window.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import ClassVar, NamedTuple

from ledger.aggregates.affiliate import PLANS_OF_STORE, AffiliatePlanSet
from ledger.aggregates.affiliate_state import PlanState
from ledger.aggregates.base import Recorded
from ledger.aggregates.campaign import PromotionConfirmed
from ledger.aggregates.enrolment import MerchantEnrolled, MerchantInvited
from ledger.aggregates.enrolment_state import EnrolmentState
from ledger.aggregates.sample import REQUESTS_OF_STORE, ProductSubmitted
from ledger.aggregates.sample_state import OfferState, RequestState
from ledger.kernel.instants import Instant
from ledger.kernel.period import Window
from ledger.programs.contract import Reader, in_chunks
from ledger.programs.edition import Edition
from ledger.programs.growth.measures import invitation_of
from ledger.programs.growth.parameters import parameters_of
from ledger.programs.program import Names

ENROLMENT = (MerchantInvited.TOPIC, MerchantEnrolled.TOPIC)
PLAN = (AffiliatePlanSet.TOPIC,)


class Shop(OfferState):
    """The products that a store submitted, and the promotions that its merchant confirmed."""

    TOPICS: ClassVar[tuple[str, ...]] = (ProductSubmitted.TOPIC, PromotionConfirmed.TOPIC)

    def __init__(self, store: str) -> None:
        super().__init__(store)
        self.confirmations: dict[str, list[Instant]] = defaultdict(list)

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        match recorded.event:
            case PromotionConfirmed(campaign=campaign):
                self.confirmations[campaign].append(recorded.at)
            case _:
                super().apply(recorded)

    def confirmed(self, campaign: str, at: Instant) -> bool:
        """Whether a promotion was confirmed at or before an instant."""
        return any(instant <= at for instant in self.confirmations.get(campaign, ()))


class Approvals:
    """First approvals of requests, by store and product and by who approved."""

    def __init__(self, requests: Iterable[RequestState]) -> None:
        self._all: dict[tuple[str, str], list[Instant]] = defaultdict(list)
        self._by_platform: dict[tuple[str, str], list[Instant]] = defaultdict(list)
        for request in requests:
            if request.report is not None and request.approval is not None:
                key = request.report.event.store, request.report.event.product
                self._all[key].append(request.approval.at)
                if request.approval.event.by == "platform":
                    self._by_platform[key].append(request.approval.at)
        for instants in (*self._all.values(), *self._by_platform.values()):
            instants.sort()

    def by(self, store: str, product: str, at: Instant) -> int:
        """How many samples of a store's product were approved up to and at an instant."""
        return bisect_right(self._all.get((store, product), ()), at)

    def by_platform(self, store: str, product: str, at: Instant) -> int:
        """How many of these the platform approved."""
        return bisect_right(self._by_platform.get((store, product), ()), at)


class Concerned(NamedTuple):
    """An act that is judged, its store, and the instant from which the store's acts are judged."""

    act: Recorded
    store: str
    since: Instant


def frozen_since(reader: Reader, edition: Edition, stores: Collection[str]) -> dict[str, Instant]:
    """The instant from which acts are judged, by store with a valid enrolment.

    An enrolment is valid if it is the first of an invited merchant and before the term's end. Of
    several merchants with one store the earliest enrolment counts.
    """
    parameters, prefix = parameters_of(edition), f"enrolment:{edition.program}/"
    if parameters.frozen_from is None:
        return {}
    streams = {stream for own in reader.named("enrols", stores).values() for stream in own}
    names = [stream.partition(":")[2] for stream in streams if stream.startswith(prefix)]
    since_by_store: dict[str, Instant] = {}
    for state in reader.states("enrolment", names, EnrolmentState, ENROLMENT).values():
        enrolment = state.enrolment
        if enrolment is None or enrolment.at >= edition.window.end:
            continue
        if invitation_of(state, enrolment, parameters) is not None:
            store, since = enrolment.event.store, enrolment.at
            if parameters.frozen_from == "term_start":
                since = max(since, edition.window.start)
            since_by_store[store] = min(since_by_store.get(store, since), since)
    return since_by_store


def _within(
    reader: Reader, edition: Edition, acts: Iterable[tuple[Recorded, str]]
) -> Iterator[Concerned]:
    """The acts that are judged, out of some acts with their stores; store by store."""
    by_store: dict[str, list[Recorded]] = defaultdict(list)
    for act, store in acts:
        if act.at < edition.window.end:
            by_store[store].append(act)
    for chunk in in_chunks(by_store):
        for store, since in sorted(frozen_since(reader, edition, chunk).items()):
            window = Window(since, edition.window.end)
            for act in by_store.get(store, ()):
                if act.at in window:
                    yield Concerned(act, store, since)


def campaigns(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Iterator[Concerned]:
    """Campaigns that stores created or entered."""
    return _within(reader, edition, ((fact, fact.event.store) for fact in facts))


def plans(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Iterator[Concerned]:
    """Reports of plans that count."""
    by_plan: dict[str, list[Recorded]] = defaultdict(list)
    for fact in facts:
        by_plan[fact.event.plan].append(fact)
    counting = (
        (fact, fact.event.store)
        for chunk in in_chunks(by_plan)
        for name, plan in reader.states("plan", chunk, PlanState, PLAN).items()
        for fact in by_plan[name]
        if not plan.differs(fact)
    )
    return _within(reader, edition, counting)


def approvals(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Iterator[Concerned]:
    """First approvals of requests that have been reported."""
    asked = {fact.position: fact for fact in facts}
    counting = (
        (asked[state.approval.position], state.report.event.store)
        for chunk in in_chunks({fact.event.request for fact in facts})
        for state in reader.states("request", chunk, RequestState, RequestState.TOPICS).values()
        if state.report and state.approval and state.approval.position in asked
    )
    return _within(reader, edition, counting)


def requests_of(reader: Reader, stores: Collection[str]) -> Iterator[RequestState]:
    """Every request that was ever reported for the given stores."""
    streams = {stream for own in reader.named(REQUESTS_OF_STORE, stores).values() for stream in own}
    for chunk in in_chunks({stream.partition(":")[2] for stream in streams}):
        yield from reader.states("request", chunk, RequestState, RequestState.TOPICS).values()


def stores_enrolled(reader: Reader, edition: Edition, changed: Names) -> set[str]:
    """All stores ever enrolled by the merchants whose enrolment in the edition has changed."""
    prefix = f"{edition.program}/"
    names = [name for name in changed.get("enrolment", ()) if name.startswith(prefix)]
    if not names or parameters_of(edition).frozen_from is None:
        return set()
    states = reader.states("enrolment", names, EnrolmentState, ENROLMENT).values()
    return {enrolment.event.store for state in states for enrolment in state.enrolments}


def campaigns_touched(reader: Reader, edition: Edition, changed: Names) -> Iterator[str]:
    """From enrolments and invitations to the campaigns of their stores."""
    yield from (f"store:{store}" for store in stores_enrolled(reader, edition, changed))


def plans_touched(reader: Reader, edition: Edition, changed: Names) -> Iterator[str]:
    """From enrolments and invitations to the plans of their stores."""
    stores = stores_enrolled(reader, edition, changed)
    for streams in reader.named(PLANS_OF_STORE, stores).values():
        yield from streams


def approvals_touched(reader: Reader, edition: Edition, changed: Names) -> Iterator[str]:
    """From enrolments, invitations and requests to all requests of the same stores."""
    stores = stores_enrolled(reader, edition, changed)
    names = changed.get("request", ())
    if names and parameters_of(edition).frozen_from is not None:
        states = reader.states("request", names, RequestState, RequestState.TOPICS).values()
        asked = {report.event.store for state in states for report in state.reports}
        stores |= set(frozen_since(reader, edition, asked))
    for streams in reader.named(REQUESTS_OF_STORE, stores).values():
        yield from streams
