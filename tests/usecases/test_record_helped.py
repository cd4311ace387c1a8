"""A long file is read by two processes, and nobody can tell from the book."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ledger.intake import lines
from ledger.store.book import Book
from ledger.usecases.init import init
from ledger.usecases.recording import files as reading
from ledger.usecases.recording.second_process import AHEAD, Helper, Task
from tests.quarter import on_sqlite

Record = Callable[..., Any]
STORES = 1200
ONBOARDED = {"type": "MerchantOnboarded", "at": "2026-01-10T09:00:00+08:00", "market": "EU"}
LISTED = {"type": "StockListed", "at": "2026-01-20T08:00:00+08:00", "country": "DE"}
WITHDRAWN = {"type": "FactWithdrawn", "at": "2026-02-01T08:00:00Z", "source": "crm", "reason": "x"}


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Makes small files long ones; the first lines of the pieces that the helper was handed."""
    found: list[int] = []
    hand = Helper.hand

    def spy(self: Helper, task: Task) -> bool:
        taken = hand(self, task)
        found.extend([task.piece.first] * taken)
        return taken

    monkeypatch.setattr(lines, "BLOCK_BYTES", 8_000)
    monkeypatch.setattr(reading, "HELP_FROM_BYTES", 1)
    monkeypatch.setattr(Helper, "hand", spy)
    return found


def facts() -> list[dict[str, Any]]:
    """Stores with ids, the same stock listed over and over, a withdrawal, texts of any script."""
    found: list[dict[str, Any]] = []
    for number in range(STORES):
        store = {"store": f"店-{number}", "merchant": f"M-{number}"}
        found.append({**ONBOARDED, **store, "source": "crm", "id": str(number)})
        found.append({**LISTED, "store": f"店-{number % 10}"})
    return [*found, {**WITHDRAWN, "id": str(STORES - 1)}]


def stored(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The facts of a log, without when they were recorded."""
    names = ("position", "stream", "version", "topic", "state", "at", "by", "batch", "row", "key")
    return [tuple(row[name] for name in names) for row in rows if row["row"]]


def test_two_processes_leave_the_log_that_one_leaves(
    database: str,
    new_location: Callable[[], str],
    record_facts: Record,
    read_rows: Callable[[Book], list[dict[str, Any]]],
    handed: list[int],
) -> None:
    """Rows, versions, the keys of equal facts, positions: all the same, in the same order."""
    logs = []
    for helped in (False, True):
        book, _ = init(new_location(), "platform")
        answer = record_facts(book, facts(), helped=helped)
        assert (answer.recorded, answer.known, answer.rejected) == (2 * STORES + 1, 0, [])
        assert bool(handed) is helped
        logs.append(stored(read_rows(book)))
        assert len(logs[-1]) == 2 * STORES + 1
        again = record_facts(book, facts(), helped=helped)
        assert (again.recorded, again.known) == (0, 2 * STORES + 1)
        book.close()
    assert logs[0] == logs[1]


@on_sqlite
def test_what_is_wrong_is_told_by_its_line_whoever_read_it(
    book: Book, record_facts: Record, handed: list[int]
) -> None:
    """Every hundredth line is bad: all are told, in order, and nothing is recorded."""
    found: list[Any] = [json.dumps(one) for one in facts()]
    for number in range(0, len(found), 100):
        found[number] = '{"type": "Sale"}'
    answer = record_facts(book, "\n".join(found), helped=True)
    assert handed
    assert [one.line for one in answer.rejected] == list(range(1, len(found) + 1, 100))
    assert {one.code for one in answer.rejected} == {"unknown_type"}
    assert answer.recorded == 0


@on_sqlite
@pytest.mark.parametrize("after", [1, 2, 5, 9])
def test_a_helper_that_is_killed_loses_nothing(
    book: Book,
    record_facts: Record,
    assert_whole: Callable[[Book], list[dict[str, Any]]],
    handed: list[int],
    monkeypatch: pytest.MonkeyPatch,
    after: int,
) -> None:
    """While it starts, at work, in the middle of an answer: what it leaves is read here, and no
    other helper is asked for."""
    spy = Helper.hand

    def deadly(self: Helper, task: Task) -> bool:
        taken = spy(self, task)
        if len(handed) == after:
            time.sleep(after / 1000)
            os.kill(self._process.pid, signal.SIGKILL)
            handed.append(0)
        return taken

    monkeypatch.setattr(Helper, "hand", deadly)
    answer = record_facts(book, facts()[:-1], helped=True)
    assert (answer.recorded, answer.rejected) == (2 * STORES, [])
    assert after < len(handed) <= after + 1 + AHEAD
    assert len(assert_whole(book)) > 2 * STORES


@on_sqlite
def test_what_it_cannot_send_is_read_here(
    book: Book, record_facts: Record, handed: list[int]
) -> None:
    """A line so deep that it can be read and not be sent on is one bad line, whoever has it."""
    deep = f'{{"type": "GMVRecorded", "note": {"[" * 700}{"]" * 700}}}'
    found: list[str] = [json.dumps(one) for one in facts()]
    found[::50] = [deep] * len(found[::50])
    answer = record_facts(book, "\n".join(found), helped=True, keep_good=True)
    assert handed
    assert {one.line for one in answer.rejected} >= set(range(1, len(found) + 1, 50))
    assert answer.recorded + len(answer.rejected) == len(found)


@on_sqlite
@pytest.mark.parametrize("fault", [OSError("no more processes"), RuntimeError("no new thread")])
def test_one_that_cannot_be_started_is_done_without(
    book: Book,
    record_facts: Record,
    handed: list[int],
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
) -> None:
    """A machine may have no room for another process."""

    def refuse(*_: object) -> None:
        raise fault

    monkeypatch.setattr("multiprocessing.popen_spawn_posix.Popen.__init__", refuse)
    assert record_facts(book, facts(), helped=True).recorded == 2 * STORES + 1
    assert handed == []


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A `record` of a long file, whose helper has been started, in a session of its own."""
    file = tmp_path / "long.ndjson"
    line = json.dumps({**LISTED, "store": "S-1"}) + "\n"
    file.write_text(line * (2 * reading.HELP_FROM_BYTES // len(line)))
    location = str(tmp_path / "book.db")
    init(location, "platform")[0].close()
    duebook = [str(Path(sys.executable).with_name("duebook")), "--book", location]
    with subprocess.Popen(
        [*duebook, "record", str(file)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Whatever the tests were started by: in the background of a shell Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as started:
        yield started
        started.kill()


def test_a_helper_ends_with_the_program_that_is_killed(at_work: subprocess.Popen[str]) -> None:
    """Whoever kills a `record` must not have to look for a second process, nor read of one."""
    children = children_of(at_work.pid)
    time.sleep(0.5)
    at_work.kill()
    assert at_work.communicate(timeout=20)[1] == ""
    assert psutil.wait_procs(children, timeout=20)[1] == []


@pytest.mark.parametrize("pause", [0, 0.3])
def test_ctrl_c_stops_both_at_once_and_says_so_once(
    at_work: subprocess.Popen[str], pause: float
) -> None:
    """While the helper still starts, and while it works."""
    children = children_of(at_work.pid)
    time.sleep(pause)
    os.killpg(at_work.pid, signal.SIGINT)
    said = at_work.communicate(timeout=20)[1]
    assert (at_work.returncode, said.splitlines()[-1][:8]) == (130, "Stopped.")
    assert said.count("Stopped.") == 1
    # A finalizer that is interrupted is told by Python; nobody else has anything to say.
    assert said.count("Traceback") == said.count("Exception ignored in")
    assert psutil.wait_procs(children, timeout=20)[1] == []


def children_of(pid: int) -> list[psutil.Process]:
    """The processes that it has started, once the helper is one of them."""
    for _ in range(1000):
        children = psutil.Process(pid).children(recursive=True)
        if any("spawn_main" in " ".join(one.cmdline()) for one in children):
            return children
        time.sleep(0.01)
    raise AssertionError("no helper was started")
