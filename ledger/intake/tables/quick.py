"""The fast path for cells written as nearly all of a file are; all others are read the long way.

Whatever passes here reads the same the long way, and is checked again by the caller.
"""

from collections.abc import Mapping

from ledger.intake.tables.mapping import OTHERS
from ledger.kernel.duck import literal

_SHORT = "DECIMAL(15, 2)"


def point(cell: str, decimal: str) -> str:
    """A cell with a point before its decimals."""
    return cell if decimal == "." else f"replace({cell}, {literal(decimal)}, '.')"


def amount(
    cell: str,
    with_point: str,
    decimal: str,
    thousands: str | None,
    default: str | None,
    slow: str,
) -> str:
    """An amount of two decimals, without thousands marks and without a unit, in SQL."""
    other_mark = "." if decimal != "." else thousands
    # what reads back as the same text is digits, a point and two decimals, and nothing else
    tests = [f"TRY_CAST({with_point} AS {_SHORT})::VARCHAR = {with_point}"]
    tests += [f"NOT contains({cell}, {literal(other_mark)})"] if other_mark else []
    blank = f"WHEN {cell} IS NULL THEN {literal(default)} " if default is not None else ""
    return f"CASE {blank}WHEN {' AND '.join(tests)} THEN {with_point} ELSE {slow} END"


def word(cell: str, words: Mapping[str, str], slow: str) -> str:
    """A word of a platform's that is written as the mapping writes it."""
    whens = " ".join(
        f"WHEN {literal(text)} THEN {literal(meant)}"
        for text, meant in words.items()
        if text != OTHERS
    )
    if OTHERS in words:
        # a cell that begins with a sign and does not hold one of the words is none of them
        listed = [word.strip().lower() for word in words if word != OTHERS]
        others = " AND ".join(f"NOT contains(lower({cell}), {literal(text)})" for text in listed)
        sign = f"{cell} >= '!' AND {cell} < chr(127)"
        meant = literal(words[OTHERS])
        slow = f"CASE WHEN {sign}{f' AND {others}' if others else ''} THEN {meant} ELSE {slow} END"
    return f"CASE {cell} {whens} ELSE {slow} END" if whens else slow
