"""Verifying the input files that were kept: each is there, and has the digest that the log has."""

from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.book import BatchRecorded
from ledger.kernel.counted import counted
from ledger.store.archive.folder import digest_of
from ledger.store.book import Book
from ledger.store.log import read_log
from ledger.store.places import kept_folder
from ledger.usecases.verifying.verify import SHOWN_MAX, Check, Progress


class KeptFile(NamedTuple):
    """A file of a call that kept its files: its digest, where it lies, its name, and where the log
    says so."""

    sha256: str
    place: Path
    name: str
    position: int

    def fault(self) -> str:
        """What is wrong with it now; empty if nothing is."""
        try:
            return "" if digest_of(self.place) == self.sha256 else "was altered"
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"cannot be read: {error.strerror}"


def kept_files(book: Book, connection: Connection, until: int | None = None) -> list[KeptFile]:
    """The files that the log says were kept, each once, in its order; of a book in a file alone."""
    if book.path is None:
        return []
    folder = kept_folder(book.path.resolve())
    kept: dict[str, KeptFile] = {}
    for recorded in read_log(connection, until=until, topics=[BatchRecorded.TOPIC]):
        if isinstance(recorded.event, BatchRecorded) and recorded.event.kept:
            for file in recorded.event.files:
                place = folder / file.sha256
                own = KeptFile(file.sha256, place, file.name, recorded.position)
                kept.setdefault(file.sha256, own)
    return list(kept.values())


def verify_kept_files(book: Book, progress: Progress) -> list[Check]:
    """Rehashes every file of a call that kept its files; names what is missing or was altered, and
    where the log says that it was kept. No check for a book that has kept none."""
    with book.reading() as connection:
        kept = kept_files(book, connection)
    if not kept:
        return []
    faults = []
    for file in kept:
        if fault := file.fault():
            faults.append(
                f"{file.place} {fault}; it is {file.name}, kept at position {file.position}"
            )
        progress("kept files", 1)
    more = len(faults) - SHOWN_MAX
    shown = [*faults[:SHOWN_MAX], *([f"and {more:,} more"] if more > 0 else [])]
    whole = f"{counted(len(kept), 'file')} with the recorded digest"
    return [Check("kept files", not faults, "; ".join(shown) or whole)]
