"""One sheet of a workbook: rows from the top down, texts as texts, amounts as numbers."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from unicodedata import east_asian_width

from ledger.kernel.errors import Refusal
from ledger.kernel.money import exponent
from ledger.kernel.shown import visible, visible_cell
from projections.exporters.spreadsheet import would_run

ROWS_MAX = 1_048_576
TEXT_MAX = 32_767
"""How much a sheet and a cell hold. Source: Excel specifications and limits."""
FOOTER_MAX = 255
"""How much a page footer holds, its codes included. Same source."""
CUT = " … (cut)"
DIGITS_MAX = 15
"""A spreadsheet calculates in binary floating point: beyond these, digits would change."""
WIDTH_MAX = 60
A4 = 9
FONT_SIZE, LINE_HEIGHT, HEIGHT_MAX = 11, 15, 409
"""In points; the last is how high a row can be (Excel specifications and limits)."""


class SheetFull(Refusal):
    """More rows than a sheet can hold."""

    hint = "Export as CSV, which has no row limit, or one payee at a time: --payee."


class Amount(NamedTuple):
    """A cell with an amount of a currency, or empty where there is none."""

    text: str | None
    currency: str
    formula: str | None = None
    bold: bool = False


Look = Mapping[str, Any]
"""How cells look, in the words of the writer: `{"bold": True}`."""


class Placed(NamedTuple):
    """A text with a look of its own beside that of its row."""

    text: str
    look: Look


Cell = str | int | Amount | Placed | None
PLAIN: Look = {}
BOLD: Look = {"bold": True}
WRAPPED: Look = {"text_wrap": True, "valign": "top"}
HEAD: Look = {**WRAPPED, **BOLD, "bottom": 1, "bottom_color": "#8A94A0", "bg_color": "#EEF1F4"}
"""Of the heads of columns, and of totals."""
HAIR: Look = {"valign": "top", "bottom": 1, "bottom_color": "#D5DAE0"}
RIGHT: Look = {"align": "right"}
INDENTED: Look = {"align": "left", "indent": 1}
"""A currency, apart from its amount."""


class Styles:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[frozenset[tuple[str, Any]], Any] = {}

    def of(self, look: Look) -> Any:
        """The format of a look; none for a plain cell."""
        if not look:
            return None
        key = frozenset(look.items())
        if key not in self._made:
            self._made[key] = self._book.add_format(dict(look))
        return self._made[key]

    def text(self, text: str, look: Look) -> Any:
        """The format of a text: one that would run once its cell is edited stays a text."""
        return self.of({**look, "quote_prefix": True} if would_run(text) else look)

    def amount(self, currency: str, look: Look) -> Any:
        """The format of an amount: thousands separated, and the currency's decimals."""
        decimals = exponent(currency)
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return self.of({**look, "num_format": pattern})


def is_exact(amount: str) -> bool:
    """Whether a spreadsheet holds the amount exactly: it has at most 15 significant digits."""
    return len(amount.lstrip("-").replace(".", "").strip("0")) <= DIGITS_MAX


def fitting(text: str, most: int = TEXT_MAX) -> str:
    """The text, or as much of it as a cell holds, with a mark where it was cut.

    Excel counts in UTF-16, where rarer characters count as two.
    """
    if 2 * len(text) <= most or len(text.encode("utf-16-le")) <= 2 * most:
        return text
    kept = text.encode("utf-16-le")[: 2 * (most - len(CUT))]
    return kept.decode("utf-16-le", "ignore") + CUT


def width_of(text: str) -> int:
    """How wide a text is, in digits; characters of East Asia take two."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def _lines(cell: Cell, width: int) -> int:
    """How many lines a cell takes in a column of a width: its words are kept whole, and one that
    is wider than the column is broken."""
    text = cell.text if isinstance(cell, Placed) else cell
    width = width * 11 // 10  # letters are narrower than the digits that widths are counted in
    lines = 0
    for paragraph in text.split("\n") if isinstance(text, str) else ():
        lines, left = lines + 1, width
        for word in paragraph.split(" "):
            needs = width_of(word)
            if needs > left and left < width:
                lines, left = lines + 1, width
            while needs > width:
                lines, needs = lines + 1, needs - width
            left -= needs + 1
    return max(lines, 1)


class Sheet:
    """Writes row after row. `row` is the next one, counted from zero.

    Every text is written as a text, with everything in it that could not be seen made visible:
    none becomes a formula, a link or a number. Raises
    `SheetFull` beyond the last row of a sheet.
    """

    def __init__(self, book: Any, styles: Styles, name: str, widths: Sequence[int] = ()) -> None:
        """`widths` of its columns, in digits; without them columns are as wide as their content
        needs, up to a maximum."""
        self._sheet = book.add_worksheet(name)
        self._styles = styles
        self._given = widths
        self._widths: dict[int, int] = {}
        self.row = 0

    def heading(self, *cells: Cell, look: Look = BOLD) -> None:
        """A row in bold."""
        self.line(cells, look)

    def line(self, cells: Sequence[Cell] = (), look: Look = PLAIN) -> None:
        """Writes one row and moves to the next. In columns of given widths a border or a ground is
        drawn in empty cells too, and a row whose texts are wrapped is as high as they need: not
        every program fits it when it opens the file."""
        if self.row >= ROWS_MAX:
            raise SheetFull(f"The workbook needs more than the {ROWS_MAX:,} rows of a sheet.")
        is_drawn = self._given and any(name in look for name in ("bottom", "top", "bg_color"))
        if self._given and look.get("text_wrap"):
            lines = max(map(_lines, cells, self._given), default=1)
            self._height(lines, look)
        padding = [None] * (len(self._given) - len(cells) if is_drawn else 0)
        for column, cell in enumerate([*cells, *padding]):
            if cell is not None and cell != "":
                self._write(column, cell, look)
            elif is_drawn:
                self._sheet.write_blank(self.row, column, None, self._styles.of(look))
        self.row += 1

    def wide(self, text: str, look: Look = PLAIN) -> None:
        """A text across all columns, which have given widths."""
        self._height(_lines(text, sum(self._given)), look)
        look = {**look, **WRAPPED}
        shown = fitting(visible_cell(text))
        style = self._styles.text(shown, look)
        self._sheet.merge_range(self.row, 0, self.row, len(self._given) - 1, "", style)
        done = self._sheet.write_string(self.row, 0, shown, style)
        assert done == 0, f"row {self.row} was not written"
        self.row += 1

    def freeze(self, rows: int | None = None) -> None:
        """Freezes the first rows, or all that were written so far."""
        self._sheet.freeze_panes(self.row if rows is None else rows, 0)

    def printed(self, footer: str, *, repeated: int, sideways: bool = False) -> None:
        """Prints on A4, as wide as a page and as long as it is: a row repeated on every page, and
        below a text, which is cut if it is too long for a footer, and the page of how many."""
        self._sheet.set_paper(A4)
        if sideways:
            self._sheet.set_landscape()
        self._sheet.fit_to_pages(1, 0)
        self._sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.8)
        self._sheet.hide_gridlines(2)
        self._sheet.repeat_rows(repeated)
        right = "&R&P / &N"
        # Each sign may become two, so half of the room is what is certain to be enough.
        left = _literal(fitting(visible(footer), (FOOTER_MAX - len(right) - 2) // 2))
        self._sheet.set_footer(f"&L{left}{right}")

    def finish(self) -> None:
        """Sets the widths of columns."""
        needed = {column: min(width + 2, WIDTH_MAX) for column, width in self._widths.items()}
        for column, width in (needed | dict(enumerate(self._given))).items():
            self._sheet.set_column(column, column, width)

    def _height(self, lines: int, look: Look) -> None:
        size = look.get("font_size", FONT_SIZE)
        if lines > 1 or size != FONT_SIZE:
            height = min(LINE_HEIGHT * size / FONT_SIZE * lines, HEIGHT_MAX)
            self._sheet.set_row(self.row, height)

    def _write(self, column: int, cell: str | int | Amount | Placed, look: Look) -> None:
        match cell:
            case Placed():
                self._write(column, cell.text, {**look, **cell.look})
                return
            case Amount():
                shown = cell.text or ""
                self._amount(column, cell, look)
            case int():
                shown = str(cell)
                self._sheet.write_number(self.row, column, cell, self._styles.of(look))
            case _:
                shown = fitting(visible_cell(cell))
                style = self._styles.text(shown, look)
                done = self._sheet.write_string(self.row, column, shown, style)
                assert done == 0, f"row {self.row}, column {column} was not written"
        self._widths[column] = max(self._widths.get(column, 0), len(shown) * 5 // 4)

    def _amount(self, column: int, cell: Amount, look: Look) -> None:
        look = {**look, "bold": True} if cell.bold else look
        if cell.text is None:
            self._sheet.write_blank(self.row, column, None, self._styles.of(look))
            return
        if not is_exact(cell.text):
            style = self._styles.of({**look, "align": "right"})
            self._sheet.write_string(self.row, column, cell.text, style)
            return
        style, value = self._styles.amount(cell.currency, look), float(Decimal(cell.text))
        if cell.formula:
            self._sheet.write_formula(self.row, column, cell.formula, style, value)
        else:
            self._sheet.write_number(self.row, column, value, style)


def _literal(text: str) -> str:
    """A text in a footer, where `&` begins a code."""
    return text.replace("&", "&&").replace("\n", " ")
