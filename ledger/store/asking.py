"""What a reader of the log answers about order lines; loaded only where somebody asks."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.period import Window

if TYPE_CHECKING:
    from ledger.store.orderlines import OrderLines


class OrderAsking:
    """The order lines of a book at the clocks of a reader."""

    connection: Connection
    clocks: Clocks

    @cached_property
    def _orders(self) -> "OrderLines":
        from ledger.store.orderlines import OrderLines

        return OrderLines.at(self.connection, self.clocks)

    def stores_with_orders(self, window: Window, stores: list[str] | None) -> list[str]:
        """The stores, among some, with a line that counts, created in the window."""
        found = self.ask_orders("SELECT DISTINCT store FROM orders", window, stores, {})
        return sorted(row[0] for row in found)

    def order_files(self, window: Window) -> tuple[int, ...]:
        """Positions of the archived files that can hold lines created in the window."""
        return tuple(one.position for one in self._orders.within(window))

    def ask_orders(
        self,
        sql: str,
        window: Window,
        stores: list[str] | None,
        tables: Mapping[str, Mapping[str, list[object]]],
    ) -> list[tuple[Any, ...]]:
        """Runs SQL over `orders`, the lines that count, created in the window."""
        if not self._orders.within(window):
            return []
        from ledger.store.orderlines import run

        return run(self._orders, sql, window, stores, tables)
