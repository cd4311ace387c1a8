"""What all that is fuzzed has in common: a book, command lines in this process, odd values."""

import gc
import os
import random
import shutil
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import ClassVar

from ledger.kernel.errors import Refusal
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book, open_book

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "fixtures" / "demo"
PLATFORM = ROOT / "fixtures" / "platform"
NOW = parse_instant("2026-11-21T12:00:00Z")
ODD = [
    *("", " ", "0", "-0", "-1", "1e5", "1e999", "NaN", "Infinity", "9" * 30, "9" * 5000),
    *("9223372036854775808", "10000000000000001", "0.1", "1.005", "1,5", "٣", "１", "½"),
    *("true", "null", "[]", "{}", "[[]]", '{"a":{}}', '"', "'", "\\", ";", ",", "\t", "\r\n"),
    *("2026-02-30", "0000-00-00", "9999-12-31", "2026-01-01", "10000-01-01", "-001-01-01"),
    *("2026-01-01T00:00:00Z", "2026-01-01T24:00:00+08:00", "0001-01-01T00:00:00+14:00"),
    *("9999-12-31T23:59:59.999999-14:00", "2026-01-01T00:00:60Z", "2026-06-31T00:00:00"),
    *("\x00", "\x1b[2J", "\u202e", "\ufeff", "\u2028", "\ud800", "é", "e\u0301", "ﬀ", "😀"),
    *("-", "--", "--help", ".", "..", "/", "a/b", "store:S-1001", "S-1001", "P-01", "M-203"),
    *("CNY", "USD.AD", "XXX", "EUR", "EU", "recruiting-eu-jp-2026q1", "growth-2026-05", "2026-05"),
    *("=1+1", "{0}", "%s", "%", "*", "x" * 300, "x" * 70000, "a" + "\u0301" * 200, "ı", "ß"),
]
COLLECTED = 1000


class Target:
    """A reader: inputs to begin with, and how one is read. Whatever is no refusal is a failure."""

    WORDS: ClassVar[Sequence[str]] = [word for word in ODD if 0 < len(word) < 40]
    LENGTH: ClassVar[int] = 4096

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read_so_far = 0
        sys.stdin = Path(os.devnull).open()  # noqa: SIM115
        os.chdir(folder)

    def seeds(self) -> Iterator[bytes]:
        """Inputs that reach far, to be mutated."""
        raise NotImplementedError

    def one(self, data: bytes) -> None:
        """Reads an input."""
        raise NotImplementedError

    def read(self, data: bytes) -> None:
        """Reads an input, or has it refused in words."""
        self.read_so_far += 1
        if self.read_so_far % COLLECTED == 0:
            gc.collect()  # as every command's process ends
        with suppress(Refusal):
            self.one(data)


class OnBook(Target):
    """A reader beside a book, which has to stand as it stood."""

    CHECKED: ClassVar[int] = 500
    """After so many inputs it is looked whether the book has grown."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "duebook.db"
        self.fresh = folder / "fresh"
        command("init", "--demo", "--book", str(self.path))
        orders = DEMO / "orders-2020-05.csv"
        assert command("orders", str(orders), "--book", str(self.path))[0] == 0
        # So that nothing is left to be brought up to date by whoever asks.
        assert command("query", "select 1", "--book", str(self.path))[0] == 0
        self.book: Book = open_book(str(self.path))
        self.head = self.book.head()
        shutil.copy(self.path, self.fresh)

    def read(self, data: bytes) -> None:
        super().read(data)
        if self.read_so_far % self.CHECKED == 0:
            assert self.book.head() == self.head, "something was recorded that was only tried"

    def copied(self) -> Path:
        """A copy of the book, for an input that is recorded."""
        path = self.folder / "copy.db"
        for suffix in ("-wal", "-shm", ".receipts"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        shutil.copy(self.fresh, path)
        return path


def every(data: bytes, one_in: int) -> bool:
    """Whether an input is among a part of all, the same in every run."""
    return zlib.crc32(data) % one_in == 0


def command(*words: str) -> tuple[int, str, str]:
    """Runs a command line: exit code, data, talk. What it calls a failure of its own is raised,
    and a code that nobody explains: a book that does not hold, unless a receipt was made up."""
    from cli import main

    out, err = StringIO(), StringIO()
    failed = main._failed

    def raising(error: Exception) -> int:
        code = failed(error)
        if "itself failed" in err.getvalue():
            raise error
        return code

    main._failed = raising
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main.run(list(words))
    finally:
        main._failed = failed
    explained = (0, 1, 2, 3, 4, 5) if "--receipt" in words else (0, 1, 2, 3, 4)
    assert code in explained, f"exit code {code}: {err.getvalue()}"
    assert code in (0, 3) or err.getvalue() or out.getvalue(), "it failed without a word"
    assert "Traceback" not in err.getvalue(), err.getvalue()
    return code, out.getvalue(), err.getvalue()


def odd(chance: random.Random) -> str:
    """A value that nobody meant."""
    if chance.random() < 0.8:
        return chance.choice(ODD)
    return "".join(chr(chance.choice([chance.randrange(128), chance.randrange(0xD7FF)])) for _ in
                   range(chance.randint(1, 12)))  # fmt: skip


def as_bytes(text: str) -> bytes:
    """Text that may hold halves of characters, as a file would."""
    return text.encode("utf-8", "surrogatepass")
