"""What the plans of some stores offer: which of them covers an order, and at which rate.

A plan's *version* is what one report of it says, while it holds. Each has a number, and an offer
a *score*: its rate in millionths, and among equal rates the plan that comes first by its id. The
best of several offers is then the largest of whole numbers.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, NamedTuple

from ledger.aggregates.affiliate_state import PlanState, Version
from ledger.aggregates.base import Recorded
from ledger.kernel.instants import EARLIEST, Instant
from ledger.kernel.period import Window
from ledger.programs.by_order import MILLION

LEVELS = {"shop": 1, "open": 2, "targeted": 3}
"""A targeted plan stands over an open one, and that over the shop's."""
Reading = Literal["told", "never_ended", "from_first"]
"""What plans say: as told; had nothing ended them; had their first report held before it too."""


class Offer(NamedTuple):
    """A rate that a version offers: of a store's product, or (None) of all of its products."""

    plan: PlanState
    version: Version
    product: str | None
    score: int

    @property
    def store(self) -> str:
        """The store that pays it."""
        store: str = self.version.fact.event.store
        return store

    @property
    def kind(self) -> str:
        """Of which kind the plan is."""
        kind: str = self.version.fact.event.kind
        return kind

    @property
    def asks(self) -> bool:
        """Whether the plan asks for an approval of the creator."""
        asks: bool = self.version.fact.event.approval
        return asks

    def holds(self, at: Instant) -> bool:
        """Whether it holds right after all facts of an instant."""
        return self.version.start <= at < self.version.end


class Plans:
    """The plans of some stores, by what they say in a window."""

    def __init__(self, states: Iterable[PlanState], window: Window) -> None:
        self.plans = sorted(
            (state for state in states if state.first), key=lambda plan_state: plan_state.plan
        )
        self.window = window
        self._by_id = {plan.plan: plan for plan in self.plans}
        self._facts = [version.fact for plan in self.plans for version in plan.never_ended]
        self._numbers = {fact.position: number for number, fact in enumerate(self._facts)}

    @property
    def count(self) -> int:
        """How many versions there are, at least one: scores are divided by it."""
        return max(1, len(self._facts))

    def number(self, version: Version) -> int:
        """The number of a version."""
        return self._numbers[version.fact.position]

    def said_by(self, score: int) -> tuple[PlanState, Recorded]:
        """The plan and the report that a score is of."""
        fact = self._facts[self.count - 1 - score % self.count]
        return self._by_id[fact.event.plan], fact

    def of_store(self, store: str) -> list[PlanState]:
        """The plans of a store, by id."""
        return self._by_store.get(store, [])

    @cached_property
    def _by_store(self) -> dict[str, list[PlanState]]:
        found: dict[str, list[PlanState]] = defaultdict(list)
        for plan in self.plans:
            found[plan.store or ""].append(plan)
        return found

    @cached_property
    def told(self) -> list[Offer]:
        """Every offer of the window."""
        return list(self.offers(self.plans))

    def offers(self, plans: Iterable[PlanState], reading: Reading = "told") -> Iterator[Offer]:
        """The offers of some plans in the window."""
        for plan in plans:
            for version in _versions(plan, reading):
                if version.start < self.window.end and version.end > self.window.start:
                    yield from self._of_version(plan, version)

    def _of_version(self, plan: PlanState, version: Version) -> Iterator[Offer]:
        event, last = version.fact.event, self.count - 1 - self.number(version)
        for product in event.covered if event.kind != "shop" else (None,):
            ppm = rate_of(event, product)
            assert ppm is not None, "a version offers what it covers"
            yield Offer(plan, version, product, ppm * self.count + last)

    def covering(self, store: str, product: str, at: Instant) -> list[Offer]:
        """The offers of a store that hold for a product at an instant, the highest first; whether
        a creator is one of a targeted plan's, or approved, is not asked."""
        offers = [
            offer
            for offer in self.offers(self.of_store(store))
            if offer.product in (None, product) and offer.holds(at)
        ]
        return sorted(offers, key=lambda offer: (LEVELS[offer.kind], offer.score), reverse=True)

    @cached_property
    def overlapping_max(self) -> int:
        """At most how many plans cover one order."""
        most = 0
        for store in self._by_store:
            offers = list(self.offers(self.of_store(store)))
            for product in {offer.product for offer in offers}:
                mine = [offer for offer in offers if offer.product in (None, product)]
                starts = {max(offer.version.start, self.window.start) for offer in mine}
                most = max(most, *(sum(offer.holds(at) for offer in mine) for at in starts))
        return most


def rate_of(report: Any, product: str | None) -> int | None:
    """The rate of a product by a report, in whole millionths, of a shop plan (None) of all of
    them; None for one that the report does not cover."""
    if product is None:
        return int(Decimal(report.rate) * MILLION)
    return int(Decimal(report.rate_of(product)) * MILLION) if product in report.covered else None


def other_rate(report: Any, product: str | None, versions: Iterable[Version]) -> int | None:
    """The rate of a product by the first of some versions that says another than a report."""
    own = rate_of(report, product)
    rates = (rate_of(version.fact.event, product) for version in versions)
    return next((rate for rate in rates if rate not in (None, own)), None)


def _versions(plan: PlanState, reading: Reading) -> Sequence[Version]:
    if reading == "told":
        return plan.versions
    versions = plan.never_ended
    if reading == "from_first" and versions:
        first = versions[0]
        return [first._replace(start=EARLIEST, end=first.start), *plan.versions]
    return versions
