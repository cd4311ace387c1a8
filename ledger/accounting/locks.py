"""Which days were locked when: an entry never falls on a day that was locked before it."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple


class Lock(NamedTuple):
    """From a log position on, nothing is posted on or before a day."""

    position: int
    through: date


class Locks:
    """The locks of a book in log order; each locks through a later day than the one before."""

    def __init__(self, locks: Sequence[Lock]) -> None:
        self._locks = list(locks)
        self._positions = [lock.position for lock in locks]

    def before(self, position: int) -> Lock | None:
        """The lock in force for an event at a position; None without one."""
        number = bisect_left(self._positions, position)
        return self._locks[number - 1] if number else None

    def posted_on(self, day: date, position: int) -> date:
        """The day on which an event's entry is posted: its own, or the first open one after it."""
        lock = self.before(position)
        return day if lock is None or day > lock.through else lock.through + timedelta(days=1)
