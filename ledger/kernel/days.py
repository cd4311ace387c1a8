"""Days as people write them: 2026-03-31, 31.03.2026, a month or a quarter for its last day, and the
words today and yesterday."""

import re
from calendar import monthrange
from datetime import date, timedelta

from ledger.kernel.errors import BadInstant

EXPECTED = "Write a day such as 2026-03-31, 31.03.2026, 2026-03, 2026q1, today or yesterday."
_YEAR_FIRST = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", re.ASCII)
_DAY_FIRST = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})", re.ASCII)
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})", re.ASCII)
_QUARTER = re.compile(r"([0-9]{4})-?[qQ]([1-4])", re.ASCII)


_SAID = (
    ("day", "its month has no such day"),
    ("month", "months are 1 to 12"),
    ("year", "years are 1900 to 9999"),
    ("date", "it is the last that there is"),
    ("hour", "hours are 00 to 23"),
    ("minute", "minutes are 00 to 59"),
    ("second", "seconds are 00 to 59"),
    ("offset", "an offset is less than 24 hours"),
)
"""The start of each message of Python's calendar, and the same in plain words."""


def is_day(text: str) -> bool:
    """Whether a text means a day rather than an instant."""
    if text.lower() in ("today", "yesterday"):
        return True
    return any(form.fullmatch(text) for form in (_YEAR_FIRST, _DAY_FIRST, _MONTH, _QUARTER))


def parse_day(text: str, today: date) -> date:
    """The day that a text means; for a month or a quarter its last one.

    Raises `BadInstant` otherwise, also for forms that could be two days, such as 3/4/2026.
    """
    match text.lower():
        case "today":
            return today
        case "yesterday":
            return today - timedelta(days=1)
    try:
        if match := _YEAR_FIRST.fullmatch(text):
            year, month, day = map(int, match.groups())
            return date(year, month, day)
        if match := _DAY_FIRST.fullmatch(text):
            day, month, year = map(int, match.groups())
            return date(year, month, day)
        if match := _MONTH.fullmatch(text):
            return _last_day(*map(int, match.groups()))
        if match := _QUARTER.fullmatch(text):
            year, quarter = map(int, match.groups())
            return _last_day(year, quarter * 3)
    except ValueError as error:
        sentence = f"{text!r} is not a day: {in_words(error)}."
        raise BadInstant(sentence, EXPECTED, found=text) from None
    raise BadInstant(f"{text!r} is not a day.", EXPECTED, found=text)


def in_words(error: Exception) -> str:
    """The calendar's error about numbers that are no day or time, in plain words."""
    message = str(error)
    return next((sentence for begins, sentence in _SAID if message.startswith(begins)), message)


def _last_day(year: int, month: int) -> date:
    if not 1 <= month <= 12:
        raise ValueError("month must be in 1 to 12")
    return date(year, month, monthrange(year, month)[1])
