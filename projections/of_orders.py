"""What archived orders add to reports: worked out when it is asked for, and stored nowhere."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import BadQuery
from ledger.kernel.instants import EARLIEST, day_of, format_instant
from ledger.kernel.money import Money
from ledger.kernel.period import OpenDays
from ledger.programs.registry import program_names
from ledger.store.log import read_positions
from ledger.store.reader import LogReader
from ledger.usecases.exceptions.of_orders import surprises_of_orders
from ledger.usecases.terms.editions import last_editions

Rows = list[dict[str, Any]]


def with_orders(
    connection: Connection,
    name: str,
    rows: Rows,
    clocks: Clocks,
    zone: str | None,
    where: Sequence[tuple[str, str]] = (),
) -> Rows:
    """The rows of a report together with what the book's orders add at the clocks.

    Days of sales are those of `zone`, or else of the zone that all published editions share. Of
    the rows that orders add, those for which `where` holds are kept.
    Raises `BadQuery` where the editions' zones differ and none is given.
    """
    adds = ADDED.get(name)
    reader = LogReader(connection, clocks)
    if adds is None or not reader.has_orders or reader.derived_orders:
        return rows
    if name in LATER:
        return adds(reader, rows, zone)
    added = [
        row
        for row in adds(reader, [], zone)
        if all(column in row and str(row[column]) == value for column, value in where)
    ]
    return sorted([*rows, *added], key=ORDER[name])


def zone_of_all(connection: Connection, known_at: int) -> str:
    """The zone of all published editions. Raises `BadQuery`, naming them, where they differ."""
    zones = {
        edition.program: edition.zone
        for edition in last_editions(connection, known_at, program_names())
    }
    if len(set(zones.values())) != 1:
        listed = ", ".join(f"{program} {zone}" for program, zone in sorted(zones.items()))
        raise BadQuery(
            f"Orders have days in a zone, and the published editions have several: {listed}.",
            "Say which: --zone Asia/Shanghai",
        )
    return next(iter(zones.values()))


def sales_of_all(reader: LogReader, zone: str | None) -> Rows:
    """Placed GMV of the orders, per store, day and currency."""
    zone = zone or zone_of_all(reader.connection, reader.clocks.known_at)
    days = OpenDays(day_of(EARLIEST, zone), zone)
    sums: dict[tuple[str, str, str], list[Any]] = {}
    for sales_of_order in reader.sales_of_orders(reader.stores_of_orders(), days):
        event = sales_of_order.event
        own = sums.setdefault((event.store, event.day.isoformat(), event.currency), [0, 0])
        own[0] += _minor(event.amount, event.currency)
        own[1] += event.orders
    return [_row(key, *own) for key, own in sums.items()]


def _gmv(reader: LogReader, rows: Rows, zone: str | None) -> Rows:
    return sales_of_all(reader, zone)


def _row(key: tuple[str, str, str], minor: int, orders: int) -> dict[str, Any]:
    store, day, currency = key
    return {
        "store": store,
        "day": day,
        "basis": "placed",
        "amount": Money(minor, currency).text,
        "currency": currency,
        "orders": orders,
        "facts": 0,
        "source": "orders",
    }


def _minor(amount: str, currency: str) -> int:
    return Money.parse(amount, currency).minor


def _stores(reader: LogReader, rows: Rows, zone: str | None) -> Rows:
    """The rows with the first sale, where an order was earlier than any reported sale."""
    first = {
        first_order.event.store: format_instant(first_order.at)
        for first_order in reader.first_orders([row["store"] for row in rows])
    }
    return [
        row
        | {"first_sale_at": min(filter(None, (row["first_sale_at"], first.get(row["store"]))),
                                default=None)}
        for row in rows
    ]  # fmt: skip


def _exceptions(reader: LogReader, rows: Rows, zone: str | None) -> Rows:
    exceptions = list(surprises_of_orders(reader))
    places = {exception.position for exception in exceptions}
    logged = {fact.position: fact for fact in read_positions(reader.connection, places)}
    return [
        {
            "code": exception.surprise.code,
            "position": exception.position,
            "sentence": exception.surprise.sentence,
            "since": format_instant(logged[exception.position].recorded_at),
            **({"program": exception.surprise.program} if exception.surprise.program else {}),
            "stream": exception.stream,
        }
        for exception in exceptions
    ]


ADDED: dict[str, Callable[[LogReader, Rows, str | None], Rows]] = {
    "gmv": _gmv,
    "stores": _stores,
    "exceptions": _exceptions,
}
"""Per report, what orders add to it."""
LATER = {"stores": ("first_sale_at",)}
"""Reports in whose own rows orders change columns: conditions on these are checked afterwards."""
ORDER: dict[str, Callable[[dict[str, Any]], tuple[Any, ...]]] = {
    "gmv": itemgetter("store", "day", "basis", "currency", "source"),
    "exceptions": itemgetter("position", "code", "stream"),
}
