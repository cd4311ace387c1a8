"""`--jobs N`: the same bytes for every N, on both databases."""

from collections.abc import Callable
from json import dumps
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from ledger.store.book import Book
from tests.quarter import PROGRAM, Quarter, closure, held_quarter, on_sqlite

AT = ("--as-of", "2026-06-30")
JOBS = ("1", "2", "5")


@pytest.fixture
def location(book_with: Callable[[Any], Book], tmp_path: Path) -> str:
    """A book with four stores of two partners, one line of which is held."""
    quarter = Quarter(book_with(None), tmp_path)
    quarter.tell(held_quarter())
    return quarter.book.location


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], location: str) -> Callable[..., tuple[Any, ...]]:
    """Runs a command on the book; answers its exit code, data and talk."""

    def call(*words: str) -> tuple[Any, ...]:
        capsys.readouterr()
        code = run([words[0], "--book", location, *words[1:]])
        return (code, *capsys.readouterr())

    return call


@pytest.mark.parametrize("format_", ["table", "json", "csv", "ndjson"])
def test_an_answer_is_the_same_to_the_byte(said: Callable[..., Any], format_: str) -> None:
    """Data and talk."""
    asked = ("settle", PROGRAM, *AT, "--format", format_)
    answers = [said(*asked, "--jobs", jobs) for jobs in JOBS]
    assert answers[0] == answers[1] == answers[2] == said(*asked)
    assert answers[0][0] == 0
    assert "S-5" in answers[0][1]


def test_what_is_decided_is_the_same_to_the_digest(
    said: Callable[..., Any], location: str, tmp_path: Path
) -> None:
    """Closed, looked at, replayed, adjusted."""
    left = (*AT, "--leave-open", "--reason", "x", "--by", "lin", "--format", "json")
    plans = [said("close", PROGRAM, *left, "--dry-run", "--jobs", jobs)[:2] for jobs in JOBS]
    assert plans[0] == plans[1] == plans[2]
    assert '"digest"' in plans[0][1]
    assert said("close", PROGRAM, *left, "--jobs", "2")[0] == 0
    for words in (
        ("settle", PROGRAM, *AT, "--format", "json"),
        ("settle", PROGRAM, *AT),
        ("replay", PROGRAM, "--format", "json"),
        ("replay", PROGRAM),
    ):
        answers = [said(*words, "--jobs", jobs) for jobs in JOBS]
        assert answers[0] == answers[1] == answers[2]
        assert answers[0][0] == 0
    facts = tmp_path / "late.ndjson"
    facts.write_text(dumps(closure("S-2", "counterfeit")) + "\n", encoding="utf-8")
    assert said("record", str(facts))[0] == 0
    adjusted = ("adjust", PROGRAM, *AT, "--by", "lin", "--dry-run", "--format", "json")
    answers = [said(*adjusted, "--jobs", jobs) for jobs in JOBS]
    assert answers[0] == answers[1] == answers[2]
    assert (answers[0][0], "S-2" in answers[0][1]) == (3, True)


@on_sqlite
def test_a_program_that_is_not_dealt_says_so(said: Callable[..., Any]) -> None:
    """It is worked out all the same, and one process says nothing."""
    asked = ("settle", "technical-fee-2020", "2020-05")
    alone = said(*asked)
    code, data, talk = said(*asked, "--jobs", "2")
    assert (code, data) == alone[:2]
    assert "worked out by one process" in talk
    assert "worked out by one process" not in alone[2]


@on_sqlite
def test_no_processes_at_all_are_refused(said: Callable[..., Any]) -> None:
    """As a number that cannot be meant."""
    assert said("settle", PROGRAM, "--jobs", "0")[0] == 2
