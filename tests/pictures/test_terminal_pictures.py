"""Bars and sparklines of a terminal: zero looks like zero, and below zero like neither."""

from decimal import Decimal

import pytest

from projections.pictures.terminal import bar, sparkline

MOST = Decimal(100)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("100", "██████████"),
        ("55", "█████▌"),
        ("54.99", "█████▍"),
        ("0.01", "▏"),
        ("0", ""),
        ("-0.01", "░"),
        ("-55", "░░░░░"),
        ("-100", "░░░░░░░░░░"),
    ],
)
def test_a_bar_is_as_long_as_its_size_and_below_zero_of_another_texture(
    value: str, shown: str
) -> None:
    """Rounded down to an eighth of a character; nothing for zero, something for all else."""
    assert bar(Decimal(value), MOST, 10) == shown


def test_there_is_no_bar_where_nothing_is_above_zero() -> None:
    """Nothing is a share of nothing."""
    assert bar(Decimal(5), Decimal(0), 10) == ""


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7, 8], "·▁▂▃▄▅▆▇█"),
        (["0.01", "1000000"], "▁█"),
        ([1, None, 0, 1], "█ ·█"),
        ([8, -1, -8], "█▔▀"),
        (["3.99", "-4", "8"], "▄▀█"),
        ([0, 0], "··"),
        ([None], " "),
        ([], ""),
    ],
)
def test_a_sparkline_has_a_mark_for_each_value(values: list[object], shown: str) -> None:
    """Heights are rounded up, so that only zero is a dot; what is below zero hangs; None is
    blank."""
    exact = [None if value is None else Decimal(str(value)) for value in values]
    assert sparkline(exact) == shown
