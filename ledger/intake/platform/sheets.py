"""A table of cells out of a workbook's sheet or out of a CSV, each row with its number."""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path

from ledger.intake.orders.profiles import fold
from ledger.intake.platform.canonical import read_bytes, text_of
from ledger.intake.platform.rows import BadPlatformFile, Problem, refuse

Cell = int | float | str | bool | date | datetime | time | timedelta
Rows = Iterator[tuple[int, list[Cell]]]
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How workbooks begin: XLSX; the container of XLS, and of an XLSX with a password."""
DELIMITERS = ",;\t"
LOOKED_AT = 20


def rows_of(path: str, sheet: str) -> Rows:
    """The rows of a file that are not blank, numbered as the person sees them, from 1.

    Of a workbook it is the sheet of that name, folded. Raises `MissingFile`, `BadPlatformFile`.
    """
    raw, name = read_bytes(path), Path(path).name
    rows = _of_sheet(name, raw, sheet) if raw.startswith(WORKBOOKS) else _of_csv(name, raw)
    return ((place, cells) for place, cells in rows if any(map(_is_filled, cells)))


def _is_filled(cell: Cell) -> bool:
    return bool(cell.strip()) if isinstance(cell, str) else True


def _of_sheet(name: str, raw: bytes, sheet: str) -> Rows:
    """All cells that the sheet holds, whatever it says its dimensions are."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(raw)) as workbook:
            names = [one for one in workbook.sheet_names if fold(one) == fold(sheet)]
            if len(names) != 1:
                there = ", ".join(map(repr, workbook.sheet_names)) or "none"
                raise BadPlatformFile(
                    f"{name} has {len(names) or 'no'} sheets {sheet!r}; found {there}.",
                    "Export the income file again, with its order details.",
                )
            for place, cells in enumerate(workbook.get_sheet_by_name(names[0]).iter_rows(), 1):
                yield place, list(cells)
    except CalamineError as error:
        raise BadPlatformFile(
            f"{name} is not a workbook that can be read: {error}.",
            "Export it again; a file with a password must be saved without.",
        ) from None


def _of_csv(name: str, raw: bytes) -> Rows:
    """Separated by what makes the widest rows: commas, semicolons or tabs."""
    text = text_of(name, raw)
    delimiter = max(DELIMITERS, key=lambda one: _width(text, one))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in rows:
            yield rows.line_num, list(cells)
    except csv.Error as error:
        refuse(name, [Problem(rows.line_num, "not_csv", f"{error}.")])


def _width(text: str, delimiter: str) -> int:
    """The cells of the widest row among the first."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return max((len(cells) for cells in islice(rows, LOOKED_AT)), default=0)
    except csv.Error:
        return 0
