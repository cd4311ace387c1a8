"""The six conditions of a shop's admission, each with what it required and observed.

A condition is met, unmet, pending (`not_stated`, `open_categories_unset`), or left out.
Source: seed 004, entry of a shop, 01 to 04.
"""

from datetime import date
from typing import Any, NamedTuple

from ledger.aggregates.application_state import ApplicationState, Stated
from ledger.aggregates.base import Recorded
from ledger.kernel.decision import Step
from ledger.kernel.instants import day_of
from ledger.programs.decisions import condition, taken_as_met
from ledger.programs.edition import Edition
from ledger.programs.shop_admission.parameters import Parameters
from ledger.programs.variants import day_assumed

NOT_STATED = "not_stated"


class Terms(NamedTuple):
    """The edition with what every application needs."""

    edition: Edition
    parameters: Parameters
    assume: frozenset[str] = frozenset()


class Case(NamedTuple):
    """An application: everything its conditions depend on."""

    state: ApplicationState
    report: Recorded
    stated: dict[str, Stated]
    day: date

    @classmethod
    def of(cls, state: ApplicationState, report: Recorded, terms: Terms) -> "Case":
        """The application as it is stated, on its day in the edition's zone."""
        day = day_assumed(day_of(report.at, terms.edition.zone), terms.assume)
        return cls(state, report, state.stated(report), day)

    def value(self, name: str) -> Any:
        """The last stated value of a field; None where none is stated."""
        return self.stated[name].value if name in self.stated else None

    def lacks(self, *names: str) -> list[str]:
        """The given fields that are not stated."""
        return [name for name in names if name not in self.stated]

    def behind(self, *names: str) -> list[Recorded]:
        """The facts that state the given fields; for a field not stated, the application itself."""
        return [self.stated[name].fact if name in self.stated else self.report for name in names]


def judge(case: Case, terms: Terms) -> list[Step]:
    """The conditions, in the order of their codes."""
    steps = [
        _mainland_subject(case, terms),
        *_licence(case, terms),
        _category_open(case, terms),
        _yes(case, terms, "qualified"),
        _yes(case, terms, "quality_met"),
    ]
    return [taken_as_met(step, terms.assume) for step in steps]


def _mainland_subject(case: Case, terms: Terms) -> Step:
    """Registered or living on the mainland, and of an admitted kind."""
    parameters, fields = terms.parameters, ("region", "subject_kind")
    region, kind = (case.value(name) for name in fields)
    required = f"{' or '.join(parameters.admitted_kinds)} of {parameters.mainland}"
    fails = [
        region is not None and region != parameters.mainland,
        kind is not None and kind not in parameters.admitted_kinds,
    ]
    lacking = [] if any(fails) else case.lacks(*fields)
    observed = ", ".join(f"{name.replace('_', ' ')}: {case.value(name)}" for name in fields)
    return _asked(
        case, terms, "mainland_subject", not any(fails), required, observed, fields, lacking
    )


def _licence(case: Case, terms: Terms) -> list[Step]:
    """The requirements on a business licence, for kinds that have one. Where the kind is not
    stated or not admitted, they are left out."""
    kind = case.value("subject_kind")
    if kind in terms.parameters.licensed_kinds:
        return [_scope_within_licence(case, terms), _term_within_licence(case, terms)]
    if kind not in terms.parameters.admitted_kinds:
        return []
    required, observed = "asked of those with a licence", f"a {kind} needs none"
    facts = case.behind("subject_kind")
    return [
        condition(terms.edition, code, True, required, observed, facts, asks="licensed_kinds")
        for code in ("scope_within_licence", "term_within_licence")
    ]


def _scope_within_licence(case: Case, terms: Terms) -> Step:
    """Every category is within the scope of the business licence."""
    fields = ("categories", "licence_scope")
    lacking = case.lacks(*fields)
    outside = set(case.value("categories") or ()) - set(case.value("licence_scope") or ())
    observed = f"outside of it: {', '.join(sorted(outside))}" if outside else "all of them"
    required = "every category within the licence's scope"
    return _asked(
        case, terms, "scope_within_licence", not outside, required, observed, fields, lacking
    )


def _term_within_licence(case: Case, terms: Terms) -> Step:
    """The day of the application is within the licence's term, both ends included; without a last
    day it is unlimited. A failure on what is stated is unmet even where other fields are missing.
    """
    first, last = case.value("licence_from"), case.value("licence_to")
    fails = (first is not None and case.day < first) or (last is not None and case.day > last)
    lacking = [] if fails else case.lacks("licence_from")
    observed = f"licence from {first or 'a day not stated'} to {last or 'no stated end'}"
    required, fields = f"a licence in force on {case.day}", ("licence_from", "licence_to")
    return _asked(
        case, terms, "term_within_licence", not fails, required, observed, fields, lacking
    )


def _category_open(case: Case, terms: Terms) -> Step:
    """Every category is open to merchants."""
    code, edition, open_ = "category_open", terms.edition, terms.parameters.open_categories
    fields, lacking = ("categories",), case.lacks("categories")
    wanted = sorted(set(case.value("categories") or ()))
    if open_ is None and not lacking:
        required, facts = (
            "every category open; the terms do not say which are",
            case.behind(*fields),
        )
        return condition(
            *(edition, code, None, required, ", ".join(wanted), facts),
            pending="open_categories_unset",
            asks="open_categories",
        )
    closed = [name for name in wanted if name not in (open_ or ())]
    observed = f"not open: {', '.join(closed)}" if closed else ", ".join(wanted)
    required = f"open: {', '.join(open_)}" if open_ else "every category open"
    return _asked(case, terms, code, not closed, required, observed, fields, lacking)


def _yes(case: Case, terms: Terms, field: str) -> Step:
    """Something that the merchant must show."""
    met = bool(case.value(field))
    observed, fields = ("yes" if met else "no"), (field,)
    required = field.replace("_", " ")
    return _asked(case, terms, field, met, required, observed, fields, case.lacks(field))


def _asked(
    case: Case,
    terms: Terms,
    code: str,
    met: bool,
    required: str,
    observed: str,
    fields: tuple[str, ...],
    lacking: list[str],
) -> Step:
    """A condition, pending while a field that it needs is not stated."""
    if lacking:
        observed = f"not stated: {', '.join(name.replace('_', ' ') for name in lacking)}"
    pending = NOT_STATED if lacking else None
    facts = case.behind(*fields)
    return condition(terms.edition, code, met, required, observed, facts, pending=pending)
