"""Our current orders of a month: what the rule gives, held lines, accepted figures."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.settlement import period_id
from ledger.kernel.clocks import Clocks
from ledger.kernel.period import Window
from ledger.programs.contract import Asked, OrderSide
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of
from ledger.store.order_lines import OrderLines, load_tables
from ledger.store.reader import LogReader
from ledger.usecases.reconciling.accepted_figures import AS_RULED, StatedOrders

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class OurMonth(NamedTuple):
    """A month of an edition, and where its orders differ from the rule."""

    edition: Edition
    period: str
    clocks: Clocks
    stated: StatedOrders | None = None
    """Where our orders differ from what the rule gives, if the month is closed."""
    store: str | None = None
    """The only store to look at; None for all."""

    @property
    def name(self) -> str:
        """The id of the month, with which the ids of its lines begin."""
        return period_id(self.edition.program, self.period)


class OurOrders(NamedTuple):
    """A database with a month's orders in the view `orders`."""

    database: "DuckDBPyConnection"
    side: OrderSide
    month: OurMonth
    in_items: bool

    def keep_created(self, window: Window) -> None:
        """Keeps in `orders` only those with an item that was created within a window."""
        self.database.execute(
            "CREATE TEMP TABLE kept AS SELECT * FROM orders WHERE (store, order_id) IN (SELECT"
            f" (store, order_id) FROM orders WHERE created_at >= {window.start}"
            f" AND created_at < {window.end})"
        )
        self.database.execute("DROP VIEW orders")
        self.database.execute("ALTER TABLE kept RENAME TO orders")

    def make_mine(self) -> None:
        """Makes the table `mine`: what is due for each order by the rule (`ruled`) and as it was
        stated (`minor`), in minor units. An order in items is their sum; one whose items belong
        to several lines is listed under its store."""
        database, stated = self.database, self.month.stated or AS_RULED
        load_tables(database, self.side.tables)
        due = 'CASE WHEN "foreign" THEN 0 ELSE coalesce(due, 0) END'
        database.execute(
            "CREATE TEMP TABLE mine AS SELECT store, order_id, line, payee,"
            f" {due}::BIGINT AS ruled, {due}::BIGINT AS minor, currency FROM ({self.side.sql})"
        )
        if stated.nothing:
            load_tables(database, {"nothing": {"line": list(stated.nothing)}})
            database.execute("UPDATE mine SET minor = 0 WHERE line IN (SELECT line FROM nothing)")
        if self.in_items:
            self._sum_items()
        if stated.accepted:
            self._take_accepted(stated)

    def _sum_items(self) -> None:
        of_store = f"'{self.month.name}/' || store"
        alone = f"CASE WHEN min(line) = max(line) THEN min(line) ELSE {of_store} END"
        self.database.execute(
            f"CREATE OR REPLACE TEMP TABLE mine AS SELECT store, order_id, {alone} AS line,"
            " min(payee) AS payee, sum(ruled)::BIGINT AS ruled, sum(minor)::BIGINT AS minor,"
            " currency FROM mine GROUP BY store, order_id, currency"
        )

    def _take_accepted(self, stated: StatedOrders) -> None:
        columns: dict[str, list[object]] = {
            "store": [store for store, _ in stated.accepted],
            "order_id": [name for _, name in stated.accepted],
            "minor": list(stated.accepted.values()),
        }
        load_tables(self.database, {"accepted": columns})
        self.database.execute(
            "UPDATE mine SET minor = a.minor FROM accepted a"
            " WHERE mine.store = a.store AND mine.order_id = a.order_id"
        )


@contextmanager
def our_month(connection: Connection, month: OurMonth) -> Iterator[OurOrders]:
    """Opens the orders of a month for queries in SQL. Raises `WrongPeriod`, and refusals of an
    altered archive."""
    reader = LogReader(connection, month.clocks)
    by_order = program_of(month.edition.rules).orders
    assert by_order is not None, f"{month.edition.rules} works by order"
    side = by_order.order_side(reader, Asked(month.edition, month.period))
    lines = OrderLines.at(connection, month.clocks)
    in_items = any(file.file.items for file in lines.files)
    stores = None if month.store is None else [month.store]
    with lines.opened(side.window, stores) as database:
        yield OurOrders(database, side, month, in_items)
