"""The recruiting incentive: CNY 2,000 for each qualifying merchant that a partner brings.

Map: each introduced store is judged from its own facts. Reduce: per partner, the number of
high-risk stores sets the ratio of the award. Source: seed 002.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from ledger.aggregates.base import Recorded
from ledger.aggregates.store import StoreClosed
from ledger.aggregates.store_state import StoreState
from ledger.kernel.decision import Step
from ledger.kernel.errors import NoSuchLine
from ledger.kernel.instants import Instant, midnight
from ledger.kernel.money import Money
from ledger.kernel.period import Days
from ledger.programs.checking import refuse_unknown_version
from ledger.programs.contract import Answer, Asked, Line, Reader
from ledger.programs.edition import Edition
from ledger.programs.exchange import Rates
from ledger.programs.periods import whole_term
from ledger.programs.recruiting import conditions
from ledger.programs.recruiting.gather import Case, cases, cases_of, closed_of_partner
from ledger.programs.recruiting.parameters import CODES, HELD, checked, parameters_of
from ledger.programs.recruiting.steps import Terms, assumed, named


class Closed(NamedTuple):
    """A store of a partner that was closed: by what, and whether that makes it high-risk."""

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
    steps: tuple[Step, ...]
    unmet: tuple[str, ...]
    held_for: tuple[str, ...]
    closed: tuple[Closed, ...]


def settle_v1(reader: Reader, asked: Asked) -> Answer:
    """One line for every store introduced by a partner and onboarded within the term.

    With a subject, a store's id, only that store's line, reading only what it rests on. Raises
    `NoSuchLine` where the edition has none for it.
    """
    edition, subject = asked.edition, asked.subject
    parameters = parameters_of(edition)
    rates = Rates(reader, edition, parameters.rate_max_age_days, at_once=subject is None)
    terms = Terms(edition, parameters, reader.clocks.as_of, rates, asked.assume)
    if subject is None:
        found = [assess(case, terms) for case in cases(reader, edition)]
        return Answer(_reduce(found, terms))
    own = [assess(case, terms) for case in cases_of(reader, edition, [subject])]
    if not own:
        raise NoSuchLine(
            f"{edition.program} has no line for the store {subject!r}: "
            "no partner introduced it within the term.",
            f"List the lines: duebook settle {edition.program}",
        )
    others = closed_of_partner(reader, edition, own[0].partner, subject)
    kin = [closed for state, _ in others for closed in _closed(state, terms)]
    return Answer(_reduce(own, terms, kin))


VERSIONS = {1: settle_v1}
KEYED: dict[str, tuple[str, ...]] = {}
OBLIGES = False


def beside(reader: Reader, asked: Asked) -> Iterable[Recorded]:
    """None: every fact that the terms judge is one that a line rests on."""
    return ()


def check(edition: Edition) -> Edition:
    """The edition as it may be published; see `parameters.checked`."""
    refuse_unknown_version(edition, VERSIONS)
    return checked(edition, max(VERSIONS))


def scope(edition: Edition) -> tuple[str, ...]:
    """The markets that the edition covers."""
    return parameters_of(edition).markets


def days_of(edition: Edition, period: str | None) -> Days:
    """The whole term. Raises `WrongPeriod` for a month."""
    return whole_term(edition, period)


def settles_until(edition: Edition, period: str | None) -> Instant:
    """The end of the latest possible last day for a first sale."""
    parameters = parameters_of(edition)
    resting = set(parameters.rest_days or ()) if parameters.roll_over else set()
    last = edition.days.last + timedelta(days=parameters.first_sale_within_days)
    while last in resting:
        last += timedelta(days=1)
    return midnight(last + timedelta(days=1), edition.zone)


def provisional(edition: Edition, period: str | None, as_of: Instant) -> bool:
    """Open until the latest possible last day for a first sale is over."""
    return as_of < settles_until(edition, period)


def subjects_of_store(reader: Reader, edition: Edition, store: str) -> list[str]:
    """The store itself."""
    return [store]


def subject_of(rest: str) -> tuple[str | None, str]:
    """A line is named by its store: `PROGRAM/STORE`."""
    return None, rest


def assess(case: Case, terms: Terms) -> Assessment:
    """A store's conditions: unmet ones decline it, else what is pending holds it."""
    steps = tuple(conditions.judge(case, terms))
    if terms.assume:
        steps = tuple(assumed(one, terms.assume) for one in steps)
    assert tuple(step.code for step in steps) == CODES
    unmet = tuple(step.code or "" for step in steps if step.met is False)
    found = {one.pending for step in steps for one in (step, *step.parts)}
    held_for = () if unmet else tuple(code for code in HELD if code in found)
    return Assessment(
        case.store.store,
        case.partner.partner,
        case.onboarding,
        tuple(sorted(one.position for one in case.store.onboardings)),
        steps,
        unmet,
        held_for,
        tuple(_closed(case.store, terms)),
    )


def _closed(state: StoreState, terms: Terms) -> Iterator[Closed]:
    """What a store's closures mean for its partner's count, if it ever was closed."""
    onboarding = state.onboarding
    if onboarding and any(isinstance(one.event, StoreClosed) for one in state.status):
        events = {onboarding.position, *(one.position for one in state.status)}
        events |= {one.position for one in state.onboardings}
        yield Closed(state.store, conditions.high_risk(state, terms), tuple(sorted(events)))


def _reduce(
    assessments: Iterable[Assessment], terms: Terms, kin: Iterable[Closed] = ()
) -> list[Line]:
    """Per partner: count the high-risk stores, choose the ratio, build the lines.

    `kin` are stores of the partner that count and have no line of their own in this run.
    """
    by_partner: dict[str, list[Assessment]] = defaultdict(list)
    for one in assessments:
        by_partner[one.partner].append(one)
    lines = []
    for mine in by_partner.values():
        closed = sorted((*kin, *(one for own in mine for one in own.closed)))
        governance = _governance(closed, terms)
        high_risk = sum(one.high_risk is not None for one in closed)
        lines += [_line(one, governance, high_risk, terms) for one in mine]
    return sorted(lines, key=lambda line: line.line)


def _governance(closed: list[Closed], terms: Terms) -> Step:
    closures = [one.high_risk for one in closed if one.high_risk]
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
        parts=tuple(_closed_step(one, terms) for one in closed),
    )


def _closed_step(one: Closed, terms: Terms) -> Step:
    """A closed store of the partner, whether it counts or not: those that do not stay visible."""
    if one.high_risk is None:
        observed = "not counted: reopened, closed for another reason, or after the term"
    else:
        observed = f"counted: {named(one.high_risk, '', terms)}"
    return Step(f"closed store {one.store}", observed=observed, events=one.events)


def _high_risk(closures: list[Recorded]) -> str:
    if not closures:
        return "no high-risk store"
    names = ", ".join(sorted(one.event.store for one in closures))
    return f"{len(closures)} high-risk: {names}"


def _line(one: Assessment, governance: Step, high_risk: int, terms: Terms) -> Line:
    edition = terms.edition
    award = Money.parse(terms.parameters.award, edition.currency)
    taken = _taken_ratio(terms)
    ratio = terms.parameters.ratio_for(high_risk) if taken is None else taken
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
        events=one.reported,
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


def _taken_ratio(terms: Terms) -> Decimal | None:
    """The ratio that a what-if takes as given, whatever the table says."""
    taken = [one.partition(":")[2] for one in terms.assume if one.startswith("ratio:")]
    return Decimal(taken[0]) if taken else None


def _observed(
    outcome: str, award: Money, ratio: object, unmet: tuple[str, ...], held: tuple[str, ...]
) -> str:
    if outcome == "payable":
        return f"{award.text} {award.currency} x {ratio}"
    return ", ".join(unmet or held)
