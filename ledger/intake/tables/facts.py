"""Rows of a table as facts: each is parsed as one of a CSV would be, once it has been read."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ledger.intake.csvfile import parse_cells
from ledger.intake.ndjson import Item
from ledger.intake.rejection import Rejection, RowProblem
from ledger.intake.rows import Parsed
from ledger.intake.tables.faults import split
from ledger.intake.tables.mapped import MappedTable
from ledger.intake.tables.targets import FACTS_OF_ANY_TYPE
from ledger.kernel.instants import Instant

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS_AT_ONCE = 2_000


def facts_of(
    connection: "DuckDBPyConnection",
    mapped: MappedTable,
    file: str,
    now: Instant,
    default_type: str | None,
) -> Iterator[Item]:
    """Each row's place with its fact or its rejection, in the order of the file."""
    names = list(mapped.values)
    result = connection.execute(f"{mapped.select()} ORDER BY place")
    while rows := result.fetchmany(ROWS_AT_ONCE):
        for place, fault, *cells in rows:
            *values, counts, is_total = cells
            if is_total or not counts:
                continue
            data = {name: cell for name, cell in zip(names, values, strict=True) if cell}
            if default_type is not None:
                data.setdefault("type", default_type)
            yield place, _fact(file, place, data, fault, now)


def _fact(
    file: str, place: int, data: dict[str, Any], fault: str | None, now: Instant
) -> Parsed | Rejection:
    if fault is not None:
        code, said, hint = split(fault)
        code = "invalid_field" if code == "wrong_cells" else code
        return Rejection(file, place, data.get("type"), code, said, hint, data)
    shaped, problem = parse_cells(data, now)
    if isinstance(problem, RowProblem):
        kind = shaped.get("type")
        shown = kind if isinstance(kind, str) else None
        return Rejection(file, place, shown, problem.code, problem.error, problem.hint, shaped)
    return problem


def default_type_of(mapped: MappedTable, given: str | None) -> str | None:
    """The type of rows that name none: what the mapping is for, or what an option says."""
    return given if mapped.target.name == FACTS_OF_ANY_TYPE else mapped.target.name
