"""Whether a given file is one that was recorded in the book, by the digest in the log."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.book import BatchRecorded
from ledger.aggregates.reconciliation import ReconciliationRun
from ledger.intake.border import check_ordinary
from ledger.kernel.errors import MissingFile
from ledger.store.log import read_log
from ledger.usecases.verifying.verify import Check

BLOCK = 1024 * 1024


class Given(NamedTuple):
    """An input file of a recorded call."""

    name: str
    sha256: str
    rows: int
    said: str
    """When and by whom."""


def verify_file(connection: Connection, path: str) -> Check:
    """Finds the calls that had a file with this content; failing that, with this name.

    Raises `MissingFile` for a file that cannot be read.
    """
    name, digest = Path(path).name, _digest(path)
    given = list(_given(connection))
    files = [file for file in given if file.sha256 == digest]
    if files:
        return Check(f"file {name}", True, "; ".join(_sentence(file, name) for file in files))
    alike = [file for file in given if Path(file.name).name == name]
    detail = "the book was given no file of this content"
    if alike:
        detail += f"; of this name, with other content: {'; '.join(file.said for file in alike)}"
    return Check(f"file {name}", False, detail)


def _sentence(file: Given, name: str) -> str:
    called = "" if Path(file.name).name == name else f", as {file.name}"
    rows = "1 row" if file.rows == 1 else f"{file.rows:,} rows"
    return f"{file.said}{called}, {rows}"


def _given(connection: Connection) -> Iterator[Given]:
    topics = [BatchRecorded.TOPIC, ReconciliationRun.TOPIC]
    for recorded in read_log(connection, topics=topics):
        event, by = recorded.event, f" by {recorded.by}" if recorded.by else ""
        if isinstance(event, BatchRecorded):
            said = f"recorded at position {recorded.position}{by}"
            yield from (Given(file.name, file.sha256, file.rows, said) for file in event.files)
        elif isinstance(event, ReconciliationRun):
            said = f"compared with at position {recorded.position}{by}"
            yield Given(event.file, event.sha256, event.rows, said)


def _digest(path: str) -> str:
    check_ordinary(path)
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    except OSError as error:
        raise MissingFile(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None
    return digest.hexdigest()
