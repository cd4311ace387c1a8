"""What the event of a new file says of its lines: how many, when, and control sums."""

from typing import TYPE_CHECKING, NamedTuple

from ledger.kernel.instants import Instant
from ledger.store.archive.known import LINES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Total(NamedTuple):
    """Minor units over every line of a file, whether it counts or not: a control sum."""

    currency: str
    amount_minor: int
    refunded_minor: int


class Extent(NamedTuple):
    """A file's rows, between which instants they were created, and when one was made last."""

    rows: int
    first: Instant
    last: Instant
    updated: Instant
    totals: list[Total]
    items: bool
    """Whether any line is an item of an order."""


def extent(connection: "DuckDBPyConnection") -> Extent | None:
    """Rows, bounds and totals of the lines to be archived; None where there are none."""
    found = connection.execute(
        "SELECT currency::VARCHAR, count(*), min(created_at), max(created_at),"
        " sum(amount_minor), sum(refunded_minor), max(updated_at), bool_or(item <> '')"
        f" FROM {LINES} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    if not found:
        return None
    return Extent(
        sum(row[1] for row in found),
        min(row[2] for row in found),
        max(row[3] for row in found),
        max(row[6] for row in found),
        [Total(row[0], int(row[4]), int(row[5])) for row in found],
        any(row[7] for row in found),
    )
