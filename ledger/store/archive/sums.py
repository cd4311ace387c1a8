"""What the facts of a new file are made of: totals, net sales per store and day, first orders."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ledger.kernel.instants import Instant
from ledger.store.archive.days import day_number
from ledger.store.archive.known import INCOMING, LINES, SUSPECTS, VERSIONS
from ledger.store.archive.sql import one_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CHANGES = "archive_changes"
_UNIX = date(1970, 1, 1)


class Total(NamedTuple):
    """Minor units over every line of a file, whether it counts or not: a control sum."""

    currency: str
    amount_minor: int
    refunded_minor: int


class DayChange(NamedTuple):
    """By how much the net sales of a store change on a day of the zone asked for.

    Net is amount less refunds of the lines that count. A revision takes the old line off its day
    and puts the new one on its own. `updated_at` is the latest of the lines in the sum.
    """

    store: str
    day: date
    currency: str
    net_minor: int
    orders: int
    updated_at: Instant


class FirstOrder(NamedTuple):
    """The earliest order of a store among the lines that count and are new."""

    store: str
    created_at: Instant
    order_id: str


class Extent(NamedTuple):
    """A file's rows, between which instants they were created, and when one was made last."""

    rows: int
    first: Instant
    last: Instant
    updated: Instant
    totals: list[Total]


def extent(connection: "DuckDBPyConnection") -> Extent | None:
    """Rows, bounds and totals of the lines to be archived; None where there are none."""
    found = connection.execute(
        "SELECT currency::VARCHAR, count(*), min(created_at), max(created_at),"
        f" sum(amount_minor), sum(refunded_minor), max(updated_at) FROM {LINES}"
        " GROUP BY 1 ORDER BY 1"
    ).fetchall()
    if not found:
        return None
    return Extent(
        sum(row[1] for row in found),
        min(row[2] for row in found),
        max(row[3] for row in found),
        max(row[6] for row in found),
        [Total(row[0], int(row[4]), int(row[5])) for row in found],
    )


def prepare_changes(connection: "DuckDBPyConnection", suspects: bool) -> None:
    """What every version adds when it was made: itself, less the version that it replaces.

    So a version that arrives after a later one adds itself at its own instant, and takes itself
    off at the later one's: whatever the order of arrival, the sums at any as-of are the same.
    What a version that arrives late makes of it stands `apart`, by its instant, so that it moves
    no other line; `begins` marks a line that begins to count.
    """
    columns = "store, order_id, created_at, currency, updated_at, amount_minor - refunded_minor"
    query = (
        f"SELECT {columns} AS net, 1 AS orders, NULL::BIGINT AS apart, true AS begins"
        f" FROM {INCOMING}"
    )
    if suspects:
        older = "SELECT store, order_id, {0}.at, {0}.in, updated_at, {1}{0}.net, {1}1, {2}, false"
        apart = "CASE WHEN NOT (is_new AND counts) THEN updated_at END"
        changed = "(is_new OR previous IS DISTINCT FROM previously)"
        query += (
            f" WHERE key NOT IN (SELECT key FROM {SUSPECTS}) UNION ALL"
            f" SELECT {columns}, 1, {apart}, counts FROM {VERSIONS} WHERE is_new UNION ALL"
            f" {older.format('previous', '-', apart)} FROM {VERSIONS}"
            f" WHERE {changed} AND previous IS NOT NULL UNION ALL"
            f" {older.format('previously', '', apart)} FROM {VERSIONS}"
            " WHERE NOT is_new AND previous IS DISTINCT FROM previously AND previously IS NOT NULL"
        )
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {CHANGES} AS {query}")


def day_changes(connection: "DuckDBPyConnection", zone: str) -> list[DayChange]:
    """Net sales per store, day and currency, in that order, without days that stay alike.

    What versions add that were superseded before they arrived stands apart, at their own time.
    """
    first, last, most = one_row(
        connection, f"SELECT min(created_at), max(created_at), sum(abs(net)) FROM {CHANGES}"
    )
    if first is None:
        return []
    kind = "BIGINT" if most < 2**63 else "HUGEINT"  # the smaller one is quicker to fetch
    found = connection.execute(
        f"SELECT store, {day_number('created_at', first, last, zone)} AS day,"
        f" currency::VARCHAR AS currency, sum(net)::{kind}, sum(orders)::BIGINT, max(updated_at)"
        f" FROM {CHANGES} GROUP BY store, day, currency, apart"
        " HAVING sum(net) <> 0 OR sum(orders) <> 0 ORDER BY store, day, currency, apart"
    ).fetchall()
    days = {day: _UNIX + timedelta(days=day) for day in {row[1] for row in found}}
    return [DayChange._make((row[0], days[row[1]], *row[2:])) for row in found]


def first_orders(connection: "DuckDBPyConnection") -> list[FirstOrder]:
    """The earliest new order of each store; of equal instants the smaller id."""
    # Looked at twice rather than kept: a copy of every line would take more memory than both.
    found = connection.execute(
        f"WITH fresh AS NOT MATERIALIZED (SELECT * FROM {CHANGES} WHERE begins),"
        " first AS (SELECT store, min(created_at) AS created_at FROM fresh GROUP BY store)"
        " SELECT store, created_at, min(order_id) FROM fresh JOIN first USING (store, created_at)"
        " GROUP BY store, created_at ORDER BY store"
    ).fetchall()
    return [FirstOrder(*row) for row in found]
