"""What a reader of the log answers about order lines, and about who publishes terms."""

from functools import cached_property

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.period import Window
from ledger.store.order_lines import OrderLines, Session
from ledger.store.published import publishers


class OrderAsking:
    """The order lines of a book, and the editions that it knows, at the clocks of a reader."""

    connection: Connection
    clocks: Clocks

    @cached_property
    def _orders(self) -> OrderLines:
        return OrderLines.at(self.connection, self.clocks)

    def order_files(self, window: Window) -> tuple[int, ...]:
        """Positions of the archived files that can hold lines created in the window."""
        return tuple(one.position for one in self._orders.within(window))

    def order_session(self, window: Window, stores: list[str] | None) -> Session | None:
        """The lines that count, created in the window, to be asked in SQL; None without any."""
        if not self._orders.within(window):
            return None
        return self._orders.session(window, stores)

    def publishers(self, rules: str) -> dict[str, str]:
        """Per edition of some rules who publishes it, by the version that counts."""
        return publishers(self.connection, rules, self.clocks.known_at)
