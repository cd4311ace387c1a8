"""A book verified by several processes: the same checks, in the same order, as by one."""

import os
import signal
from pathlib import Path

import pytest

from ledger.kernel.errors import WorkerLost
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book
from ledger.usecases.settling.processes import processes
from ledger.usecases.verifying.verify import Check
from projections import whole_book
from projections.whole_book import verify_book
from tests.decided import decided
from tests.fees import Fees, onboarded, order
from tests.forging import run_sql
from tests.quarter import Quarter, on_sqlite, silent

NOW = parse_instant("2026-11-29T12:00:00Z")


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    """A closed quarter with adjustments, and order lines beside it; every view is built."""
    decided(book, tmp_path)
    made = Quarter(book, tmp_path)
    fees = Fees(book, tmp_path)
    fees.tell(onboarded("F-1"))
    fees.archive(order("o-1", store="F-1"))
    made.catch_up()
    return made


def checked(book: Book, jobs: int) -> list[Check]:
    """All checks, by that many processes."""
    with processes(book, jobs) as working:
        return verify_book(book, [], NOW, silent, working)


def test_however_many_processes_check_the_checks_are_the_same(quarter: Quarter) -> None:
    by_one, by_two, by_five = (checked(quarter.book, jobs) for jobs in (1, 2, 5))
    assert by_one == by_two == by_five
    assert all(check.ok for check in by_one)
    names = {check.name for check in by_one}
    assert {"chain", "order files", "decisions", "line trees", "entries", "view gmv"} <= names


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE lines SET outcome = 'declined'",
        "DELETE FROM balances",
        "DROP TABLE gmv",
        "UPDATE duebook_views SET position = 100000",
        "DELETE FROM refs WHERE kind = 'closed-period'",
        "UPDATE events SET by = 'somebody' WHERE position = 3",
    ],
)
def test_what_is_wrong_is_said_alike(quarter: Quarter, harm: str) -> None:
    run_sql(quarter.book, harm)
    by_one, by_two = checked(quarter.book, 1), checked(quarter.book, 2)
    assert by_one == by_two
    assert not all(check.ok for check in by_one)


def test_periods_checked_by_several_are_said_in_the_order_of_their_closes() -> None:
    checks = [Check(f"closed {number}", True, "") for number in range(7)]
    for jobs in (1, 2, 3, 9):
        shares = [checks[share::jobs] for share in range(jobs)]
        assert list(whole_book._in_turns(shares)) == checks


@on_sqlite
def test_a_process_that_is_killed_ends_verify_with_an_error(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with a book that is said to hold."""
    monkeypatch.setattr(whole_book, "_check", killed)
    with pytest.raises(WorkerLost):
        checked(quarter.book, 2)


def killed(book: Book, task: object) -> None:
    """A process that is killed, as the kernel does where memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


@on_sqlite
def test_the_command_says_the_same_by_processes(
    quarter: Quarter, capsys: pytest.CaptureFixture[str]
) -> None:
    from cli.main import run

    answers: list[str] = []
    for jobs in ("1", "3"):
        words = ["verify", "--book", quarter.book.location, "--jobs", jobs, "--format", "csv"]
        assert run(words) == 0
        answers.append(capsys.readouterr().out)
    first, second = (
        [row for row in answer.splitlines() if not row.startswith("clock")] for answer in answers
    )
    assert first == second
