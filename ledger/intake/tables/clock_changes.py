"""When the clocks of a zone are changed: the hours that they show twice or never."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

YEARS = range(1990, 2061)
"""The years for which the hours of clock changes are worked out."""


def settled(zone: str, last: str) -> str:
    """For a zone whose clocks are not changed after `last`: its fixed offset from the next day on,
    in SQL."""
    after = datetime.fromisoformat(last) + timedelta(days=1)
    if after.year >= YEARS[-1] - 1:
        return ""
    offset = after.replace(tzinfo=ZoneInfo(zone)).utcoffset() or timedelta(0)
    east = offset // timedelta(microseconds=1)
    return "WHEN {local} >= TIMESTAMP '" + f"{after}' THEN epoch_us({{local}}) - {east} "


@lru_cache(maxsize=16)
def changed_hours(zone: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The hours, by the clocks of a zone, in which some time is shown twice or never; and by how
    many minutes clocks are changed there."""
    there = ZoneInfo(zone)
    hours: list[str] = []
    shifts: set[int] = set()
    at = datetime(YEARS[0], 1, 1, tzinfo=UTC)
    end = datetime(YEARS[-1] + 1, 1, 1, tzinfo=UTC)
    step = timedelta(days=7)
    before = at.astimezone(there).utcoffset()
    while at < end:
        after = (at + step).astimezone(there).utcoffset()
        if before != after and before is not None and after is not None:
            change = _change(at, at + step, there)
            first = change + min(before, after)
            last = change + max(before, after)
            shifts.add(abs(int((after - before).total_seconds()) // 60))
            hour = first.replace(minute=0, second=0, microsecond=0)
            while hour < last:
                hours.append(hour.strftime("%Y-%m-%d %H:00:00"))
                hour += timedelta(hours=1)
        before, at = after, at + step
    return tuple(hours), tuple(sorted(shifts - {0}))


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second in which the offset is the later one."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)
