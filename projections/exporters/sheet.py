"""One sheet of a workbook: rows from the top down, texts as texts, amounts as numbers."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.kernel.errors import Refusal
from ledger.kernel.money import exponent
from projections.exporters.spreadsheet import would_run

ROWS_MAX = 1_048_576
TEXT_MAX = 32_767
"""How much a sheet and a cell hold. Source: Excel specifications and limits."""
CUT = " … (cut)"
DIGITS_MAX = 15
"""A spreadsheet calculates in binary floating point: beyond these, digits would change."""
WIDTH_MAX = 60


class SheetFull(Refusal):
    """More rows than a sheet can hold."""

    hint = "Export as CSV, which has no row limit, or one payee at a time: --payee."


class Amount(NamedTuple):
    """A cell with an amount of a currency, or empty where there is none."""

    text: str | None
    currency: str
    formula: str | None = None
    bold: bool = False


Cell = str | int | Amount | None


class Styles:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._amounts: dict[tuple[int, bool], Any] = {}
        self.bold = book.add_format({"bold": True})
        self.right = book.add_format({"align": "right"})
        self._inert = {bold: book.add_format({"bold": bold, "quote_prefix": True})
                       for bold in (False, True)}  # fmt: skip

    def text(self, text: str, bold: bool) -> Any:
        """The format of a text: one that would run once its cell is edited stays a text."""
        if would_run(text):
            return self._inert[bold]
        return self.bold if bold else None

    def amount(self, currency: str, bold: bool) -> Any:
        """The format of an amount: thousands separated, and the currency's decimals."""
        key = (exponent(currency), bold)
        if key not in self._amounts:
            pattern = "#,##0" + ("." + "0" * key[0] if key[0] else "")
            self._amounts[key] = self._book.add_format({"num_format": pattern, "bold": bold})
        return self._amounts[key]


def is_exact(amount: str) -> bool:
    """Whether a spreadsheet holds the amount exactly: it has at most 15 significant digits."""
    return len(amount.lstrip("-").replace(".", "").strip("0")) <= DIGITS_MAX


def fitting(text: str) -> str:
    """The text, or as much of it as a cell holds, with a mark where it was cut.

    Excel counts in UTF-16, where rarer characters count as two.
    """
    if 2 * len(text) <= TEXT_MAX or len(text.encode("utf-16-le")) <= 2 * TEXT_MAX:
        return text
    kept = text.encode("utf-16-le")[: 2 * (TEXT_MAX - len(CUT))]
    return kept.decode("utf-16-le", "ignore") + CUT


class Sheet:
    """Writes row after row. `row` is the next one, counted from zero.

    Every text is written as a text: none becomes a formula, a link or a number. Raises
    `SheetFull` beyond the last row of a sheet.
    """

    def __init__(self, book: Any, styles: Styles, name: str) -> None:
        self._sheet = book.add_worksheet(name)
        self._styles = styles
        self._widths: dict[int, int] = {}
        self.row = 0

    def heading(self, *cells: Cell) -> None:
        """A row in bold."""
        self.line(cells, bold=True)

    def line(self, cells: Sequence[Cell] = (), *, bold: bool = False) -> None:
        """Writes one row and moves to the next."""
        if self.row >= ROWS_MAX:
            raise SheetFull(f"The workbook needs more than the {ROWS_MAX:,} rows of a sheet.")
        for column, cell in enumerate(cells):
            if cell is not None and cell != "":
                self._write(column, cell, bold)
        self.row += 1

    def freeze(self) -> None:
        """Freezes the rows written so far."""
        self._sheet.freeze_panes(self.row, 0)

    def finish(self) -> None:
        """Sets column widths to fit the content, up to a maximum."""
        for column, width in self._widths.items():
            self._sheet.set_column(column, column, min(width + 2, WIDTH_MAX))

    def _write(self, column: int, cell: str | int | Amount, bold: bool) -> None:
        style = self._styles.bold if bold else None
        match cell:
            case Amount():
                shown = cell.text or ""
                self._amount(column, cell)
            case int():
                shown = str(cell)
                self._sheet.write_number(self.row, column, cell, style)
            case _:
                shown = fitting(cell)
                style = self._styles.text(shown, bold)
                done = self._sheet.write_string(self.row, column, shown, style)
                assert done == 0, f"row {self.row}, column {column} was not written"
        self._widths[column] = max(self._widths.get(column, 0), len(shown) * 5 // 4)

    def _amount(self, column: int, cell: Amount) -> None:
        if cell.text is None:
            return
        if not is_exact(cell.text):
            self._sheet.write_string(self.row, column, cell.text, self._styles.right)
            return
        style, value = self._styles.amount(cell.currency, cell.bold), float(Decimal(cell.text))
        if cell.formula:
            self._sheet.write_formula(self.row, column, cell.formula, style, value)
        else:
            self._sheet.write_number(self.row, column, value, style)
