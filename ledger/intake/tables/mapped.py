"""A table read through a mapping: our columns, what is wrong with each row, what is left over."""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Names
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from ledger.intake.header import is_nameless
from ledger.intake.sums import LABELS
from ledger.intake.tables import checks, faults
from ledger.intake.tables.header import Header
from ledger.intake.tables.layout import folded
from ledger.intake.tables.mapping import Column, Mapping
from ledger.intake.tables.own_headers import own_headers
from ledger.intake.tables.refusals import BadMapping
from ledger.intake.tables.rows import RawRow
from ledger.intake.tables.table import Table
from ledger.intake.tables.targets import RECONCILE, Target
from ledger.intake.tables.value import Value
from ledger.intake.tables.values import Values
from ledger.kernel.duck import literal
from ledger.kernel.fold import fold

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXPLAINED_AT_ONCE = 500


class MappedRow(NamedTuple):
    """A row as it is read: our columns as text, those that are blank left out; or its fault."""

    place: int
    values: dict[str, str]
    fault: str | None
    other: dict[str, str]
    """Cells under headers from which nothing is read."""


class MappedTable:
    """Expressions over a table's cells, one for each of our columns that the file gives."""

    def __init__(
        self,
        table: Table,
        mapping: Mapping | None,
        target: Target,
        fixed: Names[str, str],
        zone: str | None,
        *,
        keeps_others: bool = False,
        partial: bool = False,
    ) -> None:
        """Raises `UnmappedColumns` unless others are kept, `MissingColumns` unless a part will do,
        `BadMapping`."""
        self.table, self.target, self.fixed = table, target, dict(fixed)
        self.mapping = mapping or own_headers(target, table.names)
        self.is_own = mapping is None
        """Whether the file has our own headers."""
        self.header = Header(table.names)
        self.zone = zone
        self.values_of = Values(
            *(self.mapping, self.header),
            marked=table.marked,
            in_place=not table.is_placed,
            own=mapping is None,
            zone=zone,
        )
        self.nameless = sum(map(is_nameless, table.names))
        if not keeps_others:
            checks.refuse_unmapped(self)
        checks.refuse_doubled(self)
        self.values = self._values()
        if not partial:
            checks.refuse_missing(self)

    def _values(self) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for name, sources in self.mapping.columns.items():
            kind = self.target.kinds.get(
                name, self.target.kinds.get(name.partition(".")[0], "text")
            )
            if name.partition(".")[2]:
                kind = "text"
            value = self.values_of.value(sources, kind)
            if value is None:
                continue
            if name in self.fixed:
                raise BadMapping(
                    f"{self.table.file.name}: the mapping reads {name}, and an option sets it too.",
                    "Leave out the option; it is for files that lack the column.",
                )
            values[name] = value
        for name, text in self.fixed.items():
            kind = self.target.kinds.get(name, "text")
            values[name] = Value(literal(text), literal(text), kind, plain=True)
        return values

    @property
    def origin(self) -> str:
        """The table expression that all others refer to."""
        return self.values_of.prepared(self.table.origin)

    @property
    def placed(self) -> str:
        """The same, in which each row has its number."""
        return self.values_of.prepared(self.table.placed)

    @property
    def fault(self) -> str:
        """What is wrong with a row as far as the mapping can tell, in SQL; NULL for nothing."""
        return self.fault_in(self.values)

    def fault_in(self, names: Iterable[str]) -> str:
        """The same for some of our columns, and for what no column of ours shows."""
        parts = ["fault"] if self.table.has_places else []
        parts += faults.of_cells(self.mapping, self.values_of)
        for name in names:
            value = self.values[name]
            if name in self.fixed:
                continue
            column = self.mapping.columns[name][0]
            shown = self._header_of(column) or name
            fault = faults.of_value(shown, value, column, self.mapping, self.zone)
            parts += [fault] if fault else []
        parts += self._other_currencies()
        parts += faults.of_blanks(self.mapping, self.values_of)
        parts += faults.of_repeats(self.mapping, self.values_of)
        parts += faults.of_equations(self.mapping, self.header, self.values_of)
        return faults.first_of(parts)

    def _other_currencies(self) -> list[str]:
        parts = []
        for name, value in self.values.items():
            code = self.values.get(self.target.currency_of.get(name, "currency"))
            if value.units and code is not None:
                shown = self._header_of(self.mapping.columns[name][0]) or name
                parts += faults.of_units(shown, value, code)
        return parts

    def _header_of(self, column: Column) -> str | None:
        """The header in the file that a column is read from."""
        at = self.header.at(column.headers)
        return None if at is None else " ".join(self.header.names[at].split())

    @property
    def counts(self) -> str:
        """Whether a row counts, in SQL."""
        rows = self.mapping.rows
        tests = [self.values_of.holds(rows.only)] if rows.only else []
        if rows.pass_over:
            tests += [
                f"NOT ({self.values_of.holds({header: texts})})"
                for header, texts in rows.pass_over.items()
            ]
        if not tests:
            return "true"
        # a row that is cut off cannot be said not to count
        return f"(fault IS NOT NULL OR ({' AND '.join(f'({test})' for test in tests)}))"

    @property
    def is_total(self) -> str | None:
        """Whether a row is a total, in SQL; None for files without totals."""
        usual = LABELS if self.target.name == RECONCILE else ()
        labels = {*self.mapping.file.totals, *usual}
        if not labels:
            return None
        first = f"coalesce({', '.join(self._texts())})"
        ids = [value.raw for name, value in self.values.items() if self._names_something(name)]
        return " OR ".join(_is_one_of(f"lower(trim({cell}))", labels) for cell in (first, *ids))

    def _names_something(self, name: str) -> bool:
        is_name = self.target.kinds.get(name) == "id" or name == "line"
        return is_name and name not in self.fixed

    def _texts(self) -> list[str]:
        return [self.values_of.text((name,)) for name in self.table.names if name] or ["NULL"]

    def shown(self, name: str) -> str:
        """The value of a column as text, in SQL: an instant as ISO 8601 in UTC."""
        value = self.values[name]
        if value.kind == "instant" and not value.plain:
            return f"strftime(make_timestamp({value.sql}), '%Y-%m-%dT%H:%M:%S.%fZ')"
        return value.sql

    def select(self, *, others: bool = False) -> str:
        """A query of every row that counts: its place, its fault, our columns as text; and on
        request the cells that are left over."""
        shown = [f"{self.shown(name)} AS v{at}" for at, name in enumerate(self.values)]
        left = [f"{self.values_of.text((name,))} AS o{at}" for at, name in self.left(others)]
        total = f"coalesce({self.is_total}, false)" if self.is_total else "false"
        columns = ", ".join(["place", f"{self.fault} AS told", *shown, *left])
        return f"SELECT {columns}, {self.counts} AS counts, {total} AS is_total FROM {self.placed}"

    def left(self, others: bool) -> list[tuple[int, str]]:
        """The headers from which nothing is read."""
        if not others:
            return []
        read = {folded(name) for name in self.mapping.headers}
        ignored = self.mapping.ignore.headers
        return [
            (at, name)
            for at, name in enumerate(self.table.names)
            if not is_nameless(name)
            and folded(name) not in read
            and not any(fnmatchcase(fold(name), fold(pattern)) for pattern in ignored)
        ]

    def explained(
        self, connection: "DuckDBPyConnection", raw_rows: Sequence[RawRow]
    ) -> Iterator[MappedRow]:
        """Rows that were read again, as the mapping reads them."""
        shown = [f"{self.shown(name)} AS v{at}" for at, name in enumerate(self.values)]
        expression = f"coalesce(fault, {self.fault})"
        columns = ", ".join(["place", f"{expression} AS told", *shown])
        width = len(self.table.names)
        for start in range(0, len(raw_rows), EXPLAINED_AT_ONCE):
            batch = raw_rows[start : start + EXPLAINED_AT_ONCE]
            names = ", ".join(f"c{at} VARCHAR" for at in range(width))
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE explained (place BIGINT, fault VARCHAR, {names})"
            )
            connection.executemany(
                f"INSERT INTO explained VALUES ({', '.join('?' * (width + 2))})",
                [(row.place, row.fault, *_cells(row, width)) for row in batch],
            )
            query = f"SELECT {columns} FROM {self.values_of.prepared('explained')}"
            if self.mapping.looks_around:
                some_places = "place IN (SELECT place FROM explained)"
                query = f"SELECT * FROM (SELECT {columns} FROM {self.origin}) WHERE {some_places}"
            result = connection.execute(f"{query} ORDER BY place")
            for place, fault, *values in result.fetchall():
                named = zip(self.values, values, strict=True)
                yield MappedRow(place, {name: value for name, value in named if value}, fault, {})


def _cells(row: RawRow, width: int) -> list[str | None]:
    cells: list[str | None] = [cell or None for cell in row.cells[:width]]
    return cells + [None] * (width - len(cells))


def _is_one_of(text: str, labels: Iterable[str]) -> str:
    """Whether a text is one of some labels, in SQL; `*` stands for anything."""
    patterns = sorted(label.strip().lower() for label in labels)
    listed_ = ", ".join(literal(pattern) for pattern in patterns if "*" not in pattern)
    tests = [f"{text} IN ({listed_})"] if listed_ else []
    for pattern in patterns:
        if "*" in pattern:
            shape = re.sub(r"([%_!])", r"!\1", pattern).replace("*", "%")
            tests.append(f"{text} LIKE {literal(shape)} ESCAPE '!'")
    return f"({' OR '.join(tests)})"
