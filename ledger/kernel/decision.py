"""The decision tree: how an amount came about, in named steps based on recorded facts."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.kernel.money import Money


def not_met(unmet: Iterable[str], held_for: Iterable[str] = ()) -> str:
    """What conditions of these codes come to: `not met: first sale in time`, `open: ...`."""
    for word, codes in (("not met", unmet), ("open", held_for)):
        if names := ", ".join(code.replace("_", " ") for code in codes):
            return f"{word}: {names}"
    return ""


class DaySpan(NamedTuple):
    """Days, first and last included, within which something had to happen, and what that was."""

    label: str
    first: date
    last: date


class Step(NamedTuple):
    """One step: what was required, what was observed, which clause, which facts.

    `met` is True, False, or None where the step is no condition or cannot be judged yet; then
    `pending` names what is missing. Candidates that lost stay in `parts`.
    """

    label: str
    amount: Money | None = None
    met: bool | None = None
    required: str | None = None
    observed: str | None = None
    clause: str | None = None
    events: tuple[int, ...] = ()
    parts: tuple["Step", ...] = ()
    code: str | None = None
    pending: str | None = None
    discreet: str | None = None
    """What a payee is shown instead of `observed`, where that is other parties' business."""
    orders: int | None = None
    """How many archived orders it is based on; the events are the calls that brought them."""
    sold: tuple[str, date] | None = None
    """For sums of archived orders their store and day: where to look up each order."""
    measures: tuple[tuple[str, Decimal], ...] = ()
    """Numbers behind the words, by name, in units of the currency or counted: for charts alone."""
    spans: tuple[DaySpan, ...] = ()
    """Days behind the words: for charts alone."""

    def for_payee(self) -> "Step":
        """The step as a payee gets it: without what concerns others, their facts and parts."""
        if self.discreet is not None:
            return self._replace(observed=self.discreet, events=(), parts=(), discreet=None)
        return self._replace(parts=tuple(part.for_payee() for part in self.parts))

    def reasons(self) -> Iterator[str]:
        """For every step that is unmet or pending, its label with what was observed or is
        missing."""
        if self.met is False or self.pending:
            yield f"{self.label}: {self.observed or self.pending}"
        for part in self.parts:
            yield from part.reasons()

    def as_json(self) -> dict[str, Any]:
        """The step in the shape of the public contract."""
        out: dict[str, Any] = {"label": self.label}
        if self.amount is not None:
            out |= {"amount": self.amount.text, "currency": self.amount.currency}
        for key in ("code", "met", "pending", "required", "observed", "clause"):
            value = getattr(self, key)
            if value is not None:
                out[key] = value
        if self.orders is not None:
            out["orders"] = self.orders
        out["events"] = list(self.events)
        out["parts"] = [part.as_json() for part in self.parts]
        return out

    def all_sold(self) -> Iterator[tuple[str, date]]:
        """The stores and days whose orders the step and its parts sum up."""
        if self.sold is not None:
            yield self.sold
        for part in self.parts:
            yield from part.all_sold()

    def positions(self) -> set[int]:
        """Every position that the step and its parts are based on."""
        positions = set(self.events)
        for part in self.parts:
            positions |= part.positions()
        return positions


class Later:
    """A step that is built when it is first asked for: most runs ask for none.

    Equal to any step that is the same. What it is built from is let go of once it is built, and
    stays behind where it goes to another process.
    """

    __slots__ = ("_build", "_step")

    def __init__(self, build: Callable[[], Step]) -> None:
        self._build: Callable[[], Step] | None = build
        self._step: Step | None = None

    @property
    def step(self) -> Step:
        """The step."""
        build = self._build
        if build is not None:  # two threads may both build it, and get the same
            self._step = build()
            self._build = None
        assert self._step is not None, "what is not to be built has been"
        return self._step

    def __eq__(self, other: object) -> bool:
        return self.step == (other.step if isinstance(other, Later) else other)

    def __hash__(self) -> int:
        return hash(self.step)

    def __reduce__(self) -> tuple[Callable[[Step], Step], tuple[Step]]:
        return built, (self.step,)


def built(step: Step | Later) -> Step:
    """The step, which is built where nobody has asked for it yet."""
    return step.step if isinstance(step, Later) else step
