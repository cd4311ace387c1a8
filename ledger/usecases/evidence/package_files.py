"""The digests of the files that a log rests on, for a package of evidence."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.book import BatchRecorded
from ledger.aggregates.orders import OrdersArchived
from ledger.store.codec import topics_of
from ledger.store.log import read_log


def digests(connection: Connection, until: int) -> Iterator[dict[str, Any]]:
    """A row for each input file and each order file that the log names, in its order: the position
    that names it, what it is, its digest, and how many rows it had."""
    topics = [*topics_of(BatchRecorded), *topics_of(OrdersArchived)]
    for recorded in read_log(connection, until=until, topics=topics):
        event, at = recorded.event, {"position": recorded.position}
        if isinstance(event, BatchRecorded):
            for file in event.files:
                yield at | {
                    "kind": "input",
                    "name": file.name,
                    "sha256": file.sha256,
                    "rows": file.rows,
                }
        elif isinstance(event, OrdersArchived):
            for part in event.files:
                yield at | {"kind": "orders", "sha256": part.digest, "rows": part.rows}
