"""One store's deposit over time: what is kept and what is required at every instant.

Everything here follows from facts, never from issued lines. Amounts are minor units of the
edition's currency. Source: seed 004, rules of deposits; the numbers are assumed.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from ledger.aggregates.base import Recorded, in_order
from ledger.aggregates.deposit import (
    DepositCompensated,
    DepositDeducted,
    DepositPaid,
    DepositRequired,
    DepositReturned,
    StoreCategoriesSet,
)
from ledger.aggregates.deposit_state import MOVING, DepositState
from ledger.aggregates.store import StoreClosed
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money
from ledger.kernel.period import days_from
from ledger.programs.contract import Reader
from ledger.programs.edition import Edition
from ledger.programs.store_deposit.parameters import (
    Parameters,
    Required,
    parameters_of,
    required_by,
)

USES = (DepositCompensated, DepositDeducted)


class Terms(NamedTuple):
    """The edition with what every store needs, at an as-of."""

    edition: Edition
    parameters: Parameters
    required: Required
    start: Instant
    """The first day of the first edition: earlier movements of deposits do not count."""
    as_of: Instant
    assume: frozenset[str] = frozenset()

    def text(self, minor: int) -> str:
        """An amount with its currency, as text."""
        return f"{Money(minor, self.edition.currency).text} {self.edition.currency}"


def terms_of(reader: Reader, edition: Edition, assume: frozenset[str] = frozenset()) -> Terms:
    """The edition with its parameters, at a reader's clocks."""
    parameters = parameters_of(edition)
    required = required_by(parameters, edition.currency)
    first = edition.window.start
    start = min(reader.begins(edition.rules) or first, first)
    return Terms(edition, parameters, required, start, reader.clocks.as_of, assume)


class Spell(NamedTuple):
    """A time in which a store was closed: from a closing to the next reopening.

    `due` is the end of the last day on which it must still be closed for its deposit to go back;
    the day of the closing is day 0. None where the terms do not give the number of days.
    """

    closed: Recorded
    reopened: Recorded | None
    due: Instant | None

    @property
    def broken(self) -> bool:
        """Whether it was reopened before the deposit was due; at that instant is not before."""
        return self.due is not None and self.reopened is not None and self.reopened.at < self.due

    def open(self, as_of: Instant) -> bool:
        """Whether the deposit may still fall due."""
        return self.due is not None and as_of < self.due and not self.broken

    def facts(self) -> tuple[Recorded, ...]:
        """The closing and, if any, the reopening."""
        return (self.closed, self.reopened) if self.reopened else (self.closed,)


class Moment(NamedTuple):
    """The state of a deposit after all facts up to an instant, until the next moment."""

    at: Instant
    paid: int = 0
    used: int = 0
    returned: int = 0
    released: int = 0
    required: int | None = None
    """The required deposit; None where it is not known."""
    closed: bool = False

    @property
    def kept(self) -> int:
        """Paid in, less what was used, less the larger of what was released and what was returned:
        each deposit goes back once."""
        return self.paid - self.used - max(self.released, self.returned)

    @property
    def balance(self) -> int:
        """What is left of the deposit, never below zero."""
        return max(0, self.kept)

    @property
    def uncovered(self) -> int:
        """What was used beyond the deposit; the store owes it."""
        return max(0, -self.kept)

    @property
    def short(self) -> bool:
        """Whether an open store has less than a known requirement."""
        return not self.closed and self.required is not None and self.balance < self.required


NOTHING = Moment(0)


class Course:
    """A store's deposit over time, at the clocks of its terms."""

    def __init__(self, state: DepositState, terms: Terms) -> None:
        self.store, self.terms = state.store, terms
        self.counting = _in_time([fact for fact in state.facts if counts(fact, terms.start)])
        """Facts that move the deposit or change its requirement, in any currency."""
        self.foreign = [fact for fact in self.counting if is_foreign(fact, terms.edition)]
        self.own = (
            [fact for fact in self.counting if not is_foreign(fact, terms.edition)]
            if self.foreign
            else self.counting
        )
        self._minor = {fact.position: _minor(fact) for fact in self.own}
        self.spells = spells_of(state.status, terms)
        self.released = self.releases()
        self.moments = self._moments()
        self._instants = [moment.at for moment in self.moments]

    def foreign_by(self, instant: Instant) -> list[Recorded]:
        """The facts up to an instant whose amount is in another currency."""
        return [fact for fact in self.foreign if fact.at <= instant]

    def index(self, instant: Instant) -> int:
        """The index of the moment right after all facts of an instant; -1 before the first one."""
        return bisect_right(self._instants, instant) - 1

    def at(self, instant: Instant) -> Moment:
        """The state of the deposit after all facts of an instant."""
        index = self.index(instant)
        return self.moments[index] if index >= 0 else NOTHING

    def releases(self, *, uses: bool = True, broken: bool = False) -> dict[Instant, int]:
        """The amount that goes back for each spell that lasted, by the instant of its closing: paid
        in less used before it was due, less earlier releases, never below zero. Without `uses`,
        uses are not deducted; with `broken`, spells that were reopened too early count too."""
        released: dict[Instant, int] = {}
        before = 0
        for spell in self.spells:
            due = spell.due
            if due is not None and due <= self.terms.as_of and (broken or not spell.broken):
                left = sum(self._signed(fact, uses) for fact in self.own if fact.at < due)
                released[spell.closed.at] = max(0, left - before)
                before += released[spell.closed.at]
        return released

    def _signed(self, fact: Recorded, uses: bool) -> int:
        event = fact.event
        if isinstance(event, DepositPaid):
            return self.minor(fact)
        return -self.minor(fact) if uses and isinstance(event, USES) else 0

    def minor(self, fact: Recorded) -> int:
        """The amount, in minor units, of a fact in the edition's currency."""
        return self._minor[fact.position]

    def _moments(self) -> list[Moment]:
        changes: dict[Instant, list[Recorded]] = defaultdict(list)
        for fact in self.own:
            changes[fact.at].append(fact)
        gone = {
            spell.due: self.released[spell.closed.at]
            for spell in self.spells
            if spell.due is not None and spell.closed.at in self.released
        }
        closings = {spell.closed.at for spell in self.spells}
        openings = {spell.reopened.at for spell in self.spells if spell.reopened}
        moments: list[Moment] = []
        now, fixed = NOTHING, False
        for at in sorted({*changes, *gone, *closings, *openings}):
            closed = at in closings or (now.closed and at not in openings)
            now = now._replace(at=at, closed=closed, released=now.released + gone.get(at, 0))
            for fact in changes.get(at, ()):
                now, fixed = self._after(now, fact, fixed)
            moments.append(now)
        return moments

    def _after(self, now: Moment, fact: Recorded, fixed: bool) -> tuple[Moment, bool]:
        """The moment after a fact. A requirement set for the store itself overrides the rows from
        then on (`fixed`)."""
        match fact.event:
            case DepositPaid():
                return now._replace(paid=now.paid + self.minor(fact)), fixed
            case DepositCompensated() | DepositDeducted():
                return now._replace(used=now.used + self.minor(fact)), fixed
            case DepositReturned():
                return now._replace(returned=now.returned + self.minor(fact)), fixed
            case DepositRequired():
                return now._replace(required=self.minor(fact)), True
            case StoreCategoriesSet(categories=categories) if not fixed:
                required = self.terms.required.of(frozenset(categories))
                return now._replace(required=required), False
        return now, fixed

    def within(self, kind: type, first: Instant, last: Instant) -> list[Recorded]:
        """The facts of a kind from `first` to `last`, both included, in any currency."""
        return [
            fact
            for fact in self.counting
            if isinstance(fact.event, kind) and first <= fact.at <= last
        ]


def _minor(fact: Recorded) -> int:
    event = fact.event
    if isinstance(event, StoreCategoriesSet):
        return 0
    return Money.parse(event.amount, event.currency).minor


def counts(fact: Recorded, start: Instant) -> bool:
    """Whether a fact counts: movements of deposits before the program began do not."""
    return fact.at >= start or not isinstance(fact.event, MOVING)


def is_foreign(fact: Recorded, edition: Edition) -> bool:
    """Whether a fact's amount is in another currency than the edition's."""
    return getattr(fact.event, "currency", edition.currency) != edition.currency


def _in_time(facts: list[Recorded]) -> list[Recorded]:
    """The facts in business order; content decides only between facts of equal instant and type."""
    if len({(fact.at, fact.topic) for fact in facts}) < len(facts):
        return in_order(facts)
    return sorted(facts, key=lambda fact: (fact.at, fact.event.ORDER))


def spells_of(status: Iterable[Recorded], terms: Terms) -> list[Spell]:
    """The spells from each closing of an open store to the next reopening, whatever the reason."""
    spells: list[Spell] = []
    closed: Recorded | None = None
    for fact in sorted(status, key=lambda fact: (fact.at, fact.event.ORDER)):
        if isinstance(fact.event, StoreClosed):
            closed = closed or fact
        elif closed is not None:
            spells.append(Spell(closed, fact, _due(closed, terms)))
            closed = None
    return [*spells, Spell(closed, None, _due(closed, terms))] if closed else spells


def _due(closed: Recorded, terms: Terms) -> Instant | None:
    days = terms.parameters.return_after_days
    if days is None:
        return None
    return days_from(closed.at, days, terms.edition.zone).window.end


def up_to(facts: Iterable[Recorded], instant: Instant) -> list[Recorded]:
    """The facts up to and including an instant, given facts in order."""
    ordered = list(facts)
    return ordered[: bisect_left([fact.at for fact in ordered], instant + 1)]
