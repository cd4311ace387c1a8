"""Tables for a terminal. A number is shown in full or not at all: never cut, never folded.

A table that is too wide loses its pictures, which say nothing that its figures do not, then the
columns that carry no information, then folds its texts; if that is not enough, each row becomes a
block of its own, one value per line.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

GAP = 2
TEXT_LEAST = 12
"""A text column is never folded to less than this, or than its own width."""
NUMBER = re.compile(r"[-+]?[0-9][0-9,]*(?:\.[0-9]+)?")
ZERO = re.compile(r"-?0(?:\.0+)?")
GOOD, BAD, WAITS = Style(color="green"), Style(color="red"), Style(color="yellow")
STYLES = {
    **dict.fromkeys(("payable", "granted", "fulfilled", "certified"), GOOD),
    **dict.fromkeys(("declined", "overdue", "void", "terminated", "lapsed"), BAD),
    **dict.fromkeys(("held", "open", "provisional"), WAITS),
}
"""Colours of outcomes and states."""


class Column(NamedTuple):
    """A column with its cells as they are shown."""

    name: str
    right: bool
    money: bool
    cells: list[str]
    picture: bool = False
    """Whether it shows as marks what other columns say in figures."""

    @property
    def need(self) -> int:
        """The width at which nothing is folded."""
        return max(map(cell_len, (self.name, *self.cells)))

    @property
    def least(self) -> int:
        """The width below which a number, or a word of the heading, would be cut."""
        tokens = (token for text in self.cells for token in text.split() if NUMBER.fullmatch(token))
        whole = max((cell_len(token) for token in tokens), default=0)
        heading = max(map(len, parted(self.name)))
        texts = max(map(cell_len, self.cells), default=0)
        return max(whole, heading, min(texts, TEXT_LEAST))

    @property
    def silent(self) -> bool:
        """Whether it is empty or zero in every row."""
        return all(not text or ZERO.fullmatch(text) for text in self.cells)


class Laid(NamedTuple):
    """What is shown, in which widths, and which columns are left out."""

    columns: list[Column]
    widths: list[int]
    left_out: list[str]

    @property
    def in_blocks(self) -> bool:
        """Whether each row is a block of lines."""
        return not self.widths


def parted(name: str) -> list[str]:
    """A heading in the pieces between which it may be folded."""
    return re.findall(r"[^_]+_?|_", name) or [""]


def laid_out(columns: Sequence[Column], room: int, fixed: Collection[str] = ()) -> Laid:
    """How the columns fit into `room` cells. The first column identifies the row and is kept.

    Pictures are there only where all else is there too and nothing is folded for them; the last one
    goes first. `fixed`: columns that the question restricts to a single value.
    """
    pictures = [column for column in columns if column.picture]
    for count in range(len(pictures), -1, -1):
        tried = [column for column in columns if not column.picture or column in pictures[:count]]
        if widths := _widths(tried, room, fold=False):
            return Laid(tried, widths, [])
    columns = [column for column in columns if not column.picture]
    first = columns[0]
    kept = [
        column
        for column in columns
        if column is first or not (column.silent or _is_fixed(column, fixed))
    ]
    left_out = [column.name for column in columns if column not in kept]
    return Laid(kept, _widths(kept, room, fold=True), left_out)


def _is_fixed(column: Column, fixed: Collection[str]) -> bool:
    return column.name in fixed and len(set(column.cells)) == 1


def _widths(columns: Sequence[Column], room: int, *, fold: bool) -> list[int]:
    """The width of each column; empty if they do not fit."""
    spare = room - GAP * (len(columns) - 1) - sum(column.need for column in columns)
    if spare >= 0:
        return [column.need for column in columns]
    spare = room - GAP * (len(columns) - 1) - sum(column.least for column in columns)
    if not fold or spare < 0:
        return []
    widths = [column.least for column in columns]
    while spare > 0:  # to the column that lacks most
        lacking = max(range(len(columns)), key=lambda i: columns[i].need - widths[i])
        widths[lacking] += 1
        spare -= 1
    return widths


def lines(laid: Laid, room: int) -> Iterator[Text]:
    """The lines of the table, or of its blocks."""
    if laid.in_blocks:
        yield from _blocks(laid.columns, room)
        return
    headings = [parted(column.name) for column in laid.columns]
    yield from _row(laid, [_joined(h, w) for h, w in zip(headings, laid.widths, strict=True)], True)
    for number in range(len(laid.columns[0].cells)):
        cells = [folded(column.cells[number], w) for column, w in zip(*laid[:2], strict=True)]
        yield from _row(laid, cells, False)


def _row(laid: Laid, cells: list[list[str]], heading: bool) -> Iterator[Text]:
    """One row, in as many lines as its longest cell has."""
    for level in range(max(map(len, cells))):
        line = Text()
        for column, width, pieces in zip(laid.columns, laid.widths, cells, strict=True):
            piece = pieces[level] if level < len(pieces) else ""
            blank = " " * (width - cell_len(piece))
            whole = "".join(pieces) if not heading else ""
            style = Style(bold=True) if heading else style_of(column, whole)
            line.append(blank if column.right else "")
            line.append(piece, style)
            line.append("" if column.right else blank)
            line.append(" " * GAP)
        line.rstrip()
        yield line


def _blocks(columns: Sequence[Column], room: int) -> Iterator[Text]:
    """One block per row: a name and its value per line, empty ones left out."""
    label = max(cell_len(column.name) for column in columns)
    own = max(room - label - GAP, 1)
    for number in range(len(columns[0].cells)):
        if number:
            yield Text()
        for column in columns:
            value = column.cells[number]
            for level, piece in enumerate(folded(value, own) if value else ()):
                name = column.name if level == 0 else ""
                line = Text()
                line.append(name + " " * (label - cell_len(name) + GAP), Style(bold=True))
                yield line.append(piece, style_of(column, value))


def style_of(column: Column, text: str) -> Style:
    """The style of a cell: outcomes and states by what they mean; amounts below zero in red."""
    if column.money and text.startswith("-"):
        return BAD
    return STYLES.get(text, Style.null())


def _joined(pieces: list[str], width: int) -> list[str]:
    """Joins pieces into as few lines as can hold them."""
    rows = [""]
    for piece in pieces:
        if cell_len(rows[-1]) + cell_len(piece) <= width:
            rows[-1] += piece
        else:
            rows.append(piece)
    return rows


def folded(text: str, width: int) -> list[str]:
    """A text on lines of at most that many cells, broken between words, and words that are too
    long after punctuation. A number that fits on a line is never broken."""
    rows: list[str] = []
    for word in re.findall(r"\S+\s*|\s+", text) or [""]:
        if cell_len(word.rstrip()) > width:
            pieces = re.findall(r"[^/:;,._-]+[/:;,._-]*|[/:;,._-]+", word)
        else:
            pieces = [word]
        for piece in pieces:
            if rows and cell_len((rows[-1] + piece).rstrip()) <= width:
                rows[-1] += piece
                continue
            while cell_len(piece.rstrip()) > width:
                cut = _fits(piece, width)
                rows.append(piece[:cut])
                piece = piece[cut:]
            rows.append(piece)
    return [row.rstrip() for row in rows]


def _fits(text: str, width: int) -> int:
    """How many characters fit into `width` cells; at least one."""
    used = 0
    for count, character in enumerate(text):
        used += cell_len(character)
        if used > width:
            return max(count, 1)
    return len(text)
