"""Cells of a sheet that hold no value: errors, and formulas without a stored result.

The library that reads workbooks gives blanks for them. They are found in the sheet's own text.
"""

import io
import posixpath
import re
import zipfile
from html import unescape

_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
_CELL = rb"<(?:[\w.-]+:)?c(?=\s)([^>]*)(?<!/)>"
_END = rb"</(?:[\w.-]+:)?c>"
_ERROR = re.compile(
    rb"<(?:[\w.-]+:)?c(?=\s)([^>]*?\st=[\"']e[\"'][^>]*)(?<!/)>((?:(?!" + _END + rb").)*)" + _END,
    re.DOTALL,
)
_NO_RESULT = re.compile(
    _CELL + rb"\s*<(?:[\w.-]+:)?f(?:\s[^>]*)?(?:/>|>[^<]*</(?:[\w.-]+:)?f>)\s*"
    rb"(?:<(?:[\w.-]+:)?v\s*/>|<(?:[\w.-]+:)?v></(?:[\w.-]+:)?v>)?\s*" + _END,
    re.DOTALL,
)
_VALUE = re.compile(rb"<(?:[\w.-]+:)?v>([^<]*)</")
_PLACE = re.compile(rb"\sr=[\"']\$?([A-Za-z]{1,3})\$?([0-9]{1,7})[\"']")
NO_RESULT = "a formula without a stored result"
Places = dict[tuple[int, int], str]
"""By row and column, both from 0, what the cell holds instead of a value."""


def without_value(raw: bytes, sheet: str) -> Places:
    """The cells of a sheet, by its name as the workbook has it, that hold no value; none of a
    workbook of another kind than XLSX. Raises `ValueError` for one whose place is not said."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            part = _part_of(packed, sheet)
            text = packed.read(part) if part else b""
    except (zipfile.BadZipFile, KeyError):
        return {}
    places = {_place(match[1]): _said(match[2]) for match in _ERROR.finditer(text)}
    places |= {_place(match[1]): NO_RESULT for match in _NO_RESULT.finditer(text)}
    return places


def _part_of(packed: zipfile.ZipFile, sheet: str) -> str | None:
    """The part that holds a sheet."""
    for tag in _SHEET.findall(packed.read("xl/workbook.xml")):
        name, relation = _attribute(tag, rb"name"), _attribute(tag, rb"[\w.-]+:id")
        if name == sheet and relation:
            for link in _RELATION.findall(packed.read("xl/_rels/workbook.xml.rels")):
                if _attribute(link, rb"Id") == relation:
                    target = _attribute(link, rb"Target") or ""
                    return posixpath.normpath(posixpath.join("xl", target)).lstrip("/")
    return None


def _attribute(tag: bytes, name: bytes) -> str | None:
    match = re.search(rb"\s" + name + rb"=(?:\"([^\"]*)\"|'([^']*)')", tag)
    if match is None:
        return None
    value = match[1] if match[1] is not None else match[2]
    return unescape(value.decode("utf-8", "replace"))


def _said(content: bytes) -> str:
    match = _VALUE.search(content)
    return f"the error {match[1].decode('utf-8', 'replace')}" if match else "an error"


def _place(attributes: bytes) -> tuple[int, int]:
    match = _PLACE.search(attributes)
    if match is None:
        raise ValueError("a cell with an error does not say where it is")
    column = 0
    for letter in match[1].upper():
        column = column * 26 + letter - 64
    return int(match[2]) - 1, column - 1
