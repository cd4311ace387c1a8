"""One thing done in a process of its own, which reports its time and its peak memory.

python -m benchmarks.child settle BOOK
python -m benchmarks.child settle-closed BOOK PROGRAM AS_OF     at the clocks of its close, if any
python -m benchmarks.child replay BOOK PROGRAM
python -m benchmarks.child record BOOK FILE
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.facts import PROGRAM
from benchmarks.workshop import AS_OF, recorded
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book, open_book
from ledger.usecases.closing.replay import replay
from ledger.usecases.settling.settle import published_edition, settle
from ledger.usecases.statements.closed_period import find_closed


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


def helpers_mib() -> float:
    """The highest resident memory of any program that this one started and waited for."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def settled(book: Book) -> tuple[int, int]:
    """Settles the shipped edition; returns events read and lines."""
    clocks = Clocks(parse_instant(AS_OF), book.head().position)
    with book.reading() as connection:
        edition = published_edition(connection, PROGRAM, clocks)
        settlement = settle(connection, edition, clocks)
    return settlement.events_read, len(settlement.lines)


def settled_of(book: Book, program: str, clocks: Clocks) -> tuple[int, int]:
    """Settles a program; returns events read and lines."""
    with book.reading() as connection:
        edition = published_edition(connection, program, clocks)
        settlement = settle(connection, edition, clocks)
    return settlement.events_read, len(settlement.lines)


def replayed(book: Book, program: str) -> tuple[int, int]:
    """Replays a closed program, which must be identical; returns events read and lines."""
    with book.reading() as connection:
        answer = replay(connection, program, None, known_at=book.head().position)
    assert answer.identical, (answer.faults, answer.differences[:3])
    return answer.settlement.events_read, len(answer.settlement.lines)


def taken(book: Book, file: str) -> tuple[int, int]:
    """Records a file; returns how many facts, and no lines."""
    return recorded(book, Path(file)).recorded, 0


def main(what: str, book_path: str, *words: str) -> None:
    """Does what is asked and prints the answer."""
    book = open_book(book_path)
    act: Callable[[], tuple[int, int]]
    match what:
        case "settle":
            act = partial(settled, book)
        case "settle-closed":
            clocks = closed_clocks(book, words[0], words[1])
            act = partial(settled_of, book, words[0], clocks)
        case "replay":
            act = partial(replayed, book, words[0])
        case _:
            act = partial(taken, book, words[0])
    started, worked = time.perf_counter(), time.process_time()
    facts, lines = act()
    cpu, seconds = time.process_time() - worked, time.perf_counter() - started
    book.close()
    answer = {"seconds": seconds, "cpu": cpu, "facts": facts, "lines": lines}
    print(json.dumps(answer | {"peak_mib": peak_mib() + helpers_mib()}))


def closed_clocks(book: Book, program: str, as_of: str) -> Clocks:
    """The clocks at which a program was closed, or else an as-of at the head."""
    with book.reading() as connection:
        head = book.head().position
        event = find_closed(connection, program, None, head)
    if event is None:
        return Clocks(parse_instant(as_of), head)
    return Clocks(event.event.as_of, event.event.known_at)


if __name__ == "__main__":
    main(*sys.argv[1:])
