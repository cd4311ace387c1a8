"""Pictures as SVG: exact numbers in, whole pixels out, one mark a line.

A picture has a title and a description for those who cannot see it, a `<title>` on each mark, and
classes in place of colours, so that the page's style decides on colours for light, dark and print.
What a mark stands for is told by its pattern as well. Nothing is drawn for zero. The same input
gives the same bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple
from unicodedata import east_asian_width
from xml.sax.saxutils import escape

from ledger.programs.chart import Bar, Chart, Mark

LABELS = 340
"""Pixels for the labels of rows."""
PLOT = 360
FIGURES = 220
"""Pixels to the right of the plot, for what stands behind a bar."""
WIDTH = LABELS + PLOT + FIGURES
ROW, THICK, TOP = 28, 18, 8
GAP = 8
"""Pixels between a bar and what stands behind it; a label has two more before its bar."""
EDGE, OVER, TALL, UNDER = 10, 24, 160, 20
"""Of columns: pixels at the left and right, above for a figure, of the plot, and below it for the
figure of what is below zero."""
COLUMN_MAX, DAY_ROOM = 60, 48
"""Pixels of the widest column with its gap, and of a day's label."""
PATTERNS = {"declined": "M0,6 L6,0", "held": "M0,3 L6,3"}
"""What is drawn over the colour of these: diagonal and level lines."""


class Scale(NamedTuple):
    """Values from `low` to `high`, spread over so many pixels."""

    low: Decimal
    high: Decimal
    pixels: int = PLOT

    def at(self, value: Decimal) -> int:
        """The pixel of a value, from the edge of the plot at which `low` is, half up."""
        if self.high == self.low:
            return 0
        share = (value - self.low) * self.pixels / (self.high - self.low)
        return int(share.quantize(Decimal(1), ROUND_HALF_UP))


def spread(values: Iterable[Decimal]) -> Scale:
    """The scale that holds zero and all values."""
    every = [Decimal(0), *values]
    return Scale(min(every), max(every))


def pixels(text: str) -> int:
    """How wide a text of 13 pixels is in DejaVu Sans, the widest of the fonts that a page may be
    shown in; an ideograph is as wide as it is high."""
    return -(-sum(map(_tenths, text)) // 10)


def _tenths(character: str) -> int:
    """Tenths of a pixel that a character takes, measured for its kind."""
    if east_asian_width(character) in "WF" or character in "mwMW@%…":
        return 130
    if character in " .,:;'|!il":
        return 42
    if character in "()-/fjrt":
        return 52
    return 90 if character.isupper() else 83 if character.isdigit() else 80


def label(y: int, said: str) -> str:
    """What a row is called, before its bar, shortened to the room that there is."""
    room = LABELS - GAP - 2
    if pixels(said) > room:
        while pixels(f"{said}…") > room:
            said = said[:-1]
        said += "…"
    return f'<text class="label" x="{room}" y="{y}">{escape(said)}</text>'


def figure(x: int, y: int, text: str) -> str:
    """What stands behind a bar that ends at a pixel: every digit of it, closer together where
    there is less room."""
    room = WIDTH - x - GAP
    fitted = ' lengthAdjust="spacingAndGlyphs"'
    fitted = f' textLength="{room}"{fitted}' if pixels(text) > room else ""
    return f'<text class="figure" x="{x + GAP}" y="{y}"{fitted}>{escape(text)}</text>'


def marked(x: int, y: int, width: int, meaning: str, title: str, picture: str) -> Iterator[str]:
    """A bar, with its pattern over it; nothing for a width of zero."""
    if width <= 0:
        return
    place = f'x="{x}" y="{y}" width="{width}" height="{THICK}"'
    yield f'<rect class="{meaning}" {place}><title>{escape(title)}</title></rect>'
    if meaning in PATTERNS:
        yield f'<rect class="pattern" {place} fill="url(#{picture}-{meaning})"/>'


def framed(picture: str, title: str, about: str, height: int, lines: Iterable[str]) -> str:
    """The whole picture, a mark a line."""
    whole = [
        f'<svg class="picture" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-labelledby="{picture}-title {picture}-about">',
        f'<title id="{picture}-title">{escape(title)}</title>',
        f'<desc id="{picture}-about">{escape(about)}</desc>',
        "<defs>",
    ]
    for meaning, path in PATTERNS.items():
        whole.append(
            f'<pattern id="{picture}-{meaning}" width="6" height="6" patternUnits="userSpaceOnUse">'
            f'<path class="stroke" d="{path}"/></pattern>'
        )
    return "\n".join([*whole, "</defs>", *lines, "</svg>"])


def _text(x: int, y: int, said: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(said)}</text>'


def height_of(rows: int) -> int:
    """Pixels of a picture of rows."""
    return TOP * 2 + rows * ROW


def _row(bar: Bar, at: int, scale: Scale, picture: str) -> Iterator[str]:
    y = TOP + at * ROW
    yield f"<g><title>{escape(bar.label)}</title>"
    yield label(y + 14, bar.label)
    x, total = scale.at(Decimal(0)), Decimal(0)
    for mark in bar.marks:
        low, high = sorted((total, total + mark.size))
        left, right = scale.at(low), scale.at(high)
        yield from marked(
            LABELS + left, y, right - left, mark.meaning, f"{bar.label}: {mark.text}", picture
        )
        total += mark.size
        x = max(x, right)
    if bar.floor is not None:
        place = LABELS + scale.at(bar.floor.size)
        yield (
            f'<path class="floor" d="M{place},{y - 4} L{place},{y + THICK + 4}">'
            f"<title>{escape(f'{bar.label}: {bar.floor.text}')}</title></path>"
        )
        x = max(x, scale.at(bar.floor.size))
    marks = (*bar.marks, bar.floor)
    said = ", ".join(mark.text for mark in marks if mark is not None) or "none"
    yield figure(LABELS + x, y + 14, said)
    yield "</g>"


def drawn(chart: Chart, picture: str) -> str:
    """A chart of rows: stacked bars, each with what it says; or of columns for days. `picture`: an
    id within the page."""
    if chart.shape == "columns":
        return _columns(chart, picture)
    ends = [sum((mark.size for mark in bar.marks), Decimal(0)) for bar in chart.bars]
    floors = [bar.floor.size for bar in chart.bars if bar.floor is not None]
    scale = spread([*ends, *floors, *(mark.size for bar in chart.bars for mark in bar.marks)])
    lines = [line for at, bar in enumerate(chart.bars) for line in _row(bar, at, scale, picture)]
    return framed(picture, chart.title, chart.about, height_of(len(chart.bars)), lines)


def _columns(chart: Chart, picture: str) -> str:
    """A column for each day or week, over ticks that are there for zero too; the greatest one and,
    below zero, the least one say their figure."""
    values = [bar.marks[0].size for bar in chart.bars]
    low, high = spread(values)[:2]
    scale = Scale(low, high, TALL)
    step = min(COLUMN_MAX, (WIDTH - 2 * EDGE) // max(len(values), 1))
    every = -(-DAY_ROOM // step)
    zero = OVER + TALL - scale.at(Decimal(0))
    foot = OVER + TALL + (UNDER if low else 0)
    said = {values.index(value) for value in (high, low) if value}
    lines = []
    for at, (bar, value) in enumerate(zip(chart.bars, values, strict=True)):
        x, level = EDGE + at * step, OVER + TALL - scale.at(value)
        top, tall = min(level, zero), abs(level - zero)
        if value and not tall:  # less than a pixel, but not nothing
            top, tall = (zero - 1 if value > 0 else zero), 1
        lines.append(f"<g><title>{escape(f'{bar.label}: {bar.marks[0].text}')}</title>")
        lines += _column(x, top, step - max(1, step // 6), tall, bar.marks[0], bar.label)
        middle = x + step // 2
        lines.append(f'<path class="tick" d="M{middle},{foot} L{middle},{foot + 4}"/>')
        if at % every == 0:
            lines.append(_text(middle, foot + 18, bar.label[-len("05-07") :], "day"))
        if at in said:
            y = top - 6 if value > 0 else top + tall + 14
            lines.append(_text(_inside(middle, bar.marks[0].text), y, bar.marks[0].text, "peak"))
        lines.append("</g>")
    end = EDGE + step * len(values)
    lines.append(f'<path class="axis" d="M{EDGE},{zero} L{end},{zero}"/>')
    return framed(picture, chart.title, chart.about, foot + 26, lines)


def _column(x: int, y: int, width: int, height: int, mark: Mark, label: str) -> Iterator[str]:
    """A column, nothing for zero; below zero its place tells what its colour does."""
    if height:
        place = f'x="{x}" y="{y}" width="{width}" height="{height}"'
        title = escape(f"{label}: {mark.text}")
        yield f'<rect class="{mark.meaning}" {place}><title>{title}</title></rect>'


def _inside(middle: int, text: str) -> int:
    """Where a centred figure stands so that nothing of it is outside of the picture."""
    half = -(-pixels(text) // 2)
    return min(max(middle, half), WIDTH - half)


class Change(NamedTuple):
    """A step of a waterfall: what it is called, by how much it moves (or, `total`, what it comes
    to), and that in words."""

    label: str
    size: Decimal
    text: str
    total: bool = False


def waterfall(title: str, about: str, changes: Sequence[Change], picture: str) -> str:
    """Changes one below another, each from where the last one ended; totals from zero."""
    spans: list[tuple[Decimal, Decimal]] = []
    level = Decimal(0)
    for change in changes:
        start = Decimal(0) if change.total else level
        level = change.size if change.total else level + change.size
        spans.append((start, level))
    scale = spread(value for span in spans for value in span)
    lines: list[str] = []
    for at, (change, (start, end)) in enumerate(zip(changes, spans, strict=True)):
        y = TOP + at * ROW
        left, right = sorted((scale.at(start), scale.at(end)))
        meaning = "plain" if change.total else "payable" if change.size > 0 else "declined"
        lines.append(f"<g><title>{escape(change.label)}</title>")
        lines.append(label(y + 14, change.label))
        said = f"{change.label}: {change.text}"
        lines += marked(LABELS + left, y, right - left, meaning, said, picture)
        lines.append(figure(LABELS + right, y + 14, change.text))
        lines.append("</g>")
    zero = LABELS + scale.at(Decimal(0))
    bottom = TOP + len(changes) * ROW
    lines.append(f'<path class="axis" d="M{zero},{TOP - 4} L{zero},{bottom}"/>')
    return framed(picture, title, about, height_of(len(changes)), lines)
