"""What goes wrong around a step: clocks, full disks, locks held by others, and kills."""

import errno
import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event
from sqlalchemy import exc as sa_exc

from ledger.store import engines, recorder
from ledger.store.archive import folder as archive_folder
from ledger.store.book import Book, is_url
from ledger.store.head import microseconds_now
from tests.soak.simulated_steps import Step

ROOT = Path(__file__).parents[2]
MINUTE = 60_000_000
DAY = 1440 * MINUTE
FULL = "database or disk is full"
CALLS = {
    "sqlite": {"pwrite64": (1, 20), "fdatasync": (1, 2), "fsync": (1, 1), "write": (1, 2)},
    "postgresql": {"sendto": (25, 80), "recvfrom": (25, 65), "write": (1, 1)},
}
"""System calls of a child that it is killed at, and from which one of each up to which: about as
many as a step makes. What comes before asks PostgreSQL how it is set."""
CALLS_OF_ORDERS = {"pwrite64": (1, 8), "fsync": (1, 3), "rename": (1, 2), "ftruncate": (1, 1)}
"""Where files are archived; each is counted in every thread by itself."""


class Clock:
    """The border's clock, away from this machine's by as much as is said."""

    def __init__(self) -> None:
        self.offset = 0

    def __call__(self) -> int:
        return microseconds_now() + self.offset

    def doubted(self, head_at: int, *, on_a_server: bool) -> bool:
        """Whether a write must be refused: the rule by hand."""
        now = self()
        apart = on_a_server and abs(self.offset) > 5 * MINUTE
        return apart or now < head_at - 5 * MINUTE or now > head_at + 40 * DAY

    def set_near(self, chance: Random, head_at: int, *, on_a_server: bool) -> None:
        """Sets it where nobody doubts it, back or ahead."""
        if on_a_server:
            self.offset = int(chance.uniform(-2, 2) * MINUTE)
        else:
            away = chance.choice((chance.uniform(-4, 4) * MINUTE, chance.uniform(0, 39) * DAY))
            self.offset = head_at + int(away) - microseconds_now()

    def set_far(self, chance: Random, head_at: int, *, on_a_server: bool) -> None:
        """Sets it beyond what is believed."""
        behind = -int(chance.uniform(8, 500_000) * MINUTE)
        ahead = int(chance.uniform(41, 400) * DAY)
        if on_a_server:
            self.offset = chance.choice((behind, ahead, 6 * MINUTE))
        else:
            self.offset = head_at + chance.choice((behind, ahead)) - microseconds_now()


@contextmanager
def full_disk(book: Book, chance: Random) -> Iterator[None]:
    """No room at a drawn statement of a write, at a commit, or beyond a drawn page."""
    sqlite = not is_url(book.location)
    kind = chance.choice(("statement", "commit", "pages") if sqlite else ("statement", "commit"))
    left = chance.randint(1, {"statement": 12, "commit": 2, "pages": 1}[kind])
    pages = chance.randint(0, 2)
    engine = book.engine
    error = sqlite3.OperationalError(FULL) if sqlite else psycopg.errors.DiskFull(FULL)

    def reached(what: str, connection: Connection) -> bool:
        nonlocal left
        if what != kind or not connection.get_execution_options().get("duebook_write"):
            return False
        left -= 1
        return left == 0

    def at_statement(cursor: Any, statement: str, parameters: Any, context: Any) -> None:
        if reached("statement", context.root_connection):
            raise error
        if statement.startswith("BEGIN") and reached("pages", context.root_connection):
            (count,) = cursor.connection.execute("PRAGMA page_count").fetchone()
            cursor.connection.execute(f"PRAGMA max_page_count = {count + pages}")

    def at_commit(connection: Connection) -> None:
        if reached("commit", connection):
            raise sa_exc.OperationalError("COMMIT", None, error)

    listened = [
        *((name, at_statement) for name in ("do_execute", "do_executemany")),
        ("commit", at_commit),
    ]
    for name, call in listened:
        event.listen(engine, name, call)
    try:
        yield
    finally:
        for name, call in listened:
            event.remove(engine, name, call)
        engine.dispose()  # the limit of pages goes with its connection


@contextmanager
def full_archive(chance: Random) -> Iterator[None]:
    """No room in the folder of order lines, at a drawn step of writing a file."""
    name, nth = chance.choice((("sync", 1), ("sync", 2), ("digest_of", 1)))
    real, calls = getattr(archive_folder, name), 0

    def full(path: Path) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive_folder, name, full)
        yield


@contextmanager
def lock_held(book: Book, seconds: float) -> Iterator[None]:
    """Somebody else holds the write lock, for a while that is shorter than our patience."""
    release = _lock(book)
    timer = threading.Timer(seconds, release)
    timer.start()
    try:
        yield
    finally:
        timer.join()


@contextmanager
def lock_kept(book: Book) -> Iterator[None]:
    """Somebody else holds the write lock until after our patience, which is short."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (engines, recorder):
            patch.setattr(module, "LOCK_SECONDS", 0.04)
        book.engine.dispose()  # connections keep the patience that they were made with
        release = _lock(book)
        try:
            yield
        finally:
            release()
            book.engine.dispose()


def _lock(book: Book) -> Any:
    if is_url(book.location):
        other = psycopg.connect(book.location)
        other.execute("LOCK TABLE events IN EXCLUSIVE MODE")
        return other.close
    file = sqlite3.connect(book.location, isolation_level=None, check_same_thread=False)
    file.execute("BEGIN IMMEDIATE")
    return file.close


def draw_kill(chance: Random, step: Step, *, on_a_server: bool) -> tuple[str, int]:
    """A system call, and at which one of its kind the child is killed."""
    counts = dict(CALLS["postgresql" if on_a_server else "sqlite"])
    if step["do"] == "orders":
        counts |= CALLS_OF_ORDERS
    name = chance.choice(sorted(counts))
    return name, chance.randint(*counts[name])


def in_a_child(
    book: Book, step: Step, kill: tuple[str, int], offset: int, right: str
) -> tuple[bool, dict[str, Any] | None, str]:
    """Does a step in a process of its own, killed at a system call: whether it was killed, what
    it had answered, and what it said else."""
    name, number = kill
    # Not with --seccomp-bpf, by which strace does not deliver what it injects.
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={name}"]
    strace += ["-e", f"inject={name}:signal=SIGKILL:when={number}"]
    said = [book.location, json.dumps(step), str(offset), right]
    command = [*strace, sys.executable, "-m", "tests.soak.simulated_steps", *said]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if is_url(book.location):
        _wait_until_alone(book)
    whole = done.stdout.endswith("\n")
    answer = json.loads(done.stdout) if whole and done.stdout.startswith("{") else None
    return done.returncode < 0 or done.returncode == 137, answer, done.stderr


def _wait_until_alone(book: Book) -> None:
    """The server has noticed that the child is gone, and ended what it had under way."""
    book.engine.dispose()
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    with psycopg.connect(book.location, autocommit=True) as connection:
        for _ in range(500):
            if connection.execute(others).fetchone() == (0,):
                return
            time.sleep(0.01)
    raise AssertionError("the server still serves the child that was killed")
