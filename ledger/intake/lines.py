"""Lines of a file or of standard input, with their numbers, whatever their size.

A line over the limit is never held in memory: it is skipped to its end and reported.
"""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from ledger.intake.border import TooLarge

LINE_BYTES_MAX = 1024 * 1024
ENDLESS_BYTES = 1024 * 1024 * 1024
"""A line this long does not end: the input is a device, or a runaway program."""
BLOCK_BYTES = 64 * 1024
"""What a pipe takes without waiting for its reader."""
BOM = b"\xef\xbb\xbf"


OTHER_FORMATS = {
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"PK\x03\x04": "a ZIP file, as workbooks are",
    b"\x1f\x8b": "a gzip file",
    b"PAR1": "a Parquet file",
}


def other_format(raw: bytes | None) -> str | None:
    """What a file is by its first bytes, where it is certainly not UTF-8 text."""
    for begins, name in OTHER_FORMATS.items():
        if raw is not None and raw.startswith(begins):
            return name
    return None


class Source(Protocol):
    """What bytes are read from, once, from its beginning to its end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end."""


class Piece(NamedTuple):
    """Consecutive lines: the number of the first, from 1, and the bytes of each without its line
    end, None for one that is too long."""

    first: int
    lines: list[bytes | None]
    torn: bool
    """Whether the input ended in the middle of the last line."""


class Lines:
    """Reads a binary stream once; afterwards it knows its digest and its size."""

    def __init__(self, stream: Source) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self._end = b"\n"
        self.nameless = 0
        """Columns without a name, which were passed over."""
        self.count = 0
        self.bytes = 0

    @property
    def sha256(self) -> str:
        """The digest of everything read so far."""
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[tuple[int, bytes | None]]:
        for first, lines, _torn in self.pieces():
            yield from enumerate(lines, first)

    def pieces(self) -> Iterator[Piece]:
        """The lines in pieces of some hundred lines, or of one long line."""
        rest, skipped = b"", 0
        while block := self._stream.read(BLOCK_BYTES):
            self._digest.update(block)
            if not self.bytes and block.startswith(BOM):
                self.bytes = len(BOM)
                block = block[len(BOM) :]
            if self.bytes <= len(BOM) and b"\r" in block and b"\n" not in block:
                self._end = b"\r"  # carriage returns alone, as old programs of the Mac write them
            self.bytes += len(block)
            pieces = block.split(self._end)
            pieces[0] = rest + pieces[0]
            rest = pieces.pop()
            if pieces:
                yield self._piece(pieces, torn=False)
            skipped = skipped + len(block) if len(rest) > LINE_BYTES_MAX else 0
            if skipped > ENDLESS_BYTES:
                raise TooLarge(
                    f"A line has more than {ENDLESS_BYTES:,} bytes and no end.",
                    "Nothing was recorded. Send text, one fact a line.",
                )
            if len(rest) > LINE_BYTES_MAX:
                rest = rest[: LINE_BYTES_MAX + 1]  # long enough to be refused, whatever follows
        if rest:
            yield self._piece([rest], torn=True)

    def _piece(self, lines: list[bytes], *, torn: bool) -> Piece:
        first = self.count + 1
        self.count += len(lines)
        ended = (raw[:-1] if raw[-1:] == b"\r" and not torn else raw for raw in lines)
        kept = [raw if len(raw) <= LINE_BYTES_MAX else None for raw in ended]
        return Piece(first, kept, torn)
