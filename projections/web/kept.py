"""Answers that are kept for the next page: at fixed clocks an answer never changes."""

import copy
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sized
from threading import Lock
from typing import Any, TypeVar, cast

LINES_MAX = 25_000
"""Lines and rows that are kept in all: a page of 20,000 lines and some small ones beside it."""
Kind = TypeVar("Kind")


class Kept:
    """The answers that were asked for last, as many as fit; for several threads."""

    def __init__(self) -> None:
        self._book = ""
        self._by_key: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()
        self._lock = Lock()

    def of(self, book: str) -> "Kept":
        """The same room, in which the answers of one of several books lie apart."""
        own = copy.copy(self)
        own._book = book
        return own

    def answer(
        self, key: Hashable, work: Callable[[], Kind], rows: Callable[[Kind], Sized]
    ) -> Kind:
        """The answer of a key, worked out if it is not kept; `rows`: what makes it large."""
        key = (self._book, key)
        with self._lock:
            if key in self._by_key:
                self._by_key.move_to_end(key)
                return cast(Kind, self._by_key[key][1])
        answer = work()
        with self._lock:
            self._by_key[key] = len(rows(answer)), answer
            while len(self._by_key) > 1 and self._rows() > LINES_MAX:
                self._by_key.popitem(last=False)
        return answer

    def _rows(self) -> int:
        return sum(size for size, _ in self._by_key.values())
