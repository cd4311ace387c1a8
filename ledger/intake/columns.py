"""SQL for cells, shared by the readers of tables."""

from typing import NamedTuple

from ledger.kernel.duck import literal

BLANKS = " \t\r\n\u00a0\u3000"
"""The blanks that are trimmed from a cell, those of word processors and of Chinese text
included."""
ISO_LOCAL = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]"
    r"(?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
)
"""A time whose text does not say its zone."""
ISO_8601 = ISO_LOCAL + r" ?(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"


class Cell(NamedTuple):
    """Where a column's values come from: an SQL expression of text, or already of an instant."""

    sql: str
    is_instant: bool = False
    is_epoch: bool = False
    """Whether it is already microseconds since the epoch."""
    given: str | None = None
    """The text that an instant is read from: NULL for a blank cell."""


def trimmed(text: str) -> str:
    """A text without the blanks around it, in SQL."""
    return f"trim({text}, {literal(BLANKS)})"


def iso_instant(text: str) -> str:
    """Microseconds since the epoch of an ISO 8601 text with its offset; NULL for any other text."""
    # 25 bytes that begin with a digit and end like +08:00 leave strptime no room to be lenient:
    # every number has all its digits. Only an offset of a day or more has to be kept out.
    usual, other = text, trimmed(text)
    # Before DuckDB 2 a time without seconds was not read.
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
