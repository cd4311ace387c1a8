"""What a page consists of, as data: one template draws them all."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Row = dict[str, Any]


class Cell(NamedTuple):
    """A text, where it leads, and what it is: `n` a number, `d` a day or an instant, `i` an
    id that is not broken, `t` a long text, `c` a code, or an outcome."""

    text: str
    href: str = ""
    kind: str = ""


class Table(NamedTuple):
    """Heads with their kinds, and rows of cells."""

    heads: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Cell]]


class Filter(NamedTuple):
    """A form above a table: the names of its columns, and the condition and order as typed."""

    columns: Sequence[str]
    where: str
    sort: str
    example: str


class Section(NamedTuple):
    """A part of a page under a heading. What it does not have is left empty."""

    name: str
    heading: str
    notes: Sequence[Cell] = ()
    fields: Sequence[tuple[str, Sequence[Cell]]] = ()
    filter: Filter | None = None
    table: Table | None = None
    pages: Sequence[Cell] = ()
    """Links to the other pages of a long table."""
    pictures: Sequence[Row] = ()
    """As the close report draws them: id, title, about, svg, rows."""
    tree: Row | None = None
    """An explanation, as JSON has it."""
    form: str = ""
    """The name of a form that only this page has."""
    empty: str = "None."
    """What is said in place of a table without rows."""


class Page(NamedTuple):
    """A page: its title, what stands at its head, and its sections."""

    title: str
    fields: Sequence[tuple[str, Sequence[Cell]]] = ()
    sections: Sequence[Section] = ()
    note: str = ""


class Answer(NamedTuple):
    """An answer in three forms, each made only where it is asked for."""

    page: Callable[[], Page]
    data: Callable[[], Any]
    """As the command gives it with `--format json`."""
    rows: Callable[[], list[Row]]
    """As the command gives it with `--format csv`."""


def table_answer(page: Callable[[], Page], rows: list[Row]) -> Answer:
    """An answer whose data are its rows."""
    return Answer(page, lambda: rows, lambda: rows)
