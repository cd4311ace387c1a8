"""One thing done in a process of its own, which reports its time and its peak memory.

python -m benchmarks.child settle BOOK [JOBS]
python -m benchmarks.child decode BOOK                           the rows of a settle, decoded alone
python -m benchmarks.child settle-closed BOOK PROGRAM AS_OF     at the clocks of its close, if any
python -m benchmarks.child replay BOOK PROGRAM
python -m benchmarks.child record BOOK FILE
python -m benchmarks.child report BOOK                          the close report, in memory
"""

import json
import os
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from benchmarks.facts import PROGRAM
from benchmarks.workshop import AS_OF, recorded
from ledger.aggregates.base import Recorded
from ledger.kernel.clocks import Clocks
from ledger.kernel.garbage import no_cycles
from ledger.kernel.instants import parse_instant
from ledger.programs.edition import Edition
from ledger.store.book import Book, open_book
from ledger.store.codec import decode_facts
from ledger.store.log import FACTS, fetch
from ledger.store.schema import events
from ledger.usecases.closing.replay import replay
from ledger.usecases.settling.processes import processes
from ledger.usecases.settling.settle import published_edition, settle
from ledger.usecases.statements.closed_period import find_closed
from ledger.usecases.terms.runs import Run
from projections.pages.close_page import pages
from projections.pages.close_report import close_report


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


class Did(NamedTuple):
    """How many facts were read, how many lines there are, and the CPU seconds of the process that
    worked longest, of several."""

    facts: int
    lines: int
    longest: float = 0.0


def cpu_of_part(
    connection: Connection, edition: Edition, clocks: Clocks, seen: Sequence[Recorded]
) -> list[tuple[int, float]]:
    """The process of a part, and how long it has worked by its end."""
    return [(os.getpid(), time.process_time())]


def settled(book: Book, jobs: int) -> Did:
    """Settles the shipped edition for a table, by one process or by several."""
    clocks = Clocks(parse_instant(AS_OF), book.head().position)
    with book.reading() as connection, processes(book, jobs) as working:
        edition = published_edition(connection, PROGRAM, clocks)
        examine = cpu_of_part if working else None
        how: dict[str, Any] = {"explained": False, "examine": examine, "processes": working}
        settlement = settle(connection, edition, clocks, **how)
    longest: dict[int, float] = defaultdict(float)
    for pid, seconds in settlement.examined:
        longest[pid] = max(longest[pid], seconds)
    at_most = max(longest.values(), default=0.0)
    return Did(settlement.events_read, len(settlement.lines), at_most)


def decoded(book: Book) -> Did:
    """Only decodes the facts of the book's stores: what any settle of them needs at least."""
    query = select(*FACTS).where(events.c.stream.like("store:%")).order_by(events.c.position)
    with book.reading() as connection, no_cycles():
        return Did(sum(1 for _ in decode_facts(fetch(connection, query))), 0)


def settled_of(book: Book, program: str, clocks: Clocks) -> Did:
    """Settles a program; returns events read and lines."""
    with book.reading() as connection:
        edition = published_edition(connection, program, clocks)
        settlement = settle(connection, edition, clocks, explained=False)
    return Did(settlement.events_read, len(settlement.lines))


def replayed(book: Book, program: str) -> Did:
    """Replays a closed program, which must be identical; returns events read and lines."""
    with book.reading() as connection:
        answer = replay(connection, program, None, known_at=book.head().position)
    assert answer.identical, (answer.faults, answer.differences[:3])
    return Did(answer.settlement.events_read, len(answer.settlement.lines))


def taken(book: Book, file: str) -> Did:
    """Records a file; returns how many facts, and no lines."""
    return Did(recorded(book, Path(file)).recorded, 0)


def reported(book: Book) -> Did:
    """Writes the close report of the shipped edition; returns its facts and its lines."""
    clocks = Clocks(parse_instant(AS_OF), book.head().position)
    with book.reading() as connection:
        run = Run(published_edition(connection, PROGRAM, clocks), clocks, book.head())
        report = close_report(connection, run, None)
    (page,) = pages(report, PROGRAM, {})
    assert page.text
    return Did(len(report.facts), len(report.lines))


def main(what: str, book_path: str, *words: str) -> None:
    """Does what is asked and prints the answer."""
    book = open_book(book_path)
    act: Callable[[], Did]
    match what:
        case "settle":
            act = partial(settled, book, int(words[0]) if words else 1)
        case "decode":
            act = partial(decoded, book)
        case "settle-closed":
            clocks = closed_clocks(book, words[0], words[1])
            act = partial(settled_of, book, words[0], clocks)
        case "report":
            act = partial(reported, book)
        case "replay":
            act = partial(replayed, book, words[0])
        case _:
            act = partial(taken, book, words[0])
    started, worked = time.perf_counter(), time.process_time()
    did = act()
    cpu, seconds = time.process_time() - worked, time.perf_counter() - started
    book.close()
    answer = {"seconds": seconds, "cpu": cpu, **did._asdict()}
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
