"""A mapping: how the table in somebody else's file becomes one of ours, as data.

It is TOML, one for all commands. `[columns]` says for each of our columns which header it comes
from and how its cells are written; `[file]` how the file is laid out; `[rows]` which rows count;
`[[equation]]` what must hold in every row. What is not said is detected, or refused.
"""

import hashlib
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ledger.intake.tables.checked_words import (
    Delimiter,
    Encoding,
    Formats,
    Mark,
    Marks,
    Pattern,
    Quote,
    Short,
    Texts,
    ZoneName,
    ZoneWord,
)

Words = dict[Short, Short]
ZoneWords = dict[Short, ZoneWord]
OTHERS = "*"
"""In words: any other text; in `fill`: all rows."""


NOT = "!"
"""Before a text: anything but that."""


class Part(BaseModel):
    """A table of a mapping. Names that it does not know are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


Sole = Annotated[dict[Short, Texts], Field(max_length=20)]
"""Per header the texts that a cell under it may hold; `*` is anything but a blank, `!this` anything
but that."""


class ZoneColumn(Part):
    """The zone of each row's times, in a column of its own or after the time: an offset, an
    abbreviation that means one, or a word of `words`."""

    header: Texts = ()
    words: ZoneWords = {}


class Column(Part):
    """Where a column of ours comes from: one of `header`, `constant`, `sum`, `join`, `unit`."""

    header: Texts = ()
    """The first of these headers that is there. Case, blanks and Unicode are folded."""
    constant: Short | None = None
    sum: Texts = ()
    """Amounts that are added, of which those of `less` are taken away."""
    less: Texts = ()
    optional: Texts = ()
    """Columns of `sum` and `less` that a file may lack."""
    times: Texts = ()
    """The number of pieces, where the amount is for one of them."""
    decimals: Annotated[int, Field(ge=1, le=6)] | None = None
    """How many digits at the end of a whole number are decimals: 2 for cents."""
    join: Texts = ()
    """Cells that are read as one text, with a blank between them: a day and its time."""
    unit: Texts = ()
    """The currency, as written in the cells of an amount: `BRL 32,13`, `R$ 32,13`."""
    formats: Formats = ()
    zone: ZoneName | ZoneColumn | None = None
    decimal: Mark | None = None
    thousands: Mark | None = None
    negate: bool = False
    words: Words = {}
    replace: Words = {}
    """Texts inside of cells, each replaced before anything else is read."""
    take: Pattern | None = None
    """A pattern; the cell is what its first group matches."""
    strip: Marks = ""
    """Characters that are taken off both ends."""
    default: Short | None = None
    """The value of blank cells."""
    fill: Texts = ()
    """A blank cell repeats the one above it, in rows that agree in these columns; `*`: in all, as
    where cells are merged."""
    when: Sole = {}
    """Texts of which the row must hold one for this to be its source."""
    by: Texts = ()
    """The amounts of all rows that agree in these columns are added, also of rows that do not
    count themselves: refunds in rows of their own."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        ways = ("header", "constant", "sum", "join", "unit")
        given = [name for name in ways if getattr(self, name) not in ((), None)]
        if self.less and not given:
            given = ["sum"]
        if len(given) != 1:
            raise ValueError(
                f"one of {', '.join(ways)} says where a column comes from, "
                f"and here {' and '.join(given) or 'none'} does"
            )
        if self.by and self.fill:
            raise ValueError("a column that is filled from above is not added up by another")
        if self.thousands and self.thousands == (self.decimal or "."):
            raise ValueError("the mark between thousands is not that before the decimals")
        return self

    @property
    def headers(self) -> tuple[str, ...]:
        """All headers that it names."""
        zone = self.zone.header if isinstance(self.zone, ZoneColumn) else ()
        own = (*self.header, *self.sum, *self.less, *self.join, *self.unit)
        fill = () if self.fill == (OTHERS,) else self.fill
        return (*own, *self.times, *zone, *self.when, *fill, *self.by)


def _columns(value: Any) -> Any:
    """The short ways to write a column: a header, several of them, or several sources."""
    if isinstance(value, str):
        return ({"header": (value,)},)
    if isinstance(value, list) and value and all(isinstance(header, str) for header in value):
        return ({"header": tuple(value)},)
    return tuple(value) if isinstance(value, list | tuple) else (value,)


Sources = Annotated[
    tuple[Column, ...], BeforeValidator(_columns), Field(min_length=1, max_length=10)
]
"""The sources of one of our columns: the first that is not blank counts."""


class Layout(Part):
    """How the file is laid out; what is not said is detected."""

    encoding: Encoding | None = None
    delimiter: Delimiter | None = None
    sheet: Texts = ()
    header: Short | None = None
    """A cell of the header; else the header is the row with most of the mapping's columns."""
    header_rows: Annotated[int, Field(ge=1, le=3)] = 1
    """How many rows the header has: a name is the lowest of its column that is not blank."""
    below: Annotated[int, Field(ge=0, le=20)] = 0
    """So many rows under the header explain it."""
    described: bool = False
    """The row under the header may explain it, in words."""
    skip: Texts = ()
    """Rows that begin so are passed over; `*` stands for anything."""
    until: Texts = ()
    """The table ends above the first row that begins so; what is below is not read."""
    ragged: bool = False
    """Blank cells at the end of a row may be left out."""
    quote: Quote = '"'
    """The sign around cells that hold separators; `""` for none."""
    totals: Texts = ()
    """What total rows have in place of an id."""
    sections: Texts = ()
    """Titles, alone in their row, of further tables below: the next row is the header of each."""
    ends: Texts = ()
    """Titles, alone in their row, from which on nothing is read."""
    blanks: Texts = ()
    """Cells that hold one of these are blank."""
    strip: Marks = ""
    """Characters that are taken off both ends of every cell."""
    decimal: Mark = "."
    thousands: Mark | None = None
    zone: ZoneName | None = None

    @model_validator(mode="after")
    def _two_marks(self) -> Self:
        if self.thousands == self.decimal:
            raise ValueError("the mark between thousands is not that before the decimals")
        return self


class Continued(Part):
    """Rows that continue the one above: they agree with it under `by`, and hold nothing under any
    header of `blank`. They are passed over."""

    by: Texts
    blank: Texts


class Rows(Part):
    """Which rows count."""

    filled: Texts = ()
    """Headers under which every row must have a value."""
    only: Sole = {}
    """What a row must hold to count. Others have no line and no order: shown, not compared;
    `orders` and `record` pass them over."""
    pass_over: Sole = {}
    add_up: bool = False
    """Rows of one order, or of one line, are added up: an amount is spread over several of them."""
    unique: Texts = ()
    """Headers that together name a row of a comparison: a second row of that name is refused."""
    continued: Continued | None = None


class Ignore(Part):
    """Headers that are known and not read."""

    headers: Texts = ()


class Equation(Part):
    """What must hold in every row, exactly. A column that may be missing is `optional`."""

    sum: Texts
    less: Texts = ()
    is_: Annotated[Texts, Field(alias="is")]
    optional: Texts = ()
    when: Sole = {}

    @property
    def headers(self) -> tuple[str, ...]:
        return (*self.sum, *self.less, *self.is_, *self.when)


class Summary(Part):
    """A row that says in one column what another column comes to over all rows of its group."""

    header: Texts
    of: Texts
    by: Texts = ()


class Mapping(Part):
    """A whole mapping. `for` is `orders`, `reconcile`, or a type of fact."""

    name: Short
    for_: Annotated[Short, Field(alias="for")]
    file: Layout = Layout()
    rows: Rows = Rows()
    columns: Annotated[dict[Short, Sources], Field(min_length=1, max_length=60)]
    ignore: Ignore = Ignore()
    equation: Annotated[tuple[Equation, ...], Field(max_length=20)] = ()
    summary: Summary | None = None

    @model_validator(mode="after")
    def _unique_where_it_is_checked(self) -> Self:
        if self.rows.unique and self.for_ != "reconcile":
            raise ValueError("unique is of comparisons; orders and facts are known by their ids")
        return self

    @property
    def named(self) -> str:
        """Its name and the digest of what it says, as answers and the log name it."""
        said = self.model_dump_json(by_alias=True, exclude_defaults=True)
        return f"{self.name} sha256:{hashlib.sha256(said.encode()).hexdigest()}"

    @property
    def added(self) -> list[tuple[str, ...]]:
        """The headers of amounts that are added up, each with its synonyms."""
        headers = [equation.is_ for equation in self.equation]
        headers += [
            (name,) for equation in self.equation for name in (*equation.sum, *equation.less)
        ]
        sources = (source for sources in self.columns.values() for source in sources)
        return [*headers, *((name,) for source in sources for name in (*source.sum, *source.less))]

    @property
    def looks_around(self) -> bool:
        """Whether what a row says depends on other rows."""
        return any(
            source.fill or source.by for sources in self.columns.values() for source in sources
        )

    @property
    def headers(self) -> tuple[str, ...]:
        """All headers that it names, those of columns first."""
        of_columns = (source.headers for sources in self.columns.values() for source in sources)
        rows = self.rows
        of_rows = [rows.filled, tuple(rows.only), tuple(rows.pass_over), rows.unique]
        if rows.continued is not None:
            of_rows += [rows.continued.by, rows.continued.blank]
        of_equations = (equation.headers for equation in self.equation)
        headers = [name for names in (*of_columns, *of_rows, *of_equations) for name in names]
        if self.summary is not None:
            headers += [*self.summary.header, *self.summary.of, *self.summary.by]
        return tuple(dict.fromkeys(headers))


Kind = Literal["id", "amount", "currency", "instant", "day", "text"]
"""What a column of ours holds."""
