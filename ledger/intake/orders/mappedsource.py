"""Any file read through a mapping, as a source of orders."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ledger.intake.columns import Cell
from ledger.intake.orders.refusals import OrderFileUnreadable
from ledger.intake.orders.rejected import RowFault
from ledger.intake.orders.source import Found
from ledger.intake.tables.faults import split
from ledger.intake.tables.mapped import MappedTable
from ledger.intake.tables.rows import RawRow
from ledger.intake.tables.table import forget_malformed, malformed
from ledger.kernel.orderlines import OPTIONAL

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class MappedSource:
    """One file of whatever format, its cells as a mapping reads them."""

    def __init__(self, connection: "DuckDBPyConnection", mapped: MappedTable) -> None:
        self._connection, self._mapped = connection, mapped
        self._table = mapped.table
        self.nameless = mapped.nameless
        self.first_row = self._table.header_place + 1
        self.place = "place" if self._has_places else None
        hidden = [name for name in mapped.values if name in OPTIONAL]
        self._fault_sql = mapped.fault_in(hidden)
        self.cells: Mapping[str, Cell] = {}
        self._looks_around = mapped.mapping.looks_around
        self._read: list[str] = []
        """What is read before rows that do not count are left out: it depends on them too."""
        for name, value in mapped.values.items():
            sql = value.sql
            if name == "order_id" and self._fault_sql != "NULL::VARCHAR":
                sql = f"CASE WHEN told IS NULL THEN {sql} END"
            is_epoch = value.kind == "instant" and not value.plain
            given = value.raw if is_epoch else None
            if self._looks_around:
                at = len(self._read)
                self._read += [f"{sql} AS v{at}", f"{given or 'NULL'} AS g{at}"]
                sql, given = f"v{at}", f"g{at}" if given else None
            self.cells[name] = Cell(sql, is_epoch=is_epoch, given=given)

    @property
    def _has_places(self) -> bool:
        return self._table.is_placed

    def origin(self) -> str:
        """Every row that counts."""
        if not self._has_places:
            forget_malformed(self._connection)
        total, counts = self._mapped.is_total, self._mapped.counts
        tests = [counts] if counts != "true" else []
        tests += [f"NOT coalesce({total}, false)"] if total else []
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        columns = [f"{self._fault_sql} AS told", *self._read]
        if not self._looks_around:
            return f"(SELECT *, {columns[0]} FROM {self._mapped.origin}{where})"
        columns += [f"{counts} AS counts", f"coalesce({total or 'false'}, false) AS is_total"]
        read = f"SELECT *, {', '.join(columns)} FROM {self._mapped.origin}"
        return f"(SELECT * FROM ({read}) WHERE counts AND NOT is_total)"

    def malformed(self) -> bool:
        """Whether rows were left out; a copy keeps them, each with its fault."""
        return not self._has_places and malformed(self._connection) > 0

    def find(self, positions: Sequence[int], rows: int) -> Iterator[Found]:
        """The rows at these positions, and malformed ones. Raises `OrderFileUnreadable` where two
        readers see different rows."""
        if self._has_places:
            yield from self._by_sql(
                f"SELECT * FROM (SELECT row_number() OVER () - 1 AS nth, * FROM {self.origin()})"
                " WHERE nth IN (SELECT unnest(?)) ORDER BY nth",
                positions,
            )
            return
        raw_rows = list(self._read_again(set(positions), rows))
        yield from self._explained(raw_rows)

    def at_rows(self, places: Sequence[int], rows: int) -> Iterator[Found]:
        """The rows of these numbers, as `source_row` counts them."""
        if not self._has_places:
            yield from self.find([place - self.first_row for place in places], rows)
            return
        yield from self._by_sql(
            f"SELECT 0 AS nth, * FROM {self.origin()} WHERE place IN (SELECT unnest(?))"
            " ORDER BY place",
            places,
        )

    def _by_sql(self, query: str, asked: Sequence[int]) -> Iterator[Found]:
        if not asked:
            return
        connection = self._connection.execute(query, [list(asked)])
        names = [column[0] for column in connection.description]
        cells_at = [names.index(f"c{at}") for at in range(len(self._table.names))]
        place, fault = names.index("place"), names.index("fault")
        raw_rows = [
            RawRow(row[place], ["" if row[at] is None else row[at] for at in cells_at], row[fault])
            for row in connection.fetchall()
        ]
        yield from self._explained(raw_rows)

    def _explained(self, raw_rows: list[RawRow]) -> Iterator[Found]:
        raws = {row.place: self._raw(row) for row in raw_rows}
        for row in self._mapped.explained(self._connection, raw_rows):
            values: dict[str, str | None] = dict(row.values)
            fault = None
            if row.fault:
                code, said, hint = split(row.fault)
                column, _, rest = said.partition(": ")
                cell, _, expected = rest.partition(", expected ")
                cell = cell.removeprefix("found ").strip("'")
                fault = RowFault(code, column, cell or None, expected.rstrip("."), hint)
                if code == "equation_differs":
                    shown = said.removeprefix("found ").partition(", expected ")
                    fault = RowFault(code, "row", shown[0], shown[2].rstrip("."), hint)
            left_out = fault is not None and not self._has_places and fault.code == "wrong_cells"
            yield Found(row.place, values, fault, raws[row.place], left_out)

    def _raw(self, row: RawRow) -> dict[str, str | None]:
        cells = (cell.lstrip("\x01\x02\x03") for cell in row.cells)
        return dict(zip(self._table.names, cells, strict=False))

    def _read_again(self, positions: set[int], rows: int) -> Iterator[RawRow]:
        at = -1
        for row in self._table.records():
            if row.fault is not None:
                yield row
                continue
            at += 1
            if at in positions:
                yield row
        if at + 1 != rows:
            name = self._table.file.name
            raise OrderFileUnreadable(
                f"{name}: quotes are not closed, or cells are split; it holds {at + 1} rows to one "
                f"reader and {rows} to another.",
                "Quote cells that hold separators, quotes or line ends, and double quotes inside.",
                file=name,
            )
