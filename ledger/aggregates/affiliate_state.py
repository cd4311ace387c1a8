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
    """What was said of one creator. Events may arrive in any order."""

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
        """The registrations in business order. Asked after the fold."""
        return in_order(self.registrations)

    def at(self, instant: Instant) -> Recorded | None:
        """The last registration at or before an instant."""
        return next((one for one in reversed(self.told) if one.at <= instant), None)


class Version(NamedTuple):
    """What a plan said from an instant on, up to before another."""

    fact: Recorded
    start: Instant
    end: Instant
    ended: Recorded | None = None
    """What ended it there; None where the plan was set anew, or still says it."""


class Said(NamedTuple):
    """That a creator is approved, from an instant on up to before another."""

    fact: Recorded
    start: Instant
    end: Instant


class PlanState:
    """One plan. Its store and kind are those of its first report; another one's report that says
    otherwise counts for nothing. Events may arrive in any order."""

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
        """The first report. Asked after the fold."""
        return first_of(self.reports)

    @property
    def store(self) -> str | None:
        """The store that the plan is of."""
        return self.first.event.store if self.first else None

    def differs(self, report: Recorded) -> bool:
        """Whether a report has another store or kind than the first."""
        assert self.first is not None, "there is a report"
        first, other = self.first.event, report.event
        return (first.store, first.kind) != (other.store, other.kind)

    @cached_property
    def versions(self) -> list[Version]:
        """What the plan said when, in time. A state at an instant is that after all facts of it,
        so that a plan that ends at the instant of its setting says nothing."""
        return self._versions(self.endings)

    @cached_property
    def never_ended(self) -> list[Version]:
        """As `versions`, had nothing ended it: for a reconciliation's "what if"."""
        return self._versions([])

    def _versions(self, endings: list[Recorded]) -> list[Version]:
        counting = [report for report in self.reports if not self.differs(report)]
        versions: list[Version] = []
        standing: Recorded | None = None
        for fact in in_order([*counting, *endings]):
            ends = isinstance(fact.event, AffiliatePlanEnded)
            if standing is not None:
                versions.append(Version(standing, standing.at, fact.at, fact if ends else None))
            standing = None if ends else fact
        if standing is not None:
            versions.append(Version(standing, standing.at, FOREVER))
        return [version for version in versions if version.start < version.end]

    @cached_property
    def approvals(self) -> dict[str, list[Said]]:
        """Per creator when the last word was an approval; it outlives new settings and endings."""
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
    """A creator after these facts: what the last registration says."""
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
    """An affiliate plan after these facts: what it says, and whether it is in force."""
    state = PlanState(name)
    for recorded in facts:
        state.apply(recorded)
    versions = state.versions
    last = versions[-1] if versions else None
    said = last.fact.event if last else (state.first.event if state.first else None)
    approved = [who for who, when in state.approvals.items() if when and when[-1].end == FOREVER]
    return {
        "plan": name,
        "store": state.store,
        "kind": said.kind if said else None,
        "in_force": last is not None and last.end == FOREVER,
        "rate": said.rate if said else None,
        "rates": ";".join(f"{one} {rate}" for one, rate in (said.rates or {}).items())
        if said
        else None,
        "products": ";".join(said.covered) if said else None,
        "creators": ";".join(said.creators or ()) if said else None,
        "approval": said.approval if said else None,
        "approved_creators": ";".join(sorted(approved)),
    }


STATES = {"creator": describe_creator, "plan": describe_plan}
