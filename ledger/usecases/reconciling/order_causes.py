"""Likely causes of orders that differ: the rule's SQL, run again with one thing changed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ledger.aggregates.reconciliation import Cause
from ledger.programs.contract import OrderSide, OrderTables
from ledger.store.order_lines import load_tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Named(NamedTuple):
    """A broken order whose amount a cause gives exactly; `detail` is what applies to this order
    alone, if anything, such as our line of another month."""

    store: str
    order_id: str
    detail: str | None = None


class OrderCauses:
    """The causes that were found. The table `likely` holds the orders that each of them explains,
    the view `unnamed` the breaks without a cause."""

    def __init__(self, database: "DuckDBPyConnection") -> None:
        self.database = database
        self.found: list[Cause] = []
        database.execute(
            "CREATE TEMP TABLE likely"
            " (store VARCHAR, order_id VARCHAR, cause INTEGER, detail VARCHAR)"
        )
        database.execute(
            "CREATE TEMP VIEW unnamed AS SELECT * FROM breaks b ANTI JOIN likely l"
            " ON b.store = l.store AND b.order_id = l.order_id"
        )

    def add(self, because: str, detail: str) -> int:
        """Adds a cause that orders can be given, and returns its number."""
        self.found.append(Cause(because=because, detail=detail, gives="0"))
        return len(self.found) - 1

    def name(self, because: str, detail: str, orders: Iterable[Named]) -> None:
        """Adds a cause of some orders; does nothing where there are none."""
        some = list(orders)
        if not some:
            return
        number = self.add(because, detail)
        columns: dict[str, list[object]] = {
            "store": [named.store for named in some],
            "order_id": [named.order_id for named in some],
            "detail": [named.detail or "" for named in some],
        }
        load_tables(self.database, {"just_named": columns})
        self.database.execute(
            f"INSERT INTO likely SELECT store, order_id, {number}, nullif(detail, '')"
            " FROM just_named"
        )
        self.database.execute("DROP TABLE just_named")


def give_tables(database: "DuckDBPyConnection", tables: OrderTables) -> None:
    """Loads small tables, replacing those of the same names."""
    for name in tables:
        database.execute(f'DROP TABLE IF EXISTS "{name}"')
    load_tables(database, tables)


def narrow_to_broken(database: "DuckDBPyConnection") -> None:
    """Keeps in `orders` only those that broke, since no others are worked out again; the table
    `categories_of_month` keeps the categories of all orders."""
    database.execute(
        "CREATE TEMP TABLE categories_of_month AS SELECT DISTINCT category FROM orders"
    )
    database.execute(
        "CREATE TEMP TABLE broken AS SELECT o.* FROM orders o SEMI JOIN breaks b"
        " ON o.store = b.store AND o.order_id = b.order_id"
    )
    database.execute("DROP VIEW orders")
    database.execute("ALTER TABLE broken RENAME TO orders")


def ask_again(causes: OrderCauses, side: OrderSide) -> None:
    """Works the broken orders out again under every variant."""
    database = causes.database
    for variant in side.variants():
        number = causes.add(variant.because, variant.detail)
        give_tables(database, variant.tables)
        database.execute(
            f"INSERT INTO likely SELECT b.store, b.order_id, {number}, NULL FROM breaks b"
            ' JOIN (SELECT store, order_id, sum(due) AS due, bool_or("foreign") AS "foreign"'
            f" FROM ({variant.sql}) GROUP BY ALL) v"
            " ON v.store = b.store AND v.order_id = b.order_id"
            " WHERE b.kind IN ('amount_differs', 'missing_theirs') AND NOT v.\"foreign\""
            " AND v.due = coalesce(b.theirs, 0) AND v.due <> coalesce(b.ruled, 0)"
        )
