"""The rows of any file, one after another, as cells with the place that people know them by."""

import csv
import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.intake.in_words import of_csv
from ledger.intake.lines import LINE_BYTES_MAX
from ledger.intake.ndjson import parse_object
from ledger.intake.rejection import RowProblem
from ledger.intake.tables.plain_file import PlainFile
from ledger.intake.tables.refusals import BadTable
from ledger.intake.tables.workbook import Unreadable, rows_of_workbook, sheets_of

NUMBER, MOMENT, UNREADABLE = "\x01", "\x02", "\x03"
"""The first character of a cell that a workbook holds as a number, as a local time, or not at all:
how it is read then does not depend on how the mapping's texts are written."""
MARKS = (NUMBER, MOMENT, UNREADABLE)
SAFE_DIGITS = 15


class RawRow(NamedTuple):
    """A row as it is in the file, or why it is not one."""

    place: int
    cells: list[str]
    fault: str | None = None


def of_text(file: PlainFile, delimiter: str, quote: str = '"') -> Iterator[RawRow]:
    """The rows of a text, each with the line on which it ends. Blank ones are left out."""
    csv.field_size_limit(LINE_BYTES_MAX)
    with file.path.open(encoding="utf-8-sig", newline="", errors="strict") as stream:
        lines = _without_nulls(stream, file.name)
        reader = csv.reader(lines, delimiter=delimiter, strict=True, **quoting(quote))
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise BadTable(
                    f"{file.name}, line {reader.line_num}: not CSV: {of_csv(error)}.",
                    "Quote cells with quotes, and double quotes inside of them. Where none are "
                    'quoted, say so in a mapping: [file] quote = ""',
                ) from None
            except UnicodeDecodeError as wrong:
                raise BadTable(
                    f"{file.name}: not UTF-8 text behind line {reader.line_num}: {wrong.reason}.",
                    'Say in a mapping what it is: [file] encoding = "windows-1252"',
                ) from None
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield RawRow(reader.line_num, cells)


def quoting(quote: str) -> dict[str, Any]:
    """The options of a CSV reader for the sign around cells, if there is one."""
    if not quote:
        return {"quoting": csv.QUOTE_NONE, "quotechar": None}
    return {"quotechar": quote}


def _without_nulls(stream: Iterator[str], name: str) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        if "\0" in line or any(mark in line for mark in MARKS):
            raise BadTable(
                f"{name}, line {number}: holds a control character.", "Export it again, as text."
            )
        yield line


def of_workbook(file: PlainFile, sheet: str) -> Iterator[RawRow]:
    """The rows of a sheet, each with its number."""
    raw = file.path.read_bytes()
    for place, cells in rows_of_workbook(file.name, raw, sheet):
        texts = [_marked(cell) for cell in cells]
        if any(text.strip() for text in texts):
            yield RawRow(place, texts)


def sheets(file: PlainFile) -> list[str]:
    """The names of a workbook's sheets."""
    return sheets_of(file.name, file.path.read_bytes())


def _marked(cell: Any) -> str:
    """A cell as text; if it is not one, with the mark of its kind before its value."""
    match cell:
        case str():
            return cell.replace("\0", "").lstrip("".join(MARKS))
        case Unreadable():
            return UNREADABLE + cell.said
        case bool():
            return "true" if cell else "false"
        case int():
            return f"{NUMBER}{cell}"
        case float():
            return NUMBER + _digits(cell)
        case datetime():
            return MOMENT + cell.isoformat(sep=" ")
        case date():
            return MOMENT + cell.isoformat()
        case time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
    return str(cell)


def _digits(number: float) -> str:
    """A number of a workbook, which keeps 15 digits of it: the noise behind them is not read."""
    if number.is_integer() and abs(number) < 10**SAFE_DIGITS:
        return str(int(number))
    short = float(f"{number:.{SAFE_DIGITS}g}")
    return f"{Decimal(repr(short)):f}"


def of_json(file: PlainFile) -> tuple[list[str], Iterator[RawRow]]:
    """The keys of all objects of a file, as a header, and each line as a row. Fields of inner
    objects are named with a dot, lists are written with `;`."""
    names: dict[str, int] = {}
    for _, row in _objects(file):
        for name in row:
            names.setdefault(name, len(names))
    return list(names), _of_objects(file, names)


def _of_objects(file: PlainFile, names: dict[str, int]) -> Iterator[RawRow]:
    for place, row in _objects(file):
        cells = [""] * len(names)
        for name, text in row.items():
            cells[names[name]] = text
        yield RawRow(place, cells)


def _objects(file: PlainFile) -> Iterator[tuple[int, dict[str, str]]]:
    with file.path.open("rb") as stream:
        number = 0
        while raw := stream.readline(LINE_BYTES_MAX + 1):
            number += 1
            if len(raw) > LINE_BYTES_MAX:
                raise BadTable(f"{file.name}, line {number}: longer than {LINE_BYTES_MAX:,} bytes.")
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if raw.strip():
                yield number, _flat_object(file.name, number, raw)


def _flat_object(name: str, number: int, raw: bytes) -> dict[str, str]:
    try:
        parse_object(raw.strip(), False, False)  # refuses doubled keys, nesting without an end
        row = json.loads(raw, parse_float=str, parse_int=str)
    except RowProblem as problem:
        raise BadTable(f"{name}, line {number}: {problem.error}", problem.hint) from None
    except (ValueError, RecursionError) as error:
        raise BadTable(f"{name}, line {number}: not JSON: {error}.") from None
    return dict(_flat("", row))


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from _flat(f"{path}.{name}" if path else name, inner)
        case list() if not any(isinstance(inner, dict | list) for inner in value):
            yield path, ";".join(_text(inner) for inner in value)
        case list():
            yield path, json.dumps(value, ensure_ascii=False)
        case _:
            yield path, _text(value)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
    return "".join(" " if sign in MARKS or sign == "\0" else sign for sign in str(value))
