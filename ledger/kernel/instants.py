"""Instants as whole microseconds since 1970-01-01T00:00Z, read from and written as ISO 8601.

An integer cannot lose its zone, compares exactly, and is the same on every database.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from ledger.kernel.days import EXPECTED, in_words, is_day, parse_day
from ledger.kernel.errors import BadInstant, NoZone

Instant = int
"""Microseconds since the epoch, UTC."""

DEFAULT_ZONE = "Asia/Shanghai"
"""The zone of a day where no program gives one."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400_000_000
LATEST = (datetime(9999, 12, 31, tzinfo=UTC) - EPOCH) // MICROSECOND
EARLIEST = (datetime(1900, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_SHAPE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"(?:(?<=\.[0-9]{6})[0-9]{1,3})? ?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?",
    re.ASCII,
)
"""ISO 8601 and RFC 3339, and the variants of databases and libraries: a blank for the T or before
the offset, an offset without a colon or of hours alone. Nanoseconds are cut to microseconds."""
_WHOLE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-5][0-9]:[0-5][0-9](?:Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_NO_INSTANT = "no instant with a day, hours and minutes"
_HINT = "Write it as 2026-01-10T09:00:00+08:00 or with Z for UTC."


_hours: dict[str, Instant] = {}
"""Hours with their offset that were read lately, such as `2026-01-10T09+08:00`: instants repeat
seldom, their hours often."""
_within: dict[str, int] = {}
"""Minutes and seconds, such as `:30:00`, in microseconds."""
_HOURS_MAX = 65_536
_HOUR = 3_600_000_000


def parse_instant(text: object) -> Instant:
    """Reads an ISO 8601 instant with offset or `Z`.

    Raises `NoZone` when the offset is missing and `BadInstant` when it is no instant at all.
    """
    if type(text) is str:
        hour, within = _hours.get(text[:13] + text[19:]), _within.get(text[13:19])
        if hour is not None and within is not None:
            return hour + within
    instant = _parsed(text)
    _remember(str(text), instant)
    return instant


def _remember(text: str, instant: Instant) -> None:
    """Keeps the hour of an instant in whole seconds, if every minute of it can be read so too."""
    if not (_WHOLE.fullmatch(text) and text[11:13] < "24"):
        return
    within = (int(text[14:16]) * 60 + int(text[17:19])) * 1_000_000
    hour = instant - within
    if within < _HOUR and EARLIEST <= hour <= LATEST - _HOUR:
        if len(_hours) >= _HOURS_MAX:
            _hours.clear()
        _hours[text[:13] + text[19:]] = hour
        _within[text[13:19]] = within


def _parsed(text: object) -> Instant:
    match = _SHAPE.fullmatch(text) if isinstance(text, str) else None
    if not match or not isinstance(text, str):
        raise BadInstant(f"{text!r} is {_NO_INSTANT}.", _HINT, found=text)
    day, time, offset = match.groups()
    if not offset:
        raise NoZone(f"{text!r} has no zone.", _HINT, found=text)
    try:
        instant = (datetime.fromisoformat(f"{day}T{time}{offset}") - EPOCH) // MICROSECOND
    except (ValueError, OverflowError) as error:
        sentence = f"{text!r} is not an instant: {in_words(error)}."
        raise BadInstant(sentence, _HINT, found=text) from None
    if not EARLIEST <= instant <= LATEST:
        raise BadInstant(f"{text!r} is outside 1900 to 9999.", "Check the year.", found=text)
    return instant


def format_instant(instant: Instant) -> str:
    """ISO 8601 in UTC with `Z`; a fraction of a second only where there is one."""
    text = (EPOCH + instant * MICROSECOND).isoformat()
    return text.replace("+00:00", "Z")


def instant_of(moment: datetime) -> Instant:
    """The instant of an aware datetime."""
    assert moment.tzinfo is not None, "a moment without a zone is no instant"
    return (moment - EPOCH) // MICROSECOND


def local(instant: Instant, zone: str) -> str:
    """ISO 8601 in a zone, with its offset: the local time there."""
    moment = (EPOCH + instant * MICROSECOND).astimezone(_zone(zone))
    return moment.isoformat(timespec="seconds" if not moment.microsecond else "microseconds")


def wall_clock(text: str, zone: str) -> str:
    """A written instant as clocks in a zone show it: `2026-03-02 10:20:00 +08:00`."""
    there = datetime.fromisoformat(text).astimezone(_zone(zone))
    offset = there.strftime("%z")
    return f"{there:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:]}"


@lru_cache(maxsize=4096)
def midnight(day: date, zone: str) -> Instant:
    """The first instant of a calendar day in a zone."""
    return instant_of(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)))


def day_of(instant: Instant, zone: str) -> date:
    """The calendar day on which an instant falls in a zone."""
    return (EPOCH + instant * MICROSECOND).astimezone(_zone(zone)).date()


@lru_cache(maxsize=32)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def parse_day_end_or_instant(text: str, zone: str, now: Instant) -> Instant:
    """An instant, or the end of a day in the zone: the midnight after it.

    `now` decides which day `today` is. Raises `BadInstant` or `NoZone`.
    """
    if is_day(text):
        day = parse_day(text, day_of(now, zone))
        try:
            return midnight(day + timedelta(days=1), zone)
        except (ValueError, OverflowError) as error:
            sentence = f"{text!r} is not a day: {in_words(error)}."
            raise BadInstant(sentence, EXPECTED, found=text) from None
    try:
        return parse_instant(text)
    except BadInstant as refusal:
        sentence = refusal.sentence.replace(_NO_INSTANT, "neither a day nor an instant")
        hint = f"{EXPECTED[:-1]}, or an instant with its offset: 2026-02-15T09:00:00+08:00."
        raise type(refusal)(sentence, hint, **refusal.facts) from None
