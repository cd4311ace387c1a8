"""What was reported of creators and of affiliate plans, as timelines. In any order of arrival."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from ledger.aggregates.affiliate import (
    AffiliatePlanEnded,
    AffiliatePlanSet,
    CreatorApproved,
    CreatorDisapproved,
    CreatorRegistered,
)
from ledger.aggregates.base import Recorded, first_of, in_order
from ledger.kernel.clocks import FOREVER
from ledger.kernel.instants import Instant


class CreatorState:
    """The registrations of one creator. Events may arrive in any order."""

    TOPICS = (CreatorRegistered.TOPIC,)

    def __init__(self, creator: str) -> None:
        self.creator = creator
        self.registrations: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        if isinstance(recorded.event, CreatorRegistered):
            self.registrations.append(recorded)

    @cached_property
    def told(self) -> list[Recorded]:
        """The registrations in business order. To be read after the fold."""
        return in_order(self.registrations)

    def at(self, instant: Instant) -> Recorded | None:
        """The last registration at or before an instant."""
        return next((fact for fact in reversed(self.told) if fact.at <= instant), None)


class Version(NamedTuple):
    """What a plan said from `start` (inclusive) to `end` (exclusive)."""

    fact: Recorded
    start: Instant
    end: Instant
    ended: Recorded | None = None
    """The fact that ended it; None where the plan was set anew or is still in force."""


class Said(NamedTuple):
    """A creator's approval, from `start` (inclusive) to `end` (exclusive)."""

    fact: Recorded
    start: Instant
    end: Instant


class PlanState:
    """One plan. Its store and kind are those of its first report; a report with another store or
    kind does not count. Events may arrive in any order."""

    def __init__(self, plan: str) -> None:
        self.plan = plan
        self.reports: list[Recorded] = []
        self.endings: list[Recorded] = []
        self.words: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        match recorded.event:
            case AffiliatePlanSet():
                self.reports.append(recorded)
            case AffiliatePlanEnded():
                self.endings.append(recorded)
            case CreatorApproved() | CreatorDisapproved():
                self.words.append(recorded)

    @cached_property
    def first(self) -> Recorded | None:
        """The first report. To be read after the fold."""
        return first_of(self.reports)

    @property
    def store(self) -> str | None:
        """The store that owns the plan."""
        return self.first.event.store if self.first else None

    def differs(self, report: Recorded) -> bool:
        """Whether a report has another store or kind than the first."""
        assert self.first is not None, "there is a report"
        first, other = self.first.event, report.event
        return (first.store, first.kind) != (other.store, other.kind)

    @cached_property
    def versions(self) -> list[Version]:
        """The plan's versions in order of time. The state at an instant is the one after all its
        facts, so that a plan that ends at the instant of its setting has no version."""
        return self._versions(self.endings)

    @cached_property
    def never_ended(self) -> list[Version]:
        """As `versions`, but as if the plan had never ended: for what-ifs of reconciliations."""
        return self._versions([])

    def _versions(self, endings: list[Recorded]) -> list[Version]:
        counting = [report for report in self.reports if not self.differs(report)]
        versions: list[Version] = []
        current: Recorded | None = None
        for fact in in_order([*counting, *endings]):
            ends = isinstance(fact.event, AffiliatePlanEnded)
            if current is not None:
                versions.append(Version(current, current.at, fact.at, fact if ends else None))
            current = None if ends else fact
        if current is not None:
            versions.append(Version(current, current.at, FOREVER))
        return [version for version in versions if version.start < version.end]

    @cached_property
    def approvals(self) -> dict[str, list[Said]]:
        """The approved periods by creator; they survive later settings and endings of the plan."""
        by_creator: dict[str, list[Recorded]] = defaultdict(list)
        for fact in in_order(self.words):
            by_creator[fact.event.creator].append(fact)
        return {creator: list(_approved(words)) for creator, words in by_creator.items()}

    def words_on(self, creator: str) -> list[Recorded]:
        """Every approval and disapproval of a creator, in business order."""
        return in_order(word for word in self.words if word.event.creator == creator)


def _approved(words: Sequence[Recorded]) -> Any:
    for number, fact in enumerate(words):
        end = words[number + 1].at if number + 1 < len(words) else FOREVER
        if isinstance(fact.event, CreatorApproved) and fact.at < end:
            yield Said(fact, fact.at, end)


def describe_creator(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """A creator's state after these facts: that of the last registration."""
    state = CreatorState(name)
    for recorded in facts:
        state.apply(recorded)
    last = state.told[-1].event if state.told else None
    return {
        "creator": name,
        "country": last.country if last else None,
        "age": last.age if last else None,
        "followers": last.followers if last else None,
        "categories": ";".join(last.categories or ()) if last else None,
    }


def describe_plan(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """An affiliate plan's state after these facts: its terms, and whether it is in force."""
    state = PlanState(name)
    for recorded in facts:
        state.apply(recorded)
    versions = state.versions
    last = versions[-1] if versions else None
    report = last.fact.event if last else (state.first.event if state.first else None)
    approved = [who for who, when in state.approvals.items() if when and when[-1].end == FOREVER]
    return {
        "plan": name,
        "store": state.store,
        "kind": report.kind if report else None,
        "in_force": last is not None and last.end == FOREVER,
        "rate": report.rate if report else None,
        "rates": ";".join(f"{product} {rate}" for product, rate in (report.rates or {}).items())
        if report
        else None,
        "products": ";".join(report.covered) if report else None,
        "creators": ";".join(report.creators or ()) if report else None,
        "approval": report.approval if report else None,
        "approved_creators": ";".join(sorted(approved)),
    }


STATES = {"creator": describe_creator, "plan": describe_plan}
