"""Windows and the counting of days, after the worked examples of the rules."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.instants import day_of, parse_instant
from ledger.kernel.period import Days, Window, days_from

SHANGHAI = "Asia/Shanghai"
ONBOARDED = parse_instant("2026-01-10T09:00:00+08:00")


def test_the_day_of_an_act_is_day_zero() -> None:
    """Onboarded on 10 January, day 30 is 9 February, whole."""
    days = days_from(ONBOARDED, 30, SHANGHAI)
    assert Days(date(2026, 1, 10), date(2026, 2, 9), SHANGHAI) == days
    assert parse_instant("2026-02-10T00:00:00+08:00") == days.window.end


@pytest.mark.parametrize(
    ("sale", "inside"),
    [
        ("2026-01-09T23:59:59.999999+08:00", False),
        ("2026-01-10T00:00:00+08:00", True),
        ("2026-02-09T23:59:00+08:00", True),
        ("2026-02-09T23:59:59.999999+08:00", True),
        ("2026-02-10T00:00:00+08:00", False),
        ("2026-02-10T00:30:00+09:00", True),
    ],
)
def test_day_thirty_counts_whole_and_day_thirty_one_not_at_all(sale: str, inside: bool) -> None:
    """Asked of the instant or of its day in the zone, the answer is the same."""
    days = days_from(ONBOARDED, 30, SHANGHAI)
    instant = parse_instant(sale)
    assert inside == (instant in days.window)
    assert inside == (day_of(instant, SHANGHAI) in days)


@pytest.mark.parametrize("act", ["2026-01-10T00:00:00+08:00", "2026-01-10T23:59:59.999999+08:00"])
def test_the_hour_of_an_act_does_not_matter(act: str) -> None:
    """Days are counted, not hours."""
    assert days_from(ONBOARDED, 30, SHANGHAI) == days_from(parse_instant(act), 30, SHANGHAI)


def test_a_count_of_no_days_is_the_day_of_the_act() -> None:
    """Within 0 days of an act is until the end of its day."""
    days = days_from(ONBOARDED, 0, SHANGHAI)
    assert (date(2026, 1, 10), date(2026, 1, 10)) == (days.first, days.last)


def test_days_over_a_change_of_clocks_are_calendar_days() -> None:
    """In Berlin the 29th of March 2026 has 23 hours and is one day."""
    days = days_from(parse_instant("2026-03-28T12:00:00+01:00"), 1, "Europe/Berlin")
    assert date(2026, 3, 29) == days.last
    assert parse_instant("2026-03-30T00:00:00+02:00") == days.window.end
    assert days.window.end - days.window.start == 47 * 3600 * 1_000_000


def test_a_window_includes_its_start_and_not_its_end() -> None:
    """Two windows that follow each other share no instant and leave none out."""
    window = Window(10, 20)
    assert [at in window for at in (9, 10, 19, 20)] == [False, True, True, False]
    assert not any(at in Window(10, 10) for at in (9, 10, 11))
    assert "10" not in window


def test_a_quarter_is_its_days_in_the_zone() -> None:
    """The first quarter in Shanghai begins and ends eight hours before that in UTC."""
    window = Days(date(2026, 1, 1), date(2026, 3, 31), SHANGHAI).window
    assert parse_instant("2025-12-31T16:00:00Z") == window.start
    assert parse_instant("2026-03-31T16:00:00Z") == window.end


def test_a_last_day_of_rest_rolls_over_to_the_next_day_that_is_none() -> None:
    """PRC Civil Code art. 203: over a whole holiday, where the terms say so."""
    rest = {date(2026, 2, 9), date(2026, 2, 10), date(2026, 2, 12)}
    assert date(2026, 2, 11) == days_from(ONBOARDED, 30, SHANGHAI, rest).last
    assert date(2026, 2, 9) == days_from(ONBOARDED, 30, SHANGHAI).last
    assert date(2026, 2, 9) == days_from(ONBOARDED, 30, SHANGHAI, ()).last


def test_days_of_rest_within_the_count_do_not_lengthen_it() -> None:
    """Only the last day rolls over; the days before are counted as they come."""
    rest = [date(2026, 1, 11) + timedelta(days=n) for n in range(20)]
    assert date(2026, 2, 9) == days_from(ONBOARDED, 30, SHANGHAI, rest).last


@given(
    st.integers(min_value=0, max_value=2**52),
    st.integers(min_value=0, max_value=366),
    st.sampled_from([SHANGHAI, "UTC", "Europe/Berlin", "America/New_York"]),
)
def test_an_act_lies_within_its_own_days(act: int, count: int, zone: str) -> None:
    """On day 0 of them; and they are one more than were counted."""
    days = days_from(act, count, zone)
    assert act in days.window
    assert day_of(act, zone) == days.first
    assert count == (days.last - days.first).days
