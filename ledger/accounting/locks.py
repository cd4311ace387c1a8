"""Which days were locked when: an entry never falls on a day that was locked before it."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple


class Lock(NamedTuple):
    """From a position of the log on nothing is posted on a day or before it."""

    position: int
    through: date


class Locks:
    """The locks of a book in the order of the log, each later in days than the one before."""

    def __init__(self, found: Sequence[Lock]) -> None:
        self._found = list(found)
        self._positions = [lock.position for lock in found]

    def before(self, position: int) -> Lock | None:
        """The lock that an event at a position meets."""
        number = bisect_left(self._positions, position)
        return self._found[number - 1] if number else None

    def posted_on(self, day: date, position: int) -> date:
        """The day on which an entry of an event is posted: its own, or the first that is open."""
        lock = self.before(position)
        return day if lock is None or day > lock.through else lock.through + timedelta(days=1)
