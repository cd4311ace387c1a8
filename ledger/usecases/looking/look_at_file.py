"""Looking at a file from elsewhere: what it is, and how it would be read."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.intake.header import is_nameless
from ledger.intake.tables import layout, rows
from ledger.intake.tables.drafts import Draft, draft_of
from ledger.intake.tables.faults import split
from ledger.intake.tables.known_headers import meaning_of
from ledger.intake.tables.mapped import MappedTable
from ledger.intake.tables.mapping import Mapping
from ledger.intake.tables.mappings import mapping_named, parsed, shipped
from ledger.intake.tables.plain_file import PlainFile, plain_file
from ledger.intake.tables.refusals import BadMapping, BadTable, MissingColumns
from ledger.intake.tables.table import opened
from ledger.intake.tables.targets import FACTS_OF_ANY_TYPE, ORDERS, RECONCILE, target_named
from ledger.kernel.fold import fold
from ledger.store.archive.connection import connect
from ledger.store.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

LOOKED_AT = 200
SHOWN = 5

CERTAIN = (",", "\t")
"""Separators that need no mapping."""


class Looked(NamedTuple):
    """What a file is, and how it would be read."""

    file: PlainFile
    sheets: list[str]
    found: layout.Found
    use: str
    is_own: bool
    """Whether its headers are ours."""
    fits: list[str]
    """Shipped mappings that fit it."""
    draft: Draft
    read_by: Mapping | None
    """The mapping that is given or fits; None where a draft is shown."""
    lacks: list[str]
    """Columns of ours that a mapping does not find in the file, but options can give."""
    refused: str
    """Why the mapping cannot read it; empty where it can."""
    first_rows: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """In the shape of the public contract."""
        return {
            "file": self.file.name,
            "format": self.format,
            "encoding": self.file.encoding or None,
            "packed": self.file.packed,
            "sheets": self.sheets,
            "sheet": self.found.sheet or None,
            "delimiter": self.found.delimiter if self.file.kind == "text" else None,
            "header_at": self.found.place,
            "for": self.use,
            "own_headers": self.is_own,
            "fits": self.fits,
            "columns": [
                {
                    "header": column.header,
                    "samples": list(column.samples),
                    "read_as": self._read_as(column.header) if self.read_by else column.ours,
                    "how": None if self.read_by else column.how or None,
                }
                for column in self.draft.columns
            ],
            "missing": list(self.lacks or self.draft.missing),
            "doubts": list(self.draft.doubts),
            "refused": self.refused or None,
            "first_rows": self.first_rows,
            "mapping": None if self.is_own or self.fits else self.draft.text,
        }

    def _read_as(self, header: str) -> str | None:
        """Which columns of ours the mapping reads from a column of the file."""
        columns = self.read_by.columns if self.read_by else {}
        wanted = layout.folded(header)
        names = [
            name
            for name, sources in columns.items()
            if any(
                wanted == layout.folded(header) for source in sources for header in source.headers
            )
        ]
        return ", ".join(names) or None

    @property
    def format(self) -> str:
        """CSV, TSV, XLSX, NDJSON or Parquet."""
        names = {"json": "NDJSON", "workbook": "XLSX", "parquet": "Parquet"}
        by_sign = {",": "CSV", "\t": "TSV"}
        text = by_sign.get(self.found.delimiter, f"CSV with {self.found.delimiter!r}")
        return names.get(self.file.kind, text)


def look_at(
    path: str, *, use: str | None = None, mapping: Mapping | None = None, zone: str | None = None
) -> Looked:
    """Looks at a file, and reads its first rows through a mapping or through a draft of one.

    Raises `MissingFile`, `BadTable`, `BadMapping` and refusals of workbooks.
    """
    with Scratch() as folder:
        database = connect(folder)
        try:
            encoding = mapping.file.encoding if mapping else None
            file = plain_file(path, folder, encoding)
            sheets = rows.sheets(file) if file.kind == "workbook" else []
            header, first = _header_of(database, file, mapping, folder)
            own = _own_use(header.names)
            fits = [mapping.name for mapping in shipped() if _fits(mapping, header)]
            meant = use or (mapping.for_ if mapping else own) or _use_of(header.names, fits)
            if header.delimiter not in (None, *CERTAIN):
                own = None  # read through a mapping that says how its cells are separated
            if header.delimiter not in (None, *CERTAIN):
                own = None  # read through a mapping that says how its cells are separated
            target = target_named(meant)
            draft = draft_of(file, header, first, target, zone)
            read_through = mapping
            refused, lacks, read = "", list[str](), list[dict[str, Any]]()
            if mapping is None and fits:
                read_through = mapping_named(fits[0])
            read_by = read_through
            try:
                if read_through is None and not own:
                    if not any(column.ours for column in draft.columns):
                        raise BadTable("no column of it is recognised; fill in [columns].")
                    read_through = parsed(draft.trial, "the draft")
                asked = (database, file, read_through, meant, folder, zone)
                try:
                    read = _first_rows(*asked, partial=mapping is None)
                except MissingColumns as missing:
                    lacks = _for_options(missing, read_through)
                    if not lacks:
                        raise
                    read = _first_rows(*asked, partial=True)
            except (BadMapping, BadTable) as refusal:
                refused = refusal.sentence
            is_own = own is not None and mapping is None
            rest = (draft, read_by, lacks, refused, read)
            return Looked(file, sheets, header, meant, is_own, fits, *rest)
        finally:
            database.close()


def _for_options(missing: MissingColumns, mapping: Mapping | None) -> list[str]:
    """The missing columns, where they are few and each is one of ours that options can give."""
    listed: Any = missing.facts.get("missing", ())
    names = list(dict.fromkeys(map(str, listed)))
    ours = set(target_named(mapping.for_).kinds) if mapping else set()
    few = mapping is not None and len(names) * 2 < len(mapping.columns)
    return names if few and set(names) <= ours else []


def _header_of(
    database: "DuckDBPyConnection", file: PlainFile, mapping: Mapping | None, folder: Path
) -> tuple[layout.Found, list[rows.RawRow]]:
    """The header, as the mapping says or as it looks, and the rows below it."""
    if file.kind == "json":
        names, objects = rows.of_json(file)
        return layout.Found(names, 0), _some(objects)
    if file.kind == "parquet":
        target = target_named(FACTS_OF_ANY_TYPE)
        table = opened(database, file, None, target, folder)
        some = database.execute(f"SELECT * FROM {table.origin} LIMIT {LOOKED_AT}").fetchall()
        return layout.Found(table.names, 0), [
            rows.RawRow(row[0], ["" if cell is None else cell for cell in row[2:]]) for row in some
        ]
    if file.kind == "workbook":
        return layout.looked_at_workbook(file, mapping)
    return layout.looked_at_text(file, mapping)


def _some(objects: "Iterator[rows.RawRow]") -> list[rows.RawRow]:
    return [row for _, row in zip(range(LOOKED_AT), objects, strict=False)]


def _own_use(names: list[str]) -> str | None:
    """What a file with our own headers is for; None for any other file."""
    folded = {fold(name) for name in names if not is_nameless(name)} - {"error"}
    for use in (ORDERS, FACTS_OF_ANY_TYPE):
        target = target_named(use)
        ours = {fold(name) for name in target.kinds}
        if folded <= ours and {fold(name) for name in target.needed} & folded and len(folded) > 2:
            return use
    if {"amount", "currency"} <= folded and folded & {"line", "store", "order id"}:
        return RECONCILE
    return None


def _fits(mapping: Mapping, header: layout.Found) -> bool:
    """Whether a file has everything that a shipped mapping reads and checks."""
    there = {layout.folded(name) for name in header.names}
    wanted = [
        [name for source in sources for name in source.header]
        for sources in mapping.columns.values()
        if all(source.constant is None for source in sources)
    ]
    columns = sum(any(layout.folded(name) in there for name in names) for names in wanted if names)
    asked = sum(1 for names in wanted if names)

    def has(name: str) -> bool:
        """Whether the file has that header, or one that our column of that name is read from."""
        sources = mapping.columns.get(name, ())
        names = (name, *(alias for source in sources for alias in source.header))
        return any(layout.folded(name) in there for name in names)

    equations = all(
        any(map(has, equation.is_))
        and all(map(has, {*equation.sum, *equation.less, *equation.when} - set(equation.optional)))
        for equation in mapping.equation
    )
    conditions = {name for name, texts in mapping.rows.only.items() if "" not in texts}
    has_conditions = all(map(has, conditions | set(mapping.rows.filled)))
    has_key = has(next(iter(mapping.columns)))
    return has_key and equations and has_conditions and asked > 0 and columns * 3 >= asked * 2


def _use_of(names: list[str], fits: list[str]) -> str:
    """What a file seems to be for."""
    for mapping in shipped():
        if mapping.name in fits:
            return mapping.for_
    meant = {meaning_of(name, ORDERS) for name in names if not is_nameless(name)}
    if {"order_id", "created_at", "amount"} <= meant:
        return ORDERS
    return RECONCILE


def _first_rows(
    database: "DuckDBPyConnection",
    file: PlainFile,
    mapping: Mapping | None,
    use: str,
    folder: Path,
    zone: str | None,
    *,
    partial: bool,
) -> list[dict[str, Any]]:
    """The first rows as they would be read, each with what is wrong with it; with `partial` even
    where columns are missing. Columns that a mapping does not name may be given by options."""
    target = target_named(mapping.for_ if mapping else use)
    others = [name for name in target.needed if mapping and name not in mapping.columns]
    looks_around = mapping is not None and (mapping.looks_around or mapping.rows.unique)
    table = opened(
        *(database, file, mapping, target, folder),
        exact_places=True,
        first=None if looks_around else LOOKED_AT,
    )
    given = dict.fromkeys(others, "")
    mapped = MappedTable(table, mapping, target, given, zone, keeps_others=True, partial=partial)
    names = list(mapped.values)
    records = database.execute(f"{mapped.select()} ORDER BY place LIMIT {SHOWN}").fetchall()
    answer = []
    for place, problem, *cells in records:
        *values, counts, is_total = cells
        row = {"row": place, **dict(zip(names, values, strict=True))}
        if problem:
            code, said, _ = split(problem)
            row["error"] = f"{code}: {said}"
        elif is_total or not counts:
            row["error"] = "a row that sums others" if is_total else "not compared"
        answer.append(row)
    return answer
