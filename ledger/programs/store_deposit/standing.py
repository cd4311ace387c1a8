"""Whether a store's deposit suffices at the end of a month, and what it owes to top it up."""

from collections.abc import Iterator
from datetime import date, timedelta

from ledger.aggregates.base import Recorded
from ledger.aggregates.deposit import DepositRequired
from ledger.aggregates.deposit_state import ASKING, MOVING
from ledger.kernel.decision import Step
from ledger.kernel.instants import Instant, day_of, midnight
from ledger.kernel.money import Money
from ledger.kernel.period import ONE_DAY
from ledger.programs.contract import Obligation
from ledger.programs.decisions import condition, positions, taken_as_met
from ledger.programs.line import PLATFORM, Line
from ledger.programs.months import Month
from ledger.programs.store_deposit.course import Course, Moment, up_to
from ledger.programs.store_deposit.money_lines import in_another_currency, line_of
from ledger.programs.store_deposit.parameters import HELD

CODE, UNSET = "requirement_covered", HELD[1]
BALANCE, REQUIRED = "balance", "required"


def standing(course: Course, month: Month) -> Line | None:
    """Whether the balance reaches the requirement, for a store that has a deposit or categories
    and is not closed at the month's cut-off."""
    if not up_to(course.counting, month.cut) or course.at(month.cut).closed:
        return None
    foreign = in_another_currency(course, month)
    steps = (foreign,) if foreign else (_covered(course, month),)
    return line_of(course, month, "standing", None, steps)


def _covered(course: Course, month: Month) -> Step:
    terms, now = course.terms, course.at(month.cut)
    by_then = up_to(course.own, month.cut)
    known = now.required is not None
    required = _required_text(course, by_then, now)
    observed = f"balance {terms.text(now.balance)}"
    if now.uncovered:
        observed += f", uncovered {terms.text(now.uncovered)}"
    step = condition(
        *(terms.edition, CODE, known and now.balance >= (now.required or 0), required, observed),
        by_then,
        pending=None if known else UNSET,
        asks="combination",
    )
    balance, required_ = (Money(minor, terms.edition.currency).decimal
                          for minor in (now.balance, now.required or 0))  # fmt: skip
    return taken_as_met(step, terms.assume)._replace(
        parts=_parts(course, month, by_then, now),
        measures=((BALANCE, balance), (REQUIRED, required_)) if known else (),
    )


def _required_text(course: Course, by_then: list[Recorded], now: Moment) -> str:
    """The requirement and its basis, in words."""
    terms = course.terms
    if any(isinstance(fact.event, DepositRequired) for fact in by_then):
        return f"{terms.text(now.required or 0)}, required of the store itself"
    asked = [fact for fact in by_then if isinstance(fact.event, ASKING)]
    categories = sorted(set(asked[-1].event.categories)) if asked else []
    named = ", ".join(categories) or "no categories"
    if now.required is None:
        lacking = [category for category in categories if category not in terms.required.rows]
        return f"not known: {named}" + (f"; no row for {', '.join(lacking)}" if lacking else "")
    return f"{terms.text(now.required)}, {terms.parameters.combination} of {named}"


def _parts(
    course: Course, month: Month, by_then: list[Recorded], now: Moment
) -> tuple[Step, Step, Step]:
    """The facts behind the condition: requirements, movements, and that the store is open."""
    terms, cut = course.terms, month.cut
    asked = [fact for fact in by_then if isinstance(fact.event, ASKING)]
    moved = [fact for fact in by_then if isinstance(fact.event, MOVING)]
    status = [fact for spell in course.spells for fact in spell.facts() if fact.at <= cut]
    sums = (
        f"paid in {terms.text(now.paid)}, used {terms.text(now.used)}, "
        f"released {terms.text(now.released)}, returned {terms.text(now.returned)}"
    )
    return (
        Step("asked of the store", events=positions(asked)),
        Step("moves of the deposit", observed=sums, events=positions(moved)),
        Step("open at the month's cut", events=positions(status)),
    )


def top_up(course: Course, month: Month) -> Iterator[Obligation]:
    """What an open store lacks at the month's cut-off: owed until it is covered, or until the
    store closes or its requirement is no longer known."""
    terms, now = course.terms, course.at(month.cut)
    if not now.short or course.foreign_by(month.cut) or CODE in terms.assume:
        return
    assert now.required is not None, "a store is short only of what is known"
    program = terms.edition.program
    due = _due(course, month)
    over = midnight(due + ONE_DAY, terms.edition.zone) if due else None
    state, until = _state(course, month, over)
    yield Obligation(
        f"{program}/{month.name}/{course.store}/top_up",
        PLATFORM,
        due,
        state,
        positions(_facts(course, until)),
        amount=Money(now.required - now.balance, terms.edition.currency),
        owed_by=f"store:{course.store}",
        repeated_in=_repeated_in(course, month),
    )


def _due(course: Course, month: Month) -> date | None:
    """`top_up_within_days` days after the day from which the store has been open and short without
    interruption; None where the terms give no number of days."""
    days = course.terms.parameters.top_up_within_days
    if days is None:
        return None
    index = course.index(month.cut)
    while index and course.moments[index - 1].short:
        index -= 1
    return day_of(course.moments[index].at, course.terms.edition.zone) + timedelta(days=days)


def _state(course: Course, month: Month, over: Instant | None) -> tuple[str, Instant]:
    """The state of the top-up at as-of, and the deciding instant: the first after the cut-off at
    which the store is no longer short."""
    as_of = course.terms.as_of
    for moment in course.moments[course.index(month.cut) + 1 :]:
        late = over is not None and moment.at >= over
        if moment.closed or moment.required is None:
            return "overdue" if late else "lapsed", moment.at
        if not moment.short:
            return "fulfilled_late" if late else "fulfilled", moment.at
    return "overdue" if over is not None and as_of >= over else "open", month.cut


def _facts(course: Course, until: Instant) -> list[Recorded]:
    status = [fact for spell in course.spells for fact in spell.facts() if fact.at <= until]
    return [*up_to(course.own, until), *status]


def _repeated_in(course: Course, month: Month) -> str | None:
    """The latest month begun in which the store has such an obligation again; None without one."""
    for name, cut in month.later:
        if course.at(cut).short and not course.foreign_by(cut):
            return name
    return None
