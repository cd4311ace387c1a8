"""Agreements with their days in force, a creator's month of commissions, grants."""

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from ledger.aggregates.agreement import AgreementEnded, AgreementSigned
from ledger.aggregates.base import Recorded, first_of, in_order, instant_text
from ledger.aggregates.earning import CommissionEarned, IncentiveGranted
from ledger.kernel.instants import DEFAULT_ZONE, day_of
from ledger.kernel.money import Money, sum_by_currency
from ledger.kernel.period import ONE_DAY


class Ended(NamedTuple):
    """The last day in force, and the fact that ends the agreement then."""

    last: date
    by: Recorded


class AgreementState:
    """The reports and the ends of one agreement. Events may arrive in any order."""

    def __init__(self, agreement: str) -> None:
        self.agreement = agreement
        self.reports: list[Recorded] = []
        self.ends: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        match recorded.event:
            case AgreementSigned():
                self.reports.append(recorded)
            case AgreementEnded():
                self.ends.append(recorded)

    @cached_property
    def signing(self) -> Recorded | None:
        """The report that counts: the earliest. To be read after the fold."""
        return _first_report(self.reports)

    def ended(self, zone: str, *, day_inside: bool) -> Ended | None:
        """The end with the earliest last day, whatever the instants of the ends.

        The day of an end is the last in force, or with `day_inside` false the first that is not.
        """
        ended: Ended | None = None
        for fact in in_order(self.ends):
            day = fact.event.on or day_of(fact.at, zone)
            last = day if day_inside or day == date.min else day - ONE_DAY
            if ended is None or last < ended.last:
                ended = Ended(last, fact)
        return ended


class CommissionState:
    """What a creator earned in one month."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.earned: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        if isinstance(recorded.event, CommissionEarned):
            self.earned.append(recorded)


class GrantState:
    """The reports of one grant."""

    def __init__(self, grant: str) -> None:
        self.grant = grant
        self.reports: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        if isinstance(recorded.event, IncentiveGranted):
            self.reports.append(recorded)

    @cached_property
    def report(self) -> Recorded | None:
        """The report that counts: the earliest. To be read after the fold."""
        return _first_report(self.reports)


def _first_report(reports: list[Recorded]) -> Recorded | None:
    """The earliest report; among equal ones the first by source and id, never by position."""
    if len(reports) > 1:
        reports = sorted(reports, key=lambda fact: (fact.event.source or "", fact.event.id or ""))
    return first_of(reports)


def describe_agreement(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """An agreement's state after these facts; days of ends are those of Beijing time."""
    state = AgreementState(name)
    for recorded in facts:
        state.apply(recorded)
    event = state.signing.event if state.signing else None
    ended = state.ended(DEFAULT_ZONE, day_inside=True)
    fields = ("partner", "merchant", "creator", "flat", "per", "share", "of", "basis", "currency")
    lasts = [day for day in (getattr(event, "to", None), ended.last if ended else None) if day]
    return {
        "agreement": name,
        **{field: getattr(event, field, None) for field in fields},
        "stores": ";".join(getattr(event, "stores", None) or ()),
        "services": ";".join(getattr(event, "services", None) or ()),
        "from": event.first.isoformat() if event else None,
        "last_day": min(lasts).isoformat() if lasts else None,
        "signed_at": instant_text(state.signing),
        "reports": len(state.reports),
        "ends": len(state.ends),
    }


def describe_commissions(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """A creator's month after these facts: the earnings per currency."""
    creator, _, month = name.partition("/")
    earned = [fact.event for fact in facts if isinstance(fact.event, CommissionEarned)]
    sums = sum_by_currency([Money.parse(event.amount, event.currency) for event in earned])
    return {
        "creator": creator,
        "month": month,
        "earned": {currency: money.text for currency, money in sums.items()},
        "facts": len(earned),
    }


def describe_grant(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """A grant's state after these facts."""
    state = GrantState(name)
    for recorded in facts:
        state.apply(recorded)
    event = state.report.event if state.report else None
    return {
        "grant": name,
        **{field: getattr(event, field, None) for field in ("program", "partner", "amount")},
        "unit": getattr(event, "unit", None),
        "granted_at": instant_text(state.report),
        "reports": len(state.reports),
    }


STATES = {
    "agreement": describe_agreement,
    "commission": describe_commissions,
    "grant": describe_grant,
}
