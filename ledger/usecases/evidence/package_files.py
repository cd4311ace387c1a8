"""The files that a log rests on, for a package of evidence: their digests, and those that were
kept beside the book."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.book import BatchRecorded
from ledger.aggregates.orders import OrdersArchived
from ledger.store.archive.folder import digest_of
from ledger.store.book import Book
from ledger.store.log import read_log
from ledger.store.places import kept_folder


class KeptFile(NamedTuple):
    """A file that was kept: its digest and where it lies."""

    sha256: str
    place: Path


def digests(connection: Connection, until: int) -> Iterator[dict[str, Any]]:
    """A row for each input file and each order file that the log names, in its order: the position
    that names it, what it is, its digest, and how many rows it had."""
    topics = [BatchRecorded.TOPIC, OrdersArchived.TOPIC, "orders-archived.v1"]
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


def kept_files(
    book: Book, connection: Connection, until: int
) -> tuple[list[KeptFile], dict[str, str]]:
    """The input files that were kept and are as they were, by digest; and of those that are missing
    or altered the names, by digest."""
    if book.path is None:
        return [], {}
    folder = kept_folder(book.path.resolve())
    names = {
        file.sha256: file.name
        for recorded in read_log(connection, until=until, topics=[BatchRecorded.TOPIC])
        if isinstance(recorded.event, BatchRecorded) and recorded.event.kept
        for file in recorded.event.files
    }
    files = [KeptFile(sha256, folder / sha256) for sha256 in sorted(names)]
    whole = [file for file in files if _is_whole(file)]
    lost = {file.sha256: names[file.sha256] for file in files if file not in whole}
    return whole, lost


def _is_whole(file: KeptFile) -> bool:
    try:
        return digest_of(file.place) == file.sha256
    except OSError:
        return False
