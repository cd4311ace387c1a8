"""Columns of pictures in tables: a bar beside each amount, a sparkline beside each series.

They are for a terminal alone. A pipe, a file and every other format have the figures without
them, and so has a terminal whose encoding has no blocks.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import IO, Any, NamedTuple

from projections.cells import PERIOD
from projections.pictures.terminal import BELOW, EIGHTHS, HANGING, LEVELS, ZERO, bar, sparkline

Row = dict[str, Any]
Pictured = Callable[[Sequence[Row]], list[Row]]
"""Adds columns of pictures to the rows of a table."""
BAR = 10
"""Characters of the longest bar: 80 steps, and a table of sales by day still fits 80 columns."""


class Picture(str):
    """A cell that is a picture; a column with such cells is shown where there is room for it."""

    __slots__ = ()


def picture_columns(rows: Iterable[Row]) -> set[str]:
    """The columns of pictures in these rows."""
    return {name for row in rows for name, cell in row.items() if isinstance(cell, Picture)}


def can_show(file: IO[str]) -> bool:
    """Whether a file is a terminal on which blocks can be written."""
    if not file.isatty():
        return False
    encoding = getattr(file, "encoding", None) or "ascii"
    try:
        f"{EIGHTHS}{BELOW}{LEVELS}{ZERO}{HANGING}".encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def with_bars(rows: Sequence[Row]) -> list[Row]:
    """The rows with a column `share` behind their currency: each amount as a bar, as long as its
    size among the amounts of its currency in these rows.

    Where none of a currency is above zero, the bars are those of whoever is to be paid. A currency
    whose amounts, zeros aside, are all alike or only one has none: they would say nothing.
    """
    sizes: dict[str, list[Decimal]] = {}
    for row in rows:
        if row["amount"]:
            sizes.setdefault(row["currency"], []).append(Decimal(row["amount"]))
    scales = {code: _scale(values) for code, values in sizes.items()}
    bars = [Picture(_bar(row, scales.get(row["currency"]))) for row in rows]
    return with_column(rows, "share", bars)


def with_column(rows: Sequence[Row], name: str, pictures: Sequence[Picture]) -> list[Row]:
    """The rows with a column of pictures behind their currency, unless all are empty."""
    if not any(pictures):
        return list(rows)
    return [
        dict(_put_behind(row, "currency", name, picture))
        for row, picture in zip(rows, pictures, strict=True)
    ]


def with_courses(rows: Sequence[Row]) -> list[Row]:
    """The rows with a column `course` behind their currency: their months or quarters."""
    names = [name for name in rows[0] if PERIOD.fullmatch(name) and name != "total"]
    courses = [course([Decimal(row[name]) for name in names]) for row in rows]
    return with_column(rows, "course", courses)


def _bar(row: Row, scale: "Scale | None") -> str:
    if scale is None or not row["amount"]:
        return ""
    return bar(Decimal(row["amount"]) * scale.turn, scale.most, BAR)


class Scale(NamedTuple):
    """The greatest size, and -1 where all is seen from the other side."""

    most: Decimal
    turn: int


def _scale(amounts: Sequence[Decimal]) -> Scale | None:
    if len({amount for amount in amounts if amount}) < 2:
        return None
    return Scale(max(map(abs, amounts)), 1 if max(amounts) > 0 else -1)


def course(values: Sequence[Decimal | None]) -> Picture:
    """A series as a sparkline; where nothing is above zero, of what is owed the other way.

    Of fewer than two figures there is none.
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return Picture()
    turn = 1 if max(known) > 0 else -1
    return Picture(sparkline([None if value is None else value * turn for value in values]))


def _put_behind(row: Row, after: str, name: str, cell: Any) -> Iterator[tuple[str, Any]]:
    for key, value in row.items():
        yield key, value
        if key == after:
            yield name, cell
