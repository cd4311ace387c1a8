"""Two processes that record at once: each fact once, and nobody's lost."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import ConcurrentWrite
from ledger.store.book import Book
from ledger.store.receipts import kept_receipts

ROUNDS = 8
CALLS = 6
ROOT = Path(__file__).parents[2]
WORKER = """
import json, sys
from ledger.kernel.errors import ConcurrentWrite
from ledger.kernel.instants import parse_instant
from ledger.store.book import open_book
from ledger.usecases.recording.record import record
book = open_book(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    answers = []
    for path in json.loads(line):
        while True:
            try:
                answer = record(book, [path], now=parse_instant("2026-11-21T12:00:00Z"), by="test")
            except ConcurrentWrite:
                continue
            break
        assert not answer.rejected, answer.rejected
        answers.append([answer.recorded, answer.known, answer.receipt])
    print(json.dumps(answers), flush=True)
"""


class Clerk:
    """A process of its own that records the files it is given, one call each."""

    def __init__(self, location: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER, location],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self.process.stdin
        assert self.process.stdout
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def say(self, paths: list[Path]) -> None:
        self.stdin.write(json.dumps([str(path) for path in paths]) + "\n")
        self.stdin.flush()

    def answers(self) -> list[list[Any]]:
        line = self.stdout.readline()
        assert line, "the process ended instead of answering"
        return list(json.loads(line))


@pytest.fixture
def clerks(book: Book) -> Iterator[list[Clerk]]:
    both = [Clerk(book.location) for _ in range(2)]
    for clerk in both:
        assert clerk.stdout.readline() == "ready\n"
    yield both
    for clerk in both:
        clerk.process.communicate()


def facts_of(round_: int, call: int, clerk: int) -> list[dict[str, Any]]:
    """Half of a call's facts are the other clerk's too; all touch the same streams."""
    shared = {"type": "StockListed", "at": f"2026-02-01T08:{round_:02}:{call:02}Z", "store": "S-1"}
    own = {"type": "StoreSuspended", "at": shared["at"], "store": "S-1"}
    return [
        {**shared, "country": "DE"},
        {**shared, "country": "FR", "id": f"{round_}/{call}"},
        {**own, "source": f"clerk-{clerk}"},
        {**own, "id": f"{round_}/{call}", "source": f"clerk-{clerk}"},
    ]


def test_two_processes_at_once_record_every_fact_once(
    book: Book,
    clerks: list[Clerk],
    write_facts: Callable[..., Path],
    assert_whole: Callable[[Book], list[dict[str, Any]]],
    read_facts: Callable[[Book], list[Any]],
) -> None:
    """Facts that both send are recorded by one and known to the other; the chain is whole."""
    receipts, recorded, known = [], 0, [0, 0]
    for round_ in range(ROUNDS):
        for number, clerk in enumerate(clerks):
            clerk.say(
                [
                    write_facts(facts_of(round_, call, number), f"{round_}-{call}-{number}.ndjson")
                    for call in range(CALLS)
                ]
            )
        for number, clerk in enumerate(clerks):
            for new, old, receipt in clerk.answers():
                recorded += new
                known[number] += old
                receipts.append(receipt)
    assert min(known) > 0, "each of them met what the other had written"

    rows = assert_whole(book)
    pairs = ROUNDS * CALLS
    assert (recorded, sum(known)) == (6 * pairs, 2 * pairs)
    found = [(one.at, type(one.event).__name__, one.event.content()) for one in read_facts(book)]
    assert len(found) == 6 * pairs
    assert sum(name == "StockListed" for _, name, _ in found) == 2 * pairs
    assert len({one for one in found if one[1] == "StockListed"}) == 2 * pairs
    hashes = {f"{row['position']}:{row['hash'].hex()}" for row in rows}
    assert set(receipts) <= hashes
    assert {f"{one.position}:{one.hash.hex()}" for one in kept_receipts(book)} <= hashes


def test_two_threads_of_one_process_record_every_fact_once(
    book: Book,
    record_facts: Callable[..., Any],
    assert_whole: Callable[[Book], list[dict[str, Any]]],
) -> None:
    """One open book serves several callers as well as several processes do."""

    def clerk(number: int) -> int:
        done = 0
        for call in range(2 * CALLS):
            facts, name = facts_of(0, call, number), f"{call}-{number}.ndjson"
            while True:
                with suppress(ConcurrentWrite):
                    done += record_facts(book, facts, name=name).recorded
                    break
        return done

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(clerk, range(2))) == 6 * 2 * CALLS
    rows = assert_whole(book)
    assert sum(row["stream"] == "store:S-1" for row in rows) == 6 * 2 * CALLS


def test_a_writer_who_comes_between_makes_the_other_decide_again(
    book: Book, record_facts: Callable[..., Any], assert_whole: Callable[[Book], Any]
) -> None:
    """What somebody recorded between the deciding and the writing is known, not doubled."""
    facts = facts_of(0, 0, 0)
    interrupted = []

    def progress(what: str, _more: int) -> None:
        if what == "recording" and not interrupted:
            interrupted.append(True)
            assert record_facts(book, facts[:3], name="other.ndjson").recorded == 3

    answer = record_facts(book, facts, progress=progress)
    assert interrupted
    assert (answer.recorded, answer.known) == (1, 3)
    assert answer.receipt == book.head().receipt
    assert_whole(book)


def test_who_is_overtaken_again_and_again_makes_the_others_wait_in_the_end(
    book: Book, record_facts: Callable[..., Any], assert_whole: Callable[[Book], Any]
) -> None:
    """Beside a trickle of small writes a large call would never find the head as it left it."""
    overtaken = []

    def progress(what: str, _more: int) -> None:
        if what == "recording" and len(overtaken) < 4:
            overtaken.append(True)
            number = len(overtaken)
            assert record_facts(book, facts_of(1, number, 0), name="other.ndjson").recorded == 4

    assert record_facts(book, facts_of(0, 0, 0), progress=progress).recorded == 4
    assert len(overtaken) == 4
    assert_whole(book)
    assert record_facts(book, facts_of(0, 0, 0)).known == 4
