"""What every line of an agreement has in common: its sides, its outcome, its conditions."""

from collections.abc import Sequence

from ledger.aggregates.partner import PartnerCertified, PartnerState
from ledger.kernel.decision import Step
from ledger.kernel.instants import Instant, local, midnight
from ledger.kernel.money import Money
from ledger.kernel.period import ONE_DAY
from ledger.programs.decisions import condition, taken_as_met
from ledger.programs.line import Line
from ledger.programs.service_agreement.gather import InForce, Terms
from ledger.programs.service_agreement.parameters import (
    COMMISSION_SPLIT,
    FLAT_FEE,
    GMV_SHARE,
    HELD,
)

LABELS = {
    FLAT_FEE: "flat fee",
    GMV_SHARE: "share of GMV",
    COMMISSION_SPLIT: "share of commissions",
}


def line_of(
    agreement: InForce,
    kind: str,
    amount: Money,
    held_for: set[str],
    steps: Sequence[Step],
    required: str,
    partners: dict[str, PartnerState],
    terms: Terms,
) -> Line:
    """A line from the payer to the partner: declined where a condition is unmet, else held for
    what is not known, else payable."""
    event, edition = agreement.signing.event, terms.edition
    conditions: tuple[Step, ...] = ()
    if terms.parameters.needs_certified:
        conditions = (_certified_by_first_day(agreement, partners[event.partner], terms),)
    unmet = tuple(step.code for step in conditions if step.met is False and step.code)
    held = () if unmet else tuple(code for code in HELD if code in held_for)
    outcome = "declined" if unmet else "held" if held else "payable"
    if outcome != "payable":
        amount = Money.zero(amount.currency)
    payer = f"merchant:{event.merchant}" if event.merchant else f"creator:{event.creator}"
    tree = Step(
        f"{LABELS[kind]} of agreement {agreement.name}: {outcome}",
        amount,
        required=required,
        observed=", ".join(unmet or held) or None,
        clause=edition.cite.get(kind),
        events=agreement.events,
        parts=(_days_in_force(agreement, terms), *conditions, *steps),
    )
    return Line(
        f"{edition.program}/{terms.period}/{agreement.name}/{kind}",
        kind,
        payer,
        f"partner:{event.partner}",
        f"agreement:{agreement.name}",
        outcome,
        amount,
        unmet,
        held,
        tree,
    )


def _days_in_force(agreement: InForce, terms: Terms) -> Step:
    event = agreement.signing.event
    agreed = f"from {event.first} " + (f"to {event.to}" if event.to else "on")
    ended = f"; ended, the last day is {agreement.ended.last}" if agreement.ended else ""
    return Step(
        "days in force",
        required=agreed + ended,
        observed=f"{agreement.days.first} to {agreement.days.last} in {terms.period}",
        events=agreement.events,
    )


def certified(state: PartnerState, by: Instant, required: str, terms: Terms) -> Step:
    """A step for whether the last of a partner's certifications and terminations up to an instant
    is a certification."""
    last = state.certification_at(by)
    met = last is not None and isinstance(last.event, PartnerCertified)
    observed = "no certification by then"
    if last is not None:
        observed = f"{type(last.event).__name__} at {local(last.at, terms.edition.zone)}"
    step = condition(
        *(terms.edition, "partner_certified", met, required, observed, state.standing),
        asks="needs_certified",
    )
    return taken_as_met(step, terms.assume)


def _certified_by_first_day(agreement: InForce, state: PartnerState, terms: Terms) -> Step:
    """Whether the partner is certified by the end of the agreement's first day in force in the
    month."""
    end = midnight(agreement.days.first + ONE_DAY, terms.edition.zone)
    required = f"the partner is certified by the end of {agreement.days.first}"
    return certified(state, end - 1, required, terms)
