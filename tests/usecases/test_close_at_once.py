"""Two processes that close one period at once: one of them does, the other is told."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.aggregates.settlement import PeriodClosed, StatementIssued
from ledger.store.book import Book
from ledger.store.log import read_log
from ledger.usecases.terms.publish import append_terms
from tests.quarter import GROWTH, Quarter, edition, enrolled

ROUNDS = 6
ROOT = Path(__file__).parents[2]
WORKER = """
import json, sys
from pathlib import Path
from ledger.kernel.errors import Refusal
from ledger.store.book import open_book
from tests.quarter import Quarter
quarter = Quarter(open_book(sys.argv[1]), Path())
print("ready", flush=True)
for program in sys.stdin:
    try:
        quarter.close(program.strip(), by=sys.argv[2], leave_open="x")
        answer = ["closed", ""]
    except Refusal as refusal:
        answer = [refusal.code, refusal.sentence]
    print(json.dumps(answer), flush=True)
"""


class Closer:
    """A process of its own that closes the programs that it is told."""

    def __init__(self, location: str, by: str) -> None:
        self.by = by
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER, location, by],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self.process.stdin
        assert self.process.stdout
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def say(self, program: str) -> None:
        self.stdin.write(program + "\n")
        self.stdin.flush()

    def answer(self) -> list[Any]:
        line = self.stdout.readline()
        assert line, "the process ended instead of answering"
        return list(json.loads(line))


@pytest.fixture
def closers(book: Book) -> Iterator[list[Closer]]:
    both = [Closer(book.location, by) for by in ("ada", "lin")]
    for one in both:
        assert one.stdout.readline() == "ready\n"
    yield both
    for one in both:
        one.process.communicate()


def test_of_two_processes_that_close_at_once_exactly_one_does(
    book: Book,
    closers: list[Closer],
    tmp_path: Path,
    assert_whole: Callable[[Book], list[dict[str, Any]]],
) -> None:
    """The other meets the conflict of exit 4, or comes later and hears who closed it."""
    programs = [f"growth-{number}" for number in range(ROUNDS)]
    with book.log.writing() as writer:
        editions = [edition(GROWTH, program=name, publisher="acme") for name in programs]
        append_terms(writer, editions, "finance")
    enrolments = [fact for name in programs for fact in enrolled("M-1", name)[1:3]]
    quarter = Quarter(book, tmp_path)
    quarter.tell([enrolled("M-1")[0], *enrolments])
    for program in programs:
        for one in closers:
            one.say(program)
        answers = {one.by: one.answer() for one in closers}
        codes = sorted(code for code, _ in answers.values())
        assert codes in (["already_closed", "closed"], ["closed", "concurrent_write"]), answers
        (winner,) = (by for by, (code, _) in answers.items() if code == "closed")
        (said,) = (sentence for code, sentence in answers.values() if code != "closed")
        assert f"closed by {winner}" in said or "Somebody else wrote meanwhile" in said
        with book.reading() as connection:
            stream = f"period:{program}"
            (closed,) = read_log(connection, stream=stream, topics=[PeriodClosed.TOPIC])
        assert closed.by == winner
    with book.reading() as connection:
        issued = list(read_log(connection, topics=[StatementIssued.TOPIC]))
    assert len(issued) == ROUNDS
    assert_whole(book)
    assert quarter.failing() == {}
