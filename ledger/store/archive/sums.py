"""What the event of a new file says of its lines: how many, when, and control sums."""

from typing import TYPE_CHECKING, NamedTuple

from ledger.kernel.instants import Instant
from ledger.kernel.orderlines import MAY_BE_EMPTY
from ledger.store.archive.known import LINES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Total(NamedTuple):
    """Minor units over every line of a file, whether it counts or not: a control sum."""

    currency: str
    amount_minor: int
    refunded_minor: int


class Extent(NamedTuple):
    """How many rows a file has, between which instants they were created, and the last change."""

    rows: int
    first: Instant
    last: Instant
    updated: Instant
    totals: list[Total]
    columns: tuple[str, ...]
    """The optional columns that some row has."""


def extent(connection: "DuckDBPyConnection") -> Extent | None:
    """Rows, bounds and totals of the lines to be archived; None where there are none."""
    filled = ", ".join(f"bool_or({name} <> '')" for name in MAY_BE_EMPTY)
    rows = connection.execute(
        "SELECT currency::VARCHAR, count(*), min(created_at), max(created_at),"
        f" sum(amount_minor), sum(refunded_minor), max(updated_at), {filled} FROM {LINES}"
        " GROUP BY 1 ORDER BY 1"
    ).fetchall()
    if not rows:
        return None
    return Extent(
        sum(row[1] for row in rows),
        min(row[2] for row in rows),
        max(row[3] for row in rows),
        max(row[6] for row in rows),
        [Total(row[0], int(row[4]), int(row[5])) for row in rows],
        tuple(name for at, name in enumerate(MAY_BE_EMPTY, 7) if any(row[at] for row in rows)),
    )
