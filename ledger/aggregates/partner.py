"""Partners: certified or not at an instant, and what is withheld from them."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ledger.aggregates.base import Fact, Recorded, Reference, in_order, instant_text, last_before
from ledger.aggregates.fields import Id, Text
from ledger.aggregates.things import PARTNER
from ledger.kernel.clocks import FOREVER
from ledger.kernel.instants import Instant


class PartnerCertified(Fact):
    """The platform certified a partner: from this instant it may earn incentives."""

    TOPIC = "partner-certified.v1"
    ORDER = 10
    INTRODUCES = ("partner", PARTNER)
    JUDGED = True
    WARNINGS = ("certified_not_admitted",)
    EXAMPLE: ClassVar = {
        "type": "PartnerCertified",
        "at": "2025-11-03T10:00:00+08:00",
        "partner": "P-01",
        "name": "Harbour Bridge Services",
        "kind": "agency",
    }

    partner: Annotated[Id, Field(description="the partner's id")]
    name: Annotated[Text | None, Field(description="its name, for reports")] = None
    kind: Annotated[
        Literal["agency", "reach"] | None,
        Field(description="operates shops (agency) or manages creators (reach)"),
    ] = None
    services: Annotated[
        tuple[Text, ...] | None, Field(description="services it is certified for")
    ] = None

    @property
    def stream(self) -> str:
        return f"partner:{self.partner}"

    def references(self) -> tuple[Reference, ...]:
        return (Reference("certified", self.partner),)


class PartnerTerminated(Fact):
    """The platform ended the cooperation; the partner is not certified from this instant."""

    TOPIC = "partner-terminated.v1"
    ORDER = 20
    WARNINGS = ("unknown_partner",)
    EXAMPLE: ClassVar = {
        "type": "PartnerTerminated",
        "at": "2026-02-20T18:00:00+08:00",
        "partner": "P-01",
        "reason": "behind",
    }

    partner: Annotated[Id, Field(description="the partner's id")]
    reason: Annotated[
        Literal["behind", "poor_results", "link_abuse", "misconduct", "other"],
        Field(description="why the cooperation ended"),
    ]

    @property
    def stream(self) -> str:
        return f"partner:{self.partner}"


class IncentiveWithheld(Fact):
    """The platform withholds a program's incentive from a partner, or for one store of it."""

    TOPIC = "incentive-withheld.v1"
    ORDER = 30
    WARNINGS = ("unknown_partner", "unknown_store", "unknown_program")
    EXAMPLE: ClassVar = {
        "type": "IncentiveWithheld",
        "at": "2026-04-02T11:30:00+08:00",
        "program": "recruiting-eu-jp-2026q1",
        "partner": "P-01",
        "store": "S-1001",
        "reason": "cheating",
    }

    program: Annotated[Id, Field(description="the edition's id")]
    partner: Annotated[Id, Field(description="the partner")]
    store: Annotated[Id | None, Field(description="the store; without it: all of them")] = None
    reason: Annotated[
        Literal["cheating", "fabrication", "violation", "governance_risk"],
        Field(description="why it is withheld"),
    ]
    detail: Annotated[Text | None, Field(description="anything to add")] = None

    @property
    def stream(self) -> str:
        return f"partner:{self.partner}"

    def references(self) -> tuple[Reference, ...]:
        """Withheld for one store: listed under the store; for all of them: under the partner."""
        if self.store:
            return (Reference("withheld", self.store),)
        return (Reference("withheld-from", self.partner),)


class PartnerState:
    """A partner's certifications, terminations and withholdings, in any order of arrival."""

    def __init__(self, partner: str) -> None:
        self.partner = partner
        self.standing: list[Recorded] = []
        self.withheld: list[Recorded] = []

    def apply(self, recorded: Recorded) -> None:
        """Takes one event into its timeline."""
        match recorded.event:
            case PartnerCertified() | PartnerTerminated():
                self.standing.append(recorded)
            case IncentiveWithheld():
                self.withheld.append(recorded)

    def certification_at(self, instant: Instant) -> Recorded | None:
        """The last certification or termination at or before an instant."""
        return last_before(self.standing, instant + 1)

    @property
    def kind(self) -> str | None:
        """The kind last given with a certification."""
        kinds = [getattr(fact.event, "kind", None) for fact in in_order(self.standing)]
        return next((kind for kind in reversed(kinds) if kind), None)

    @property
    def name(self) -> str | None:
        """The name last given with a certification."""
        named = [fact for fact in self.standing if getattr(fact.event, "name", None)]
        last = last_before(named, max((fact.at for fact in named), default=0) + 1)
        return last.event.name if last else None


def describe_partner(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """A partner's state after these facts."""
    state = PartnerState(name)
    for recorded in facts:
        state.apply(recorded)
    last = state.certification_at(FOREVER)
    certified = last is not None and isinstance(last.event, PartnerCertified)
    return {
        "partner": name,
        "name": state.name,
        "kind": state.kind,
        "state": "certified" if certified else ("terminated" if last else "unknown"),
        "state_since": instant_text(last),
        "reason": getattr(last.event, "reason", None) if last else None,
        "withheld": len(state.withheld),
    }


STATES = {"partner": describe_partner}
