"""One row per order, or per item of it: what is repeated within a call is refused, not guessed.

Two rows of one key are revisions if each says when it was changed, at different instants. Otherwise
they conflict or repeat each other, and all of them are refused: which one is meant is a question of
money. A caller may have the rows of an order added up instead.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ledger.intake.orders.expressions import MINOR_MAX
from ledger.intake.orders.rejected import RowFault
from ledger.kernel.orderlines import CONTENT, DATED, KEY, KEY_HASH

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SUMMED = "summed_orders"
CLASHES = "order_clashes"
LEFT_OUT = "orders_left_out"
REPEATS = "order_repeats"
_KEY = ", ".join(KEY)

Place = tuple[int, int]
"""Where a row is: the number of its file in the call, from 1, and its `source_row`."""


class Clash(NamedTuple):
    """A row that is refused because of another one, in the same call or archived before."""

    place: Place
    code: str
    order_id: str
    other: Place
    """Where the other row is; for an archived one the position of its call, and 0."""


def add_up(connection: "DuckDBPyConnection", relation: str) -> str:
    """Makes a view that merges the rows of an order that agree in all but amounts and items: their
    sum, at the place of the first. Items are no longer distinguished.

    Rows whose sum is too large for an amount stay separate, and then conflict.
    """
    summed = {"amount_minor", "refunded_minor", "item"}
    same = ", ".join(name for name in (*CONTENT, DATED) if name not in summed)
    amounts = ", ".join(
        f"sum({name})::BIGINT AS {name}" for name in ("amount_minor", "refunded_minor")
    )
    fits = f"sum(amount_minor) OVER (PARTITION BY {same}) <= {MINOR_MAX}"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {SUMMED} AS SELECT"
        " min((source_file::BIGINT << 40) | source_row) AS place,"
        f" {same}, {amounts}, '' AS item FROM (SELECT *, {fits} AS fits FROM {relation})"
        f" GROUP BY {same}, CASE WHEN fits THEN 0 ELSE (source_file::BIGINT << 40) | source_row END"
        " ORDER BY place"
    )
    columns = ", ".join((*CONTENT, DATED))
    view = f"{SUMMED}_rows"
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT (place >> 40)::USMALLINT AS source_file,"
        f" place & {2**40 - 1} AS source_row, {columns} FROM {SUMMED}"
    )
    return view


def find_clashes(connection: "DuckDBPyConnection", relation: str) -> int:
    """Fills `CLASHES` with the rows that conflict with others of the same call; returns their
    number.

    `REPEATS` holds the hashes of the keys that occur more than once.
    """
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {REPEATS} AS SELECT {KEY_HASH} AS key FROM {relation}"
        " GROUP BY key HAVING count(*) > 1"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {CLASHES} (source_file USMALLINT, source_row BIGINT,"
        " code VARCHAR, order_id VARCHAR, other_file BIGINT, other_row BIGINT)"
    )
    if count_of(connection, REPEATS):
        connection.execute(f"INSERT INTO {CLASHES} {_of_one_key(relation)}")
    mixed = connection.execute(
        f"SELECT count(*) FILTER (WHERE item <> '') > 0 AND count(*) FILTER (WHERE item = '') > 0"
        f" FROM {relation}"
    ).fetchone()
    if mixed and mixed[0]:
        connection.execute(f"INSERT INTO {CLASHES} {_of_two_grains(relation)}")
    return count_of(connection, CLASHES)


def _of_one_key(relation: str) -> str:
    """Rows that share a key without each having its own instant of change."""
    content = ", ".join(CONTENT)
    return f"""WITH repeated AS (
            SELECT *, bool_or(NOT {DATED}) OVER (PARTITION BY {_KEY}) AS undated
            FROM {relation} WHERE {KEY_HASH} IN (SELECT key FROM {REPEATS})
        ), clashing AS (
            SELECT *, CASE WHEN undated THEN NULL ELSE updated_at END AS instant FROM repeated
        ), placed AS (
            SELECT *, count(*) OVER same AS rows, first_value(source_file) OVER same AS first_file,
                first_value(source_row) OVER same AS first_row,
                nth_value(source_file, 2) OVER same AS next_file,
                nth_value(source_row, 2) OVER same AS next_row,
                count(*) OVER (PARTITION BY {content}) AS equal_rows
            FROM clashing WINDOW same AS (PARTITION BY {_KEY}, instant
                ORDER BY source_file, source_row
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        )
        SELECT source_file, source_row,
            CASE WHEN equal_rows > 1 THEN 'repeated_row' ELSE 'conflicting_rows' END, order_id,
            CASE WHEN is_first THEN next_file ELSE first_file END,
            CASE WHEN is_first THEN next_row ELSE first_row END
        FROM (SELECT *, source_file = first_file AND source_row = first_row AS is_first FROM placed)
        WHERE rows > 1"""


def _of_two_grains(relation: str) -> str:
    """Rows of orders that have both items and a row without one."""
    return f"""WITH placed AS (
            SELECT *, first_value(source_file) OVER whole AS whole_file,
                first_value(source_row) OVER whole AS whole_row,
                first_value(source_file) OVER items AS items_file,
                first_value(source_row) OVER items AS items_row,
                bool_or(item = '') OVER of_order AND bool_or(item <> '') OVER of_order AS mixed
            FROM {relation} WINDOW of_order AS (PARTITION BY store, order_id),
                whole AS (PARTITION BY store, order_id ORDER BY item <> '', source_file, source_row
                    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING),
                items AS (PARTITION BY store, order_id ORDER BY item = '', source_file, source_row
                    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        )
        SELECT source_file, source_row, 'grain_differs', order_id,
            CASE WHEN item = '' THEN items_file ELSE whole_file END,
            CASE WHEN item = '' THEN items_row ELSE whole_row END
        FROM placed ANTI JOIN {CLASHES} USING (source_file, source_row) WHERE mixed"""


def clashes(connection: "DuckDBPyConnection", at_most: int) -> list[Clash]:
    """The first clashes, by place."""
    rows = connection.execute(
        f"SELECT * FROM {CLASHES} ORDER BY source_file, source_row LIMIT {at_most}"
    ).fetchall()
    return [Clash((row[0], row[1]), row[2], row[3], (row[4], row[5])) for row in rows]


def leave_out(connection: "DuckDBPyConnection", relation: str) -> str:
    """Makes a view of the rows that remain. It keeps its own list of those left out: `CLASHES` is
    refilled by each check."""
    (count,) = connection.execute(
        f"SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '{LEFT_OUT}%'"
    ).fetchone() or (0,)
    gone, view = f"{LEFT_OUT}_{count}", f"kept_orders_{count}"
    connection.execute(f"CREATE TEMP TABLE {gone} AS SELECT source_file, source_row FROM {CLASHES}")
    connection.execute(
        f"CREATE TEMP VIEW {view} AS SELECT * FROM {relation}"
        f" ANTI JOIN {gone} USING (source_file, source_row)"
    )
    return view


_CLASH_SAYS = {
    "conflicting_rows": (
        "is of it too, with other content, and no updated_at of both tells which counts",
        "Give each item its id in a column 'item', or add the rows of an order up: --items sum.",
    ),
    "repeated_row": (
        "says the same once more",
        "Two equal items need an id each in a column 'item', or --items sum; else take one out.",
    ),
    "grain_differs": (
        "has the order the other way, once with items and once without",
        "An order has one row, or one row for each item, everywhere.",
    ),
}


_DIFFERS = "Rows of an order are added up where all but amounts and items agree; these do not."


def fault_of_clash(clash: Clash, other: str, *, summed: bool = False) -> RowFault:
    """What is wrong with the row, with the place of the other; also after adding up."""
    said, hint = _CLASH_SAYS[clash.code]
    hint = _DIFFERS if summed and clash.code == "conflicting_rows" else hint
    expected = f"one row of the order: {other} {said}"
    return RowFault(clash.code, "order_id", clash.order_id, expected, hint)


def fault_of_grain(clash: Clash, *, has_items: bool) -> RowFault:
    """What is wrong with a row, with an item or without, whose order is archived the other way."""
    known = "without items" if has_items else "with items"
    expected = f"its rows {known}, as the call at position {clash.other[0]} brought the order"
    hint = (
        f"Send it as before, or take that call back and load everything again: "
        f"duebook orders --withdraw {clash.other[0]} --reason TEXT"
    )
    return RowFault("grain_differs", "order_id", clash.order_id, expected, hint)


def rows_named(places: Mapping[Place, int], files: list[str], place: Place) -> str:
    """Names a row: `row 3 of items.csv`."""
    return f"row {places.get(place, place[1])} of {files[place[0] - 1]}"


def count_of(connection: "DuckDBPyConnection", table: str) -> int:
    """The number of rows of a table."""
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None, "a count has a row"
    return int(row[0])
