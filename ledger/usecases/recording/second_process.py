"""A second process that reads pieces of a long file, and how they are read without it.

One process and one connection. Whatever happens to the helper, its pieces are read here: it may
fail to start, be killed in the middle of an answer, or run out of memory over a piece.
"""

import gc
import os
import pickle
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.intake import ndjson
from ledger.intake.lines import Piece
from ledger.intake.rejection import Rejection
from ledger.kernel.garbage import SELDOM
from ledger.kernel.instants import Instant
from ledger.kernel.uninterrupted import undisturbed
from ledger.usecases.recording.stage import Staged, packed, staged, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from multiprocessing.connection import Connection
    from queue import SimpleQueue

SWITCHES = 0.0005
"""Seconds for which the helper's work may hold up the thread that takes pieces in."""
AHEAD = 3
"""Pieces that the helper may have in hand: one in work, the others queued."""


class Read(NamedTuple):
    """What a piece of a file holds."""

    rows: list[Staged]
    rejections: list[Rejection]


class Reading(NamedTuple):
    """How the lines of one file are read, each by itself, in either process."""

    before: int
    """The row before the file's first line."""
    shown: str
    now: Instant
    default_type: str | None

    def piece(self, piece: Piece) -> Read:
        """What some lines of NDJSON hold."""
        return self.sorted_out(ndjson.read(piece, self.shown, self.now, self.default_type))

    def sorted_out(self, items: "Iterable[ndjson.Item]") -> Read:
        """Splits items into facts and rejections."""
        rows: list[Staged] = []
        rejections: list[Rejection] = []
        before = self.before
        for number, parsed in items:
            if isinstance(parsed, Rejection):
                rejections.append(parsed)
            else:
                rows.append(staged(before + number, parsed))
        return Read(rows, rejections)


class Task:
    """A piece of a file, and what it holds once either process has read it."""

    def __init__(self, reading: Reading, piece: Piece) -> None:
        self.reading = reading
        self.piece = piece
        self.found: Read | None = None

    def read(self) -> None:
        """Reads the piece here."""
        self.found = self.reading.piece(self.piece)


class Helper:
    """The second process, started when it is first handed something.

    It needs a program whose main module can be imported without side effects, as the command
    line's can; so the caller of `record` says whether there may be one.
    """

    def __init__(self, allowed: bool) -> None:
        self.allowed = allowed and _cpus() > 1 and bool(sys.executable)
        self._handed: deque[Task] = deque()
        self._process: Any = None
        self._connection: Any = None

    def __enter__(self) -> "Helper":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def hand(self, task: Task) -> bool:
        """Hands a piece over; False where there is no helper or its queue is full."""
        if not self.allowed or len(self._handed) >= AHEAD:
            return False
        try:
            if self._connection is None:
                self._start()
            self._connection.send((task.reading, task.piece))
        except Exception:  # whatever keeps a process from starting or taking work
            self._done_without()
            return False
        self._handed.append(task)
        return True

    def collect(self, until: Task | None = None) -> None:
        """Takes what the helper has done; given a task, waits until that one is done."""
        while self._handed:
            waits = until is not None and until.found is None
            try:
                if not waits and not self._connection.poll():
                    return
                answer = self._connection.recv()
            except (EOFError, OSError):
                self._done_without()
                return
            task = self._handed.popleft()
            if answer is None:
                task.read()
            else:
                task.found = Read(unpacked(answer[0]), answer[1])

    def _start(self) -> None:
        from multiprocessing import get_context

        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_help, args=(theirs,), daemon=True)
        with undisturbed():
            self._process.start()
        theirs.close()  # so that the helper's end is noticed here

    def _done_without(self) -> None:
        """Ends the helper and reads here what it had in hand."""
        self.allowed = False
        self._end()
        while self._handed:
            self._handed.popleft().read()

    def _end(self) -> None:
        """Ends the process before its connection, so that it does not complain about the latter."""
        if self._process is not None and self._process.pid is not None:
            self._process.kill()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None and self._process.pid is not None:
            self._process.join()
        self._process = None


def _cpus() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _help(connection: "Connection") -> None:
    """The helper's main loop: piece after piece, until the program has ended, however it did."""
    from queue import SimpleQueue
    from threading import Thread

    gc.set_threshold(*SELDOM)
    sys.setswitchinterval(SWITCHES)
    tasks: SimpleQueue[tuple[Reading, Piece]] = SimpleQueue()
    # A thread takes the pieces in, so that neither side ever waits for the other to read.
    Thread(target=_take_in, args=(connection, tasks), daemon=True).start()
    try:
        while True:
            connection.send_bytes(_answer(*tasks.get()))
    except OSError:  # nobody reads it any more
        os._exit(0)


def _answer(reading: Reading, piece: Piece) -> bytes:
    """What the piece holds, or None where it is too deep or too large: the program reads it."""
    try:
        read = reading.piece(piece)
        return pickle.dumps((packed(read.rows), read.rejections))
    except Exception:
        return pickle.dumps(None)


def _take_in(connection: "Connection", tasks: "SimpleQueue[tuple[Reading, Piece]]") -> None:
    try:
        while True:
            tasks.put(connection.recv())
    except (EOFError, OSError):
        os._exit(0)
