"""Verifying the input files that were kept: each is there, and has the digest that the log has."""

from ledger.aggregates.book import BatchRecorded
from ledger.kernel.counted import counted
from ledger.store.archive.folder import digest_of
from ledger.store.book import Book
from ledger.store.log import read_log
from ledger.store.places import kept_folder
from ledger.usecases.verifying.verify import SHOWN_MAX, Check, Progress


def verify_kept_files(book: Book, progress: Progress) -> list[Check]:
    """Rehashes every file of a call that kept its files; names what is missing or was altered, and
    where the log says that it was kept. No check for a book that has kept none."""
    if book.path is None:
        return []
    kept: dict[str, tuple[int, str]] = {}
    with book.reading() as connection:
        for recorded in read_log(connection, topics=[BatchRecorded.TOPIC]):
            if isinstance(recorded.event, BatchRecorded) and recorded.event.kept:
                for file in recorded.event.files:
                    kept.setdefault(file.sha256, (recorded.position, file.name))
    if not kept:
        return []
    folder = kept_folder(book.path.resolve())
    faults = []
    for sha256, (position, name) in kept.items():
        place = folder / sha256
        try:
            fault = "" if digest_of(place) == sha256 else "was altered"
        except FileNotFoundError:
            fault = "is missing"
        except OSError as error:
            fault = f"cannot be read: {error.strerror}"
        if fault:
            faults.append(f"{place} {fault}; it is {name}, kept at position {position}")
        progress("kept files", 1)
    more = len(faults) - SHOWN_MAX
    shown = [*faults[:SHOWN_MAX], *([f"and {more:,} more"] if more > 0 else [])]
    whole = f"{counted(len(kept), 'file')} with the recorded digest"
    return [Check("kept files", not faults, "; ".join(shown) or whole)]
