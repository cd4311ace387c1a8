"""Lines of a file or of standard input, with their numbers, whatever their size.

A line over the limit is never held in memory: it is skipped to its end and reported.
"""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

LINE_BYTES_MAX = 1024 * 1024
BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line's number, from 1, and its bytes without the line end; None when it is too long."""

    number: int
    raw: bytes | None


class Lines:
    """Iterates once over a binary stream; knows afterwards its digest and how long it was."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.count = 0
        self.bytes = 0
        self.ended_mid_line = False

    @property
    def sha256(self) -> str:
        """The digest of everything read so far."""
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[Line]:
        read, update = self._stream.readline, self._digest.update
        number = 0
        while raw := read(LINE_BYTES_MAX + 2):
            number += 1
            self.count = number
            self.bytes += len(raw)
            update(raw)
            if raw[-1:] == b"\n":
                raw = raw[:-2] if raw[-2:-1] == b"\r" else raw[:-1]
            elif len(raw) > LINE_BYTES_MAX:
                self._skip_rest()
                yield Line(number, None)
                continue
            else:
                self.ended_mid_line = True
            if number == 1 and raw.startswith(BOM):
                raw = raw[len(BOM) :]
            yield Line(number, raw if len(raw) <= LINE_BYTES_MAX else None)

    def _skip_rest(self) -> None:
        while piece := self._stream.readline(LINE_BYTES_MAX):
            self._digest.update(piece)
            self.bytes += len(piece)
            if piece[-1:] == b"\n":
                return
