"""A process killed in the middle of closing, adjusting or paying: whole, or not at all."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import AlreadyClosed, NotClosed
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book, open_book
from ledger.store.receipts import kept_receipts
from ledger.usecases.init import init
from ledger.usecases.terms.publish import append_terms
from tests.marks import more
from tests.quarter import GROWTH, Facts, Quarter, edition, enrolled, fee_paid

pytestmark = more
ROOT = Path(__file__).parents[2]
PLACES = ("appended", "indexed", "committed")
DECISIONS = ("close", "adjust", "pay")
RANDOM_KILLS = 12
AT_THE_CLOSE = parse_instant("2026-08-01T00:00:00Z")
MERCHANTS = ("M-1", "M-2")
WORKER = """
import json, os, sys, time
from pathlib import Path
from ledger.store.book import open_book
from ledger.store import append as appending
from ledger.usecases import record_decisions as decisions
from tests.quarter import Quarter
from tests.stories.test_crash_decisions import decide

def stopped(*given):
    print("at", flush=True)
    time.sleep(60)

def indexed_and_stopped(*given):
    insert_refs(*given)
    stopped()

insert_refs = appending.insert_refs
STOPPED = {
    "appended": (appending, "insert_refs", stopped),
    "indexed": (appending, "insert_refs", indexed_and_stopped),
    "committed": (decisions, "keep_receipt", stopped),
}

for line in sys.stdin:
    location, program, what, place = json.loads(line)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        print("ended by", status, flush=True)
        continue
    quarter = Quarter(open_book(location), Path())
    print("ready", os.getpid(), flush=True)
    for one in what:
        if one == what[-1] and place:
            setattr(*STOPPED[place])
        print("answer", decide(quarter, program, one)["receipt"], flush=True)
    print("done", flush=True)
    time.sleep(60)
"""
"""Forks a process for every line of its input, so that the imports are paid for only once.

With a place, it stops in its last decision: after the events are appended and before the index
is written, after the index and before the commit, or after the commit and before the receipt.
"""


def decide(quarter: Quarter, program: str, what: str) -> dict[str, Any]:
    """Takes one of the three decisions about a program."""
    if what == "close":
        return quarter.close(program, as_of=AT_THE_CLOSE, leave_open="not paid yet")
    if what == "adjust":
        return quarter.adjust(program)
    payee = f"merchant:{MERCHANTS[0]}"
    return quarter.pay("-9.00", payee, program=program, currency="USD")


def facts_of(program: str) -> Facts:
    """Two merchants that pay after the close: an adjustment releases what both are due."""
    facts: Facts = []
    for merchant in MERCHANTS:
        facts += enrolled(merchant, program, gmv="100.00", aigc=0, creator_video=0)[1:3]
        paid = fee_paid("6000.00", "2026-09-01T00:00:00Z", merchant)
        facts.append(paid | {"program": program})
    return facts


@pytest.fixture
def programs() -> list[str]:
    """One for every kill and one to measure: each is closed, adjusted and paid once."""
    count = len(PLACES) * len(DECISIONS) + RANDOM_KILLS + 1
    return [f"growth-{number:02}" for number in range(count)]


@pytest.fixture
def story(location: str, tmp_path: Path, programs: list[str]) -> str:
    """The place of a book with the terms and facts of all the programs."""
    book, _ = init(location, "platform")
    editions = [edition(GROWTH, program=name, publisher="acme") for name in programs]
    with book.log.writing() as writer:
        append_terms(writer, editions, "finance")
    shops = [enrolled(one, gmv="100.00")[0] for one in MERCHANTS]
    facts = [fact for name in programs for fact in facts_of(name)]
    Quarter(book, tmp_path).tell([*shops, *facts])
    book.close()
    return location


class Decider:
    """Starts processes that take decisions, and kills them."""

    def __init__(self) -> None:
        self.parent = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self.parent.stdin
        assert self.parent.stdout
        self.stdin, self.stdout = self.parent.stdin, self.parent.stdout

    def start(self, location: str, program: str, what: tuple[str, ...], place: str = "") -> int:
        """The process id of one that is about to decide."""
        self.stdin.write(json.dumps([location, program, what, place]) + "\n")
        self.stdin.flush()
        ready, pid = self.stdout.readline().split()
        assert ready == "ready"
        return int(pid)

    def until(self, word: str) -> list[str]:
        """The receipts answered before a line that begins with a word."""
        found = []
        while not (line := self.stdout.readline()).startswith(word):
            assert line, "the process ended instead of answering"
            found += [line.split()[1]] if line.startswith("answer ") and line[-1] == "\n" else []
            if "ended by" in line:
                assert word == "ended by", line
                break
        return found

    def killed(self, pid: int) -> list[str]:
        """Kills the process; the receipts that it had still answered."""
        os.kill(pid, signal.SIGKILL)
        return self.until("ended by")

    def answered(self, count: int) -> list[str]:
        """The next receipts, as soon as they are answered."""
        lines = [self.stdout.readline() for _ in range(count)]
        assert all(line.startswith("answer ") for line in lines), lines
        return [line.split()[1] for line in lines]

    def seconds(self, location: str, program: str) -> list[float]:
        """How long each of the three decisions takes when nobody kills the process."""
        pid, started = self.start(location, program, DECISIONS), time.monotonic()
        found = []
        for _ in DECISIONS:
            self.answered(1)
            found.append(time.monotonic() - started)
            started = time.monotonic()
        assert self.until("done") == []
        self.killed(pid)
        return found

    def close(self) -> None:
        self.parent.communicate()


@pytest.fixture
def decider() -> Iterator[Decider]:
    made = Decider()
    yield made
    made.close()


def events_of(rows: list[dict[str, Any]], program: str) -> list[str]:
    """What was decided about a program, in the order of the log, without its terms and facts."""
    streams = (f"statement:{program}/", f"period:{program}")
    found = [row["topic"] for row in rows if row["stream"].startswith(streams)]
    return [topic.partition(".")[0] for topic in found]


WHOLE = {
    "close": ["statement-issued", "statement-issued", "period-closed"],
    "adjust": ["statement-adjusted", "statement-adjusted"],
    "pay": ["payment-made"],
}
"""The events of each decision."""


def check_after_kill(
    book: Book, program: str, receipts: list[str], check: Callable[[Book], list[dict[str, Any]]]
) -> int:
    """Every decision wholly in or wholly out, none after a missing one; how many are in."""
    with book.log.writing():
        """Whatever the dead process had under way has ended now; the lock is free."""
    rows = check(book)
    by_position = {row["position"]: row["hash"].hex() for row in rows}
    for receipt in receipts:
        position, _, digest = receipt.partition(":")
        assert by_position[int(position)] == digest, "an acknowledged decision is not in the log"
    for kept in kept_receipts(book):
        assert by_position[kept.position] == kept.hash.hex()
    found = events_of(rows, program)
    states = [[topic for one in DECISIONS[:n] for topic in WHOLE[one]] for n in range(4)]
    assert found in states, f"a decision is half in: {found}"
    done = states.index(found)
    assert len(receipts) <= done <= len(receipts) + 1
    return done


def repeat(book: Book, program: str, done: int, rows: Callable[[Book], Any]) -> None:
    """Everything again, as one would who does not know what was recorded."""
    quarter = Quarter(book, Path())
    if done == 0:
        with pytest.raises(NotClosed):
            quarter.adjust(program)
        decide(quarter, program, "close")
    else:
        with pytest.raises(AlreadyClosed):
            decide(quarter, program, "close")
    assert decide(quarter, program, "adjust")["recorded"] == (0 if done > 1 else 2)
    assert decide(quarter, program, "pay")["recorded"] is (done < 3)
    assert events_of(rows(book), program) == [t for one in DECISIONS for t in WHOLE[one]]


def test_kill_minus_nine_in_the_middle_of_a_decision_leaves_it_whole_or_undone(
    story: str,
    programs: list[str],
    decider: Decider,
    assert_whole: Callable[[Book], list[dict[str, Any]]],
    read_rows: Callable[[Book], list[dict[str, Any]]],
) -> None:
    """At three places inside each of the three, and at random moments of each.

    Half-written decisions vanish with their process; after each kill the same decisions again
    succeed or are known, and at the end everything that was decided verifies.
    """
    remaining = iter(programs)
    lasts = decider.seconds(story, next(remaining))
    chance = random.Random(20260731)
    found_in = []
    planned = [(n, place) for n in range(len(DECISIONS)) for place in PLACES]
    planned += [(n % len(DECISIONS), "") for n in range(RANDOM_KILLS)]
    for number, place in planned:
        program = next(remaining)
        pid = decider.start(story, program, DECISIONS[: number + 1], place)
        receipts = decider.answered(number)
        if place:
            assert decider.until("at") == []
        else:
            time.sleep(lasts[number] * chance.random())
        receipts += decider.killed(pid)
        book = open_book(story)
        done = check_after_kill(book, program, receipts, assert_whole)
        if place:
            assert done == number + (place == "committed")
        else:
            found_in.append(done)
        repeat(book, program, done, read_rows)
        book.close()
    assert set(found_in) >= {0, 1, 2}, f"the kills came at different moments: {found_in}"
    book = open_book(story)
    quarter = Quarter(book, Path())
    assert quarter.failing() == {}
    assert len(quarter.rows("statements")) == 2 * len(MERCHANTS) * len(programs)
    book.close()
