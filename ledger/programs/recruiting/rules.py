"""The recruiting incentive: CNY 2,000 for each qualifying merchant that a partner brings.

Map: each introduced store is judged from its own facts. Reduce: per partner, the number of
high-risk stores sets the ratio of the award. Source: seed 002.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from ledger.aggregates.base import Recorded
from ledger.kernel.decision import Step
from ledger.kernel.errors import BadTerms, NoSuchLine
from ledger.kernel.instants import Instant, midnight
from ledger.kernel.money import Money
from ledger.programs.contract import Line, Reader
from ledger.programs.edition import Edition
from ledger.programs.recruiting import conditions
from ledger.programs.recruiting.gather import (
    Case,
    Rates,
    cases,
    cases_of,
    stores_of_partner_closed,
)
from ledger.programs.recruiting.parameters import CODES, HELD, checked, parameters_of
from ledger.programs.recruiting.steps import Terms


class Assessment(NamedTuple):
    """One store's own decision, before its partner's ratio is known."""

    store: str
    partner: str
    onboarding: Recorded
    steps: tuple[Step, ...]
    unmet: tuple[str, ...]
    held_for: tuple[str, ...]
    high_risk: Recorded | None


def settle_v1(reader: Reader, edition: Edition, subject: str | None = None) -> list[Line]:
    """One line for every store introduced by a partner and onboarded within the term.

    With `subject`, a store's id, only that store's line, reading only what it rests on. Raises
    `NoSuchLine` where the edition has none for it.
    """
    parameters = parameters_of(edition)
    rates = Rates(reader, edition.currency, parameters.rate_max_age_days)
    terms = Terms(edition, parameters, reader.clocks.as_of, rates)
    if subject is None:
        return _reduce([assess(case, terms) for case in cases(reader, edition)], terms)
    own = [assess(case, terms) for case in cases_of(reader, edition, [subject])]
    if not own:
        raise NoSuchLine(
            f"{edition.program} has no line for the store {subject!r}: "
            "no partner introduced it within the term.",
            f"List the lines: duebook settle {edition.program}",
        )
    closed = stores_of_partner_closed(reader, own[0].partner)
    others = cases_of(reader, edition, [name for name in closed if name != subject])
    kin = [assess(case, terms) for case in others]
    lines = _reduce([*own, *(one for one in kin if one.partner == own[0].partner)], terms)
    return [line for line in lines if line.subject == f"store:{subject}"]


VERSIONS = {1: settle_v1}


def check(edition: Edition) -> Edition:
    """The edition as it may be published; see `parameters.checked`."""
    if edition.rules_version is not None and edition.rules_version not in VERSIONS:
        raise BadTerms(
            f"{edition.program}: rules_version: found {edition.rules_version}, "
            f"expected one of {', '.join(map(str, VERSIONS))}."
        )
    return checked(edition, max(VERSIONS))


def scope(edition: Edition) -> tuple[str, ...]:
    """The markets that the edition covers."""
    return parameters_of(edition).markets


def provisional(edition: Edition, as_of: Instant) -> bool:
    """Open until the latest possible last day for a first sale is over."""
    parameters = parameters_of(edition)
    resting = set(parameters.rest_days or ()) if parameters.roll_over else set()
    last = edition.days.last + timedelta(days=parameters.first_sale_within_days)
    while last in resting:
        last += timedelta(days=1)
    return as_of < midnight(last + timedelta(days=1), edition.zone)


def assess(case: Case, terms: Terms) -> Assessment:
    """A store's conditions: unmet ones decline it, else what is pending holds it."""
    steps = tuple(conditions.judge(case, terms))
    assert tuple(step.code for step in steps) == CODES
    unmet = tuple(step.code or "" for step in steps if step.met is False)
    found = {one.pending for step in steps for one in (step, *step.parts)}
    held_for = () if unmet else tuple(code for code in HELD if code in found)
    return Assessment(
        case.store.store,
        case.partner.partner,
        case.onboarding,
        steps,
        unmet,
        held_for,
        conditions.high_risk(case.store, terms),
    )


def _reduce(assessments: Iterable[Assessment], terms: Terms) -> list[Line]:
    """Per partner: count the high-risk stores, choose the ratio, build the lines."""
    by_partner: dict[str, list[Assessment]] = defaultdict(list)
    for one in assessments:
        by_partner[one.partner].append(one)
    lines = []
    for mine in by_partner.values():
        closures = [one.high_risk for one in mine if one.high_risk]
        governance = _governance(closures, terms)
        lines += [_line(one, governance, len(closures), terms) for one in mine]
    return sorted(lines, key=lambda line: line.line)


def _governance(closures: list[Recorded], terms: Terms) -> Step:
    ratio = terms.parameters.ratio_for(len(closures))
    return Step(
        "governance ratio",
        code="governance_ratio",
        pending="governance_ratio_unset" if ratio is None else None,
        required="no high-risk store at the term's end, else the table's ratio for their number",
        observed=f"{_high_risk(closures)}: "
        + ("no table is published" if ratio is None else f"ratio {ratio}"),
        clause=terms.edition.cite.get("governance_ratios"),
        events=tuple(sorted(one.position for one in closures)),
    )


def _high_risk(closures: list[Recorded]) -> str:
    if not closures:
        return "no high-risk store"
    names = ", ".join(sorted(one.event.store for one in closures))
    return f"{len(closures)} high-risk: {names}"


def _line(one: Assessment, governance: Step, high_risk: int, terms: Terms) -> Line:
    edition = terms.edition
    award = Money.parse(terms.parameters.award, edition.currency)
    ratio = terms.parameters.ratio_for(high_risk)
    held_for = one.held_for
    amount = Money.zero(edition.currency)
    if one.unmet:
        outcome = "declined"
    elif held_for:
        outcome = "held"
    elif ratio is None:
        outcome, held_for = "held", ("governance_ratio_unset",)
    else:
        outcome, amount = "payable", award.times(ratio)
    award_step = Step(
        "award", award, clause=edition.cite.get("award"), events=(one.onboarding.position,)
    )
    tree = Step(
        f"recruiting incentive of {one.partner} for store {one.store}: {outcome}",
        amount,
        required="all conditions met: award x governance ratio, half up to the cent",
        observed=_observed(outcome, award, ratio, one.unmet, held_for),
        events=(one.onboarding.position,),
        parts=(*one.steps, governance, award_step),
    )
    return Line(
        f"{edition.program}/{one.store}",
        "incentive",
        f"partner:{one.partner}",
        f"store:{one.store}",
        outcome,
        amount,
        one.unmet,
        held_for,
        tree,
    )


def _observed(
    outcome: str, award: Money, ratio: object, unmet: tuple[str, ...], held: tuple[str, ...]
) -> str:
    if outcome == "payable":
        return f"{award.text} {award.currency} x {ratio}"
    return ", ".join(unmet or held)
