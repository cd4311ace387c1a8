"""The archived orders that a line rests on, each with the file and row that it came in."""

from collections.abc import Sequence
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
from ledger.usecases.settling.settle import settle

COLUMNS = (
    "store, order_id, item, created_at, amount_minor, refunded_minor, currency::VARCHAR,"
    " category::VARCHAR, file, source_file, source_row"
)


def orders_of_line(
    connection: Connection,
    edition: Edition,
    line: str,
    period: str | None,
    subject: str,
    clocks: Clocks,
) -> list[dict[str, Any]]:
    """Every order that a line of a subject charges, or whose GMV it rests on, with the file and
    row it came in, and the position at which it was archived, `archived`.

    Raises `NoOrders` for a program that does neither.
    """  # fmt: skip
    program = program_of(edition.rules)
    reader = LogReader(connection, clocks)
    asked = Asked(edition, period, frozenset({subject}))
    if program.orders is not None:
        found = program.orders.orders_of(reader, asked)
    elif OfOrders.GMV in program.asks_of_orders(edition):
        run = settle(connection, edition, clocks, period=period, subjects=asked.subjects)
        trees = (one.explanation for one in run.lines if one.line == line)
        sold = {one for tree in trees for one in tree.all_sold()}
        found = _sold(reader, edition, sold)
    else:
        raise NoOrders(
            f"No line of {edition.program} is worked out from orders.",
            "Leave --orders out of the command.",
        )
    files = OrderLines.at(connection, clocks).files
    names = _names(connection, files)
    for one in found:
        archived, file, row = one.pop("place")
        one |= {"file": names[archived - 1][file - 1], "row": row}
        one["archived"] = files[archived - 1].position
    return found


def _sold(reader: LogReader, edition: Edition, sold: set[tuple[str, Any]]) -> list[dict[str, Any]]:
    """The orders of stores on days, in the edition's zone."""
    if not sold:
        return []
    days = [day for _, day in sold]
    window = Days(min(days), max(days), edition.zone).window
    session = reader.order_session(window, sorted({store for store, _ in sold}))
    if session is None:
        return []
    rows = session.ask(
        f"SELECT {COLUMNS} FROM orders ORDER BY store, created_at, order_id, item", {}
    )
    found = []
    for store, order_id, item, at, amount, refunded, currency, category, *place in rows:
        day = day_of(at, edition.zone)
        if (store, day) in sold and at <= reader.clocks.as_of:
            found.append(
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
    return found


def _names(connection: Connection, files: Sequence[Archived]) -> list[list[str]]:
    """Per archived file the names of the files that its call was given."""
    found = read_positions(connection, {one.call.batch for one in files})
    batches = {one.position: one for one in found}
    return [[one.name for one in batches[one.call.batch].event.files] for one in files]
