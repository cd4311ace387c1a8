"""Receipts: position and hash of the head after each write, kept next to a SQLite book.

A log whose tail was cut, or a backup that was restored, no longer holds its last receipts.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from ledger.kernel.errors import Refusal
from ledger.store.book import Book
from ledger.store.head import Head, hash_at

_SHAPE = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})", re.ASCII)

_CUT_OFF = re.compile(r"[0-9]{0,18}|[0-9]{1,18}:[0-9a-f]{0,63}", re.ASCII)


class BadReceipt(Refusal):
    """A text that is not a receipt."""

    kind = "usage"

    hint = "A receipt reads POSITION:HASH, as `record` answered it."


class Receipt(NamedTuple):
    """What a write was answered: that the log held this hash at this position."""

    position: int
    hash: bytes
    source: str


def parse_receipt(text: str, source: str) -> Receipt:
    """Reads a receipt. Raises `BadReceipt`."""
    match = _SHAPE.fullmatch(text.strip())
    if not match:
        raise BadReceipt(f"{text.strip()[:80]!r} is not a receipt ({source}).")
    return Receipt(int(match[1]), bytes.fromhex(match[2]), source)


def receipts_path(book: Book) -> Path | None:
    """Where a SQLite book's receipts are kept: next to its file, whatever link leads to it."""
    return Path(f"{book.path.resolve()}.receipts") if book.path else None


def keep_receipt(book: Book, head: Head) -> None:
    """Appends the receipt of a committed write to those of a SQLite book.

    What is recorded stays recorded: where the file cannot be written, the book notes that, and the
    answer carries the receipt all the same.
    """
    path = receipts_path(book)
    if path is None:
        return
    try:
        _append(path, f"{head.receipt}\n".encode())
    except OSError as error:
        book.notes.append(
            f"Recorded, but the receipt could not be kept in {path}: {error.strerror}. "
            f"Keep it yourself: {head.receipt}"
        )


def _append(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line  # a crash cut the last one off; this one gets a line of its own
        os.write(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def kept_receipts(book: Book) -> list[Receipt]:
    """All receipts kept for the book, without lines that a crash cut off.

    A line that is cut short was never acknowledged. Raises `BadReceipt` for one that is no
    beginning of a receipt either.
    """
    if book.path is None:
        return []
    # Older versions kept them next to the link by which the book was named.
    places = {Path(f"{path}.receipts").absolute() for path in (book.path.resolve(), book.path)}
    return [receipt for path in sorted(places) if path.exists() for receipt in _kept_in(path)]


def _kept_in(path: Path) -> Iterator[Receipt]:
    *lines, _cut_off = path.read_text("utf-8", "replace").split("\n")
    for number, line in enumerate(lines, 1):
        if _SHAPE.fullmatch(line) or not _CUT_OFF.fullmatch(line):
            yield parse_receipt(line, f"{path.name} line {number}")


def receipt_holds(connection: Connection, receipt: Receipt) -> bool:
    """Whether the log holds the receipt's hash at its position."""
    return hash_at(connection, receipt.position) == receipt.hash
