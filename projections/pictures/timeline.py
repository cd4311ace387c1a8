"""A timeline as SVG: days from left to right, a row for what happened and for what days counted."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from xml.sax.saxutils import escape

from ledger.programs.chart import Meaning
from projections.pictures.svg import (
    LABELS,
    ROW,
    THICK,
    TOP,
    Scale,
    figure,
    framed,
    height_of,
    label,
    marked,
)

DOT = 5
"""The radius of a moment."""


class Happening(NamedTuple):
    """A row of what happened: a label, and the days."""

    label: str
    days: tuple[date, ...]
    said: str


class Stretch(NamedTuple):
    """A row of days that counted, first and last included, and what came of them."""

    label: str
    first: date
    last: date
    meaning: Meaning
    said: str


Rows = Sequence[Happening | Stretch]


def timeline(title: str, about: str, rows: Rows, picture: str) -> str:
    """Rows on one axis of days. A stretch reaches to the end of its last day."""
    edges = [edge for row in rows for edge in _edges(row)]
    scale = Scale(Decimal(min(edges)), Decimal(max(edges)))
    lines = [line for at, row in enumerate(rows) for line in _row(row, at, scale, picture)]
    return framed(picture, title, about, height_of(len(rows)), lines)


def _edges(row: Happening | Stretch) -> list[int]:
    if isinstance(row, Stretch):
        return [row.first.toordinal(), row.last.toordinal() + 1]
    return [edge for day in row.days for edge in (day.toordinal(), day.toordinal() + 1)]


def _row(row: Happening | Stretch, at: int, scale: Scale, picture: str) -> Iterator[str]:
    y = TOP + at * ROW
    yield f"<g><title>{escape(row.label)}</title>"
    yield label(y + 14, row.label)
    if isinstance(row, Stretch):
        left, end = (scale.at(Decimal(edge)) for edge in _edges(row))
        said = f"{row.label}: {row.said}"
        yield from marked(LABELS + left, y, max(end - left, 1), row.meaning, said, picture)
    else:
        end = 0
        for day in row.days:
            end = scale.at(Decimal(day.toordinal()))
            yield (
                f'<circle class="plain" cx="{LABELS + end}" cy="{y + THICK // 2}" r="{DOT}">'
                f"<title>{escape(f'{row.label}: {day.isoformat()}')}</title></circle>"
            )
        end += DOT
    yield figure(LABELS + end, y + 14, row.said)
    yield "</g>"
