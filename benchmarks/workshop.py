"""The files that several figures share, made when first asked for and removed at the end."""

import shutil
from functools import cached_property
from pathlib import Path

from benchmarks import facts
from benchmarks.measure import tell
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book, open_book
from ledger.usecases.init import init
from ledger.usecases.recording.record import RecordAnswer, record

ROOT = Path(__file__).resolve().parents[1]
NOW = parse_instant("2026-11-21T12:00:00Z")
AS_OF = "2026-06-30T00:00:00+08:00"
SUFFIXES = ("", "-wal", "-shm", ".receipts", ".secrets")


class Workshop:
    """A folder, the sizes of this run, and the log that most figures use."""

    def __init__(self, facts: int, stores: int, runs: int, repeats: int) -> None:
        self.folder = ROOT / ".bench"
        self.facts, self.stores, self.runs = facts, stores, runs
        self.repeats = repeats
        """How many times a whole command is started."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()

    def remove(self) -> None:
        """Frees the disk."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @cached_property
    def file(self) -> Path:
        """The facts as NDJSON."""
        return self.made_file(self.facts, self.stores)

    def made_file(self, count: int, stores: int) -> Path:
        """A file of that many facts."""
        path = self.folder / f"{count}.ndjson"
        if not path.exists():
            tell(f"writing {count:,} facts of {stores:,} stores")
            facts.write(path, count, stores)
        return path

    @cached_property
    def empty(self) -> Path:
        """A new book, to be copied."""
        path = self.folder / "empty.db"
        init(str(path), "platform")[0].close()
        return path

    @cached_property
    def recorded(self) -> Path:
        """The book with all facts in it."""
        return self.made_book(self.file, "recorded.db")

    def made_book(self, file: Path, name: str) -> Path:
        """A book with the facts of a file."""
        book = self.fresh_book(name)
        tell(f"recording {file.name} into {name}")
        recorded(book, file)
        book.close()
        return self.folder / name

    def fresh_book(self, name: str) -> Book:
        """A copy of the new book, opened."""
        path = self.folder / name
        discard(path)
        shutil.copy(self.empty, path)
        return open_book(str(path))


def recorded(book: Book, file: Path) -> RecordAnswer:
    """Records a file of good facts, as the command does."""
    answer = record(book, [str(file)], now=NOW, by="benchmark", helped=True)
    assert not answer.rejected, answer.rejected[:3]
    return answer


def discard(path: Path) -> None:
    """Removes a SQLite database and the files next to it."""
    for suffix in SUFFIXES:
        Path(f"{path}{suffix}").unlink(missing_ok=True)
