"""Explanations kept in a file that vanishes, while their lines are in memory.

An explanation is a hundred times as large as its line. A run that shows all of them one after
another needs one at a time.
"""

import os
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from ledger.kernel.decision import Later, Step
from ledger.kernel.errors import Refusal
from ledger.programs.line import UNEXPLAINED, Line


class NoRoomForExplanations(Refusal):
    """No room for the temporary file in which explanations lie until they are written."""

    hint = "Free some disk space, or name another folder in TMPDIR. A table or CSV needs none."


class SpooledExplanations:
    """Takes lines, and gives them back with their explanations in a file of their own."""

    def __init__(self, descriptor: int) -> None:
        self._file, self._end = descriptor, 0

    def keep(self, line: Line) -> Line:
        """The line, whose explanation is built now, and read from the file when it is asked for.
        Raises `NoRoomForExplanations`."""
        if line.explained == UNEXPLAINED:
            return line
        content = pickle.dumps(line.explanation, pickle.HIGHEST_PROTOCOL)
        start = self._end
        while content:
            try:
                written = os.pwrite(self._file, content, self._end)
            except OSError as error:
                folder = tempfile.gettempdir()
                said = f"The explanations of the lines have no room in {folder}: {error.strerror}."
                raise NoRoomForExplanations(said) from None
            content, self._end = content[written:], self._end + written
        return line._replace(explained=_Spooled(self, start, self._end - start))

    def read(self, start: int, length: int) -> Step:
        """An explanation that was kept."""
        step: Step = pickle.loads(os.pread(self._file, length, start))
        return step


class _Spooled(Later):
    """A step that is read each time it is asked for, and never held."""

    __slots__ = ("_kept", "_length", "_start")

    def __init__(self, kept: SpooledExplanations, start: int, length: int) -> None:
        self._kept, self._start, self._length = kept, start, length

    @property
    def step(self) -> Step:
        return self._kept.read(self._start, self._length)


@contextmanager
def spooled() -> Iterator[SpooledExplanations]:
    """Such a file, for as long as lines with explanations in it are used."""
    with tempfile.TemporaryFile(prefix="duebook-") as file:
        yield SpooledExplanations(file.fileno())
