"""The days that a run is about: an edition's whole term, or one month of it."""

import re
from calendar import monthrange
from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import NamedTuple

from ledger.kernel.errors import WrongPeriod
from ledger.kernel.instants import LATEST, Instant, day_of
from ledger.kernel.period import Days, Span, in_days
from ledger.programs.edition import Edition

MONTH = re.compile(r"(?P<year>2[01][0-9]{2})-(?P<month>0[1-9]|1[0-2])", re.ASCII)
"""A month within the years that terms may cover."""
_MEANT = (
    re.compile(r"(?P<year>[0-9]{4})[-/.]?(?P<month>[0-9]{1,2})(?:[-/.][0-9]{1,2})?", re.ASCII),
    re.compile(r"(?P<month>[0-9]{1,2})[-/.](?P<year>[0-9]{4})", re.ASCII),
)
"""Other ways to write a month, or a day of it."""
TERMS_END = date(2199, 12, 31)
"""The last day of any terms, and so of any month."""


def whole_term(edition: Edition, period: str | None) -> Span:
    """The term of an edition that settles as a whole. Raises `WrongPeriod` for a month."""
    if period is not None:
        raise WrongPeriod(
            f"{edition.program} settles its whole term; found the period {period!r}.",
            f"Leave the period out: {edition.program}",
        )
    return edition.span


def term_end(edition: Edition, period: str | None) -> Instant:
    """The end of a term that settles as a whole."""
    return edition.window.end


def month_end(edition: Edition, period: str | None) -> Instant:
    """The end of the month. Raises `WrongPeriod` without one: only months are closed."""
    return month(edition, period).window.end


def month_or_all(edition: Edition, period: str | None) -> Span:
    """The days of a month, or without one all of the edition's. Raises `WrongPeriod`."""
    return edition.span if period is None else month(edition, period)


def month_and_subject(rest: str) -> tuple[str | None, str]:
    """Month and subject of a line named `PROGRAM/2020-05/SUBJECT`, given without its program."""
    period, slash, subject = rest.partition("/")
    return (period, subject) if slash else (None, rest)


def month_and_first(rest: str) -> tuple[str | None, str]:
    """Month and subject of a line named `PROGRAM/2020-05/SUBJECT/MORE`, given without its program
    and possibly cut short."""
    first, slash, others = rest.partition("/")
    if slash and MONTH.fullmatch(first):
        return first, others.partition("/")[0]
    return None, first


def month(edition: Edition, period: str | None) -> Days:
    """The days of a month, written `2020-05`, that lie within an edition's dates.

    Raises `WrongPeriod` where none is given, for a text that is not a month, and for a month
    wholly outside the edition's dates.
    """
    example = f"{edition.program} {month_of(edition.first)}"
    if period is None:
        raise WrongPeriod(
            f"{edition.program} settles by month; no month was given.", f"Name it: {example}"
        )
    match = MONTH.fullmatch(period)
    if match is None:
        example = f"{edition.program} {month_meant(period) or month_of(edition.first)}"
        raise WrongPeriod(
            f"{edition.program} settles by month; found the period {period!r}.",
            f"Write a month as {example}",
        )
    year, number = int(match["year"]), int(match["month"])
    first = max(date(year, number, 1), edition.first)
    last = date(year, number, monthrange(year, number)[1])
    last = min(last, edition.last or last)
    if last < first:
        raise WrongPeriod(
            f"{period} is outside {edition.program}, in force {in_days(edition.span)}.",
            f"Name a month of it: {example}",
        )
    return Days(first, last, edition.zone)


def month_meant(text: str) -> str | None:
    """The month meant by a text in another form than `2020-05`; None where there is none."""
    for form in _MEANT:
        if match := form.fullmatch(text.strip()):
            month = f"{match['year']}-{int(match['month']):02}"
            return month if MONTH.fullmatch(month) else None
    return None


def month_of(day: date) -> str:
    """The month of a day, as periods are written: `2020-05`."""
    return day.isoformat()[:7]


def months_begun(edition: Edition, first: Instant, as_of: Instant) -> list[str]:
    """The edition's months, from the month of `first` on, that have begun at as-of, in order."""
    day = max(day_of(first, edition.zone), edition.first)
    last = day_of(min(as_of, LATEST), edition.zone)
    last = min(last, edition.last or TERMS_END)
    months = []
    while day <= last:
        months.append(month_of(day))
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return months


class Periods(NamedTuple):
    """How an edition settles: as a whole, or month by month."""

    days_of: Callable[[Edition, str | None], Span]
    """The days that a run covers; raises `WrongPeriod`."""
    settles_until: Callable[[Edition, str | None], Instant]
    """The instant from which a run is no longer provisional; raises `WrongPeriod` without a month
    where only months are closed."""
    by_month: bool

    @property
    def all_at_once(self) -> bool:
        """Whether a run may cover all days of an edition together."""
        return self.days_of is not month


WHOLE_TERM = Periods(whole_term, term_end, by_month=False)
BY_MONTH = Periods(month, month_end, by_month=True)
MONTH_OR_ALL = Periods(month_or_all, month_end, by_month=True)
"""A run may cover all months together; only single months are closed."""


def month_asked(
    period: str | None, subjects: Collection[str] | None, instants: Sequence[Instant], zone: str
) -> str | None:
    """The month of a run: the one asked for or, for subjects without one, that of the only instant
    among theirs."""
    if period is None and subjects is not None and len(instants) == 1:
        return month_of(day_of(instants[0], zone))
    return period
