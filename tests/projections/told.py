"""A book of a few facts on either database, for tests of one file that change nothing in it."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from ledger.store.book import Book
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from tests.quarter import NOW


def told_book(
    request: pytest.FixtureRequest,
    folders: pytest.TempPathFactory,
    facts: Iterable[dict[str, Any]],
) -> Iterator[Book]:
    """For a fixture with the parameters `sqlite` and `postgresql`: the open book, then closed."""
    folder = folders.mktemp("told")
    location = str(folder / "book.db")
    if request.param == "postgresql":
        location = request.getfixturevalue("new_database")()
    book, _ = init(location, "platform")
    lines = [json.dumps(one) + "\n" for one in facts]
    path = folder / "facts.ndjson"
    path.write_text("".join(lines))
    assert record(book, [str(path)], now=NOW, by="test").recorded == len(lines)
    yield book
    book.close()
