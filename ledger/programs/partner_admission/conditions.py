"""The ten conditions of a partner's admission, each with what it required and observed.

A condition is met, unmet, pending (`not_stated`, `region_unlisted`, `fx_rate_missing`), or left
out. Source: seed 000, requirements for company, team and hardware.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.aggregates.application_state import ApplicantState, ApplicationState, Stated
from ledger.aggregates.base import Recorded
from ledger.aggregates.partner import PartnerTerminated
from ledger.kernel.counted import counted
from ledger.kernel.decision import Step
from ledger.kernel.instants import day_of
from ledger.kernel.money import EXACT
from ledger.programs.decisions import condition, taken_as_met, told
from ledger.programs.edition import Edition
from ledger.programs.exchange import Rates
from ledger.programs.partner_admission.parameters import Parameters
from ledger.programs.variants import day_assumed

NOT_STATED = "not_stated"


class Terms(NamedTuple):
    """The edition with what every application needs."""

    edition: Edition
    parameters: Parameters
    rates: Rates
    assume: frozenset[str] = frozenset()


class Case(NamedTuple):
    """An application and its applicant: everything its conditions depend on."""

    state: ApplicationState
    report: Recorded
    applicant: ApplicantState
    stated: dict[str, Stated]
    day: date

    @classmethod
    def of(
        cls, state: ApplicationState, report: Recorded, applicant: ApplicantState, terms: Terms
    ) -> "Case":
        """The application as it is stated, on its day in the edition's zone."""
        day = day_assumed(day_of(report.at, terms.edition.zone), terms.assume)
        return cls(state, report, applicant, state.stated(report), day)

    def value(self, name: str) -> Any:
        """The last stated value of a field; None where none is stated."""
        return self.stated[name].value if name in self.stated else None

    def behind(self, *names: str) -> list[Recorded]:
        """The facts that state the given fields; for a field not stated, the application itself."""
        return [self.stated[name].fact if name in self.stated else self.report for name in names]


def judge(case: Case, terms: Terms) -> list[Step]:
    """The conditions, in the order of their codes. Where the region is unlisted or not stated,
    those that depend on it are left out."""
    region, parameters = case.value("region"), terms.parameters
    mainland = region == parameters.mainland
    abroad = region in parameters.listed_abroad
    steps = [
        _no_risk_record(case, terms),
        _region_listed(case, terms, listed=mainland or abroad),
        _registered_over_a_year(case, terms) if mainland or abroad else None,
        _scope_covers_services(case, terms) if mainland else None,
        _capital(case, terms) if mainland else None,
        _yes(case, terms, "registration_certificate", "certificate") if abroad else None,
        _team_of_five(case, terms),
        _yes(case, terms, "fixed_office", "fixed_office"),
        _yes(case, terms, "live_hardware", "live_hardware"),
        _not_terminated(case, terms) if parameters.termination_bars else None,
    ]
    return [taken_as_met(step, terms.assume) for step in steps if step is not None]


def _missing(case: Case, terms: Terms, code: str, required: str, *fields: str) -> Step:
    """A condition for which a required field is not stated."""
    lacking = [name.replace("_", " ") for name in fields if name not in case.stated]
    observed = f"not stated: {', '.join(lacking)}"
    facts = case.behind(*fields)
    return condition(terms.edition, code, None, required, observed, facts, pending=NOT_STATED)


def _no_risk_record(case: Case, terms: Terms) -> Step:
    """No risk record dated up to the application's day, whenever it was found; under `as_of` none
    at all."""
    at_application = terms.parameters.risk_when == "application"
    records = case.applicant.records
    against = [record for record in records if not at_application or record.event.on <= case.day]
    required = "no risk record" + (f" of a day up to {case.day}" if at_application else "")
    kinds = [f"{fact.event.kind} of {fact.event.on}" for fact in against]
    observed = ", ".join(sorted(kinds)) or "none"
    return condition(*(terms.edition, "no_risk_record", not against, required, observed, records))


def _region_listed(case: Case, terms: Terms, *, listed: bool) -> Step:
    """The mainland or a listed region; others are held for a decision, or declined."""
    parameters, code = terms.parameters, "region_listed"
    required = f"one of {', '.join((parameters.mainland, *parameters.listed_abroad))}"
    if "region" not in case.stated:
        return _missing(case, terms, code, required, "region")
    pending = "region_unlisted" if not listed and parameters.other_regions == "held" else None
    observed, facts = str(case.value("region")), case.behind("region")
    return condition(
        terms.edition,
        code,
        listed,
        required,
        observed,
        facts,
        pending=pending,
        asks="listed_abroad",
    )


def _registered_over_a_year(case: Case, terms: Terms) -> Step:
    """The application's day is after the registration's anniversary, `registered_over_years`
    years later."""
    years, code = terms.parameters.registered_over_years, "registered_over_a_year"
    required = f"registered more than {counted(years, 'year')} before {case.day}"
    registered = case.value("registered_on")
    if registered is None:
        return _missing(case, terms, code, required, "registered_on")
    same_day = _years_after(registered, years)
    met = same_day is not None and case.day > same_day
    facts = case.behind("registered_on")
    return condition(
        *(terms.edition, code, met, required, f"registered on {registered}", facts),
        asks="registered_over_years",
    )


def _years_after(day: date, years: int) -> date | None:
    """The same day some years later; where it does not exist, the last day of the month (PRC
    Civil Code, art. 202). None beyond the calendar."""
    if day.year + years > date.max.year:
        return None
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _scope_covers_services(case: Case, terms: Terms) -> Step:
    """Every service applied for is within the scope of the business licence."""
    code, required = "scope_covers_services", "every service within the licence's scope"
    fields = ("services", "business_scope")
    if not all(name in case.stated for name in fields):
        return _missing(case, terms, code, required, *fields)
    outside = _outside(case.value("services"), case.value("business_scope"))
    observed = f"outside of it: {', '.join(outside)}" if outside else "all of them"
    facts = case.behind(*fields)
    return condition(terms.edition, code, not outside, required, observed, facts)


def _outside(wanted: Iterable[str], scope: Iterable[str]) -> list[str]:
    return sorted(set(wanted) - set(scope))


def _capital(case: Case, terms: Terms) -> Step:
    """Registered capital of at least the minimum; foreign capital at the day's rate, unrounded."""
    edition, code = terms.edition, "capital"
    required = f"at least {terms.parameters.capital_min} {edition.currency}"
    if "registered_capital" not in case.stated:
        return _missing(case, terms, code, required, "registered_capital")
    text, currency = case.value("registered_capital")
    amount, observed = Decimal(text), f"{text} {currency}"
    events: tuple[int, ...] = (case.stated["registered_capital"].fact.position,)
    pending = None
    if currency != edition.currency:
        rate = terms.rates.into(currency, case.day)
        if rate is None:
            observed += f"; {terms.rates.missing(currency, case.day)}"
            pending = "fx_rate_missing"
        else:
            factor, quote = rate
            amount = EXACT.multiply(amount, factor)
            observed += f" x {factor} (rate of {quote.event.day}) = {amount:f} {edition.currency}"
            events += terms.rates.looked_at(currency, case.day)
    met = amount >= Decimal(terms.parameters.capital_min)
    step = condition(edition, code, met, required, observed, pending=pending, asks="capital_min")
    return step._replace(events=tuple(sorted(events)))


def _team_of_five(case: Case, terms: Terms) -> Step:
    code, required = "team_of_five", f"a team of at least {terms.parameters.team_min}"
    size = case.value("team_size")
    if size is None:
        return _missing(case, terms, code, required, "team_size")
    met, facts = size >= terms.parameters.team_min, case.behind("team_size")
    return condition(terms.edition, code, met, required, str(size), facts, asks="team_min")


def _yes(case: Case, terms: Terms, code: str, field: str) -> Step:
    """Something that the applicant must state that it has."""
    required = field.replace("_", " ")
    if field not in case.stated:
        return _missing(case, terms, code, required, field)
    met = case.value(field)
    return condition(
        *(terms.edition, code, met, required, "yes" if met else "no", case.behind(field))
    )


def _not_terminated(case: Case, terms: Terms) -> Step:
    """The last certification or termination at or before the application's instant is not a
    termination."""
    last = case.applicant.standing_at(case.report.at)
    met = last is None or not isinstance(last.event, PartnerTerminated)
    observed = told(last, terms.edition) if last else "neither certified nor terminated before"
    required = "not terminated when it applied"
    facts = case.applicant.standing
    return condition(
        terms.edition, "not_terminated", met, required, observed, facts, asks="termination_bars"
    )
