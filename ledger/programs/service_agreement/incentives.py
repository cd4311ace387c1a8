"""Incentives that the platform grants to partners outside any agreement: money, credit, traffic."""

from collections.abc import Iterable, Iterator

from ledger.aggregates.agreement import PARTNER_OF
from ledger.aggregates.agreement_state import GrantState
from ledger.aggregates.base import Recorded
from ledger.aggregates.partner import IncentiveWithheld, PartnerState
from ledger.kernel.decision import Step
from ledger.kernel.instants import local
from ledger.kernel.money import Money
from ledger.programs.contract import Reader, in_chunks
from ledger.programs.decisions import condition, taken_as_met
from ledger.programs.line import PLATFORM, Line
from ledger.programs.service_agreement.gather import CERTIFYING, Terms
from ledger.programs.service_agreement.lines import certified
from ledger.programs.service_agreement.parameters import INCENTIVE

STREAM = "grant:"


def incentive_lines(
    reader: Reader, terms: Terms, asked: frozenset[str] | None = None
) -> Iterator[Line]:
    """A line for every grant of the month that names the edition; if grants are asked for, only
    those of the same partners."""
    window, partners = terms.days.window, None
    if asked is None:
        names = {name for name, _ in reader.names("grant", *window)}
    else:
        partners = {report.event.partner for _, report in _reported(reader, asked, terms)}
        streams = reader.named(PARTNER_OF, partners, window).values()
        names = {
            stream.removeprefix(STREAM)
            for own in streams
            for stream in own
            if stream.startswith(STREAM)
        }
    for chunk in in_chunks(names):
        grants = list(_reported(reader, chunk, terms))
        topics = (*CERTIFYING, IncentiveWithheld.TOPIC)
        named = {report.event.partner for _, report in grants}
        states = reader.states("partner", named, PartnerState, topics)
        for state, report in grants:
            if partners is None or report.event.partner in partners:
                yield _line(state, report, states[report.event.partner], terms)


def _reported(
    reader: Reader, names: Iterable[str], terms: Terms
) -> Iterator[tuple[GrantState, Recorded]]:
    """The given grants whose report that counts is in the month and names the edition."""
    for state in reader.states("grant", names, GrantState).values():
        report = state.report
        if report is None or report.event.program != terms.edition.program:
            continue
        if report.at in terms.days.window:
            yield state, report


def _line(state: GrantState, report: Recorded, partner: PartnerState, terms: Terms) -> Line:
    """The line of a grant: payable to a partner that was certified and not withheld from."""
    event, edition = report.event, terms.edition
    granted = Money.parse(event.amount, event.unit)
    at = local(report.at, edition.zone)
    conditions = (
        certified(partner, report.at, f"the partner is certified at {at}", terms),
        _not_withheld(partner, terms),
    )
    unmet = tuple(
        condition.code for condition in conditions if condition.met is False and condition.code
    )
    amount = Money.zero(granted.currency) if unmet else granted
    outcome = "declined" if unmet else "payable"
    step = Step("granted", granted, observed=f"at {at}", events=(report.position,))
    tree = Step(
        f"incentive {state.grant} of {event.partner}: {outcome}",
        amount,
        required="the amount granted",
        observed=", ".join(unmet) or None,
        clause=edition.cite.get(INCENTIVE),
        events=tuple(sorted(report.position for report in state.reports)),
        parts=(step, *conditions),
    )
    payee = f"partner:{event.partner}"
    name = f"{edition.program}/{terms.period}/{state.grant}/{INCENTIVE}"
    return Line(name, INCENTIVE, PLATFORM, payee, payee, outcome, amount, unmet, (), tree)


def _not_withheld(partner: PartnerState, terms: Terms) -> Step:
    """Nothing is withheld from the partner as a whole, at any time."""
    program, zone = terms.edition.program, terms.edition.zone
    against = [
        fact for fact in partner.withheld if fact.event.program == program and not fact.event.store
    ]
    observed = ", ".join(
        sorted(f"{fact.event.reason} at {local(fact.at, zone)}" for fact in against)
    )
    step = condition(
        *(terms.edition, "not_withheld", not against),
        "nothing of this program is withheld from the partner as a whole",
        observed or "none",
        against,
    )
    return taken_as_met(step, terms.assume)
