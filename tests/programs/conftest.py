"""Fresh books for tests that tell one story several times."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.store.book import Book
from ledger.usecases.init import init


@pytest.fixture
def new_book(tmp_path: Path) -> Iterator[Callable[[], Book]]:
    """Makes fresh books, one after another, and closes them."""
    made: list[Book] = []

    def make() -> Book:
        made.append(init(str(tmp_path / f"{len(made)}.db"), "platform")[0])
        return made[-1]

    yield make
    for book in made:
        book.close()
