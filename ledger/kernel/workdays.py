"""Working days of the People's Republic of China, with the make-up days of each year.

Used only when terms are published: the resulting deadline is recorded in the terms, so that a
later change of the calendar does not move it.
"""

from datetime import date, timedelta

from ledger.kernel.errors import BadTerms


def rest_days(first: date, last: date) -> list[date]:
    """The rest days of China from `first` to `last`, both included.

    Weekends and public holidays are rest days, make-up days at weekends are not. Source: the
    State Council's yearly notice, as kept by the package `holidays` (country CN). Raises
    `BadTerms` for years that the package does not know yet.
    """
    from holidays.countries.china import China, ChinaStaticHolidays
    from holidays.holiday_base import HolidayBase

    if first.year < China.start_year or last.year > max(
        ChinaStaticHolidays.special_public_holidays
    ):
        raise BadTerms(f"The working days of {first.year} to {last.year} are not known.")
    calendar: HolidayBase = China(years=range(first.year, last.year + 1))  # type: ignore[no-untyped-call]
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if not calendar.is_working_day(day)]


def add_working_days(day: date, count: int) -> date:
    """The `count`-th working day, counted from the day after `day`.

    Raises `BadTerms` where it falls in or after a year that is not known yet.
    """
    resting: set[date] = set()
    year = 0
    while count:
        day += timedelta(days=1)
        if day.year != year:
            year = day.year
            resting = set(rest_days(day, date(year, 12, 31)))
        count -= day not in resting
    return day
