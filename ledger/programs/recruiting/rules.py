"""The recruiting incentive: CNY 2,000 for each qualifying merchant that a partner brings.

Map: each introduced store is judged from its own facts. Reduce: the number of a partner's
high-risk stores sets the ratio of the award. Source: seed 002.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from ledger.aggregates.base import Recorded
from ledger.aggregates.store import StoreClosed
from ledger.aggregates.store_state import StoreState
from ledger.kernel.decision import Later, Step, built, not_met
from ledger.kernel.money import Money
from ledger.programs.contract import Answer, Asked, Reader
from ledger.programs.exchange import Rates
from ledger.programs.line import PLATFORM, Line
from ledger.programs.recruiting import conditions
from ledger.programs.recruiting.gather import Case, cases, closed_of_partners, earlier_of_partners
from ledger.programs.recruiting.parameters import CODES, HELD, parameters_of
from ledger.programs.recruiting.steps import Judged, Terms, named
from ledger.programs.variants import REFUNDS_IGNORED, rounding_of


class Closed(NamedTuple):
    """A partner's store that was once closed, and the fact that makes it high-risk, if any."""

    store: str
    high_risk: Recorded | None
    events: tuple[int, ...]


class Assessment(NamedTuple):
    """One store's own decision, before its partner's ratio is known."""

    store: str
    partner: str
    onboarding: Recorded
    reported: tuple[int, ...]
    """Positions of every report of the onboarding: the earliest counts."""
    judged: tuple[Judged, ...]
    unmet: tuple[str, ...]
    held_for: tuple[str, ...]
    closed: tuple[Closed, ...]


class Reduced(NamedTuple):
    """What is the same for all lines of a partner."""

    payee: str
    ratio: Decimal | None
    award: Money
    due: Money | None
    """The award times the ratio; None where no ratio is published."""
    governance: Later


def settle_v1(reader: Reader, asked: Asked) -> Answer:
    """One line for every store introduced by a partner and onboarded within the term.

    With subjects, ids of stores, only theirs, reading only what they depend on.
    """
    edition, subjects = asked.edition, asked.subjects
    terms = terms_of(reader, asked)
    deduct = REFUNDS_IGNORED not in asked.assume
    assessed = [assess(case, terms) for case in cases(reader, edition, subjects, deduct=deduct)]
    partners = {assessment.partner for assessment in assessed}
    others: dict[str, list[Closed]] = defaultdict(list)
    if subjects is not None:
        for partner, state in closed_of_partners(reader, edition, partners, subjects):
            others[partner] += _closed(state, terms)
    if terms.parameters.high_risk_scope == "introduced_ever":
        for partner, state in earlier_of_partners(reader, edition, partners):
            others[partner] += [
                closed for closed in _closed(state, terms) if _in_term(closed, terms)
            ]
    return Answer(_reduce(assessed, terms, others))


def _in_term(closed: Closed, terms: Terms) -> bool:
    """Whether the closure that makes a store high-risk happened in this term."""
    return closed.high_risk is not None and closed.high_risk.at in terms.window


def terms_of(reader: Reader, asked: Asked) -> Terms:
    """The edition at the reader's as-of, with its parameters and rates."""
    parameters = parameters_of(asked.edition)
    rates = Rates(reader, asked.edition, parameters.rate_max_age_days, at_once=asked.many)
    over = Money.parse(parameters.gmv_over, asked.edition.currency)
    own = (asked.edition.window, over, asked.assume)
    return Terms(asked.edition, parameters, reader.clocks.as_of, rates, *own)


def assess(case: Case, terms: Terms) -> Assessment:
    """A store's conditions: unmet ones decline it, else pending ones hold it."""
    judged = conditions.judge(case, terms)
    if terms.assume:
        judged = tuple(result.taken_as_met(terms.assume) for result in judged)
    unmet = tuple([result.code for result in judged if result.met is False])
    held_for: tuple[str, ...] = ()
    if not unmet:
        pending = {code for result in judged for code in (result.pending, result.also) if code}
        held_for = tuple(code for code in HELD if code in pending) if pending else ()
    onboardings = case.store.onboardings
    return Assessment(
        case.store.store,
        case.partner.partner,
        case.onboarding,
        tuple(sorted([onboarding.position for onboarding in onboardings])),
        judged,
        unmet,
        held_for,
        tuple(_closed(case.store, terms)) if case.store.status else (),
    )


def _closed(state: StoreState, terms: Terms) -> Iterator[Closed]:
    """A store's entry in its partner's count of closed stores, if it was ever closed."""
    onboarding = state.onboarding
    if onboarding and any(isinstance(fact.event, StoreClosed) for fact in state.status):
        events = {onboarding.position, *(fact.position for fact in state.status)}
        events |= {onboarding.position for onboarding in state.onboardings}
        yield Closed(state.store, conditions.high_risk(state, terms), tuple(sorted(events)))


def _reduce(
    assessments: Iterable[Assessment], terms: Terms, others: Mapping[str, list[Closed]]
) -> list[Line]:
    """Per partner: count the high-risk stores, choose the ratio, build the lines.

    `others` are a partner's stores that count and have no line of their own in this run.
    """
    by_partner: dict[str, list[Assessment]] = defaultdict(list)
    for assessment in assessments:
        by_partner[assessment.partner].append(assessment)
    lines = []
    for partner, mine in by_partner.items():
        own = (closed for assessment in mine for closed in assessment.closed)
        closed = sorted((*others.get(partner, ()), *own))
        result = _reduced(partner, closed, terms)
        lines += [_line(assessment, result, terms) for assessment in mine]
    return sorted(lines, key=lambda line: line.line)


def _reduced(partner: str, closed: list[Closed], terms: Terms) -> "Reduced":
    """What a partner's closed stores make of its awards."""
    high_risk = sum(store.high_risk is not None for store in closed)
    taken = _taken_ratio(terms)
    ratio = terms.parameters.ratio_for(high_risk) if taken is None else taken
    award = Money.parse(terms.parameters.award, terms.edition.currency)
    due = None if ratio is None else award.times(ratio, rounding_of(terms.assume))
    governance = Later(lambda: _governance(closed, terms))
    return Reduced(f"partner:{partner}", ratio, award, due, governance)


def _governance(closed: list[Closed], terms: Terms) -> Step:
    closures = [closed.high_risk for closed in closed if closed.high_risk]
    ratio = terms.parameters.ratio_for(len(closures))
    return Step(
        "governance ratio",
        code="governance_ratio",
        pending="governance_ratio_unset" if ratio is None else None,
        required="no high-risk store at the term's end, else the table's ratio for their number",
        observed=f"{_high_risk(closures)}: "
        + ("no table is published" if ratio is None else f"ratio {ratio}"),
        clause=terms.edition.cite.get("governance_ratios"),
        events=tuple(sorted(closure.position for closure in closures)),
        parts=tuple(_closed_step(closed, terms) for closed in closed),
    )


def _closed_step(closed: Closed, terms: Terms) -> Step:
    """A closed store of the partner; those that do not count stay visible too."""
    if closed.high_risk is None:
        observed = "not counted: reopened, closed for another reason, or after the term"
    else:
        observed = f"counted: {named(closed.high_risk, '', terms)}"
    return Step(f"closed store {closed.store}", observed=observed, events=closed.events)


def _high_risk(closures: list[Recorded]) -> str:
    if not closures:
        return "no high-risk store"
    names = ", ".join(sorted(closure.event.store for closure in closures))
    return f"{len(closures)} high-risk: {names}"


def _line(assessment: Assessment, result: Reduced, terms: Terms) -> Line:
    held_for, amount = assessment.held_for, Money(0, terms.edition.currency)
    if assessment.unmet:
        outcome = "declined"
    elif held_for:
        outcome = "held"
    elif result.due is None:
        outcome, held_for = "held", ("governance_ratio_unset",)
    else:
        outcome, amount = "payable", result.due
    return Line(
        f"{terms.edition.program}/{assessment.store}",
        "incentive",
        PLATFORM,
        result.payee,
        f"store:{assessment.store}",
        outcome,
        amount,
        assessment.unmet,
        held_for,
        Later(lambda: _tree(assessment, result, outcome, amount, held_for, terms)),
    )


def _tree(
    assessment: Assessment,
    result: Reduced,
    outcome: str,
    amount: Money,
    held_for: tuple[str, ...],
    terms: Terms,
) -> Step:
    """Why a line is what it is: its conditions, its partner's ratio, the award."""
    edition, award = terms.edition, result.award
    award_step = Step(
        "award", award, clause=edition.cite.get("award"), events=(assessment.onboarding.position,)
    )
    steps = tuple(judged.tell() for judged in assessment.judged)
    assert tuple(step.code for step in steps) == CODES
    return Step(
        f"recruiting incentive of {assessment.partner} for store {assessment.store}: {outcome}",
        amount,
        required="all conditions met: award x governance ratio, half up to the cent",
        observed=_observed(outcome, award, result.ratio, assessment.unmet, held_for),
        events=assessment.reported,
        parts=(*steps, built(result.governance), award_step),
    )


def _taken_ratio(terms: Terms) -> Decimal | None:
    """The ratio that a what-if takes as given, whatever the table says."""
    taken = [
        assumption.partition(":")[2]
        for assumption in terms.assume
        if assumption.startswith("ratio:")
    ]
    return Decimal(taken[0]) if taken else None


def _observed(
    outcome: str, award: Money, ratio: object, unmet: tuple[str, ...], held: tuple[str, ...]
) -> str:
    if outcome == "payable":
        return f"{award.text} {award.currency} x {ratio}"
    return not_met(unmet, held)
