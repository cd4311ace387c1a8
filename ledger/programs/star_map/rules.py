"""The star-map's service fee: a share, by date, of an amount that a live task reports; one line
per task.

Map: each task is charged from its own facts; there is no reduce step. Source: seed 004.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from ledger.aggregates.base import Recorded
from ledger.aggregates.live_task import TaskState
from ledger.kernel.decision import Step
from ledger.kernel.instants import day_of, local
from ledger.kernel.money import EXACT, Money, Rounding
from ledger.kernel.period import Span
from ledger.programs.contract import Answer, Asked, Reader, in_chunks
from ledger.programs.edition import Edition
from ledger.programs.exchange import Rates
from ledger.programs.line import PLATFORM, Line
from ledger.programs.periods import month_asked, month_or_all
from ledger.programs.star_map.parameters import (
    Charge,
    Parameters,
    parameters_of,
    share_text,
)
from ledger.programs.variants import rounding_of

BASES = {"gmv": "GMV of the task", "creator_fee": "the creator's quoted fee", "price": "the price"}


class Terms(NamedTuple):
    """The edition with what every task needs."""

    edition: Edition
    parameters: Parameters
    rates: Rates
    rounding: Rounding
    """Half up, or as a what-if says."""


class Base(NamedTuple):
    """The amount that a share is taken of, in the edition's currency, or why it is not known."""

    amount: Decimal
    held_for: tuple[str, ...]
    step: Step


def settle_v1(reader: Reader, asked: Asked) -> Answer:
    """One line for every task ordered on a day of the run.

    With subjects, ids of tasks, only theirs; for a single one, without a period, the answer names
    its month.
    """
    edition, subjects = asked.edition, asked.subjects
    parameters = parameters_of(edition)
    rates = Rates(reader, edition, parameters.rate_max_age_days)
    terms = Terms(edition, parameters, rates, rounding_of(asked.assume))
    days = month_or_all(edition, asked.period)
    if subjects is None:
        subjects = frozenset(name for name, _ in reader.names("task", *days.window))
    ordered = list(_tasks(reader, subjects, days))
    instants = [_order(state).at for state in ordered]
    month = month_asked(asked.period, asked.subjects, instants, edition.zone)
    return Answer(sorted(_line(state, terms) for state in ordered), period=month)


def _tasks(reader: Reader, names: Iterable[str], days: Span) -> Iterator[TaskState]:
    """The tasks whose order that counts is within the days."""
    window = days.window
    for chunk in in_chunks(names):
        for state in reader.states("task", chunk, TaskState).values():
            if state.order is not None and state.order.at in window:
                yield state


def _order(state: TaskState) -> Recorded:
    assert state.order is not None, "only tasks that were ordered have a line"
    return state.order


def _day(order: Recorded, edition: Edition) -> date:
    return day_of(order.at, edition.zone)


def _line(state: TaskState, terms: Terms) -> Line:
    """A task's line: minus the share by the row in force on the day of the order, rounded half up
    once; never positive."""
    edition, order = terms.edition, _order(state)
    event = order.event
    day = _day(order, edition)
    charge = terms.parameters.charge(event.link, day, event.category)
    base = _base(order, charge, terms) if charge else None
    held_for = base.held_for if base else ()
    amount = Money.zero(edition.currency)
    if charge and base and base.amount > 0 and not held_for:
        share = EXACT.multiply(base.amount, Decimal(charge.rate))
        amount = Money.rounded(share, edition.currency, terms.rounding).negated()
    outcome = "held" if held_for else "payable"
    tree = Step(
        f"service fee of task {state.task}: {outcome}",
        amount,
        required=_required(charge),
        observed=", ".join(held_for) or None,
        clause=edition.cite.get("schedule"),
        events=(order.position,),
        parts=(_row(order, charge, terms), *((base.step,) if base else ()), *_others(state)),
    )
    payer = terms.parameters.payer
    return Line(
        f"{edition.program}/{state.task}",
        "service_fee",
        PLATFORM,
        f"{payer}:{getattr(event, payer)}",
        f"task:{state.task}",
        outcome,
        amount,
        (),
        held_for,
        tree,
    )


def _required(charge: Charge | None) -> str:
    if charge is None:
        return "no row of the schedule: nothing is charged"
    return f"{charge.rate} x {BASES[charge.base]}, half up to the minor unit, never below zero"


def _row(order: Recorded, charge: Charge | None, terms: Terms) -> Step:
    """The row in force, with the rows for the same links and category that it takes precedence
    over."""
    edition, event = terms.edition, order.event
    day = _day(order, edition)
    lost = [
        row
        for row in terms.parameters.schedule
        if row.link == event.link and row.holds(day, event.category) and row is not charge
    ]
    return Step(
        "row of the schedule",
        required=f"the latest for {event.link} links of {event.category} on {day}",
        observed=f"ordered {local(order.at, edition.zone)}: " + (_in_words(charge) or "no row"),
        clause=edition.cite.get("schedule"),
        events=(order.position,),
        parts=tuple(
            Step("another row, which does not count", observed=_in_words(row)) for row in lost
        ),
    )


def _in_words(charge: Charge | None) -> str:
    if charge is None:
        return ""
    categories = ", ".join(charge.categories or ("all categories",))
    share = f"{share_text(charge.rate)} of {BASES[charge.base]}"
    return f"from {charge.first}, {categories}: {share}"


def _base(order: Recorded, charge: Charge, terms: Terms) -> Base:
    """The base of the row's share, converted at the rate of the day of the order."""
    event, currency = order.event, terms.edition.currency
    label, text = BASES[charge.base], getattr(event, charge.base)
    step = Step(label, observed=f"{text} {event.currency}", events=(order.position,))
    if text is None:
        step = step._replace(observed="the task does not report it", pending="base_missing")
        return Base(Decimal(0), ("base_missing",), step)
    amount = Decimal(text)
    if event.currency == currency:
        return Base(amount, (), step)
    day = _day(order, terms.edition)
    rate = terms.rates.into(event.currency, day)
    if rate is None:
        missing = terms.rates.missing(event.currency, day)
        step = step._replace(observed=f"{step.observed}; {missing}", pending="fx_rate_missing")
        return Base(amount, ("fx_rate_missing",), step)
    factor, quote = rate
    amount = EXACT.multiply(amount, factor)
    observed = f"{step.observed} x {factor} (rate of {quote.event.day}) = {amount:f} {currency}"
    looked_at = terms.rates.looked_at(event.currency, day)
    events = tuple(sorted((order.position, *looked_at)))
    return Base(amount, (), step._replace(observed=observed, events=events))


def _others(state: TaskState) -> tuple[Step, ...]:
    """Other reports of the task, which do not count."""
    others = sorted(report.position for report in state.reports if report is not state.order)
    if not others:
        return ()
    return (Step("other reports of the task", observed="do not count", events=tuple(others)),)
