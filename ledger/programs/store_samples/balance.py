"""One store's balance over time: its amount after all facts of an instant.

Everything here follows from facts, never from issued lines. Amounts are minor units of the
edition's currency. Source: seed 003, 2.1.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from ledger.aggregates.base import Recorded
from ledger.aggregates.store_balance import SampleFreightAdvanced
from ledger.aggregates.store_balance_state import BalanceState, signed
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money
from ledger.kernel.period import Window
from ledger.programs.contract import Reader
from ledger.programs.decisions import positions
from ledger.programs.edition import Edition


class Terms(NamedTuple):
    """The edition with what every store needs, at an as-of."""

    edition: Edition
    start: Instant
    """The first day of the first edition: earlier movements of balances do not count."""
    as_of: Instant
    assume: frozenset[str] = frozenset()

    def text(self, minor: int) -> str:
        """An amount with its currency, as text."""
        return f"{Money(minor, self.edition.currency).text} {self.edition.currency}"

    def is_foreign(self, fact: Recorded) -> bool:
        """Whether a fact's amount is in another currency than the edition's."""
        return bool(fact.event.currency != self.edition.currency)


def terms_of(reader: Reader, edition: Edition, assume: frozenset[str] = frozenset()) -> Terms:
    """The edition at a reader's clocks."""
    first = edition.window.start
    start = min(reader.begins(edition.rules) or first, first)
    return Terms(edition, start, reader.clocks.as_of, assume)


class Balance:
    """A store's balance over time, at the clocks of its terms: proceeds and payments in, less
    freight and payouts."""

    def __init__(self, state: BalanceState, terms: Terms) -> None:
        self.store, self.terms = state.store, terms
        self.counting = sorted(
            (fact for fact in state.facts if fact.at >= terms.start), key=_in_time
        )
        """Facts that move the balance, in any currency."""
        self.foreign = [fact for fact in self.counting if terms.is_foreign(fact)]
        self.own = [fact for fact in self.counting if not terms.is_foreign(fact)]
        self._instants = [fact.at for fact in self.own]
        self._sums = list(accumulate(signed(fact).minor for fact in self.own))
        self._positions: dict[int, tuple[int, ...]] = {}

    def at(self, instant: Instant) -> int:
        """The balance after all facts of an instant, without those in another currency."""
        count = self._count(instant)
        return self._sums[count - 1] if count else 0

    def positions(self, instant: Instant) -> tuple[int, ...]:
        """The positions of the facts that the balance at an instant is based on. Instants between
        the same facts share them: a store may have many requests, each depending on all facts."""
        count = self._count(instant)
        if count not in self._positions:
            self._positions[count] = positions(self.own[:count])
        return self._positions[count]

    def foreign_by(self, instant: Instant) -> list[Recorded]:
        """The facts up to an instant whose amount is in another currency."""
        return [fact for fact in self.foreign if fact.at <= instant]

    def covered_after(self, instant: Instant) -> Instant | None:
        """The first instant after another at which the balance is not below zero."""
        later = self._instants[self._count(instant) :]
        return next((at for at in later if self.at(at) >= 0), None)

    def freight(self, window: Window) -> list[Recorded]:
        """The freight advanced in a window, in any currency."""
        advanced = (fact for fact in self.counting if isinstance(fact.event, SampleFreightAdvanced))
        return [fact for fact in advanced if fact.at in window]

    def _count(self, instant: Instant) -> int:
        return bisect_right(self._instants, instant)


def _in_time(fact: Recorded) -> tuple[Instant, int, str, int]:
    """Order by instant, type and amount; other differences are not visible in the balance."""
    return fact.at, fact.event.ORDER, fact.event.amount, fact.position


def balances(reader: Reader, stores: Iterable[str], terms: Terms) -> Iterator[Balance]:
    """The balances of the given stores; zero for a store without facts."""
    states = reader.states("store", stores, BalanceState, BalanceState.TOPICS)
    return (Balance(state, terms) for state in states.values())
