"""Decisions without money: conditions of one subject, and the outcome that follows from them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ledger.aggregates.base import Recorded
from ledger.aggregates.judge import Surprise
from ledger.kernel.decision import Step
from ledger.kernel.instants import local
from ledger.programs.edition import Edition

CURRENCY = "currency_differs"
"""The code for lines held because of an amount in another currency."""
SHOWN_MAX = 5


class Decision(NamedTuple):
    """The outcome of conditions: granted, declined, or held for what is not known."""

    outcome: str
    unmet: tuple[str, ...]
    held_for: tuple[str, ...]


def decide(conditions: Sequence[Step], held: Sequence[str]) -> Decision:
    """Declined where a condition is unmet, with exactly the unmet codes; else held for what is
    pending, in the order of `held`; else granted."""
    unmet = tuple(
        condition.code for condition in conditions if condition.met is False and condition.code
    )
    if unmet:
        return Decision("declined", unmet, ())
    pending = {code for condition in conditions for code in pending_of(condition)}
    held_for = tuple(code for code in held if code in pending)
    assert len(held_for) == len(pending), f"{pending} can be held for only {held}"
    return Decision("held" if held_for else "granted", (), held_for)


def pending_of(step: Step) -> set[str]:
    """The codes of what a condition waits for."""
    own = {step.pending} if step.pending else set()
    return own.union(*(pending_of(part) for part in step.parts))


def condition(
    edition: Edition,
    code: str,
    met: bool | None,
    required: str,
    observed: str,
    facts: Iterable[Recorded] = (),
    *,
    pending: str | None = None,
    asks: str = "",
) -> Step:
    """A condition: met, unmet, pending, or (None) not required. `asks` is the parameter behind
    it, which is cited where the code itself is not."""
    return Step(
        code.replace("_", " "),
        None,
        None if pending else met,
        required,
        observed,
        edition.cite.get(code) or edition.cite.get(asks),
        tuple(sorted({fact.position for fact in facts})),
        (),
        code,
        pending,
    )


def taken_as_met(step: Step, assume: frozenset[str]) -> Step:
    """The condition, taken as met where a what-if assumes it."""
    if step.code not in assume:
        return step
    return step._replace(met=True, pending=None, observed=f"{step.observed}; taken as met")


def told(recorded: Recorded, edition: Edition) -> str:
    """A fact's type and its instant in the edition's zone."""
    return f"{type(recorded.event).__name__} at {local(recorded.at, edition.zone)}"


def positions(facts: Iterable[Recorded]) -> tuple[int, ...]:
    """The positions of facts in the log, sorted."""
    return tuple(sorted(fact.position for fact in facts))


def amounts_of(facts: Sequence[Recorded]) -> str:
    """The amounts of facts in words; of many, the first ones."""
    shown = [f"{fact.event.amount} {fact.event.currency}" for fact in facts[:SHOWN_MAX]]
    more = len(facts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def other_currency(edition: Edition, facts: Sequence[Recorded], of: str) -> Step | None:
    """The step that holds a line because of facts in another currency; None without such facts."""
    if not facts:
        return None
    return Step(
        "currency differs",
        required=f"every amount of {of} in {edition.currency}",
        observed=amounts_of(facts),
        events=positions(facts),
        pending=CURRENCY,
    )


def other_reports(
    counts: Recorded, reports: Iterable[Recorded], of: str = "application"
) -> tuple[Step, ...]:
    """A step for further reports of the same act: they do not count but stay visible."""
    kind = type(counts.event)
    others = {report.position for report in reports if isinstance(report.event, kind)} - {
        counts.position
    }
    if not others:
        return ()
    label = f"other reports of the {of}"
    return (Step(label, observed="do not count", events=tuple(sorted(others))),)


def reported_twice(fact: Recorded, counts: Recorded, name: str, edition: Edition) -> Surprise:
    """An application that is reported again: the earliest report counts."""
    return Surprise(
        "applied_twice",
        f"application {name} is reported too at {local(fact.at, edition.zone)}; "
        f"the report of {local(counts.at, edition.zone)} counts.",
        "Withdraw the report that is wrong; a new application has an id of its own.",
        name,
        edition.program,
    )
