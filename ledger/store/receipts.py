"""Receipts: position and hash of the head after each write, kept beside a SQLite book.

A log whose tail was cut, or a backup that was restored, no longer holds its last receipts.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, select

from ledger.kernel.errors import Refusal
from ledger.store.book import Book
from ledger.store.head import Head
from ledger.store.schema import events

_SHAPE = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})", re.ASCII)


class BadReceipt(Refusal):
    """A text that is not a receipt."""

    hint = "A receipt reads POSITION:HASH, as `record` answered it."


class Receipt(NamedTuple):
    """What a writer was told: that the log held this hash at this position."""

    position: int
    hash: bytes
    source: str


def parse_receipt(text: str, source: str) -> Receipt:
    """Reads a receipt. Raises `BadReceipt`."""
    found = _SHAPE.fullmatch(text.strip())
    if not found:
        raise BadReceipt(f"{text.strip()[:80]!r} is not a receipt ({source}).")
    return Receipt(int(found[1]), bytes.fromhex(found[2]), source)


def receipts_path(book: Book) -> Path | None:
    """Where a SQLite book's receipts are kept."""
    return Path(f"{book.path}.receipts") if book.path else None


def keep_receipt(book: Book, head: Head) -> None:
    """Appends the receipt of a committed write beside a SQLite book."""
    path = receipts_path(book)
    if path is None:
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, f"{head.receipt}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def kept_receipts(book: Book) -> list[Receipt]:
    """All receipts beside the book. A last line cut off by a crash was never acknowledged."""
    path = receipts_path(book)
    if path is None or not path.exists():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]
    return [parse_receipt(line, f"{path.name} line {n}") for n, line in enumerate(whole, 1)]


def receipt_holds(connection: Connection, receipt: Receipt) -> bool:
    """Whether the log holds the receipt's hash at its position."""
    query = select(events.c.hash).where(events.c.position == receipt.position)
    found = connection.execute(query).scalar()
    return isinstance(found, bytes | memoryview) and bytes(found) == receipt.hash
