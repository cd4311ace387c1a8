"""A statement as a workbook that came back: its cells with their formulas, and whether anything in
it may show them otherwise."""

import io
import re
import zipfile
from collections.abc import Iterator
from math import isfinite
from typing import Any, NamedTuple
from xml.etree import ElementTree

from ledger.intake.problems import BadPlatformFile
from projections.issued.difference import differing, shortened

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
OF_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
BOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
TEXTS, STYLES = "xl/sharedStrings.xml", "xl/styles.xml"
KNOWN_PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(?:core|app|custom)\.xml|xl/calcChain\.xml|"
    r"xl/(?:workbook|styles|sharedStrings)\.xml|xl/_rels/workbook\.xml\.rels|"
    r"xl/theme/theme[0-9]+\.xml|xl/worksheets/sheet[0-9]+\.xml|xl/printerSettings/\S+\.bin|"
    r"xl/worksheets/_rels/sheet[0-9]+\.xml\.rels"
)
PLAIN_FORMAT = re.compile(r"General|GENERAL|@|#,##0(?:\.0{1,8})?|0(?:\.0{1,8})?")
BUILT_IN_PLAIN = {0, 1, 2, 3, 4, 49}
"""Numbers of formats that show a number as it is, with or without decimals and groups."""
SHOWS_OTHERWISE = {"conditionalFormatting", "drawing", "legacyDrawing", "picture", "oleObjects"}
"""Elements of a sheet that put something else over its cells."""
NARROW = 1.0
ROW_PLACE = re.compile(r"[A-Z]+([0-9]+)")


class Cell(NamedTuple):
    """What a cell holds: its value as a text, the formula that it has besides, and the format of
    its number, empty for one that shows other than the number."""

    value: str
    formula: str
    number_format: str
    is_number: bool

    @property
    def shown(self) -> str:
        """As a spreadsheet shows it."""
        if not self.is_number:
            return self.value
        decimals = len(self.number_format.partition(".")[2])
        return f"{float(self.value):,.{decimals}f}"


NOTHING = Cell("", "", "General", False)


Cells = dict[tuple[str, str], Cell]
"""By sheet and place, such as `G14`, in the order of the sheets."""


def parts_of(raw: bytes) -> dict[str, bytes]:
    """The parts of a workbook, unpacked. Raises `BadPlatformFile` for what is none.

    How large they are was measured before: `ledger.intake.tables.workbook.measure`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            names = packed.namelist()
            if len({*names}) < len(names):
                raise zipfile.BadZipFile("it has a part twice")
            return {name: packed.read(name) for name in names}
    except (zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError, OSError) as error:
        raise BadPlatformFile(f"It is not a workbook that can be read: {error}.") from None


def text_parts(raw: bytes) -> list[bytes]:
    """The parts that hold a workbook's texts. Raises `BadPlatformFile`."""
    parts = parts_of(raw)
    return [
        content for name, content in parts.items() if name == TEXTS or "/worksheets/sheet" in name
    ]


def cells_of(parts: dict[str, bytes]) -> Cells:
    """The filled cells of every sheet. Raises `BadPlatformFile` for what no workbook has."""
    try:
        texts = [_text_of(item) for item in _tree(parts, TEXTS)] if TEXTS in parts else []
        formats = list(_formats(parts))
        cells: Cells = {}
        for name, part in _sheets(parts):
            for cell in _tree(parts, part).iter(f"{MAIN}c"):
                content = _cell(cell, texts, formats)
                if content.value or content.formula:
                    cells[name, cell.get("r", "")] = content
        return cells
    except (ElementTree.ParseError, KeyError, ValueError, IndexError, RecursionError):
        raise BadPlatformFile("It is not a workbook that can be read.") from None


def column_a(cells: Cells) -> list[str]:
    """The texts of the first column of the first sheet, from the top to the first blank row."""
    sheet = next(iter(cells), ("", ""))[0]
    texts: list[str] = []
    while (cell := cells.get((sheet, f"A{len(texts) + 1}"))) is not None:
        texts.append(cell.value)
    return texts


def first_difference(theirs: Cells, ours: Cells) -> str:
    """The first cell that the file has otherwise than the book; empty for none."""
    for place in [*ours, *(place for place in theirs if place not in ours)]:
        file, book = theirs.get(place, NOTHING), ours.get(place, NOTHING)
        where = _where(place, ours if place in ours else theirs)
        if (file.value, file.is_number) != (book.value, book.is_number):
            if file.shown == book.shown:
                return (
                    f"{where}: {shortened(file.value)} is a text in the one, a number in the other"
                )
            return differing(where, file.shown, book.shown)
        if file.formula != book.formula:
            formulas = (f"={cell.formula}" if cell.formula else "" for cell in (file, book))
            return differing(f"the formula of {where}", *formulas)
    return ""


def may_show_otherwise(parts: dict[str, bytes], cells: Cells) -> str:
    """What in a workbook of the same cells might hide them or show others: a part, a hidden row,
    a number format. Empty for nothing."""
    for name in parts:
        if KNOWN_PARTS.fullmatch(name) is None:
            return f"the part {shortened(name)}"
    for (sheet, place), cell in cells.items():
        if not cell.number_format:
            return f"the number format of {sheet} {place}"
    for name, part in [("the workbook", BOOK), *_sheets(parts)]:
        for element in _tree(parts, part).iter():
            tag = element.tag.rpartition("}")[2]
            if tag in SHOWS_OTHERWISE or element.get("hidden") in ("1", "true"):
                return f"{tag} in {shortened(name)}"
            if tag == "sheet" and element.get("state", "visible") != "visible":
                return f"a hidden sheet in {name}"
            sizes = [element.get("width")] * (tag == "col") + [element.get("ht")] * (tag == "row")
            if any(size is not None and float(size) < NARROW for size in sizes):
                return f"a {tag} in {shortened(name)} that is too small to be seen"
    return ""


def _where(place: tuple[str, str], cells: Cells) -> str:
    """A cell, with the first text of its row."""
    sheet, at = place
    row = ROW_PLACE.fullmatch(at)
    first = cells.get((sheet, f"A{row[1]}")) if row else None
    beside = f", {shortened(first.value)}" if first and not at.startswith("A") else ""
    return f"{sheet} {at}{beside}"


def _tree(parts: dict[str, bytes], name: str) -> Any:
    """A part as XML, which declares no entities of its own."""
    if b"<!DOCTYPE" in parts[name] or b"<!ENTITY" in parts[name]:
        raise ValueError("no workbook has these")
    return ElementTree.fromstring(parts[name])


def _sheets(parts: dict[str, bytes]) -> Iterator[tuple[str, str]]:
    """The name of each sheet and its part."""
    targets = {item.get("Id"): item.get("Target", "") for item in _tree(parts, RELATIONS)}
    for sheet in _tree(parts, BOOK).iter(f"{MAIN}sheet"):
        target = targets[sheet.get(OF_RELATIONS)]
        part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        yield sheet.get("name", ""), part


def _formats(parts: dict[str, bytes]) -> Iterator[str]:
    """Per style of a cell its number format, empty for one that shows other than the number."""
    styles = _tree(parts, STYLES)
    own = {
        item.get("numFmtId"): item.get("formatCode", "") for item in styles.iter(f"{MAIN}numFmt")
    }
    for style in styles.find(f"{MAIN}cellXfs") or ():
        number = style.get("numFmtId", "0")
        if number in own:
            yield own[number] if PLAIN_FORMAT.fullmatch(own[number]) else ""
        else:
            yield "General" if int(number) in BUILT_IN_PLAIN else ""


def _cell(cell: Any, texts: list[str], formats: list[str]) -> Cell:
    kind, value = cell.get("t", "n"), cell.findtext(f"{MAIN}v") or ""
    if kind == "s":
        value = texts[int(value)]
    elif kind == "inlineStr":
        value = _text_of(cell.find(f"{MAIN}is"))
    elif kind == "n" and value:
        value = repr(float(value))
        if not isfinite(float(value)):
            raise ValueError("no cell holds that")
    formula = _formula(cell.find(f"{MAIN}f"))
    style = int(cell.get("s", "0"))
    return Cell(
        value, formula, formats[style] if formats else "General", kind == "n" and value != ""
    )


def _formula(element: Any) -> str:
    """A formula of its own cell alone; one that other cells share is named as such."""
    if element is None:
        return ""
    text = (element.text or "").removeprefix("=")
    kind = element.get("t", "normal")
    return text if kind == "normal" else f"{text} ({kind} {element.get('ref', '')})"


def _text_of(item: Any) -> str:
    """The text of a string; how it is pronounced is no part of it."""
    runs = [*item.findall(f"{MAIN}t"), *item.findall(f"{MAIN}r/{MAIN}t")]
    return "".join(run.text or "" for run in runs)
