"""Half-open windows of time and the counting of days, by PRC Civil Code arts. 200 to 203."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import NamedTuple

from ledger.kernel.clocks import FOREVER
from ledger.kernel.instants import Instant, day_of, midnight

ONE_DAY = timedelta(days=1)


class Window(NamedTuple):
    """From an instant up to, and not including, another."""

    start: Instant
    end: Instant

    def __contains__(self, instant: object) -> bool:
        return isinstance(instant, int) and self.start <= instant < self.end


class Days(NamedTuple):
    """Calendar days in a zone, first and last included."""

    first: date
    last: date
    zone: str

    @property
    def window(self) -> Window:
        """The instants of these days: up to the midnight that ends the last one."""
        return Window(midnight(self.first, self.zone), midnight(self.last + ONE_DAY, self.zone))

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last


class OpenDays(NamedTuple):
    """Calendar days in a zone from a first one on, without an end."""

    first: date
    zone: str

    @property
    def last(self) -> None:
        """There is none."""
        return None

    @property
    def window(self) -> Window:
        """The instants of these days."""
        return Window(midnight(self.first, self.zone), FOREVER)

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day


Span = Days | OpenDays


def in_days(span: Span) -> str:
    """The days in words: `from 2026-01-01 to 2026-03-31`, `from 2026-01-01 on`."""
    return f"from {span.first} " + (f"to {span.last}" if span.last else "on")


def days_from(
    act: Instant, count: int, zone: str, rest_days: Collection[date] | None = None
) -> Days:
    """The days "within `count` days" of an act: its own day is day 0, the last is day `count`.

    With `rest_days` the last day rolls over to the next day that is not a rest day (art. 203);
    without, it does not. Source: PRC Civil Code, art. 201 for the counting.
    """
    first = day_of(act, zone)
    last = first + timedelta(days=count)
    while rest_days and last in rest_days:
        last += ONE_DAY
    return Days(first, last, zone)
