"""Two processes at one book's views: nothing is taken in twice, and nobody fails."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.store.book import Book, open_book
from ledger.usecases.recording.record import record
from projections import runner
from projections.base import View
from projections.catalogue import VIEWS
from projections.runner import catch_up, rebuild
from tests.marks import examples

Rows = list[tuple[Any, ...]]
ROOT = Path(__file__).parents[2]
WORKER = """
import json, sys
from ledger.store.book import open_book
from projections.catalogue import VIEWS
from projections.runner import catch_up, rebuild
book = open_book(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    anew = json.loads(line)
    try:
        stood = [(rebuild if anew else catch_up)(book, view) for view in VIEWS.values()]
        print(json.dumps(stood), flush=True)
    except Exception as error:
        print(json.dumps(f"{type(error).__name__}: {error}"), flush=True)
"""


class Looker:
    """A process of its own that catches every view up, or rebuilds it, when told to."""

    def __init__(self, location: str) -> None:
        command = [sys.executable, "-c", WORKER, location]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self.process.stdin
        assert self.process.stdout
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def tell(self, *, anew: bool) -> None:
        self.stdin.write(f"{json.dumps(anew)}\n")
        self.stdin.flush()

    def answer(self) -> Any:
        return json.loads(self.stdout.readline())


@pytest.fixture
def lookers(book: Book) -> Iterator[list[Looker]]:
    made = [Looker(book.location), Looker(book.location)]
    for one in made:
        assert one.stdout.readline() == "ready\n"
    yield made
    for one in made:
        one.process.communicate()


@examples(2, 6)
def test_two_processes_catch_up_at_once(
    book: Book,
    lookers: list[Looker],
    demo_files: list[Path],
    now: int,
    live_rows: Callable[[Book, View], Rows],
    rows_at: Callable[..., Rows],
    examples: int,
) -> None:
    """Also at the first build, and while one of them rebuilds what the other catches up."""
    for number in range(examples):
        record(book, [str(demo_files[number])], now=now, by="test")
        lookers[0].tell(anew=False)
        lookers[1].tell(anew=number % 2 == 1)
        stood = [one.answer() for one in lookers]
        assert stood == [[book.head().position] * len(VIEWS)] * 2
        for view in VIEWS.values():
            assert live_rows(book, view) == rows_at(book, view), view.NAME


@pytest.mark.parametrize("transaction", [2, 3, 5])
def test_two_rebuilds_at_once_do_not_take_an_event_in_twice(
    record_demo: Book,
    monkeypatch: pytest.MonkeyPatch,
    live_rows: Callable[[Book, View], Rows],
    transaction: int,
) -> None:
    """One is made in whole between two transactions of the other."""
    view = VIEWS["gmv"]
    expected = live_rows(record_demo, view)
    monkeypatch.setattr(view, "BATCH", 400, raising=False)
    other = open_book(record_demo.location)
    old, begun = runner._writing, []

    def raced(book: Book) -> Any:
        begun.append(book)
        if book is record_demo and begun.count(record_demo) == transaction:
            rebuild(other, view)
        return old(book)

    monkeypatch.setattr(runner, "_writing", raced)
    rebuild(record_demo, view)
    assert other in begun
    assert live_rows(record_demo, view) == expected
    other.close()


def test_catching_up_while_another_did_takes_nothing_twice(
    record_demo: Book,
    monkeypatch: pytest.MonkeyPatch,
    record_facts: Callable[..., Any],
    live_rows: Callable[[Book, View], Rows],
    rows_at: Callable[..., Rows],
) -> None:
    """Where a view stands is read again under the lock."""
    view = VIEWS["gmv"]
    live_rows(record_demo, view)
    gmv = {
        "type": "GMVRecorded",
        "at": "2026-02-01T08:00:00Z",
        "store": "S-1001",
        "day": "2026-01-31",
        "amount": "10.00",
        "currency": "EUR",
        "basis": "settled",
    }
    record_facts(record_demo, [gmv])
    other = open_book(record_demo.location)
    old, begun = runner._writing, []

    def raced(book: Book) -> Any:
        begun.append(book)
        if len(begun) == 1:
            catch_up(other, view)
        return old(book)

    monkeypatch.setattr(runner, "_writing", raced)
    assert catch_up(record_demo, view) == record_demo.head().position
    assert begun == [record_demo, other]
    assert live_rows(record_demo, view) == rows_at(record_demo, view)
    other.close()
