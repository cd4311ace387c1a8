"""Any answer's rows as a workbook: real numbers and dates, a frozen header and filters."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any
from zoneinfo import ZoneInfo

from ledger.kernel.money import exponent
from projections.exporters.sheet import (
    BOLD,
    PLAIN,
    ROWS_MAX,
    WIDTH_MAX,
    SheetFull,
    Styles,
    fitting,
    is_exact,
)

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z", re.ASCII
)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
FIRST_YEAR = 1900
"""A spreadsheet has no dates before it."""


def write(
    rows: Iterable[dict[str, Any]],
    file: IO[bytes],
    *,
    zone: str,
    text_of: Callable[[Any], str],
    is_number: Callable[[str], bool],
) -> None:
    """Writes one sheet: the header in bold, then one row per row of the answer.

    Amounts and counts, in the columns that `is_number` names, are numbers; days are dates; instants
    are local times of a zone, which the header names. Everything else is text, including ids made
    of digits. What a spreadsheet cannot hold exactly stays text. Raises `SheetFull`.
    """
    import xlsxwriter  # type: ignore[import-untyped,unused-ignore]

    options = {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False}
    with xlsxwriter.Workbook(file, options | {"strings_to_urls": False}) as book:
        _Table(book, zone, text_of, is_number).fill(rows)


class _Table:
    def __init__(
        self,
        book: Any,
        zone: str,
        text_of: Callable[[Any], str],
        is_number: Callable[[str], bool],
    ) -> None:
        self.sheet = book.add_worksheet("duebook")
        self.styles = Styles(book)
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.zone, self.text_of, self.is_number = zone, text_of, is_number
        self.widths: dict[int, int] = {}

    def fill(self, rows: Iterable[dict[str, Any]]) -> None:
        names: list[str] = []
        if isinstance(rows, list):
            names = list(dict.fromkeys(name for row in rows for name in row))
        zoned: set[str] = set()
        number = 0
        for number, row in enumerate(rows, 1):
            if number >= ROWS_MAX:
                raise SheetFull(f"The answer has more than the {ROWS_MAX:,} rows of a sheet.")
            names = names or list(row)
            shown = [name for name in names if name != "explanation"]
            for column, name in enumerate(shown):
                if self._cell(number, column, name, row):
                    zoned.add(name)
        shown = [name for name in names if name != "explanation"]
        for column, name in enumerate(shown):
            head = f"{name} ({self.zone})" if name in zoned else name
            self._text(0, column, head, bold=True)
        self.sheet.freeze_panes(1, 0)
        if shown:
            self.sheet.autofilter(0, 0, max(number, 1), len(shown) - 1)
        for column, width in self.widths.items():
            self.sheet.set_column(column, column, min(width + 3, WIDTH_MAX))

    def _cell(self, number: int, column: int, name: str, row: dict[str, Any]) -> bool:
        """Writes a cell; returns whether it is an instant shown in the zone."""
        value = row.get(name)
        if value is None or value == "":
            return False
        text = self.text_of(value)
        if self._is_number(name, value, text):
            code = row.get("currency")
            self._number(number, column, text, code if isinstance(code, str) else None)
        elif isinstance(value, str) and _DATE.fullmatch(text) and _in_sheet(text):
            self.sheet.write_datetime(number, column, _day(text), self.day)
            self._wide(column, text)
        elif isinstance(value, str) and _INSTANT.fullmatch(text) and _in_sheet(text):
            there = datetime.fromisoformat(text).astimezone(ZoneInfo(self.zone))
            self.sheet.write_datetime(number, column, there.replace(tzinfo=None), self.instant)
            self._wide(column, text[:19])
            return True
        else:
            self._text(number, column, text)
        return False

    def _is_number(self, name: str, value: Any, text: str) -> bool:
        if isinstance(value, bool):
            return False
        is_candidate = isinstance(value, int) or (self.is_number(name) and isinstance(value, str))
        return is_candidate and _NUMBER.fullmatch(text) is not None and is_exact(text)

    def _number(self, number: int, column: int, text: str, currency: str | None) -> None:
        decimals = len(text.partition(".")[2])
        style = None
        if decimals and currency and exponent(currency) == decimals:
            style = self.styles.amount(currency, PLAIN)
        self.sheet.write_number(number, column, float(Decimal(text)), style)
        self._wide(column, f"{text}{' ' * (len(text) // 3)}")

    def _text(self, number: int, column: int, text: str, *, bold: bool = False) -> None:
        shown = fitting(text)
        done = self.sheet.write_string(
            number, column, shown, self.styles.text(shown, BOLD if bold else PLAIN)
        )
        assert done == 0, f"row {number}, column {column} was not written"
        self._wide(column, shown)

    def _wide(self, column: int, shown: str) -> None:
        self.widths[column] = max(self.widths.get(column, 0), len(shown) * 5 // 4)


def _in_sheet(text: str) -> bool:
    return int(text[:4]) > FIRST_YEAR


def _day(text: str) -> datetime:
    day = date.fromisoformat(text)
    return datetime(day.year, day.month, day.day)
