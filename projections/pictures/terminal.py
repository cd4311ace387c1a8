"""Bars of block characters, for tables on a terminal."""

from decimal import Decimal

EIGHTHS = " ▏▎▍▌▋▊▉█"


def bar(value: Decimal, most: Decimal, width: int) -> str:
    """A bar of so many characters for the greatest value; nothing for zero or below.

    Rounded down to an eighth of a character, but never to nothing for what is above zero.
    """
    if value <= 0 or most <= 0:
        return ""
    eighths = max(1, int(value * width * 8 / most))
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (EIGHTHS[rest] if rest else "")
