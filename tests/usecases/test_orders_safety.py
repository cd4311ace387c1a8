"""Archiving orders while others write, on a full disk, and when the process is killed."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger.kernel.errors import ConcurrentWrite
from ledger.store.archive.refusals import ArchiveUnwritable
from ledger.store.book import open_book
from ledger.usecases.archiving import archive_orders as archiving
from ledger.usecases.init import init
from tests.fees import Fees, onboarded, order, written
from tests.marks import decision, more
from tests.quarter import on_sqlite

ROOT = Path(__file__).parents[2]
KILLS = 8
ROWS = 400
WORKER = """
import json, os, signal, sys
import duckdb
from ledger.intake.orders import reading
from ledger.kernel.instants import parse_instant
from ledger.store.book import open_book
from ledger.store.recorder import Writer
from ledger.usecases.archiving import archive_orders as orders

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

def after(function):
    def call(*arguments, **options):
        function(*arguments, **options)
        die()
    return call

def arm(moment):
    if moment == "before the transaction":
        orders._record = die
    elif moment == "within the transaction":
        Writer.append = after(Writer.append)
    elif moment == "after the transaction":
        orders.keep_receipt = die

for line in sys.stdin:
    location, moment, *paths = json.loads(line)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        print("ended by", os.waitstatus_to_exitcode(status), flush=True)
        continue
    arm(moment)
    book = open_book(location)
    print("ready", os.getpid(), flush=True)
    for path in paths:
        answer = orders.record_orders(
            book, [path], now=parse_instant("2026-11-21T12:00:00Z"), by="test"
        )
        print("recorded", answer.recorded, answer.known, flush=True)
    print("done", flush=True)
    os._exit(0)
"""
"""Forks a process for every line of its input, so that the imports are paid for only once."""


class Clerk:
    """Another process that archives orders, and may die of it."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", WORKER]
        self.parent = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self.parent.stdin
        assert self.parent.stdout
        self.stdin, self.stdout = self.parent.stdin, self.parent.stdout

    def start(self, location: str, moment: str, *paths: str) -> int:
        """Begins; answers the process id."""
        self.stdin.write(json.dumps([location, moment, *paths]) + "\n")
        self.stdin.flush()
        ready, pid = self.stdout.readline().split()
        assert ready == "ready"
        return int(pid)

    def end(self) -> tuple[int, list[list[int]]]:
        """How it ended, and what it had answered: recorded and known per file."""
        answers = []
        while "ended by" not in (line := self.stdout.readline()):
            assert line, "the parent of the process has gone too"
            if line.startswith("recorded ") and line.endswith("\n"):
                answers.append([int(word) for word in line.split()[1:]])
        return int(line.rpartition("ended by")[2]), answers


@pytest.fixture
def clerk() -> Iterator[Clerk]:
    made = Clerk()
    yield made
    made.parent.communicate()


def rows_of(run: int) -> list[dict[str, str]]:
    """Orders of two stores over some days."""
    return [
        order(
            f"{run}-{number}",
            store=f"S-{number % 2}",
            created_at=f"2020-05-{number % 20 + 1:02}T12:00:00+08:00",
        )
        for number in range(ROWS)
    ]


def settled(fees: Fees, check: Callable[[Any], Any]) -> int:
    """Whatever the dead process had under way has ended; all is whole; answers the orders."""
    with fees.book.log.writing():
        """The lock is free."""
    check(fees.book)
    assert all(ok for ok, _ in fees.checks().values())
    events = [one.event for one in fees.facts("orders-archived.v2")]
    assert {f"{file.digest}.parquet" for one in events for file in one.files} <= set(fees.names())
    return sum(one.rows for one in events)


@pytest.mark.parametrize(
    ("moment", "found"),
    [
        ("before the transaction", 0),
        ("within the transaction", 0),
        ("after the transaction", ROWS),
    ],
)
@decision
def test_a_kill_between_file_and_event_leaves_nothing_half_there(
    fees: Fees, clerk: Clerk, moment: str, found: int, assert_whole: Any
) -> None:
    """The same call again does what is missing, and only that."""
    path = str(written(fees.folder / "orders.csv", rows_of(0)))
    clerk.start(fees.book.location, moment, path)
    assert clerk.end() == (-signal.SIGKILL, [])
    assert settled(fees, assert_whole) == found
    assert len(fees.names()) == 1, "the file was written before"
    answer = fees.archive_files(path)
    assert (answer.recorded, answer.known) == (ROWS - found, found)
    assert settled(fees, assert_whole) == ROWS
    assert len(fees.names()) == 1


@more
def test_kill_minus_nine_at_any_moment_loses_and_doubles_nothing(
    fees: Fees, clerk: Clerk, assert_whole: Any
) -> None:
    """Eight times, spread over a run of several files, into one book."""
    random = Random(9)
    paths = [
        str(written(fees.folder / f"{run}.csv", rows_of(run))) for run in range(3 * (KILLS + 1))
    ]
    clerk.start(fees.book.location, "", *paths[:3])
    started = time.monotonic()
    assert clerk.end()[0] == 0
    lasts = time.monotonic() - started
    before = settled(fees, assert_whole)
    for kill in range(1, KILLS + 1):
        own = paths[3 * kill : 3 * kill + 3]
        pid = clerk.start(fees.book.location, "", *own)
        time.sleep(lasts * (kill - 1 + random.random()) / KILLS)
        with suppress(ProcessLookupError):  # it may have come to its end just before
            os.kill(pid, signal.SIGKILL)
        _, answers = clerk.end()
        done, rest = divmod(settled(fees, assert_whole) - before, ROWS)
        assert rest == 0, "a file is in whole or not at all"
        assert len(answers) <= done <= len(answers) + 1
        again = fees.archive_files(*own)
        assert (again.recorded, again.known) == ((3 - done) * ROWS, done * ROWS)
        before += 3 * ROWS
    assert not [name for name in fees.names() if not name.endswith(".parquet")]
    assert settled(fees, assert_whole) == 3 * (KILLS + 1) * ROWS


def test_two_processes_that_archive_the_same_orders_count_them_once(
    fees: Fees, assert_whole: Any
) -> None:
    """One records what the other then knows, file by file."""
    clerks = [Clerk(), Clerk()]
    paths = [str(written(fees.folder / f"{run}.csv", rows_of(run))) for run in range(6)]
    for number, clerk in enumerate(clerks):
        clerk.start(fees.book.location, "", *(paths if number else paths[::-1]))
    ends = [clerk.end() for clerk in clerks]
    for clerk in clerks:
        clerk.parent.communicate()
    assert [code for code, _ in ends] == [0, 0]
    answers = [one for _, found in ends for one in found]
    assert sum(recorded for recorded, _ in answers) == 6 * ROWS
    assert sum(known for _, known in answers) == 6 * ROWS
    assert settled(fees, assert_whole) == 6 * ROWS


def interrupted(monkeypatch: pytest.MonkeyPatch, fees: Fees, times: int) -> list[int]:
    """Somebody else archives an order each time that ours has written its file."""
    other = Fees(open_book(fees.book.location), fees.folder)
    real, calls = archiving.write, [0]

    def write(*arguments: Any) -> Any:
        found = real(*arguments)
        if calls[0] < times:
            calls[0] += 1
            with monkeypatch.context() as patch:
                patch.setattr(archiving, "write", real)
                other.calls = fees.calls
                other.archive(order("a"), order(f"other-{calls[0]}"))
        return found

    monkeypatch.setattr(archiving, "write", write)
    return calls


def test_an_archive_between_ours_is_seen_and_ours_is_worked_out_again(
    fees: Fees, monkeypatch: pytest.MonkeyPatch, assert_whole: Any
) -> None:
    """What the other recorded meanwhile is known to us, and summed once."""
    interrupted(monkeypatch, fees, 1)
    answer = fees.archive(order("a"), order("b"))
    assert (answer.recorded, answer.known) == (1, 1)
    assert sum(int(float(amount)) for _, _, amount, _, _ in fees.days()) == 300
    assert all(ok for ok, _ in fees.checks().values())
    assert_whole(fees.book)


@on_sqlite
def test_who_is_overtaken_every_time_is_told_to_repeat(
    fees: Fees, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of ours is in the book; exit code 4 on the command line."""
    calls = interrupted(monkeypatch, fees, 99)
    with pytest.raises(ConcurrentWrite):
        fees.archive(order("a"), order("b"))
    assert calls == [archiving.ATTEMPTS]
    assert sum(one.event.rows for one in fees.facts("orders-archived.v2")) == 1 + calls[0]


def test_other_facts_between_do_not_disturb(fees: Fees, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only another file would change what ours comes to."""
    real = archiving.write
    done = []

    def write(*arguments: Any) -> Any:
        if not done:
            done.append(Fees(open_book(fees.book.location), fees.folder).tell(onboarded("S-1")))
        return real(*arguments)

    monkeypatch.setattr(archiving, "write", write)
    assert fees.archive(order("a")).recorded == 1
    assert done


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A file system of 1 MiB where one may be mounted; else, once asked for, no file beyond it."""
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = soft if mounted else 1 << 20
    yield mount, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    if mounted:
        subprocess.run(["umount", str(mount)], check=True)


@decision
def test_a_full_disk_is_refused_and_leaves_book_and_archive_as_they_were(
    location: str, small_disk: tuple[Path, Callable[[], None]], tmp_path: Path
) -> None:
    """The next step is to free some space; what was there can still be read."""
    archive, fill = small_disk
    book, _ = init(location, "platform", str(archive))
    fees = Fees(book, tmp_path)
    fees.archive(order("a"))
    head, names = book.head(), fees.names()
    random = Random(1)
    many = fees.file(*(order(f"{random.getrandbits(240):x}") for _ in range(50_000)))
    fill()
    with pytest.raises(ArchiveUnwritable) as refused:
        fees.archive_files(many)
    assert refused.value.hint
    assert (book.head(), fees.names()) == (head, names)
    assert all(ok for ok, _ in fees.checks().values())
    assert fees.archive(order("b")).recorded == 1
    book.close()
