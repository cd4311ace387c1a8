"""Instants: only with a zone, whole microseconds, days in a zone."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel import instants
from ledger.kernel.errors import BadInstant, NoZone
from ledger.kernel.instants import (
    day_of,
    format_instant,
    instant_of,
    midnight,
    parse_day_end_or_instant,
    parse_instant,
)

SHANGHAI = "Asia/Shanghai"
SECOND = 1_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T08:00:00+08:00", 0),
        ("1969-12-31T19:00:00-05:00", 0),
        ("1970-01-01T00:00Z", 0),
        ("1970-01-01T05:45+05:45", 0),
        ("1970-01-01T00:00:01Z", SECOND),
        ("1970-01-01T00:00:00.5Z", SECOND // 2),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2026-01-10T09:00:00+08:00", 1_768_006_800 * SECOND),
    ],
)
def test_an_instant_is_read_with_its_offset_to_the_microsecond(text: str, expected: int) -> None:
    """Offset or `Z`, with or without seconds and fractions: one number for one moment."""
    assert expected == parse_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-01-10 09:00:00+08:00", "2026-01-10T09:00:00+0800", "2026-01-10 09:00:00+08"),
        *("2026-01-10T09:00:00 +0800", "2026-01-10 01:00:00Z", "2026-01-10 01:00 Z"),
        *("2026-01-09 21:00:00 -0400", "2026-01-10T09:00:00.000000999+08:00"),
        "2026-01-10 09:00:00.000000 +08:00",
    ],
)
def test_an_instant_is_read_as_databases_and_libraries_write_it(text: str) -> None:
    """pandas, PostgreSQL, DuckDB, Java and PHP: day, time and zone are without doubt."""
    assert parse_instant(text) == parse_instant("2026-01-10T09:00:00+08:00")


@pytest.mark.parametrize(
    "text", ["2026-01-10T09:00:00", "2026-01-10 09:00", "2026-01-10T09:00:00.5"]
)
def test_an_instant_without_a_zone_is_refused(text: str) -> None:
    """It could be any of two dozen moments; the hint shows how to write it."""
    with pytest.raises(NoZone) as refused:
        parse_instant(text)
    assert "+08:00" in refused.value.hint
    assert text == refused.value.facts["found"]


@pytest.mark.parametrize(
    "found",
    [
        *(1_768_006_800, 1_768_006_800.5, "1768006800", "1768006800000", None, True),
        *("2026-01-10", "2026-01-10Z", "10.01.2026 09:00", "2026-01-10  09:00:00+08:00", ""),
        *("2026-01-10T09:00:00+080", "2026-01-10T09:00:00+8", "2026-01-10T09:00:00  Z"),
        *("2026-01-10T09:00200Z", "2026-01-10T09:00:00.1234567890Z", "2026-01-10_09:00:00Z"),
        *("2026-01-10T09:00:00z", "2026-01-10t09:00:00Z", "2026-W02-6T09:00:00Z"),
        *("2026-01-10T09:00:00.Z", "2026-01-10T09:00:00Z\n", "20260110T090000Z"),
        *("2026-01-10T09:00:00+08:00[Asia/Shanghai]", "+12026-01-10T09:00:00Z", "now"),
        "２０２６-01-10T09:00:00Z",
    ],
)
def test_what_is_not_an_instant_is_refused(found: object) -> None:
    """Unix timestamps, dates without a time, other notations: refused, and not as `NoZone`."""
    with pytest.raises(BadInstant) as refused:
        parse_instant(found)
    assert BadInstant is type(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-02-30T09:00:00Z", "2026-13-01T09:00:00Z", "2026-01-10T25:00:00Z"),
        *("2026-01-10T09:60:00Z", "2026-01-10T09:00:61Z", "2026-01-10T09:00:00+25:00"),
        "0000-01-01T00:00:00Z",
    ],
)
def test_a_moment_that_no_calendar_has_is_refused(text: str) -> None:
    """The shape alone does not make an instant."""
    with pytest.raises(BadInstant, match="is not an instant"):
        parse_instant(text)


@pytest.mark.parametrize(
    "text", ["1899-12-31T23:59:59Z", "1900-01-01T00:00:00+08:00", "0001-01-01T00:00:00+08:00"]
)
def test_an_instant_before_1900_is_a_mistake(text: str) -> None:
    """A year of two digits, or a date that a spreadsheet made from nothing."""
    with pytest.raises(BadInstant, match="is outside 1900 to 9999"):
        parse_instant(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-10T09:00:00+08:00", "2026-01-10T01:00:00Z"),
        ("1900-01-01T00:00:00Z", "1900-01-01T00:00:00Z"),
        ("2026-01-10T01:00Z", "2026-01-10T01:00:00Z"),
        ("2026-01-10T01:00:00.250Z", "2026-01-10T01:00:00.250000Z"),
        ("2026-01-10T01:00:00.000Z", "2026-01-10T01:00:00Z"),
        ("2026-01-01T00:30:00+08:00", "2025-12-31T16:30:00Z"),
    ],
)
def test_an_instant_is_written_in_utc(text: str, expected: str) -> None:
    """One moment has one text; fractions only where there are any."""
    assert expected == format_instant(parse_instant(text))


@given(st.datetimes(min_value=datetime(1901, 1, 1), max_value=datetime(9999, 12, 30)))
def test_what_is_written_reads_back_as_the_same_instant(moment: datetime) -> None:
    """Nothing is lost between an instant and its text."""
    instant = instant_of(moment.replace(tzinfo=UTC))
    assert instant == parse_instant(format_instant(instant))


def test_the_day_of_an_instant_is_that_of_the_zone() -> None:
    """17:42 UTC on New Year's Eve is New Year's Day in Shanghai."""
    instant = parse_instant("2025-12-31T17:42:09Z")
    assert date(2026, 1, 1) == day_of(instant, SHANGHAI)
    assert date(2025, 12, 31) == day_of(instant, "UTC")
    assert date(2025, 12, 31) == day_of(instant, "Europe/Berlin")


@pytest.mark.parametrize(
    "zone",
    [SHANGHAI, "UTC", "Europe/Berlin", "America/Havana", "America/Sao_Paulo", "Asia/Beirut"],
)
def test_midnight_is_the_first_instant_of_its_day(zone: str) -> None:
    """Also where clocks are changed at midnight: the instant before belongs to another day."""
    first = date(2018, 1, 1)
    for day in (first + timedelta(days=n) for n in range(366)):
        assert day == day_of(midnight(day, zone), zone)
        assert day > day_of(midnight(day, zone) - 1, zone)


NOON = parse_instant("2026-11-21T12:00:00Z")


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-06-30", SHANGHAI, "2026-06-30T16:00:00Z"),
        ("2026-06-30", "UTC", "2026-07-01T00:00:00Z"),
        ("2026-02-28", "UTC", "2026-03-01T00:00:00Z"),
        ("2025-12-31", SHANGHAI, "2025-12-31T16:00:00Z"),
        ("2026-06-30T00:00:00+08:00", "UTC", "2026-06-29T16:00:00Z"),
        ("30.06.2026", "UTC", "2026-07-01T00:00:00Z"),
        ("2026-6-30", "UTC", "2026-07-01T00:00:00Z"),
        ("2026-06", "UTC", "2026-07-01T00:00:00Z"),
        ("2024-02", "UTC", "2024-03-01T00:00:00Z"),
        ("2026q2", SHANGHAI, "2026-06-30T16:00:00Z"),
        ("2026-Q4", "UTC", "2027-01-01T00:00:00Z"),
        ("today", SHANGHAI, "2026-11-21T16:00:00Z"),
        ("Yesterday", "Pacific/Kiritimati", "2026-11-21T10:00:00Z"),
    ],
)
def test_a_date_means_that_its_day_is_over(text: str, zone: str, expected: str) -> None:
    """The next midnight in the zone, of a month or a quarter that after its last day; an instant
    is itself, whatever the zone."""
    assert expected == format_instant(parse_day_end_or_instant(text, zone, NOON))


@pytest.mark.parametrize("text", ["2026-02-30", "2026-00-01", "9999-12-31", "2026-13", "30/6/2026"])
def test_a_date_that_is_none_is_refused(text: str) -> None:
    """Also the last day of the calendar, which no midnight ends."""
    with pytest.raises(BadInstant):
        parse_day_end_or_instant(text, SHANGHAI, NOON)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["2026-03-07", "2026-03-08", "1900-01-01"]),
            st.integers(0, 25),
            st.integers(0, 61),
            st.integers(0, 61),
            st.sampled_from(
                ["", "Z", "+08:00", "-00:30", "+0800", "+08", ".5Z", "+24:00", "+08:60"]
            ),
        ),
        max_size=8,
    )
)
def test_an_instant_is_read_the_same_after_others_of_its_hour(
    parts: list[tuple[str, int, int, int, str]],
) -> None:
    """Hours that were read before are remembered; what is no instant is refused all the same."""
    for day, hour, minute, second, offset in parts:
        text = f"{day}T{hour:02}:{minute:02}:{second:02}{offset}"
        expected = answer_of(instants._parsed, text)
        assert answer_of(parse_instant, text) == expected
        assert answer_of(parse_instant, text) == expected


def answer_of(read: Callable[[object], int], text: str) -> int | tuple[type, str]:
    """The instant, or the refusal and its sentence."""
    try:
        return read(text)
    except BadInstant as refusal:
        return type(refusal), refusal.sentence


def test_the_day_after_midnight_is_no_hour_of_the_day_before() -> None:
    """Where 24:00 is an instant, 24:30 still is none."""
    for text in ("2026-03-07T00:30:00Z", "2026-03-07T24:00:00Z", "2026-03-07T24:30:00Z"):
        assert answer_of(parse_instant, text) == answer_of(instants._parsed, text)


def test_the_first_instant_lies_within_an_hour_of_some_zone() -> None:
    """What is before 1900 in UTC is refused, also after a later minute of its hour."""
    texts = ("2026-01-01T00:15:00Z", "1900-01-01T00:45:00+00:30", "1900-01-01T00:15:00+00:30")
    for text in texts:
        assert answer_of(parse_instant, text) == answer_of(instants._parsed, text)


def test_remembered_hours_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with the instants of centuries takes no more memory than one of some years."""
    monkeypatch.setattr(instants, "_HOURS_MAX", 10)
    instants._hours.clear()
    for day in range(1, 29):
        parse_instant(f"2026-03-{day:02}T09:00:00Z")
    assert len(instants._hours) <= 10
