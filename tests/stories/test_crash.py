"""A process killed in the middle of recording loses nothing that it acknowledged."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.store.book import Book, open_book
from ledger.store.receipts import kept_receipts
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from tests.marks import more

KILLS = 25
BATCHES = 40
MEASURED = 20
RECEIPT = re.compile("[0-9]+:[0-9a-f]{64}")
pytestmark = more
ROOT = Path(__file__).parents[2]
WORKER = """
import json, os, sys, time
from ledger.kernel.instants import parse_instant
from ledger.store.book import open_book
from ledger.usecases.recording.record import record
for line in sys.stdin:
    location, *paths = json.loads(line)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        print("ended by", status, flush=True)
        continue
    book = open_book(location)
    print("ready", os.getpid(), flush=True)
    for path in paths:
        answer = record(book, [path], now=parse_instant("2026-11-21T12:00:00Z"), by="test")
        print(answer.receipt, flush=True)
    print("done", flush=True)
    time.sleep(60)
"""
"""Forks a process for every line of its input, so that the imports are paid for only once."""


def batch(run: int, number: int) -> list[dict[str, Any]]:
    """A store's facts: with ids and without, two of them equal, with entries of the index."""
    store, at = f"S-{run}-{number}", "2026-02-01T08:00:00Z"
    gmv = {
        "type": "GMVRecorded",
        "at": at,
        "store": store,
        "day": "2026-01-31",
        "amount": "10.00",
        "currency": "EUR",
        "basis": "settled",
    }
    return [
        {
            "type": "MerchantOnboarded",
            "at": "2026-01-10T09:00:00+08:00",
            "merchant": f"M-{number % 7}",
            "store": store,
            "market": "EU",
            "brand": f"B-{number % 5}",
            "partner": "P-1",
            "id": f"o-{run}-{number}",
        },
        gmv,
        gmv,
        {**gmv, "source": "erp", "id": f"g-{run}-{number}"},
        {**gmv, "source": "erp"},
        {"type": "StoreClosed", "at": at, "store": store, "reason": "counterfeit"},
    ]


def write_batches(folder: Path, run: int) -> list[str]:
    paths = [folder / f"{run}-{number}.ndjson" for number in range(BATCHES)]
    for number, path in enumerate(paths):
        path.write_text("".join(json.dumps(one) + "\n" for one in batch(run, number)))
    return [str(path) for path in paths]


class Recorder:
    """Starts processes that record batches one after the other, and kills them."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", WORKER]
        self.parent = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self.parent.stdin
        assert self.parent.stdout
        self.stdin, self.stdout = self.parent.stdin, self.parent.stdout

    def start(self, location: str, paths: list[str]) -> int:
        """The process id of one that is about to record its first batch."""
        self.stdin.write(json.dumps([location, *paths]) + "\n")
        self.stdin.flush()
        ready, pid = self.stdout.readline().split()
        assert ready == "ready"
        return int(pid)

    def killed(self, pid: int) -> list[str]:
        """The receipts that the process had answered when it was killed."""
        os.kill(pid, signal.SIGKILL)
        lines = []
        while "ended by" not in (line := self.stdout.readline()):
            assert line, "the parent of the killed process has gone too"
            lines.append(line)
        # Killed in the middle of an answer, it leaves a piece of a line before the parent's word.
        assert line.endswith(f"ended by {signal.SIGKILL:d}\n"), f"it ended by itself: {line}"
        return [one for line in lines if RECEIPT.fullmatch(one := line.rstrip("\n"))]

    def seconds(self, location: str, paths: list[str]) -> float:
        """How long one takes when nobody kills it."""
        pid, started = self.start(location, paths), time.monotonic()
        assert "done\n" in iter(self.stdout.readline, "")
        lasts = time.monotonic() - started
        self.killed(pid)
        return lasts

    def close(self) -> None:
        self.parent.communicate()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    yield made
    made.close()


def stores(rows: list[dict[str, Any]]) -> Counter[str]:
    """How many facts each store has in the log."""
    return Counter(row["stream"] for row in rows if row["stream"].startswith("store:"))


def check_after_kill(
    book: Book, run: int, receipts: list[str], check: Callable[[Book], list[dict[str, Any]]]
) -> int:
    """Every batch wholly in or wholly out, none after a missing one; answers how many are in."""
    with book.log.writing():
        """Whatever the dead process had under way has ended now; the lock is free."""
    rows = check(book)
    by_position = {row["position"]: row["hash"].hex() for row in rows}
    for receipt in receipts:
        position, _, digest = receipt.partition(":")
        assert by_position[int(position)] == digest, "an acknowledged batch is not in the log"
    for kept in kept_receipts(book):
        assert by_position[kept.position] == kept.hash.hex()
    found = {name: n for name, n in stores(rows).items() if name.startswith(f"store:S-{run}-")}
    assert found == {f"store:S-{run}-{number}": 6 for number in range(len(found))}
    assert len(receipts) <= len(found) <= len(receipts) + 1
    return len(found)


def test_kill_minus_nine_at_any_moment_loses_and_doubles_nothing(
    location: str,
    recorder: Recorder,
    tmp_path: Path,
    now: int,
    assert_whole: Callable[[Book], list[dict[str, Any]]],
) -> None:
    """Killed 25 times on each database, spread evenly over a run, always into one book.

    After every kill each acknowledged receipt is in the log, no batch is half in, chain and
    index are whole, and recording goes on; at the end all input sent again gives each fact once.
    """
    init(location, "platform")[0].close()
    everything = write_batches(tmp_path, 0)
    lasts = recorder.seconds(location, everything[:MEASURED])
    chance = random.Random(20260331)
    found_in = []
    for kill in range(KILLS):
        run = kill + 1
        paths = write_batches(tmp_path, run)
        everything += paths
        pid = recorder.start(location, paths)
        time.sleep(lasts * (kill + chance.random()) / KILLS)
        receipts = recorder.killed(pid)
        book = open_book(location)
        done = check_after_kill(book, run, receipts, assert_whole)
        found_in.append(done)
        if done < BATCHES:
            answer = record(book, [paths[done]], now=now, by="test")
            assert (answer.recorded, answer.known, answer.rejected) == (6, 0, [])
        book.close()
    assert len(set(found_in)) > 5, f"the kills came at different moments: {found_in}"
    assert any(done < BATCHES for done in found_in), "some of them came while it was recording"

    book = open_book(location)
    for run in range(KILLS + 1):
        answer = record(book, everything[run * BATCHES : (run + 1) * BATCHES], now=now, by="test")
        assert not answer.rejected
    last = record(book, everything, now=now, by="test")
    assert last.recorded == 0, "sent once more, every fact is known"
    expected = {
        f"store:S-{run}-{number}": 6 for run in range(KILLS + 1) for number in range(BATCHES)
    }
    assert stores(assert_whole(book)) == expected
    book.close()
