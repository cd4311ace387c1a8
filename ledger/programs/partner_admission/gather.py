"""Reads the applications of partners, by id or by partner, and decides each."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from ledger.aggregates.application import PartnerApplied
from ledger.aggregates.application_state import ApplicantState, ApplicationState
from ledger.aggregates.base import Recorded, order_key
from ledger.kernel.decision import Step
from ledger.kernel.instants import Instant, format_instant
from ledger.kernel.period import Window
from ledger.programs.contract import Reader
from ledger.programs.decisions import Decision, decide
from ledger.programs.edition import Edition
from ledger.programs.exchange import Rates
from ledger.programs.partner_admission.conditions import Case, Terms, judge
from ledger.programs.partner_admission.parameters import HELD, parameters_of


class Decided(NamedTuple):
    """An application with its decision and the conditions behind it."""

    case: Case
    decision: Decision
    conditions: list[Step]

    @property
    def at(self) -> Instant:
        """When the partner applied."""
        return self.case.report.at

    def stands_admitted(self, instant: Instant) -> bool:
        """Whether it was granted and the partner was not terminated since, up to an instant."""
        ended = self.case.applicant.terminated_between(self.at, instant)
        return self.decision.outcome == "granted" and not ended


def terms_of(reader: Reader, edition: Edition, assume: frozenset[str] = frozenset()) -> Terms:
    """The edition with its parameters and rates."""
    parameters = parameters_of(edition)
    rates = Rates(reader, edition, parameters.rate_max_age_days)
    return Terms(edition, parameters, rates, assume)


def decided(
    reader: Reader, names: Iterable[str], window: Window, terms: Terms
) -> Iterator[Decided]:
    """The applications of these ids whose report that counts is in the window, decided."""
    reported = []
    for state in reader.states("application", names, ApplicationState).values():
        report = state.report(PartnerApplied)
        if report is not None and report.at in window:
            reported.append((state, report))
    partners = {report.event.partner for _, report in reported}
    applicants = reader.states("partner", partners, ApplicantState, ApplicantState.TOPICS)
    for state, report in reported:
        case = Case.of(state, report, applicants[report.event.partner], terms)
        conditions = judge(case, terms)
        yield Decided(case, decide(conditions, HELD), conditions)


def applications_of(
    reader: Reader, edition: Edition, partners: Collection[str]
) -> dict[str, list[Decided]]:
    """The applications under an edition by partner, decided, in business order."""
    names = {
        stream.partition(":")[2]
        for streams in reader.named("applies", partners).values()
        for stream in streams
    }
    by_partner: dict[str, list[Decided]] = defaultdict(list)
    if names:
        for application in decided(reader, names, edition.window, terms_of(reader, edition)):
            by_partner[application.case.report.event.partner].append(application)
    for own in by_partner.values():
        own.sort(key=lambda decided: order_key(decided.case.report))
    return by_partner


def admitted_since(
    reader: Reader, edition: Edition, partners: Collection[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """For each partner currently admitted, the instant of its first granted application."""
    for partner, own in applications_of(reader, edition, partners).items():
        standing = [decided.at for decided in own if decided.stands_admitted(reader.clocks.as_of)]
        if standing:
            yield partner, {"admitted_since": format_instant(min(standing))}


def before(fact: Recorded, other: Recorded) -> bool:
    """Whether a fact comes first in business order."""
    return order_key(fact) < order_key(other)
