"""The archived orders behind lines, each with the file and row that it came in."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoOrders
from ledger.kernel.instants import day_of, format_instant
from ledger.kernel.money import Money
from ledger.kernel.period import Days
from ledger.programs.contract import Asked, OfOrders
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of
from ledger.store.log import read_positions
from ledger.store.order_lines import Archived, OrderLines
from ledger.store.reader import LogReader
from ledger.usecases.settling.settle import settle, subjects_of

Sold = tuple[str, date]
"""A store and a day whose orders a step sums."""
COLUMNS = (
    "store, order_id, item, created_at, amount_minor, refunded_minor, currency::VARCHAR,"
    " category::VARCHAR, file, source_file, source_row"
)


def orders_of_lines(
    connection: Connection,
    edition: Edition,
    lines: Collection[str],
    period: str | None,
    clocks: Clocks,
) -> dict[str, list[dict[str, Any]]]:
    """Per line every order that it charges, or whose GMV it is based on, with the file and row it
    came in, and in `archived` the position at which it was archived. All lines share one query.

    Raises `NoOrders` for a program that does neither.
    """
    program = program_of(edition.rules)
    reader = LogReader(connection, clocks)
    subjects = subjects_of(edition, lines)
    by_line: dict[str, list[dict[str, Any]]] = {line: [] for line in lines}
    if program.orders is not None:
        for order in program.orders.orders_of(reader, Asked(edition, period, subjects)):
            if order["line"] in by_line:
                by_line[order.pop("line")].append(order)
    elif OfOrders.GMV in program.asks_of_orders(edition):
        run = settle(connection, edition, clocks, period=period, subjects=subjects)
        sold = {
            line.line: set(line.explanation.all_sold())
            for line in run.lines
            if line.line in by_line
        }
        orders = _sold(reader, edition, {each for own in sold.values() for each in own})
        for line, own in sold.items():
            by_line[line] = [dict(order) for key in sorted(own) for order in orders.get(key, ())]
    else:
        raise NoOrders(
            f"No line of {edition.program} is worked out from orders.",
            "Leave --orders out of the command.",
        )
    files = OrderLines.at(connection, clocks).files
    names = _names(connection, files)
    for order in (order for own in by_line.values() for order in own):
        archived, file, row = order.pop("place")
        order |= {"file": names[archived - 1][file - 1], "row": row}
        order["archived"] = files[archived - 1].position
    return by_line


def _sold(reader: LogReader, edition: Edition, sold: set[Sold]) -> dict[Sold, list[dict[str, Any]]]:
    """The orders of some stores on some days, in the edition's zone."""
    if not sold:
        return {}
    days = [day for _, day in sold]
    window = Days(min(days), max(days), edition.zone).window
    session = reader.order_session(window, sorted({store for store, _ in sold}))
    if session is None:
        return {}
    rows = session.ask(
        f"SELECT {COLUMNS} FROM orders ORDER BY store, created_at, order_id, item", {}
    )
    orders: dict[Sold, list[dict[str, Any]]] = defaultdict(list)
    for store, order_id, item, at, amount, refunded, currency, category, *place in rows:
        day = day_of(at, edition.zone)
        if (store, day) in sold and at <= reader.clocks.as_of:
            orders[store, day].append(
                {
                    "order_id": order_id,
                    **({"item": item} if item else {}),
                    "store": store,
                    "created_at": format_instant(at),
                    "day": day.isoformat(),
                    "amount": Money(amount, currency).text,
                    "refunded": Money(refunded, currency).text,
                    "net": Money(amount - refunded, currency).text,
                    "currency": currency,
                    "category": category,
                    "place": tuple(place),
                }
            )
    return orders


def _names(connection: Connection, files: Sequence[Archived]) -> list[list[str]]:
    """Per archived file the names of the files that its call was given."""
    events = read_positions(connection, {file.call.batch for file in files})
    batches = {event.position: event for event in events}
    return [[given.name for given in batches[file.call.batch].event.files] for file in files]
