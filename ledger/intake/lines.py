"""Lines of a file or of standard input, with their numbers, whatever their size.

A line over the limit is never held in memory: it is skipped to its end and reported.
"""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

LINE_BYTES_MAX = 1024 * 1024
BLOCK_BYTES = 256 * 1024
BOM = b"\xef\xbb\xbf"


OTHER_FORMATS = {
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"PK\x03\x04": "a ZIP file, as workbooks are",
    b"\x1f\x8b": "a gzip file",
    b"PAR1": "a Parquet file",
}


def other_format(raw: bytes | None) -> str | None:
    """What a file is by its first bytes, where it is certainly no UTF-8 text."""
    for begins, name in OTHER_FORMATS.items():
        if raw is not None and raw.startswith(begins):
            return name
    return None


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
        number, rest = 0, b""
        while block := self._stream.read(BLOCK_BYTES):
            self._digest.update(block)
            if not self.bytes and block.startswith(BOM):
                self.bytes = len(BOM)
                block = block[len(BOM) :]
            self.bytes += len(block)
            pieces = block.split(b"\n")
            pieces[0] = rest + pieces[0]
            rest = pieces.pop()
            for raw in pieces:
                number += 1
                self.count = number
                if raw[-1:] == b"\r":
                    raw = raw[:-1]
                yield Line(number, raw if len(raw) <= LINE_BYTES_MAX else None)
            if len(rest) > LINE_BYTES_MAX:
                rest = rest[: LINE_BYTES_MAX + 1]  # long enough to be refused, whatever follows
        if rest:
            self.ended_mid_line = True
            self.count = number + 1
            yield Line(number + 1, rest if len(rest) <= LINE_BYTES_MAX else None)
