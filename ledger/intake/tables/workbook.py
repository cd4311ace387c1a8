"""A workbook as a stranger sends it: measured first, then read by a process that may fail.

Some kilobytes can unpack to gigabytes, and one cell in the last row makes a reader build all the
cells before it. What a workbook declares is checked before anything is built; the reading itself
happens in a process of its own with bounded memory, whose failure becomes a refusal.
"""

import io
import json
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import IO, Any, NamedTuple

from ledger.intake.in_words import of_packed
from ledger.intake.problems import BadPlatformFile
from ledger.intake.tables.own_process import run_reader

ZIP = b"PK\x03\x04"
PACKED_MAX = 64 * 1024 * 1024
UNPACKED_MAX = 256 * 1024 * 1024
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, ValueError, IndexError),
    *(NotImplementedError, struct.error, OverflowError),  # of versions that no workbook has
)
PARTS_MAX = 2_000
CELLS_MAX = 5_000_000
"""Rows times columns of a sheet up to its farthest cell: what its reader builds."""
MEMORY_MAX = 2 * 1024 * 1024 * 1024
"""Of the process that reads, its program included."""
SECONDS_MAX = 120
BLOCK = 1024 * 1024
FILLED_CELL = re.compile(
    rb"""<(?:[\w.-]+:)?c\s(?:[^>]*?\s)?r=["']\$?([A-Za-z]{1,7})\$?([0-9]{1,9})["'][^>]*(?<!/)>"""
)
"""`<c r="XFD1048576" t="s">`. Cells that only have a style take no room, nor do ranges."""
OVERLAP = 256
AGAIN = "Export it again; a file with a password must be saved without."


class Unreadable(NamedTuple):
    """A cell that holds no value, and what it holds instead. It is neither a blank nor a zero."""

    said: str

    def __str__(self) -> str:
        return self.said


def rows_of_workbook(name: str, raw: bytes, sheet: str) -> Iterator[tuple[int, list[Any]]]:
    """All cells that a sheet holds, each row with its number from 1.

    Raises `BadPlatformFile` for what is no workbook, has no such sheet, or is too large.
    """
    with _cells_written(name, raw, sheet) as (first, lines):
        if "sheets" in first:
            there = ", ".join(map(repr, first["sheets"])) or "none"
            raise BadPlatformFile(
                f"{name} has {first['alike'] or 'no'} sheets {sheet!r}; found {there}.",
                "Export the file again with that sheet, or name another in the mapping.",
            )
        for place, line in enumerate(lines, 1):
            yield place, list(map(_cell, json.loads(line)))


def sheets_of(name: str, raw: bytes) -> list[str]:
    """The names of a workbook's sheets. Raises `BadPlatformFile`."""
    with _cells_written(name, raw, "") as (first, _):
        return list(first["sheets"])


@contextmanager
def _cells_written(name: str, raw: bytes, sheet: str) -> Iterator[tuple[dict[str, Any], IO[bytes]]]:
    """The first line that the reading process writes, and the file with those that follow."""
    if len(raw) > PACKED_MAX:
        raise _too_large(name, f"it has {len(raw):,} bytes; {PACKED_MAX:,} are read")
    if raw.startswith(ZIP):
        measure(name, raw)
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output:
        given.write(raw)
        given.seek(0)
        _read_in_process(name, given, output, sheet)
        output.seek(0)
        first = json.loads(output.readline())
        if "error" in first:
            raise BadPlatformFile(
                f"{name} is not a workbook that can be read: {first['error']}.", AGAIN
            )
        yield first, output


def measure(name: str, raw: bytes) -> None:
    """Unpacks a workbook without keeping it. Raises `BadPlatformFile` for one that is too large,
    and for one that is not what it declares."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            parts = packed.infolist()
            if len(parts) > PARTS_MAX:
                raise _too_large(name, f"it has {len(parts):,} parts; {PARTS_MAX:,} are read")
            total = sum(part.file_size for part in parts)
            if total > UNPACKED_MAX:
                raise _too_large(name, f"it unpacks to {total:,} bytes; {UNPACKED_MAX:,} are read")
            for part in parts:
                _measure_part(name, part, _packed_part(raw, part))
    except BROKEN as error:
        raise BadPlatformFile(
            f"{name} is not a workbook that can be read: {of_packed(error)}.", AGAIN
        ) from None


def _packed_part(raw: bytes, part: zipfile.ZipInfo) -> memoryview:
    """The bytes from the start of a part to the end of the file."""
    begins = part.header_offset
    if raw[begins : begins + 4] != ZIP:
        raise zipfile.BadZipFile(f"{part.filename!r} does not stand where it is said to")
    lengths = raw[begins + 26 : begins + 30]
    skipped = 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
    return memoryview(raw)[begins + skipped :]


def _measure_part(name: str, part: zipfile.ZipInfo, packed: memoryview) -> None:
    """Unpacks a part to its real end, whatever size is declared."""
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile(f"{part.filename!r} is packed as no workbook is")
    size, rows, columns, tail = 0, 0, 0, b""
    is_sheet = False
    for block in _unpacked(part, packed):
        size += len(block)
        if size > part.file_size:
            raise _too_large(name, f"{part.filename!r} unpacks to more than it says")
        text = tail + block
        is_sheet = is_sheet or b"sheetData" in text
        if is_sheet and (cells := FILLED_CELL.findall(text)):
            rows = max(rows, max(int(digits) for _, digits in cells))
            columns = max(columns, max(map(_number, {letters for letters, _ in cells})))
        tail = text[-OVERLAP:]
    if rows * columns > CELLS_MAX:
        raise _too_large(
            name,
            f"{part.filename!r} has cells up to row {rows:,} and column {columns:,}, "
            f"{rows * columns:,} in all; {CELLS_MAX:,} are read",
        )


def _unpacked(part: zipfile.ZipInfo, packed: memoryview) -> Iterator[bytes]:
    if part.compress_type == zipfile.ZIP_STORED:
        yield from (bytes(packed[: part.compress_size]),)
        return
    unpacker, at = zlib.decompressobj(-zlib.MAX_WBITS), 0
    rest = b""
    while not unpacker.eof:
        if not rest:
            rest, at = bytes(packed[at : at + BLOCK]), at + BLOCK
            if not rest:
                raise zipfile.BadZipFile(f"{part.filename!r} is cut off")
        yield unpacker.decompress(rest, BLOCK)
        rest = unpacker.unconsumed_tail


def _number(letters: bytes) -> int:
    """The number of a column: A is 1, XFD is 16,384."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _read_in_process(name: str, given: Any, output: Any, sheet: str) -> None:
    """Has another process write out the cells. Raises `BadPlatformFile` if it does not end well."""
    reader, words = "ledger.intake.tables.workbook_process", [sheet, str(MEMORY_MAX)]
    try:
        ended = run_reader(reader, words, given=given, output=output, seconds=SECONDS_MAX)
    except TimeoutError:
        raise _too_large(name, f"reading it took longer than {SECONDS_MAX} seconds") from None
    if ended.code:
        raise BadPlatformFile(
            f"{name} cannot be read: its reader gave up (code {ended.code}), over a cell far "
            "away or a part that is damaged.",
            "Copy what is needed into a new sheet, or save it as CSV.",
        )


def _too_large(name: str, why: str) -> BadPlatformFile:
    return BadPlatformFile(
        f"{name} is too large to be read: {why}.",
        "Copy what is needed into a new workbook, or save it as CSV.",
    )


def _cell(value: Any) -> Any:
    """A cell as it was before it was written out."""
    if not isinstance(value, dict):
        return value
    ((kind, text),) = value.items()
    match kind:
        case "datetime":
            return datetime.fromisoformat(text)
        case "date":
            return date.fromisoformat(text)
        case "time":
            return time.fromisoformat(text)
        case "unreadable":
            return Unreadable(text)
    return timedelta(seconds=text)
