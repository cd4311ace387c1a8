"""What the plans of stores offer: which plan covers an order, and at which rate.

A plan's *version* is the content of one report of it while it is in force. Versions are numbered.
An offer has a *score*: a whole number that ranks by rate in millionths, then by the plan's id. The
best of several offers is the one with the largest score.
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
"""A targeted plan takes precedence over an open one, and an open one over the shop's."""
Reading = Literal["told", "never_ended", "from_first"]
"""How to read plans: as reported; as if never ended; as if the first report had applied earlier."""


class Offer(NamedTuple):
    """A rate that a version offers: for one product of a store, or (None) for all of them."""

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
        """The kind of the plan."""
        kind: str = self.version.fact.event.kind
        return kind

    @property
    def asks(self) -> bool:
        """Whether the plan requires that the creator is approved."""
        asks: bool = self.version.fact.event.approval
        return asks

    def holds(self, at: Instant) -> bool:
        """Whether it is in force after all facts of an instant."""
        return self.version.start <= at < self.version.end


class Plans:
    """The plans of some stores, as in force in a window."""

    def __init__(self, states: Iterable[PlanState], window: Window) -> None:
        self.plans = sorted((state for state in states if state.first), key=lambda plan: plan.plan)
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
        """The plan and the report that a score belongs to."""
        fact = self._facts[self.count - 1 - score % self.count]
        return self._by_id[fact.event.plan], fact

    def of_store(self, store: str) -> list[PlanState]:
        """The plans of a store, by id."""
        return self._by_store.get(store, [])

    @cached_property
    def _by_store(self) -> dict[str, list[PlanState]]:
        by_store: dict[str, list[PlanState]] = defaultdict(list)
        for plan in self.plans:
            by_store[plan.store or ""].append(plan)
        return by_store

    @cached_property
    def told(self) -> list[Offer]:
        """Every offer of the window."""
        return list(self.offers(self.plans))

    def offers(self, plans: Iterable[PlanState], reading: Reading = "told") -> Iterator[Offer]:
        """The offers of the given plans in the window."""
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
        """The offers of a store in force for a product at an instant, the highest first, whether
        or not a particular creator is targeted or approved."""
        offers = [
            offer
            for offer in self.offers(self.of_store(store))
            if offer.product in (None, product) and offer.holds(at)
        ]
        return sorted(offers, key=lambda offer: (LEVELS[offer.kind], offer.score), reverse=True)

    @cached_property
    def overlapping_max(self) -> int:
        """The largest number of plans that cover one order."""
        most = 0
        for store in self._by_store:
            offers = list(self.offers(self.of_store(store)))
            for product in {offer.product for offer in offers}:
                mine = [offer for offer in offers if offer.product in (None, product)]
                starts = {max(offer.version.start, self.window.start) for offer in mine}
                most = max(most, *(sum(offer.holds(at) for offer in mine) for at in starts))
        return most


def rate_of(report: Any, product: str | None) -> int | None:
    """A report's rate for a product, or (None) a shop plan's for all products, in whole
    millionths; None for a product that the report does not cover."""
    if product is None:
        return int(Decimal(report.rate) * MILLION)
    return int(Decimal(report.rate_of(product)) * MILLION) if product in report.covered else None


def other_rate(report: Any, product: str | None, versions: Iterable[Version]) -> int | None:
    """The first rate for a product among some versions that differs from a report's own."""
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
