"""One thing done in a process of its own, which reports its time and its peak memory.

python -m benchmarks.child settle BOOK
python -m benchmarks.child record BOOK FILE
"""

import json
import resource
import sys
import time
from pathlib import Path

from benchmarks.facts import PROGRAM
from benchmarks.workshop import AS_OF, recorded
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book, open_book
from ledger.usecases.settle import published_edition, settle


def peak_mib() -> float:
    """The highest resident memory of this program.

    On Linux `ru_maxrss` also keeps the peak of the parent that a program was started from, so
    the kernel's figure for this address space is read where there is one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def settled(book: Book) -> tuple[int, int]:
    """Settles the shipped edition; events read and lines."""
    clocks = Clocks(parse_instant(AS_OF), book.head().position)
    with book.reading() as connection:
        edition = published_edition(connection, PROGRAM, clocks)
        settlement = settle(connection, edition, clocks)
    return settlement.events_read, len(settlement.lines)


def main(what: str, book_path: str, *files: str) -> None:
    """Does it and prints the answer."""
    book = open_book(book_path)
    started = time.perf_counter()
    if what == "settle":
        facts, lines = settled(book)
    else:
        facts, lines = recorded(book, Path(files[0])).recorded, 0
    seconds = time.perf_counter() - started
    book.close()
    answer = {"seconds": seconds, "facts": facts, "lines": lines, "peak_mib": peak_mib()}
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
