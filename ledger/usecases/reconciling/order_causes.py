"""What orders that differ may come from: the expression asked again with one thing changed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ledger.aggregates.reconciliation import Cause
from ledger.programs.contract import OrderSide, OrderTables
from ledger.store.order_lines import load_tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Named(NamedTuple):
    """A broken order that a cause gives exactly; `detail` names what is of it alone, if anything,
    such as our line of another month."""

    store: str
    order_id: str
    detail: str | None = None


class OrderCauses:
    """The causes that were found, and in the table `likely` the orders that each of them gives;
    `unnamed` are the breaks without any."""

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
        """A cause under which orders can be named; its number."""
        self.found.append(Cause(because=because, detail=detail, gives="0"))
        return len(self.found) - 1

    def name(self, because: str, detail: str, orders: Iterable[Named]) -> None:
        """Names a cause for some orders; nothing where there are none."""
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
    """Puts small tables in the place of those of the same names."""
    for name in tables:
        database.execute(f'DROP TABLE IF EXISTS "{name}"')
    load_tables(database, tables)


def narrow_to_broken(database: "DuckDBPyConnection") -> None:
    """Leaves in `orders` those that broke, which are all that is asked again, and in the table
    `categories_of_month` which categories all of them are of."""
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
    """Asks the same expression of the broken orders under every variant."""
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
