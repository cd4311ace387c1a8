"""From rows to tables of a page: amounts grouped, instants local, ids as links."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from ledger.kernel.counted import counted, grouped
from ledger.kernel.shown import visible
from ledger.programs.words import in_words
from projections.books.together import BOOK
from projections.cells import NUMBER, PerCurrency, cell, is_money, is_number_column
from projections.narrowing import Condition, narrowed
from projections.pages.names import ID_LONG
from projections.web.looking import Looking
from projections.web.page import Cell, Filter, Row, Section, Table

SHOWN_MAX = 500
"""Rows of a page; the next ones are a link away."""
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z")
LONG = 40
"""Characters from which on a text needs a wide column."""
DAY = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?")
"""A month or a day: not broken at its hyphens."""
AND = re.compile(r"\s+and\s+(?=[\w-]+\s*[=!<>~])")
"""Between two conditions; not within a text that is looked for."""
OUTCOMES = ("payable", "granted", "declined", "held")
CODES = ("hash", "digest", "head")
DIGEST_SHOWN = 19
_ID = {
    "line": "lines",
    "statement": "statements",
    "program": "programs",
    "position": "facts",
    "withdrawn_by": "facts",
    "batch": "facts",
    "archived": "facts",
}
"""Columns whose cells are ids, and the first part of their pages' addresses."""
PARTIES = ("payee", "payer", "owed_to", "owed_by", "subject")
THINGS = ("store", "partner", "merchant", "creator")
Streams = Callable[[str, str], str]


def table_of(looking: Looking, rows: Sequence[Row], columns: Sequence[str] = ()) -> Table:
    """Rows as a table, with links to the pages of what they name."""
    names = list(columns) or list(dict.fromkeys(name for row in rows for name in row))
    names = [name for name in names if name != "explanation"]
    there = looking.existing(
        stream for row in rows for name in names if (stream := _stream(name, row.get(name)))
    )
    parties = looking.names(str(row.get("payee", "")) for row in rows)
    heads = [
        (
            name.replace("_", " "),
            "n" if all(_is_number(name, row.get(name)) for row in rows) else "",
        )
        for name in names
    ]
    shown = [[_cell(looking, name, row, there, parties) for name in names] for row in rows]
    return Table(heads, shown)


def table_of_books(
    by_name: Mapping[str, Looking], rows: Sequence[Row], columns: Sequence[str] = ()
) -> Table:
    """Rows of several books as a table: each with links to the pages of the book that its column
    `book` names, of those that are looked at; a row without one has none."""
    names = list(columns) or list(dict.fromkeys(name for row in rows for name in row))
    heads, drawn = table_of_rows(rows, names)
    cells = list(drawn)
    for book, looking in by_name.items():
        own = [number for number, row in enumerate(rows) if row.get(BOOK) == book]
        table = table_of(looking, [rows[number] for number in own], names)
        for number, shown in zip(own, table.rows, strict=True):
            cells[number] = [
                Cell(book, looking.link()) if name == BOOK else linked
                for name, linked in zip(names, shown, strict=True)
            ]
    return Table(heads, cells)


def table_of_rows(rows: Sequence[Row], columns: Sequence[str] = ()) -> Table:
    """Rows as a table without links."""
    names = list(columns) or list(dict.fromkeys(name for row in rows for name in row))
    numbers = {name for name in names if all(_is_number(name, row.get(name)) for row in rows)}
    heads = [(name.replace("_", " "), "n" if name in numbers else "") for name in names]
    return Table(heads, [[_plain(name, row.get(name)) for name in names] for row in rows])


def _plain(name: str, value: object) -> Cell:
    text = visible(value.grouped if isinstance(value, PerCurrency) else cell(value))
    if is_number_column(name) and NUMBER.fullmatch(text):
        return Cell(grouped(text) if is_money(name) else text, kind="n")
    return Cell(text, kind="t" if len(text) > LONG else "")


def _is_number(name: str, value: object) -> bool:
    return is_number_column(name) and NUMBER.fullmatch(cell(value) or "0") is not None


def _stream(name: str, value: object) -> str:
    """The stream that a cell names; empty for none."""
    text = str(value or "")
    if name in (*PARTIES, "stream") and ":" in text:
        return text
    return f"{name}:{text}" if name in THINGS and text else ""


def _cell(looking: Looking, name: str, row: Row, there: set[str], parties: dict[str, str]) -> Cell:
    value = row.get(name)
    text = visible(value.grouped if isinstance(value, PerCurrency) else cell(value))
    if not text:
        return Cell("", kind="n" if is_number_column(name) else "")
    if INSTANT.fullmatch(text):
        return Cell(looking.time(text), kind="d")
    if DAY.fullmatch(text):
        program = row.get("program") if name == "period" else None
        return Cell(text, looking.link("programs", str(program), text) if program else "", "d")
    if name in CODES:
        return Cell(text[:DIGEST_SHOWN], kind="c")
    if name in ("why", "code"):
        return Cell(in_words(text))
    if name == "outcome" or name.endswith("_outcome"):
        return Cell(text, kind=text if text in OUTCOMES else "")
    if is_number_column(name) and NUMBER.fullmatch(text) and name not in _ID:
        return Cell(grouped(text) if is_money(name) else text, kind="n")
    if name in _ID and not (name == "line" and "file" in row):
        kind = "n" if NUMBER.fullmatch(text) else _kind_of_id(name, text)
        return Cell(text, looking.link(_ID[name], str(row[name])), kind)
    if name == "order_id" and row.get("store"):
        return Cell(text, looking.link("orders", str(row["store"]), str(row[name])))
    stream = _stream(name, row.get(name))
    if stream in there:
        known = f", {visible(parties[text])}" if text in parties and name == "payee" else ""
        kind = "" if known else _kind_of_id(name, text)
        return Cell(text + known, looking.link("streams", stream), kind)
    if is_number_column(name) and NUMBER.fullmatch(text):
        return Cell(text, kind="n")
    return Cell(text, kind="t" if len(text) > LONG else "")


def _kind_of_id(name: str, text: str) -> str:
    """An id stays in one piece unless it is long, or a program's beside those of its lines: a
    column at the right would be pushed out of sight."""
    return "i" if len(text) <= ID_LONG and name != "program" else ""


def listing(
    looking: Looking,
    name: str,
    heading: str,
    rows: Sequence[Row],
    *,
    columns: Sequence[str] = (),
    known: Sequence[str] = (),
    example: str = "",
    empty: str = "None.",
    notes: Iterable[Cell] = (),
) -> Section:
    """A section with the rows that meet the conditions of the address, in its order, a page of
    500 at a time. Raises `BadCondition`, `NoSuchColumn`."""
    kept = narrowed_rows(looking, rows, known)
    page = page_number(looking)
    first = (page - 1) * SHOWN_MAX
    shown = kept[first : first + SHOWN_MAX]
    names = list(dict.fromkeys(name for row in rows for name in row)) or list(known)
    filter_ = Filter(
        [name for name in names if name != "explanation"],
        looking.typed("where") or "",
        looking.typed("sort") or "",
        example,
    )
    said = list(notes)
    if len(kept) != len(rows):
        said.append(Cell(f"{len(kept):,} of {counted(len(rows), 'row')}."))
    if len(kept) > SHOWN_MAX:
        said.append(Cell(f"Rows {first + 1:,} to {first + len(shown):,} of {len(kept):,}."))
    return Section(
        name,
        heading,
        notes=said,
        filter=filter_ if rows or filter_.where else None,
        table=table_of(looking, shown, columns) if shown else None,
        pages=list(_pages(looking, page, len(kept))),
        empty=empty,
    )


def narrowed_rows(looking: Looking, rows: Sequence[Row], known: Sequence[str] = ()) -> list[Row]:
    """The rows that meet the address's `where`, in the order of its `sort`."""
    where = looking.typed("where")
    conditions = [Condition.parsed(text) for text in (AND.split(where) if where else ())]
    sort = looking.typed("sort")
    return narrowed(rows, conditions, is_number=is_number_column, known=known, sort=sort)


def page_number(looking: Looking) -> int:
    """Which page of a long table the address asks for; the first where it names none."""
    typed = looking.typed("page") or "1"
    return max(1, int(typed)) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 1


def _pages(looking: Looking, page: int, rows: int) -> Iterable[Cell]:
    last = max(1, -(-rows // SHOWN_MAX))
    if page > 1:
        yield Cell("previous rows", looking.here(page=str(page - 1)))
    if page < last:
        yield Cell("next rows", looking.here(page=str(page + 1)))


def fields_of(looking: Looking, row: Row) -> list[tuple[str, list[Cell]]]:
    """A row as a list of names and values, for the head of a page; empty values are left out."""
    table = table_of(looking, [row])
    return [
        (label, [shown])
        for (label, _), shown in zip(table.heads, table.rows[0], strict=True)
        if shown.text
    ]
