"""Times as exports write them: formats, numbers, zones behind them or beside them, or refused."""

from pathlib import Path

import pytest

from ledger.intake.tables.mappings import mapping_named, parsed
from tests.mapping_files import compared, orders, said_of
from tests.mapping_files import written as files_written
from tests.platform_files import read_orders

MAPPING = """
[columns]
order_id = "Order"
created_at = {{ header = "Created"{0} }}
amount = {{ constant = "1.00" }}
currency = {{ constant = "USD" }}
"""


@pytest.mark.parametrize(
    ("written", "said", "instant"),
    [
        ('"Nov 3, 2025 10:00:00 AM PST"', 'formats = "%b %d, %Y %I:%M:%S %p %Z"', "18:00"),
        ("2025/11/03 10:00:00JST", 'formats = "%Y/%m/%d %H:%M:%S%Z"', "01:00"),
        ("3 nov 2025 10:00:00 GMT-8", 'formats = "%d %b %Y %H:%M:%S %Z"', "18:00"),
        ("3 Nov 2025 10:00:00 GMT+05:30", 'formats = "%d %b %Y %H:%M:%S %Z"', "04:30"),
        ("3 Nov 2025 10:00 UTC+8", 'formats = "%d %b %Y %H:%M %Z"', "02:00"),
        (
            "3 Nov 2025 10:00 CST",
            'formats = "%d %b %Y %H:%M %Z", zone = { words = { CST = "-06:00" } }',
            "16:00",
        ),
        (
            "3 de novembro de 2025 10:00 hs.",
            'formats = "%d/%m/%Y %H:%M hs.", replace = { " de novembro de " = "/11/" },'
            ' zone = "America/Sao_Paulo"',
            "13:00",
        ),
        ("2025-11-03 10:00:00 -0400", "", "14:00"),
        ("1762164000", 'formats = "epoch"', "10:00"),
        ("1762164000123", 'formats = "epoch_ms"', "10:00"),
        ("45964.416666666664", 'formats = "serial", zone = "UTC"', "10:00"),
        ("11/03/25 10:00", 'formats = "%m/%d/%y %H:%M", zone = "UTC"', "10:00"),
    ],
)
def test_a_time_is_read_as_the_mapping_says(
    tmp_path: Path, written: str, said: str, instant: str
) -> None:
    """Each of these is an hour of 3 November 2025."""
    mapping = MAPPING.format(f", {said}" if said else "")
    found = orders(tmp_path, f"Order,Created\n1,{written}\n", mapping)
    assert found.faults == []
    assert found.orders == [("1", "1.00 USD", f"2025-11-03T{instant}:00Z")]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("3 Nov 2025 10:00 CST", 'formats = "%d %b %Y %H:%M %Z"'),
        ("1762164000000", 'formats = "epoch"'),
        ("1762164000", 'formats = "epoch_ms"'),
        ("45964.41", 'formats = "serial"'),
        ("1762164000", ""),
    ],
)
def test_a_time_that_could_be_another_is_refused(tmp_path: Path, written: str, said: str) -> None:
    """Seconds are no milliseconds, and CST is of several places."""
    mapping = MAPPING.format(f", {said}" if said else "")
    found = orders(tmp_path, f"Order,Created\n1,{written}\n", mapping)
    assert found.orders == []
    assert [(row, cell) for row, _, cell in found.faults] == [(2, written)]


def test_the_year_25_is_none(tmp_path: Path) -> None:
    """Years of two digits are written `%y`."""
    content = "Order,Created\n1,11/03/25 10:00\n"
    mapping = MAPPING.format(', formats = "%m/%d/%Y %H:%M", zone = "UTC"')
    assert [code for _, code, _ in orders(tmp_path, content, mapping).faults] == ["invalid_field"]
    days = mapping.replace("created_at", "created")
    said = said_of(compared, tmp_path, content, days)
    assert "found '11/03/25 10:00', expected a day written as %m/%d/%Y" in said


def test_the_zone_of_a_row_that_nobody_knows_is_shown(tmp_path: Path) -> None:
    """With the time, so that it is seen what the mapping has to say."""
    mapping = MAPPING.format(', zone = { header = "Zone", words = { "Berlin" = "Europe/Berlin" } }')
    content = "Order,Created,Zone\n1,2025-11-03 10:00,Berlin\n2,2025-11-03 10:00,Rome\n"
    found = orders(tmp_path, content, mapping)
    assert found.orders == [("1", "1.00 USD", "2025-11-03T09:00:00Z")]
    assert found.faults == [(3, "invalid_field", "2025-11-03 10:00 Rome")]


def test_two_formats_by_which_a_text_is_two_days_are_refused() -> None:
    """03/11 is of March or of November: a mapping says which."""
    text = 'name = "m"\nfor = "orders"\n' + MAPPING.format(
        ', formats = ["%d/%m/%Y", "%m/%d/%Y"], zone = "UTC"'
    )
    assert "two days" in said_of(parsed, text, "m.toml")


def test_hours_of_half_a_day_need_to_say_of_which() -> None:
    """Ten o'clock by `%I` alone is morning or evening."""
    text = 'name = "m"\nfor = "orders"\n' + MAPPING.format(', formats = "%d/%m/%Y %I:%M"')
    assert "without %p" in said_of(parsed, text, "m.toml")


def test_the_day_of_a_time_is_the_one_that_is_written_or_that_of_the_zone_said(
    tmp_path: Path,
) -> None:
    """Half past eleven at night in New York is of the next day in Shanghai."""
    mapping = """
[columns]
order_id = "Order"
id = "Order"
amount = "Fee"
currency = { constant = "USD" }
created = { header = "Created", formats = "%%Y-%%m-%%d %%H:%%M:%%S %%z"%s }
[rows]
only = { Fee = "1" }
"""
    content = "Order,Fee,Created\n1,2,2025-11-03 23:30:00 -0400\n"
    days = []
    for said in ("", ', zone = "Asia/Shanghai"'):
        path, profile = files_written(tmp_path, content, mapping % said, "reconcile", "f.csv")
        assert mapping_named(profile) is not None
        days += [one["created"] for one in read_orders(path, profile, "S-1").other]
    assert days == ["2025-11-03", "2025-11-04"]
