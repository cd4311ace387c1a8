"""Cells in SQL: what several readers of tables say of them."""

from typing import NamedTuple

BLANKS = " \t\r\n\u00a0\u3000"
"""What may stand around a cell: also the blanks of word processors and of Chinese text."""
ISO_LOCAL = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]"
    r"(?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
)
"""A time of some zone that the text does not say."""
ISO_8601 = ISO_LOCAL + r" ?(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"


class Cell(NamedTuple):
    """Where a column's values come from: an expression that is text, or already an instant."""

    sql: str
    is_instant: bool = False
    is_epoch: bool = False
    """Whether it is already microseconds since the epoch."""
    given: str | None = None
    """Of an instant what it is read from: NULL where nothing stands there."""


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def trimmed(text: str) -> str:
    """Without the blanks around it."""
    return f"trim({text}, {literal(BLANKS)})"


def iso_instant(text: str) -> str:
    """Microseconds since the epoch of an ISO 8601 text with its offset; NULL for another."""
    # 25 bytes that begin with a digit and end like +08:00 leave strptime no room to be lenient:
    # every number has all its digits. Only an offset of a day or more has to be kept out.
    usual, other = text, trimmed(text)
    # Before DuckDB 2 a time without seconds is no time.
    whole = (
        f"CASE WHEN substring({other}, 17, 1) = ':' THEN {other}"
        f" ELSE substring({other}, 1, 16) || ':00' || substring({other}, 17) END"
    )
    return (
        f"CASE WHEN strlen({usual}) = 25 AND {usual} >= '0' AND substring({usual}, 11, 1) = 'T'"
        f" AND substring({usual}, 21, 2) < '24'"
        f" AND (suffix({usual}, ':00') OR suffix({usual}, ':30'))"
        f" THEN epoch_us(try_strptime({usual}, '%Y-%m-%dT%H:%M:%S%z'))"
        f" WHEN regexp_full_match({other}, '{ISO_8601}')"
        f" THEN epoch_us(TRY_CAST(regexp_replace({whole}, ' ([Z+-])', '\\1') AS TIMESTAMPTZ)) END"
    )
