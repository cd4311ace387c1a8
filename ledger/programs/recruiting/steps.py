"""What every condition is given, and how it says what it asked and saw."""

from typing import NamedTuple

from ledger.aggregates.base import Recorded
from ledger.kernel.decision import Step
from ledger.kernel.instants import Instant, local
from ledger.kernel.period import Days, Window
from ledger.programs.edition import Edition
from ledger.programs.exchange import Rates
from ledger.programs.recruiting.parameters import Parameters, first_days

WINDOW_OPEN = "window_open"


class Terms(NamedTuple):
    """The edition at one as-of, with what every condition asks for."""

    edition: Edition
    parameters: Parameters
    as_of: Instant
    rates: Rates
    assume: frozenset[str] = frozenset()

    @property
    def window(self) -> Window:
        return self.edition.window

    def local(self, instant: Instant) -> str:
        """An instant as read in the edition's zone: days are counted there."""
        return local(instant, self.edition.zone)

    def ended(self) -> bool:
        """Whether the term is over at as-of."""
        return self.as_of >= self.window.end

    def first_days(self, onboarding: Recorded) -> Days:
        """Day 0 to day 30 from the onboarding."""
        return first_days(onboarding, self.edition, self.parameters)


def assumed(found: Step, assume: frozenset[str]) -> Step:
    """The step, taken as met where a what-if says so."""
    if found.code not in assume:
        return found
    return found._replace(met=True, pending=None, observed=f"{found.observed}; taken as met")


def named(recorded: Recorded | None, otherwise: str, terms: Terms) -> str:
    """A fact as the observation it makes, or what is said where there is none."""
    if recorded is None:
        return otherwise
    reason = getattr(recorded.event, "reason", None)
    name = type(recorded.event).__name__ + (f" ({reason})" if reason else "")
    return f"{name} at {terms.local(recorded.at)}"


def step(
    terms: Terms,
    code: str,
    met: bool | None,
    required: str,
    observed: str,
    *rests_on: Recorded | None,
    pending: str | None = None,
    parts: tuple[Step, ...] = (),
    discreet: str | None = None,
) -> Step:
    """A condition's step: pending ones are neither met nor unmet; the clause is the cited one.
    `discreet` is what a payee is told, where what was observed is others' business."""
    events = tuple(sorted({fact.position for fact in rests_on if fact is not None}))
    cite = terms.edition.cite
    clause = cite.get(code) or cite.get(_PARAMETER.get(code, ""))
    label = code.replace("_", " ")
    return Step(
        label,
        None,
        None if pending else met,
        required,
        observed,
        clause,
        events,
        parts,
        code,
        pending,
        discreet,
    )


_PARAMETER = {
    "market": "markets",
    "first_sale_in_time": "first_sale_within_days",
    "gmv_over_threshold": "gmv_over",
    "stock_in_countries": "stock_countries",
    "store_open": "store_open_test",
    "first_verified": "first_scope",
}
