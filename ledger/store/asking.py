"""What a reader of the log answers about order lines: the lines, and what they say of stores.

What orders say is given alongside what facts say, as if it had been reported: a store's sales of a
day, in the zone asked for, and its first order. None of it is recorded or kept.
"""

from collections.abc import Callable, Collection, Iterator
from datetime import date, timedelta
from functools import cached_property

from sqlalchemy import Connection

from ledger.aggregates.base import Recorded
from ledger.aggregates.orders import SOURCE
from ledger.aggregates.store import FirstSale, GMVRecorded
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.instants import EARLIEST, Instant
from ledger.kernel.money import Money
from ledger.kernel.period import Span, Window
from ledger.programs.contract import OrderSession
from ledger.store.order_lines import OrderEngine, OrderLines
from ledger.store.published import publishers
from ledger.store.shared_orders import SharedOrders

_UNIX = date(1970, 1, 1)


class OrderAsking:
    """The order lines of a book, and the editions that it knows, at the clocks of a reader."""

    connection: Connection
    clocks: Clocks
    watch: Callable[[Recorded], None] | None
    shared: SharedOrders | None = None
    """Where several runs at the same clocks ask of the same lines."""
    engine: OrderEngine | None = None
    """What answers a program's questions about order lines; None: DuckDB, as everything else."""

    @cached_property
    def _orders(self) -> OrderLines:
        return OrderLines.at(self.connection, self.clocks)

    @property
    def has_orders(self) -> bool:
        """Whether any order counts at the clocks."""
        return bool(self._orders.files)

    @property
    def derived_orders(self) -> bool:
        """Whether facts were derived from the orders, as older versions did."""
        return self._orders.derived

    def stores_of_orders(self) -> list[str]:
        """Every store with an order."""
        session = self._in_duckdb(Window(EARLIEST, self._until), None)
        rows = session.ask("SELECT DISTINCT store FROM orders", {}) if session else []
        return sorted(store for (store,) in rows)

    def order_session(self, window: Window, stores: list[str] | None) -> OrderSession | None:
        """The lines that count, created in the window, for a program; None without any."""
        if self.engine is not None and self._orders.within(window):
            return self.engine.session(self._orders, window, stores)
        return self._in_duckdb(window, stores)

    def _in_duckdb(self, window: Window, stores: list[str] | None) -> OrderSession | None:
        if not self._orders.within(window):
            return None
        if self.shared is not None and stores is not None:
            return self.shared.session(self._orders, window, stores)
        return self._orders.session(window, stores)

    def order_position(self, file: int) -> int:
        """The position of the call that brought the file of a line, as lines name it."""
        return self._orders.files[file - 1].position

    def sales_of_orders(
        self, stores: Collection[str], days: Span, *, deduct: bool = True
    ) -> Iterator[Recorded]:
        """Per store, day of the zone, currency and call the orders that count, as if reported.

        Amounts less refunds, or with `deduct` false whole. Nothing in a book whose facts were
        derived from its orders: those say it already.
        """
        session = self._saying(stores, days.window)
        if session is None:
            return
        from ledger.store.archive.days import day_number

        window, files = days.window, self._orders.files
        first = max(window.start, min(file.file.first for file in files))
        last = min(window.end - 1, self.clocks.as_of, max(file.file.last for file in files))
        net = "amount_minor - refunded_minor" if deduct else "amount_minor"
        day = day_number("created_at", first, last, days.zone)
        rows = session.ask(
            f"SELECT store, {day} AS day, currency::VARCHAR AS code, {self._position} AS call,"
            f" sum({net})::HUGEINT, count(*), min(created_at)"
            " FROM orders GROUP BY ALL ORDER BY store, day, code, call",
            {},
        )
        known: dict[int, date] = {}
        construct = GMVRecorded.model_construct
        for store, number, code, call, minor, orders, first_at in rows:
            day_ = known.get(number)
            if day_ is None:
                day_ = known[number] = _UNIX + timedelta(days=number)
            event = construct(
                source=SOURCE,
                store=store,
                day=day_,
                amount=Money(int(minor), code).text,
                currency=code,
                basis="placed",
                orders=orders,
            )
            yield self._shown(
                Recorded(call, f"store:{store}", 0, GMVRecorded.TOPIC, event, first_at)
            )

    def first_orders(self, stores: Collection[str]) -> Iterator[Recorded]:
        """The first order of each store, as if reported, whatever was refunded of it."""
        if self._orders.derived or not stores or not self._orders.files:
            return
        first = self._orders.first_orders(sorted(stores), self._until)
        session = first or self._saying(stores, Window(EARLIEST, self._until))
        if session is None:
            return
        rows = session.ask(
            "SELECT store, min({'at': created_at, 'order': order_id, 'call': "
            f"{self._position}}}) FROM orders GROUP BY store ORDER BY store",
            {},
        )
        for store, earliest in rows:
            event = FirstSale(source=SOURCE, store=store, order=earliest["order"])
            place = (earliest["call"], f"store:{store}", 0, FirstSale.TOPIC)
            yield self._shown(Recorded(*place, event, earliest["at"]))

    @property
    def _until(self) -> Instant:
        """The instant after as-of."""
        return min(self.clocks.as_of, FOREVER - 1) + 1

    def _shown(self, said: Recorded) -> Recorded:
        """Shows a fact to the watcher of the run, if there is one."""
        if self.watch is not None:
            self.watch(said)
        return said

    def _saying(self, stores: Collection[str], window: Window) -> OrderSession | None:
        """The lines of some stores created in the window by as-of, if they say anything."""
        if self._orders.derived or not stores:
            return None
        until = min(window.end, self._until)
        if until <= window.start:
            return None
        return self._in_duckdb(Window(window.start, until), sorted(stores))

    @property
    def _position(self) -> str:
        """The position of a line's call, in SQL."""
        listed = ", ".join(str(file.position) for file in self._orders.files)
        return f"([{listed}])[file]"

    def publishers(self, rules: str) -> dict[str, str]:
        """The publisher of each edition of some rules, by the version that counts."""
        return publishers(self.connection, rules, self.clocks.known_at)
