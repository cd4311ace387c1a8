"""What was stated in an application, and what is known of the applicant. In any arrival order."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ledger.aggregates.application import (
    ApplicationFact,
    ApplicationSupplemented,
    PartnerApplied,
    PartnerClaims,
    RiskRecordFound,
    ShopApplied,
    ShopClaims,
)
from ledger.aggregates.base import Recorded, first_of, in_order, instant_text, last_before
from ledger.aggregates.partner import PartnerCertified, PartnerTerminated
from ledger.kernel.instants import Instant

NO_CLAIM = {*ApplicationFact.model_fields} - {"region"} | {"capital_currency"}
"""Fields that by themselves state nothing about the applicant."""


class Stated(NamedTuple):
    """The last value of a field, and the fact that states it."""

    value: Any
    fact: Recorded


class ApplicationState:
    """The reports and supplements of one application id.

    A partner's application and a merchant's are two applications, even under one id.
    """

    def __init__(self, application: str) -> None:
        self.application = application
        self.reports: list[Recorded] = []
        self.supplements: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        match recorded.event:
            case PartnerApplied() | ShopApplied():
                self.reports.append(recorded)
            case ApplicationSupplemented():
                self.supplements.append(recorded)

    def report(self, kind: type[PartnerApplied] | type[ShopApplied]) -> Recorded | None:
        """The report that counts: the earliest of its kind."""
        return first_of(report for report in self.reports if isinstance(report.event, kind))

    def stated(self, report: Recorded) -> dict[str, Stated]:
        """The last value of each field, from the report that counts and the supplements.

        An empty list states nothing and takes nothing back. Capital and its currency come from one
        fact, as a pair.
        """
        kind = PartnerClaims if isinstance(report.event, PartnerClaims) else ShopClaims
        stated: dict[str, Stated] = {}
        for fact in in_order([report, *self.supplements]):
            for name in kind.model_fields:
                value = getattr(fact.event, name)
                if name in NO_CLAIM or value is None or value == ():
                    continue
                if name == "registered_capital":
                    value = (value, fact.event.capital_currency)
                stated[name] = Stated(value, fact)
        return stated


class ApplicantState:
    """A partner's certifications, terminations and risk records."""

    TOPICS = (PartnerCertified.TOPIC, PartnerTerminated.TOPIC, RiskRecordFound.TOPIC)
    """The events that it uses of a partner's stream."""

    def __init__(self, partner: str) -> None:
        self.partner = partner
        self.standing: list[Recorded] = []
        self.records: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        match recorded.event:
            case PartnerCertified() | PartnerTerminated():
                self.standing.append(recorded)
            case RiskRecordFound():
                self.records.append(recorded)

    def standing_at(self, instant: Instant) -> Recorded | None:
        """The last certification or termination at or before an instant."""
        return last_before(self.standing, instant + 1)

    def terminated_between(self, after: Instant, until: Instant) -> bool:
        """Whether there is a termination after `after` and at or before `until`."""
        return any(
            isinstance(fact.event, PartnerTerminated) and after < fact.at <= until
            for fact in self.standing
        )


def describe_application(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """An application's state after these facts: what is stated in it now."""
    state = ApplicationState(name)
    for recorded in facts:
        state.apply(recorded)
    described: dict[str, Any] = {"application": name}
    for kind in (PartnerApplied, ShopApplied):
        report = state.report(kind)
        if report is not None:
            party = "partner" if isinstance(report.event, PartnerApplied) else "merchant"
            stated = {field: _plain(stated.value) for field, stated in state.stated(report).items()}
            described[party] = getattr(report.event, party)
            described |= {"applied_at": instant_text(report), "stated": stated}
    return {**described, "reports": len(state.reports), "supplements": len(state.supplements)}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


STATES = {"application": describe_application}
