"""Every version of an order's rows in the archive, and which of them count."""

from typing import Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoOrders
from ledger.kernel.instants import EARLIEST, format_instant
from ledger.kernel.money import Money
from ledger.kernel.period import Window
from ledger.store.archive.current import versions
from ledger.store.log import read_positions
from ledger.store.order_lines import Archived, Calls, OrderLines, Session, archive_of, files_of

Place = tuple[int, int, int]
"""The position of the call, the file that it was given, and the row in it."""


def order_versions(
    connection: Connection, store: str, order_id: str, clocks: Clocks
) -> list[dict[str, Any]]:
    """A row per version of every row of an order, in the order of the log, also of calls that
    were withdrawn; `counts` where it is the one that counts at the clocks.

    Raises `NoOrders` for an order that is not archived by then.
    """
    calls = Calls.by(connection, clocks.known_at)
    archived = files_of(calls.archived)
    rows = _asked(connection, archived, store, order_id)
    if not rows:
        raise NoOrders(
            f"There is no order {order_id!r} of store {store!r} at position {clocks.known_at}.",
            "Capitals and small letters differ.",
        )
    counting = _counting(connection, store, order_id, clocks)
    names = _names(connection, archived)
    shown = []
    for row in rows:
        own = archived[row["number"] - 1]
        place = (own.position, row["source_file"], row["source_row"])
        withdrawal = calls.withdrawn.get(own.position)
        shown.append(_shown(row, own, names[own.call.batch], place in counting, withdrawal))
    return shown


COLUMNS = (
    "file AS number, store, order_id, item, created_at, updated_at, amount_minor, refunded_minor,"
    " currency::VARCHAR AS currency, category::VARCHAR AS category, traffic::VARCHAR AS traffic,"
    " channel::VARCHAR AS channel, payment::VARCHAR AS payment, product, creator, source_file,"
    " source_row"
)
NAMES = tuple(part.rpartition(" ")[2] for part in COLUMNS.split(", "))


def _asked(
    connection: Connection, archived: list[Archived], store: str, order_id: str
) -> list[dict[str, Any]]:
    if not archived:
        return []
    archive, files = archive_of(connection), [file.described() for file in archived]
    archive.fetch(files)
    session = Session(versions(archive.folder, files, [store]))
    try:
        sql = f"SELECT {COLUMNS} FROM orders JOIN wanted ON order_id = wanted.id"
        ordered = f"{sql} ORDER BY item, file, source_file, source_row"
        rows = session.ask(ordered, {"wanted": {"id": [order_id]}})
    finally:
        session.close()
    return [dict(zip(NAMES, row, strict=True)) for row in rows]


def _counting(connection: Connection, store: str, order_id: str, clocks: Clocks) -> set[Place]:
    """The places of the versions that count."""
    lines = OrderLines.at(connection, clocks)
    window = Window(EARLIEST, min(clocks.as_of, 2**62) + 1)
    session = lines.session(window, [store])
    try:
        sql = "SELECT file, source_file, source_row FROM orders JOIN wanted ON order_id = wanted.id"
        rows = session.ask(sql, {"wanted": {"id": [order_id]}})
    finally:
        session.close()
    return {(lines.files[file - 1].position, source, row) for file, source, row in rows}


def _names(connection: Connection, archived: list[Archived]) -> dict[int, list[str]]:
    """Per call the names of the files that it was given."""
    batches = read_positions(connection, {file.call.batch for file in archived})
    return {batch.position: [file.name for file in batch.event.files] for batch in batches}


def _shown(
    row: dict[str, Any], own: Archived, names: list[str], counts: bool, withdrawal: Any
) -> dict[str, Any]:
    amount, refunded, currency = row["amount_minor"], row["refunded_minor"], row["currency"]
    shown = {
        "order_id": row["order_id"],
        "item": row["item"] or None,
        "store": row["store"],
        "counts": counts,
        "created_at": format_instant(row["created_at"]),
        "updated_at": format_instant(row["updated_at"]),
        "amount": Money(amount, currency).text,
        "refunded": Money(refunded, currency).text,
        "net": Money(amount - refunded, currency).text,
        "currency": currency,
        "category": row["category"],
        "traffic": row["traffic"],
        "channel": row["channel"],
        "payment": row["payment"],
        "product": row["product"] or None,
        "creator": row["creator"] or None,
        "archived": own.position,
        "file": names[row["source_file"] - 1],
        "row": row["source_row"],
        "withdrawn_by": withdrawal.position if withdrawal else None,
    }
    return {name: value for name, value in shown.items() if value is not None}
