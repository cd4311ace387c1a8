"""Settlements that are kept for the next page: at fixed clocks an answer never changes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from ledger.usecases.settling.settle import Settlement

LINES_MAX = 25_000
"""Lines that are kept in all, with their explanations: some 20 KB each."""


class Kept:
    """The settlements that were asked for last, as many as fit; for several threads."""

    def __init__(self) -> None:
        self._by_key: OrderedDict[Hashable, Settlement] = OrderedDict()
        self._lock = Lock()

    def settlement(self, key: Hashable, work: Callable[[], Settlement]) -> Settlement:
        """The settlement of a key, worked out if it is not kept."""
        with self._lock:
            if key in self._by_key:
                self._by_key.move_to_end(key)
                return self._by_key[key]
        settlement = work()
        with self._lock:
            self._by_key[key] = settlement
            while len(self._by_key) > 1 and self._lines() > LINES_MAX:
                self._by_key.popitem(last=False)
        return settlement

    def _lines(self) -> int:
        return sum(len(settlement.lines) for settlement in self._by_key.values())
