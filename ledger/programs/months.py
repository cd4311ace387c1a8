"""The month of a run: its window, its cut-off, and the months that have begun after it."""

from functools import cached_property

from ledger.kernel.instants import Instant
from ledger.kernel.period import ONE_DAY, Days, Window
from ledger.programs.contract import Asked
from ledger.programs.periods import month, month_of, months_begun

EDGES = {
    "end_later": ("a day longer at its end", 0, 1),
    "end_earlier": ("a day shorter at its end", 0, -1),
    "start_earlier": ("a day longer at its start", -1, 0),
    "start_later": ("a day shorter at its start", 1, 0),
}
"""What-ifs about the month's limits: in words, and how many days its first and last day move."""


class Month:
    """The month asked for. Its cut-off is its last instant, or as-of where that is earlier."""

    def __init__(self, asked: Asked, as_of: Instant) -> None:
        self.edition, self.as_of = asked.edition, as_of
        self.days = month(asked.edition, asked.period)
        self.name = month_of(self.days.last)
        self.window = self._moved(asked.assume).window
        self.cut = min(self.window.end - 1, as_of)

    def _moved(self, assume: frozenset[str]) -> Days:
        first, last, zone = self.days
        for what_if, (_, by_first, by_last) in EDGES.items():
            if what_if in assume:
                first, last = first + by_first * ONE_DAY, last + by_last * ONE_DAY
        return Days(first, last, zone)

    @property
    def begun(self) -> bool:
        """Whether the month has begun at as-of."""
        return self.window.start <= self.as_of

    @property
    def so_far(self) -> Window:
        """The month up to and including its cut-off, as a half-open window."""
        return Window(self.window.start, self.cut + 1)

    @cached_property
    def later(self) -> list[tuple[str, Instant]]:
        """The months after this one that have begun, each with its cut-off, the latest first."""
        begun = months_begun(self.edition, self.days.window.end, self.as_of)
        ends = (month(self.edition, name).window.end for name in begun)
        cuts = (min(end - 1, self.as_of) for end in ends)
        return list(zip(begun, cuts, strict=True))[::-1]
