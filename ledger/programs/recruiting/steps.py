"""What every condition receives, and how it reports what it required and observed."""

from collections.abc import Callable
from typing import NamedTuple

from ledger.aggregates.base import Recorded
from ledger.kernel.decision import Step
from ledger.kernel.instants import Instant, local
from ledger.kernel.money import Money
from ledger.kernel.period import Days, Window
from ledger.programs.edition import Edition
from ledger.programs.exchange import Rates
from ledger.programs.recruiting.parameters import Parameters, first_days

WINDOW_OPEN = "window_open"


class Judged(NamedTuple):
    """What came of one condition, and how to say why: most runs ask for the first alone."""

    code: str
    met: bool | None
    """None where it cannot be judged yet; then `pending` names what is missing."""
    pending: str | None
    tell: Callable[[], Step]
    also: str | None = None
    """Something else that it waits for."""

    @classmethod
    def of(
        cls,
        code: str,
        met: bool | None,
        tell: Callable[[], Step],
        pending: str | None = None,
        also: str | None = None,
    ) -> "Judged":
        """A condition's result: pending ones are neither met nor unmet."""
        return cls(code, None if pending else met, pending, tell, also)

    def taken_as_met(self, assume: frozenset[str]) -> "Judged":
        """The condition, taken as met where a what-if assumes it."""
        if self.code not in assume:
            return self
        step = self.tell()
        taken = step._replace(met=True, pending=None, observed=f"{step.observed}; taken as met")
        return self._replace(met=True, pending=None, tell=lambda: taken)


class Terms(NamedTuple):
    """The edition at one as-of, with what every condition needs."""

    edition: Edition
    parameters: Parameters
    as_of: Instant
    rates: Rates
    window: Window
    gmv_over: Money
    assume: frozenset[str] = frozenset()

    def local(self, instant: Instant) -> str:
        """An instant as read in the edition's zone: days are counted there."""
        return local(instant, self.edition.zone)

    def ended(self) -> bool:
        """Whether the term is over at as-of."""
        return self.as_of >= self.window.end

    def first_days(self, onboarding: Recorded) -> Days:
        """Day 0 to day 30 from the onboarding."""
        return first_days(onboarding, self.edition, self.parameters)


def named(recorded: Recorded | None, otherwise: str, terms: Terms) -> str:
    """A fact in words, for an observation; `otherwise` where there is none."""
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
    *facts: Recorded | None,
    pending: str | None = None,
    parts: tuple[Step, ...] = (),
    discreet: str | None = None,
) -> Step:
    """A condition's step: pending ones are neither met nor unmet; the clause is the cited one.
    `discreet` is shown to a payee instead of what was observed, where that concerns others."""
    events = tuple(sorted({fact.position for fact in facts if fact is not None}))
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
