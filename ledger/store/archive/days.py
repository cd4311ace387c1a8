"""The calendar day of an instant as SQL, by the time zone database of Python, not of DuckDB."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from ledger.kernel.instants import EPOCH, MICROSECOND, Instant

DAY = 86_400_000_000
"""In microseconds."""


def day_number(instant: str, first: Instant, last: Instant, zone: str) -> str:
    """Days since 1970-01-01 on the calendars of the zone, for instants from first to last.

    Between two changes of the clocks a day is a whole division; mostly there is no change.
    """
    runs = list(_offsets(first, last, ZoneInfo(zone)))
    cases = [
        f"WHEN {instant} < {until} THEN {_day(instant, offset)}" for until, offset in runs[:-1]
    ]
    otherwise = _day(instant, runs[-1][1])
    return f"CASE {' '.join(cases)} ELSE {otherwise} END" if cases else otherwise


def _day(instant: str, offset: int) -> str:
    # Whole division rounds towards zero; days before 1970 have to round down.
    return f"(({instant} + {offset} - (({instant} + {offset}) % {DAY} + {DAY}) % {DAY}) // {DAY})"


def _offsets(first: Instant, last: Instant, zone: ZoneInfo) -> Iterator[tuple[Instant, int]]:
    """Each offset in microseconds with the instant before which it holds."""
    at = first
    while at < last:
        then = min(at + DAY, last)
        if (offset := _offset(at, zone)) != _offset(then, zone):
            change = at + bisect_left(
                range(at, then), True, key=lambda i: _offset(i, zone) != offset
            )
            yield change, offset
            at = change
        else:
            at = then
    yield last + 1, _offset(last, zone)


def _offset(instant: Instant, zone: ZoneInfo) -> int:
    moment: datetime = (EPOCH + instant * MICROSECOND).astimezone(zone)
    offset = moment.utcoffset()
    assert offset is not None, "a moment in a zone has an offset"
    return offset // MICROSECOND
