"""Files into the stage: NDJSON piece by piece, a long one by two processes, CSV in one go.

Before anything is written, two thirds of the cost of recording a long file is parsing, checking
and keying each line by itself. A helper does part of that; what depends on the order of lines
(numbers, equal facts, rejections) is done here, in order.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from ledger.intake import csvfile, ndjson
from ledger.intake.border import check_ordinary
from ledger.intake.lines import Lines
from ledger.intake.rejection import Rejection
from ledger.intake.unchanged_file import Watched
from ledger.kernel.errors import MissingFile
from ledger.kernel.instants import Instant
from ledger.store.scratch import Scratch
from ledger.usecases.recording.keep_files import Teed
from ledger.usecases.recording.second_process import Helper, Read, Reading, Task
from ledger.usecases.recording.stage import Stage
from ledger.usecases.recording.tables import (
    OUR_OWN,
    Shape,
    Through,
    plain_of,
    read_table,
    shape_of,
)

STDIN = "-"
HELP_FROM_BYTES = 8 * 1024 * 1024
"""Size from which a helper pays off: starting it takes as long as parsing a third of this."""
WAITING_MAX = 16
"""Pieces that may be finished ahead of an earlier one."""
CSV_ROWS = 2000
Progress = Callable[[str, int], None]
"""Called with what is being done, and how many more of it are done."""


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """A file for reading bytes, or standard input. Raises `MissingFile`."""
    if name == STDIN:
        yield sys.stdin.buffer
        return
    try:
        check_ordinary(name)
        with Path(name).open("rb") as file:
            yield file
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise MissingFile(
            f"{name} cannot be read: {error.strerror}.", "Check the path. Nothing was recorded."
        ) from None


def read_file(
    stage: Stage,
    name: str,
    now: Instant,
    default_type: str | None,
    progress: Progress,
    helper: Helper,
    through: Through = OUR_OWN,
    *,
    known_as: str | None = None,
) -> None:
    """Reads one file into the stage, its facts and its rejections; `known_as`: its name in the
    book, where it is not that of the path. Raises `MissingFile`, and refusals of
    `intake.tables`."""
    shown = "<stdin>" if name == STDIN else name.encode("utf-8", "replace").decode()
    shown = known_as or shown
    reading = Reading(stage.first_row, shown, now, default_type)
    shape = shape_of(name, through)
    if shape == "table":
        _read_other(stage, name, reading, through, progress, helper)
        return
    with opened(name) as file:
        size = 0 if name == STDIN else os.fstat(file.fileno()).st_size
        with stage.keeping.copying() if stage.keeping else nullcontext() as copy:
            lines = Lines(Teed(file, copy) if copy else file)
            rows = _read_lines(stage, reading, lines, shape, size, progress, helper)
            if stage.keeping and copy:
                stage.keeping.finish(copy, lines.sha256)
    stage.end_file(shown, lines.sha256, rows, lines.count)


def _read_lines(
    stage: Stage,
    reading: Reading,
    lines: Lines,
    shape: Shape,
    size: int,
    progress: Progress,
    helper: Helper,
) -> int:
    """Reads NDJSON, or a CSV of ours; returns how many facts it holds."""
    rows = reported = 0
    csv = shape == "csv"
    parts = _of_csv(reading, lines) if csv else _of_ndjson(reading, lines, size, helper)
    for part in parts:
        stage.add(part.rows)
        stage.rejections.extend(part.rejections)
        rows += len(part.rows)
        progress("reading", lines.bytes - reported)
        reported = lines.bytes
    if lines.nameless:
        stage.nameless[reading.shown] = lines.nameless
    return rows


def _read_other(
    stage: Stage,
    name: str,
    reading: Reading,
    through: Through,
    progress: Progress,
    helper: Helper,
) -> None:
    """Unpacks and re-encodes the file, then reads it as NDJSON, as our CSV, or else as a table."""
    with Scratch() as folder, Watched(Path(name)) as watched:
        file = plain_of(name, through, folder)
        shape = shape_of(str(file.path), through)
        if shape != "table":
            with file.path.open("rb") as content:
                lines = Lines(content)
                size = file.path.stat().st_size
                rows = _read_lines(stage, reading, lines, shape, size, progress, helper)
            _end_whole(stage, reading, watched, rows, lines.count)
            return
        rows = last = 0
        for piece in read_table(file, reading, through, folder, progress):
            stage.add(piece.rows)
            stage.rejections.extend(piece.rejections)
            last = max([last, *(row.row - stage.first_row for row in piece.rows)])
            last = max([last, *(rejection.line for rejection in piece.rejections)])
            rows += len(piece.rows)
        progress("reading", watched.bytes)
        _end_whole(stage, reading, watched, rows, last)


def _end_whole(stage: Stage, reading: Reading, watched: Watched, rows: int, last: int) -> None:
    """Closes a file that was read as a whole; keeps it as it came, not as it was unpacked."""
    sha256 = watched.finish()
    if stage.keeping:
        stage.keeping.add(watched.path, sha256)
    stage.end_file(reading.shown, sha256, rows, last)


def _of_csv(reading: Reading, lines: Lines) -> Iterator[Read]:
    """Read by this process alone: where a row ends depends on all the quotes before it."""
    rows = csvfile.read(lines, reading.shown, reading.now, reading.default_type)
    while some := list(islice(rows, CSV_ROWS)):
        yield reading.sorted_out(some)


def _of_ndjson(reading: Reading, lines: Lines, size: int, helper: Helper) -> Iterator[Read]:
    """Every piece, read here or by the helper, in the order of the file.

    The size of standard input is not known before it is read.
    """
    waiting: deque[Task] = deque()
    refused: list[Rejection] = []
    for piece in ndjson.pieces(lines, reading.shown):
        if isinstance(piece, Rejection):
            refused.append(piece)
            continue
        task = Task(reading, piece)
        waiting.append(task)
        if max(size, lines.bytes) < HELP_FROM_BYTES or not helper.hand(task):
            task.read()
        helper.collect(until=waiting[0] if len(waiting) > WAITING_MAX else None)
        while waiting and (part := waiting[0].found) is not None:
            yield part
            waiting.popleft()
    for task in waiting:
        helper.collect(until=task)
        assert task.found is not None, "what the helper leaves is read here"
        yield task.found
    yield Read([], refused)
