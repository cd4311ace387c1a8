"""Lines of money: the uses of a deposit in a month, and the part of it that goes back.

A use is charged in the month in which it happened, whether it is covered or not. A return is
released in the month in which the last day of a closed spell ends.
"""

from collections.abc import Iterator

from ledger.aggregates.deposit import DepositCompensated, DepositDeducted, DepositPaid
from ledger.aggregates.deposit_state import MOVING
from ledger.kernel.decision import Step
from ledger.kernel.instants import local
from ledger.kernel.money import Money
from ledger.programs.decisions import (
    amounts_of,
    condition,
    decide,
    other_currency,
    positions,
    taken_as_met,
    told,
)
from ledger.programs.line import PLATFORM, Line
from ledger.programs.months import Month
from ledger.programs.store_deposit.course import Course, Spell, Terms, up_to
from ledger.programs.store_deposit.parameters import HELD

USED = {"compensation": DepositCompensated, "deduction": DepositDeducted}
RETURN_UNSET, OPEN = HELD[2], HELD[3]


def in_another_currency(course: Course, month: Month) -> Step | None:
    """The step that holds every line of a store with a fact in another currency by the month's
    cut-off; None without one."""
    return other_currency(course.terms.edition, course.foreign_by(month.cut), "the deposit")


def line_of(
    course: Course, month: Month, kind: str, amount: Money | None, steps: tuple[Step, ...]
) -> Line:
    """A store's line: declined, held, or payable; without an amount, a decision that may be
    granted."""
    edition, store = course.terms.edition, f"store:{course.store}"
    decision = decide(steps, HELD)
    outcome, zero = decision.outcome, Money.zero(edition.currency)
    if amount is not None:
        outcome = "payable" if outcome == "granted" else outcome
        amount = amount if outcome == "payable" else zero
    tree = Step(
        f"{kind} of store {course.store} for {month.name}: {outcome}",
        amount,
        observed=", ".join(decision.unmet or decision.held_for) or None,
        clause=edition.cite.get(kind),
        events=(),
        parts=steps,
    )
    name = f"{edition.program}/{month.name}/{course.store}/{kind}"
    result = (outcome, amount, decision.unmet, decision.held_for, tree)
    return Line(name, kind, PLATFORM, store, store, *result)


def using(course: Course, month: Month) -> Iterator[Line]:
    """Minus the sum of the month's compensations, and of its deductions."""
    terms, (first, end) = course.terms, month.so_far
    for kind, fact_type in USED.items():
        used = course.within(fact_type, first, end - 1)
        if not used:
            continue
        foreign = in_another_currency(course, month)
        minor = 0 if foreign else -sum(course.minor(fact) for fact in used)
        step = Step(
            f"{kind}s of the month",
            required="the sum of the month's, whether covered or not",
            observed=amounts_of(used),
            events=positions(used),
        )
        amount = Money(minor, terms.edition.currency)
        yield line_of(course, month, kind, amount, (step, foreign) if foreign else (step,))


def giving_back(course: Course, month: Month) -> Line | None:
    """The line for what is released in the month, by every spell whose last day ends in it. Only a
    store that has paid in by the month has such a line."""
    terms = course.terms
    zero = Money.zero(terms.edition.currency)
    unset = terms.parameters.return_after_days is None
    if unset:
        spells = [spell for spell in course.spells if spell.closed.at in month.so_far]
    else:
        spells = [spell for spell in course.spells if spell.due in month.window]
    if not spells or not course.within(DepositPaid, terms.start, month.cut):
        return None
    foreign = in_another_currency(course, month)
    if foreign or unset:
        return line_of(course, month, "return", zero, (foreign or _unset(spells, terms),))
    released = course.released
    if terms.assume:
        released = course.releases(
            uses="uses_ignored" not in terms.assume, broken="stayed_closed" in terms.assume
        )
    minor = sum(released.get(spell.closed.at, 0) for spell in spells)
    steps = _conditions(course, spells, minor)
    return line_of(course, month, "return", Money(minor, terms.edition.currency), steps)


def _unset(spells: list[Spell], terms: Terms) -> Step:
    """The terms do not say after how many days a deposit goes back."""
    return condition(
        *(terms.edition, "stayed_closed", None, "closed for the days until a deposit goes back"),
        "; ".join(told(spell.closed, terms.edition) for spell in spells),
        [fact for spell in spells for fact in spell.facts()],
        pending=RETURN_UNSET,
        asks="return_after_days",
    )


def _conditions(course: Course, spells: list[Spell], minor: int) -> tuple[Step, ...]:
    """Where something is released, both conditions are met. Otherwise a spell that may still last
    holds the line; without one the last spell decides, and if it was reopened too early, the
    condition on the balance is left out."""
    last = spells[-1]
    waits = not minor and any(spell.open(course.terms.as_of) for spell in spells)
    stayed = _stayed_closed(course, spells, met=minor > 0 or not last.broken, waits=waits)
    if stayed.met:
        return (stayed, _balance_left(course, last, minor))
    return (stayed,)


def _stayed_closed(course: Course, spells: list[Spell], *, met: bool, waits: bool) -> Step:
    edition = course.terms.edition
    observed = []
    for spell in spells:
        assert spell.due is not None, "without it the line is held"
        until = f", reopened {local(spell.reopened.at, edition.zone)}" if spell.reopened else ""
        due = local(spell.due, edition.zone)
        observed.append(f"closed {local(spell.closed.at, edition.zone)}{until}, due {due}")
    days = course.terms.parameters.return_after_days
    step = condition(
        *(edition, "stayed_closed", met, f"closed to the end of day {days} after the closing"),
        "; ".join(observed),
        [fact for spell in spells for fact in spell.facts()],
        pending=OPEN if waits else None,
        asks="return_after_days",
    )
    return taken_as_met(step, course.terms.assume)


def _balance_left(course: Course, last: Spell, minor: int) -> Step:
    """The condition that paid in, less used before the due instant, less earlier releases, is
    above zero."""
    terms = course.terms
    assert last.due is not None, "without it the line is held"
    before = up_to(course.own, last.due - 1)
    earlier = [fact for spell in course.spells for fact in spell.facts() if spell.due != last.due]
    return condition(
        *(terms.edition, "balance_left", minor > 0),
        "paid in less used before it was due, less what was released before, above zero",
        f"released in the month: {terms.text(minor)}",
        [*(fact for fact in before if isinstance(fact.event, MOVING)), *earlier],
    )
