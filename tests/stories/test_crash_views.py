"""A process killed in the middle of catching up or rebuilding views leaves no wrong row."""

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
from sqlalchemy import select

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.store.book import Book, open_book
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.verifying.verify import verify
from projections.base import View
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import looking_at, state_of
from tests.marks import more

pytestmark = more
KILLS = 25
BATCHES = 24
ROOT = Path(__file__).parents[2]
WORKER = """
import json, os, sys
from ledger.kernel.instants import parse_instant
from ledger.store.book import open_book
from ledger.usecases.recording.record import record
from projections.catalogue import VIEWS
from projections.runner import catch_up, rebuild
for line in sys.stdin:
    location, *paths = json.loads(line)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        print("ended by", status, flush=True)
        continue
    for view in VIEWS.values():
        type(view).BATCH = 7  # many small transactions, so that kills come between them
    book = open_book(location)
    print("ready", os.getpid(), flush=True)
    views = list(VIEWS.values())
    for number, path in enumerate(paths * 1000):
        record(book, [path], now=parse_instant("2026-11-21T12:00:00Z"), by="test")
        for view in views:
            catch_up(book, view)
        rebuild(book, views[number % len(views)])
        if number == len(paths):
            print("once", flush=True)
"""
"""Forks a process for every line of its input, so that the imports are paid for only once."""


def batch(run: int, number: int) -> list[dict[str, Any]]:
    """Facts that every view has rows of, and a withdrawal of one of the batch before."""
    store, partner, at = f"S-{run}-{number}", f"P-{number % 4}", "2026-02-01T08:00:00Z"
    gmv = {"type": "GMVRecorded", "at": at, "store": store, "day": "2026-01-31"}
    gmv |= {"amount": "10.00", "currency": "EUR", "basis": "settled"}
    onboarded = {"type": "MerchantOnboarded", "at": "2026-01-10T09:00:00+08:00", "store": store}
    return [
        {**onboarded, "merchant": f"M-{number % 7}", "market": "EU", "partner": partner},
        {"type": "PartnerCertified", "at": at, "partner": partner, "id": f"c-{run}-{number}"},
        gmv,
        {**gmv, "source": "erp", "id": f"g-{run}-{number}"},
        {"type": "FactWithdrawn", "at": at, "id": f"c-{run}-{number - 1}", "reason": "wrong"},
        {**gmv, "store": f"S-{run}-{number + 1}", "day": "2026-01-30"},
    ]


class Looker:
    """Starts processes that record, catch up and rebuild in a loop, and kills them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-c", WORKER]
        self.parent = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self.parent.stdin
        assert self.parent.stdout
        self.stdin, self.stdout = self.parent.stdin, self.parent.stdout

    def start(self, location: str, run: int) -> int:
        """The process id of one that is about to begin."""
        paths = [self.folder / f"{run}-{number}.ndjson" for number in range(BATCHES)]
        for number, path in enumerate(paths):
            path.write_text("".join(json.dumps(one) + "\n" for one in batch(run, number)))
        self.stdin.write(json.dumps([location, *map(str, paths)]) + "\n")
        self.stdin.flush()
        ready, pid = self.stdout.readline().split()
        assert ready == "ready"
        return int(pid)

    def killed(self, pid: int) -> None:
        """Kills it; it must have been alive and well until then."""
        os.kill(pid, signal.SIGKILL)
        ended = []
        while "ended by" not in (line := self.stdout.readline()):
            assert line, "the parent of the killed process has gone too"
            ended.append(line)
        assert line.endswith(f"ended by {signal.SIGKILL:d}\n"), f"it ended by itself: {line}"
        assert set(ended) <= {"once\n"}


@pytest.fixture
def looker(tmp_path: Path) -> Iterator[Looker]:
    made = Looker(tmp_path)
    yield made
    made.parent.communicate()


def rows_of(book: Book, view: View, clocks: Clocks | None = None) -> set[tuple[Any, ...]]:
    with looking_at(book, view, clocks) as sight:
        assert sight.parked == []
        return {tuple(row) for row in sight.connection.execute(select(sight.table))}


def states(book: Book) -> dict[str, int]:
    """Where each view stands, as the dead process left it."""
    with book.reading() as connection:
        return {name: state_of(connection, view)[1] for name, view in VIEWS.items()}


def check_after_kill(book: Book, checked: list[View]) -> None:
    """The log holds, and a view that is caught up from where it was left equals one built anew."""
    checks = verify(book, [], lambda what, more: None)
    assert [one for one in checks if not one.ok] == []
    head = book.head().position
    for view in checked:
        assert rows_of(book, view) == rows_of(book, view, Clocks(FOREVER, head)), view.NAME
    assert set(states(book).values()) == {head} or len(checked) < len(VIEWS)


def test_kill_minus_nine_while_views_are_built_leaves_no_wrong_row(
    new_location: Callable[[], str], looker: Looker, tmp_path: Path, now: int
) -> None:
    """Killed 25 times on each database, at seeded moments, in eight books one after the other.

    After every kill the chain and the indexes are whole, every view caught up from where the
    dead process left it equals one built anew, and a report at the head is answered.
    """
    chance = random.Random(20260430)
    left: list[int] = []
    kill = 0
    while kill < KILLS:
        location = new_location()
        init(location, "platform")[0].close()
        for _ in range(3):
            pid = looker.start(location, kill)
            time.sleep(chance.random() * 0.35)
            looker.killed(pid)
            kill += 1
            book = open_book(location)
            with book.log.writing():
                """Whatever the dead process had under way has ended now; the lock is free."""
            head, stood = book.head().position, states(book)
            assert all(position <= head for position in stood.values())
            left.append(sum(position < head for position in stood.values()))
            check_after_kill(book, list(VIEWS.values()))
            book.close()
        book = open_book(location)
        path = tmp_path / "after.ndjson"
        path.write_text(json.dumps(batch(1000 + kill, 1)[0]) + "\n")
        assert record(book, [str(path)], now=now, by="test").recorded == 1
        assert report(book, "stores", where=[("store", f"S-{1000 + kill}-1")]).rows
        book.close()
    assert len(left) >= KILLS
    assert any(left), "some of the kills left a view behind the head"
