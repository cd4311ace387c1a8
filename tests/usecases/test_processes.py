"""Runs worked out by several processes: the same answers, and nothing ever waits for a dead one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import Connection

from ledger.aggregates.base import Recorded
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import UnknownTopic, WorkerLost
from ledger.kernel.instants import parse_instant
from ledger.programs.edition import Edition
from ledger.programs.line import digest_of
from ledger.store.book import Book
from ledger.usecases.exceptions.touching_close import exceptions_touching, surprises
from ledger.usecases.init import init
from ledger.usecases.settling.processes import processes
from ledger.usecases.settling.settle import Settlement, published_edition, settle
from tests.quarter import PROGRAM, Quarter, closure, held_quarter, on_sqlite

NOW = parse_instant("2026-11-21T12:00:00Z")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def quarter(book_with: Callable[[Any], Book], tmp_path: Path) -> Quarter:
    """A book with four stores of two partners."""
    quarter = Quarter(book_with(None), tmp_path)
    quarter.tell(held_quarter())
    return quarter


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    """Whatever becomes of a run, its processes end with it."""
    before = set(active_children())
    yield
    assert set(active_children()) <= before


def run(quarter: Quarter, jobs: int, **how: Any) -> Settlement:
    """The quarter settled by that many processes."""
    with quarter.book.reading() as connection, processes(quarter.book, jobs) as working:
        clocks = Clocks(NOW, quarter.book.head().position)
        edition = published_edition(connection, PROGRAM, clocks)
        return settle(connection, edition, clocks, processes=working, **how)


Examined = list[Any]


def pid_of(_: Connection, edition: Edition, clocks: Clocks, seen: Sequence[Recorded]) -> Examined:
    """The process that a part is worked out in."""
    return [os.getpid()]


def killed(_: Connection, edition: Edition, clocks: Clocks, seen: Sequence[Recorded]) -> Examined:
    """A process that is killed, as the kernel does where memory is short."""
    if any(fact.stream == "store:S-5" for fact in seen):
        os.kill(os.getpid(), signal.SIGKILL)
    return []


def refused(_: Connection, edition: Edition, clocks: Clocks, seen: Sequence[Recorded]) -> Examined:
    """A part whose log does not read back."""
    raise UnknownTopic("Event 7: nobody knows it.", "Update duebook.", position=7)


def waiting(_: Connection, edition: Edition, clocks: Clocks, seen: Sequence[Recorded]) -> Examined:
    """A part that takes as long as nobody waits for."""
    print("at work", os.getpid(), flush=True)
    time.sleep(600)
    return []


def test_however_many_processes_work_the_lines_are_the_same(quarter: Quarter) -> None:
    """With reasons, obligations and exceptions; none of it was worked out here."""
    answers, whose = [], []
    for jobs in (1, 2, 5):
        made = run(quarter, jobs, examine=surprises)
        with quarter.book.reading() as connection:
            found = exceptions_touching(connection, made, made.examined)
        answers.append((made.as_json(), digest_of(made.lines), found, made.events_read > 0))
        whose.append(set(run(quarter, jobs, examine=pid_of).examined))
    assert answers[0] == answers[1] == answers[2]
    assert whose[0] == {os.getpid()}
    assert os.getpid() not in whose[1] | whose[2]


def test_a_quarter_closed_adjusted_and_replayed_by_processes_is_that_of_one(
    new_location: Callable[[], str], tmp_path: Path
) -> None:
    """The same seal, the same differences; and either replays the other's."""
    decided = []
    for jobs in (1, 2, 5):
        quarter = Quarter(init(new_location(), "platform")[0], tmp_path)
        quarter.tell(held_quarter())
        with processes(quarter.book, jobs) as working:
            closed = quarter.close(as_of=NOW, leave_open="x", processes=working)
            quarter.tell([closure("S-2", "counterfeit")])
            changed = quarter.adjust(processes=working)
            assert quarter.replay(processes=working)["identical"]
        assert quarter.replay()["identical"]
        decided.append((closed["digest"], closed["statements"], changed["adjustments"]))
    assert decided[0] == decided[1] == decided[2]
    assert decided[0][2]


@on_sqlite
def test_a_process_that_is_killed_ends_the_run_with_an_error(quarter: Quarter) -> None:
    """Not with a wait, and not with lines that lack a part's."""
    started = time.monotonic()
    with pytest.raises(WorkerLost) as error:
        run(quarter, 2, examine=killed)
    assert "2 processes" in error.value.sentence
    assert "--jobs" in error.value.hint
    assert time.monotonic() - started < 60


@on_sqlite
def test_what_a_part_is_refused_for_is_what_the_run_is_refused_for(quarter: Quarter) -> None:
    """With its hint and its facts."""
    with pytest.raises(UnknownTopic, match="nobody knows it") as error:
        run(quarter, 2, examine=refused)
    assert (error.value.hint, error.value.facts) == ("Update duebook.", {"position": 7})


def started(quarter: Quarter) -> "tuple[subprocess.Popen[str], list[psutil.Process]]":
    """A program of its own whose two processes are at work, for as long as nobody waits for."""
    text = f"""
import sys
from ledger.store.book import open_book
from tests.quarter import Quarter
from tests.usecases.test_processes import run, waiting
if __name__ == "__main__":
    quarter = Quarter.__new__(Quarter)
    quarter.book = open_book({quarter.book.location!r})
    run(quarter, 2, examine=waiting)
"""
    path = quarter.folder / "program.py"
    path.write_text(text, encoding="utf-8")
    program = subprocess.Popen(
        [sys.executable, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert program.stdout is not None
    numbers = [int(program.stdout.readline().split()[-1]) for _ in range(2)]
    return program, [psutil.Process(number) for number in numbers]


@on_sqlite
def test_ctrl_c_ends_the_program_and_its_processes_at_once(quarter: Quarter) -> None:
    """A terminal sends it to all of them: only the program says so."""
    program, workers = started(quarter)
    os.killpg(program.pid, signal.SIGINT)
    _, talk = program.communicate(timeout=60)
    assert talk.rstrip().endswith("KeyboardInterrupt")
    assert talk.count("Traceback") == 1
    assert not psutil.wait_procs(workers, timeout=30)[1]


@on_sqlite
def test_a_program_that_is_killed_takes_its_processes_with_it(quarter: Quarter) -> None:
    """Nobody is left who would tell them to end."""
    program, workers = started(quarter)
    program.kill()
    assert not psutil.wait_procs(workers, timeout=30)[1]
    program.communicate(timeout=30)
