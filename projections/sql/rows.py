"""The rows of an answer: as many as were asked for, in a file where memory cannot hold them."""

import marshal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.kernel.errors import BadQuery

SECONDS = 60.0
"""How long a statement may run by default."""
FETCHED = 10_000
"""Rows fetched from a database at once, if they are short."""
FIRST = 16
"""Rows fetched first, before it is known how long rows are."""
TEXT_FETCHED = 16_000_000
"""Characters fetched at once, estimated from the rows before."""
TEXT_HELD = 50_000_000
"""Characters of an answer that are held in memory."""
CELLS_HELD = 5_000_000
"""Cells of an answer that are held in memory, counting four extra per row: 300 MB or so."""


PLACES = 4
"""Most decimals of an amount: a whole number with up to this many keeps them, as in `4000.00`."""


class Limits(NamedTuple):
    """The limits of a statement: seconds, rows, and whether its answer must be held as a whole."""

    seconds: float = SECONDS
    rows: int | None = None
    whole: bool = False


class Answer(NamedTuple):
    """Rows by name; `cut` where there were more than were asked for."""

    rows: "list[dict[str, Any]] | Spooled"
    cut: bool


class Spooled:
    """Rows in a temporary file, which is deleted with this object."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._file = tempfile.TemporaryFile(prefix="duebook-query-")  # noqa: SIM115
        self._count = 0

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Adds rows of plain values."""
        marshal.dump(list(rows), self._file)
        self._count += len(rows)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._file.seek(0)
        seen = 0
        while seen < self._count:
            rows = marshal.load(self._file)
            seen += len(rows)
            for row in rows:
                yield dict(zip(self._names, row, strict=True))


def taken(
    columns: Sequence[str], fetch: Callable[[int], Sequence[Sequence[Any]]], limits: Limits
) -> Answer:
    """All rows of a cursor, up to the limits. Raises `BadQuery` where the answer has to be held as
    a whole and is too large for that."""
    names = distinct(columns)
    held: list[tuple[Any, ...]] = []
    spooled: Spooled | None = None
    count, text, most, at_once = 0, 0, limits.rows, FIRST
    while most is None or count <= most:
        wanted = at_once if most is None else min(at_once, most + 1 - count)
        rows = [tuple(map(plain, row)) for row in fetch(wanted)]
        if not rows:
            break
        count += len(rows)
        fetched = sum(len(value) for row in rows for value in row if isinstance(value, str))
        text += fetched
        at_once = max(1, min(FETCHED, TEXT_FETCHED * len(rows) // max(fetched, 1)))
        if most is not None and count > most:
            rows.pop()  # it only showed that there are more
        if spooled is None and (count * (len(names) + 4) > CELLS_HELD or text > TEXT_HELD):
            if limits.whole:
                much = f"{count - len(rows):,} rows"
                if text > TEXT_HELD:
                    much = f"{TEXT_HELD:,} characters"
                raise BadQuery(
                    f"The answer has more than {much}, too many to be held.",
                    "Narrow it, cut it with --max-rows N, or write it row by row: -o FILE.csv",
                )
            spooled = Spooled(names)
            spooled.add(held)
            held.clear()
        if spooled is None:
            held += rows
        else:
            spooled.add(rows)
    cut = most is not None and count > most
    if spooled is not None:
        return Answer(spooled, cut)
    return Answer([dict(zip(names, row, strict=True)) for row in held], cut)


def distinct(names: Sequence[str]) -> list[str]:
    """Column names without repetition: the second `a` is `a_2`."""
    unique: list[str] = []
    for name in names:
        count = sum(other == name or other.startswith(f"{name}_") for other in unique)
        unique.append(name if name not in unique else f"{name}_{count + 1}")
    return unique


def plain(value: Any) -> Any:
    """A value as JSON can write it, exactly: bytes in hex, decimals without a float."""
    match value:
        case bytes() | memoryview():
            return bytes(value).hex()
        case Decimal():
            whole = value == value.to_integral_value()
            places = -int(value.as_tuple().exponent) if value.is_finite() else 0
            return int(value) if whole and not 0 < places <= PLACES else f"{value:f}"
        case None | bool() | int() | float() | str():
            return value
    return str(value)
