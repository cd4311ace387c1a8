"""Files into the stage: NDJSON piece by piece, a long one by two processes, CSV in one go.

Two thirds of what recording a long file costs before anything is written is parsing, checking
and keying each line by itself. A helper does every other piece of it; what depends on the order
of lines (numbers, equal facts, rejections) is done here, in their order.
"""

import gc
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ledger.intake import csvfile, ndjson
from ledger.intake.lines import Lines, Piece
from ledger.intake.rejection import Rejection
from ledger.kernel.collecting import SELDOM
from ledger.kernel.errors import MissingFile
from ledger.kernel.instants import Instant
from ledger.usecases.staging import Stage, Staged, packed, staged, unpacked

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

STDIN = "-"
HELP_FROM_BYTES = 8 * 1024 * 1024
"""From so much on a helper is worth its start, which takes as long as parsing a third of this."""
AHEAD = 3
"""Pieces that the helper may have before it: one at work, others to go on with."""
WAITING_MAX = 16
"""Pieces that may be done before an earlier one is."""
SWITCHES = 0.0005
"""Seconds for which this process keeps the threads waiting that serve the helper."""
CSV_ROWS = 2000
Progress = Callable[[str, int], None]
"""Told what is being done and how many more of it are done."""


class Read(NamedTuple):
    """What a piece of a file holds."""

    rows: list[Staged]
    rejections: list[Rejection]


class Packed(NamedTuple):
    """The same, on its way between two processes."""

    rows: bytes
    rejections: list[Rejection]


class Reading(NamedTuple):
    """How the lines of one file are read, each by itself, in whatever process."""

    before: int
    """The row before the file's first line."""
    shown: str
    now: Instant
    default_type: str | None

    def piece(self, piece: Piece) -> Read:
        """What some lines of NDJSON hold."""
        return self.sorted_out(ndjson.read(piece, self.shown, self.now, self.default_type))

    def packed(self, piece: Piece) -> Packed:
        """The same, as bytes."""
        found = self.piece(piece)
        return Packed(packed(found.rows), found.rejections)

    def sorted_out(self, items: Iterable[ndjson.Item]) -> Read:
        """Facts here, rejections there."""
        rows: list[Staged] = []
        rejections: list[Rejection] = []
        for number, parsed in items:
            if isinstance(parsed, Rejection):
                rejections.append(parsed)
            else:
                rows.append(staged(self.before + number, parsed))
        return Read(rows, rejections)


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """A file for reading bytes, or standard input. Raises `MissingFile`."""
    if name == STDIN:
        yield sys.stdin.buffer
        return
    try:
        with Path(name).open("rb") as file:
            yield file
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise MissingFile(
            f"{name} cannot be read: {error.strerror}.", "Check the path. Nothing was recorded."
        ) from None


class Helper:
    """A second process that does pieces of work, started when there turns out to be much.

    It needs a program whose main module can be imported without doing anything, as the command
    line's is; so whoever calls `record` says whether there may be one. A helper that cannot be
    started, or that somebody stops, is done without.
    """

    def __init__(self, allowed: bool) -> None:
        self.allowed = allowed and (os.cpu_count() or 1) > 1
        self._pool: ProcessPoolExecutor | None = None
        self._switches = sys.getswitchinterval()

    def __enter__(self) -> "Helper":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            sys.setswitchinterval(self._switches)

    def submit(self, reading: Reading, piece: Piece) -> "Future[Packed] | None":
        """Hands a piece over; None where there is nobody to take it."""
        from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
        from multiprocessing import get_context

        try:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(1, get_context("spawn"), _begin_helping)
                sys.setswitchinterval(SWITCHES)
            return self._pool.submit(reading.packed, piece)
        except (OSError, BrokenExecutor):
            self.allowed = False
            return None


def _begin_helping() -> None:
    """In the helper: end when the program does, however it ends, and leave Ctrl-C to it."""
    from multiprocessing import parent_process

    def watch() -> None:
        if (parent := parent_process()) is not None:
            parent.join()
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(*SELDOM)
    threading.Thread(target=watch, daemon=True).start()


class _Task(NamedTuple):
    """A piece that is being worked on, or has been."""

    piece: Piece
    result: "Read | Future[Packed]"

    @property
    def is_done(self) -> bool:
        return isinstance(self.result, Read) or self.result.done()

    def read(self, reading: Reading) -> Read:
        """What the piece holds; worked on here where the helper has ended over it."""
        if isinstance(self.result, Read):
            return self.result
        from concurrent.futures import BrokenExecutor

        try:
            found = self.result.result()
        except BrokenExecutor:
            return reading.piece(self.piece)
        return Read(unpacked(found.rows), found.rejections)


def read_file(
    stage: Stage,
    name: str,
    now: Instant,
    default_type: str | None,
    progress: Progress,
    helper: Helper,
) -> None:
    """Reads one file into the stage, its rejections beside its facts. Raises `MissingFile`."""
    shown = "<stdin>" if name == STDIN else name.encode("utf-8", "replace").decode()
    reading = Reading(stage.first_row, shown, now, default_type)
    rows = told = 0
    with opened(name) as file:
        lines = Lines(file)
        if name.lower().endswith(".csv"):
            parts = _of_csv(reading, lines)
        else:
            size = 0 if name == STDIN else os.fstat(file.fileno()).st_size
            parts = _of_ndjson(reading, lines, size, helper)
        for found in parts:
            for one in found.rows:
                stage.add(one)
            stage.rejections += found.rejections
            rows += len(found.rows)
            progress("reading", lines.bytes - told)
            told = lines.bytes
    stage.end_file(shown, lines.sha256, rows, lines.count)


def _of_csv(reading: Reading, lines: Lines) -> Iterator[Read]:
    """By this process alone: where a row ends depends on all the quotes before it."""
    rows = csvfile.read(lines, reading.shown, reading.now, reading.default_type)
    while some := list(islice(rows, CSV_ROWS)):
        yield reading.sorted_out(some)


def _of_ndjson(reading: Reading, lines: Lines, size: int, helper: Helper) -> Iterator[Read]:
    """Every piece, read here or by the helper, in the order of the file.

    Of standard input the size is not known before it is read.
    """
    waiting: deque[_Task] = deque()
    for piece in ndjson.pieces(lines, reading.shown):
        if isinstance(piece, Rejection):
            waiting.append(_Task(Piece(0, [], False), Read([], [piece])))
            continue
        handed = None
        if helper.allowed and max(size, lines.bytes) >= HELP_FROM_BYTES:
            ahead = sum(not one.is_done for one in waiting)
            handed = helper.submit(reading, piece) if ahead < AHEAD else None
        waiting.append(_Task(piece, handed or reading.piece(piece)))
        while waiting and (len(waiting) > WAITING_MAX or waiting[0].is_done):
            yield waiting.popleft().read(reading)
    for one in waiting:
        yield one.read(reading)
