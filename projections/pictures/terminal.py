"""Bars and sparklines of block characters, for tables on a terminal.

A picture stands beside the figures that it is made of and says nothing that they do not; it is
rounded, they are not.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal

EIGHTHS = " ▏▎▍▌▋▊▉█"
BELOW = "░"
"""A cell of a bar below zero: another texture, so that no colour is needed to tell it apart."""
LEVELS = "▁▂▃▄▅▆▇█"
ZERO = "·"
"""Zero in a sparkline: no block, so that it cannot be taken for a small value."""
NOTHING = " "
"""Where a series has no figure."""
HANGING = "▔▀"
"""Below zero in a sparkline, where marks hang: less than half of the greatest size, and more."""


def bar(value: Decimal, most: Decimal, width: int) -> str:
    """A bar of so many characters for the greatest size, `most`; nothing for zero.

    Above zero it is rounded down to an eighth of a character, but never to nothing. Below zero it
    is as long as the size, in whole characters of another texture.
    """
    if value == 0 or most <= 0:
        return ""
    if value < 0:
        return BELOW * max(1, int(-value * width / most))
    eighths = max(1, int(value * width * 8 / most))
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (EIGHTHS[rest] if rest else "")


def sparkline(values: Sequence[Decimal | None]) -> str:
    """A series as one character a value, from zero to the greatest size in eighths, rounded up.

    Zero is a dot, below zero a mark hangs from the top, and of None nothing is shown.
    """
    most = max((abs(value) for value in values if value is not None), default=Decimal(0))
    return "".join(_level(value, most) for value in values)


def _level(value: Decimal | None, most: Decimal) -> str:
    if value is None:
        return NOTHING
    if value == 0:
        return ZERO
    if value < 0:
        return HANGING[-value * 2 >= most]
    return LEVELS[int((value * 8 / most).to_integral_value(ROUND_CEILING)) - 1]
