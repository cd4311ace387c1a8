"""SQLite books that are made once and copied: much quicker than to tell each the same again."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ledger.store.book import Book, open_book
from ledger.usecases.init import init

Build = Callable[[Book, Path], Any]


class MadeBooks:
    """SQLite books, each made once by a worker, and copied for every test that wants one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[Build | None, Path] = {}

    def copy(self, build: Build | None, location: str) -> Book:
        """A platform's book as `init` leaves it, or with what `build` did in it."""
        made = self.made.get(build) or self._make(build)
        for suffix in ("", ".receipts", ".secrets"):
            if suffix != ".secrets" or Path(f"{made}{suffix}").exists():
                shutil.copyfile(f"{made}{suffix}", f"{location}{suffix}")
        if Path(f"{made}.orders").exists():
            shutil.copytree(f"{made}.orders", f"{location}.orders")
        return open_book(location)

    def _make(self, build: Build | None) -> Path:
        folder = self.folder / f"{build.__module__}.{build.__name__}" if build else self.folder
        folder.mkdir(exist_ok=True)
        path = folder / "book.db"
        if build:
            book = self.copy(None, str(path))
            build(book, folder)
        else:
            book, _ = init(str(path), "platform")
        book.close()
        self.made[build] = path
        return path
