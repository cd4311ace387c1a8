"""Working days of China, with holidays and the make-up days at weekends."""

from datetime import date, timedelta

import pytest

from ledger.kernel.errors import BadTerms
from ledger.kernel.workdays import add_working_days, rest_days


def test_thirty_working_days_after_the_growth_term_end_on_11_september() -> None:
    """From 2026-07-31, which is not counted itself, over weekends only."""
    assert date(2026, 9, 11) == add_working_days(date(2026, 7, 31), 30)


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 7, 31), 0, date(2026, 7, 31)),
        (date(2026, 7, 31), 1, date(2026, 8, 3)),
        (date(2026, 8, 3), 5, date(2026, 8, 10)),
        (date(2026, 8, 1), 1, date(2026, 8, 3)),
    ],
)
def test_counting_begins_on_the_day_after(day: date, count: int, expected: date) -> None:
    """A Friday's first working day is Monday, also where one asks on Saturday."""
    assert expected == add_working_days(day, count)


def test_national_day_is_a_week_of_rest() -> None:
    """1 to 7 October 2026: the first working day after 30 September is the 8th."""
    week = [date(2026, 10, 1) + timedelta(days=n) for n in range(7)]
    assert week == rest_days(date(2026, 10, 1), date(2026, 10, 8))
    assert date(2026, 10, 8) == add_working_days(date(2026, 9, 30), 1)


def test_a_make_up_day_at_a_weekend_is_worked() -> None:
    """Sunday 4 January 2026 is worked for Friday the 2nd, which rests; Saturday the 3rd rests."""
    rest = rest_days(date(2026, 1, 1), date(2026, 1, 5))
    assert [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)] == rest
    assert date(2026, 1, 4).weekday() == 6


def test_spring_festival_rests_and_is_made_up_for() -> None:
    """In 2026 from 15 to 23 February; Saturdays 14 and 28 February are worked."""
    rest = rest_days(date(2026, 2, 14), date(2026, 2, 28))
    assert [date(2026, 2, 15) + timedelta(days=n) for n in range(9)] == rest[:9]
    assert date(2026, 2, 14) not in rest
    assert date(2026, 2, 28) not in rest


def test_the_days_asked_for_are_all_of_them() -> None:
    """First and last inside, in order, over the turn of a year."""
    rest = rest_days(date(2025, 12, 31), date(2026, 1, 1))
    assert [date(2026, 1, 1)] == rest
    assert rest_days(date(2026, 1, 5), date(2026, 1, 5)) == []


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2090, 1, 1), date(2090, 1, 31)),
        (date(2026, 1, 1), date(2090, 1, 1)),
        (date(1900, 1, 1), date(1900, 1, 31)),
    ],
)
def test_years_whose_holidays_nobody_announced_are_refused(first: date, last: date) -> None:
    """A calendar is never guessed: the refusal names the years."""
    with pytest.raises(BadTerms, match=f"{first.year} to {last.year}"):
        rest_days(first, last)


def test_a_count_that_reaches_into_unknown_years_is_refused() -> None:
    """Also where the first days are known."""
    with pytest.raises(BadTerms):
        add_working_days(date(2026, 12, 1), 5000)
