"""Explanations of a run in parts: in a file, while its lines are in memory."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from ledger.kernel.clocks import Clocks
from ledger.store.book import Book
from ledger.usecases.closing.standing_lines import standing
from ledger.usecases.settling import parts
from ledger.usecases.settling.explanation_file import spooled
from ledger.usecases.settling.settle import Settlement, published_edition, settle
from tests.quarter import PROGRAM, TERM_OVER, Quarter, closure, held_quarter


@pytest.fixture
def quarter(book_with: Callable[[Any], Book], tmp_path: Path) -> Quarter:
    """A book with four stores of two partners, one line of which is held."""
    quarter = Quarter(book_with(None), tmp_path)
    quarter.tell(held_quarter())
    return quarter


def test_explanations_of_a_run_in_parts_lie_in_a_file_and_are_the_same(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an open period and of a closed one with adjustments; none is held after it was shown."""
    monkeypatch.setattr(parts, "SUBJECTS_MAX", 1)
    monkeypatch.setattr(parts, "FACTS_LEAST", 0)
    for closed in (False, True):
        if closed:
            quarter.close(as_of=TERM_OVER, leave_open="later")
            quarter.tell([closure("S-2", "counterfeit")])
            quarter.adjust()
        clocks = Clocks(TERM_OVER, quarter.book.head().position)
        with quarter.book.reading() as connection, spooled() as spool:
            edition = published_edition(connection, PROGRAM, clocks)
            answers: list[Settlement] = []
            for own in (None, spool):
                answers.append(
                    (closed and standing(connection, PROGRAM, None, clocks, spool=own))
                    or settle(connection, edition, clocks, spool=own)
                )
            held, kept = answers
            assert kept.as_json() == held.as_json() == kept.as_json()
            assert all(line.explanation.label for line in kept.lines)
            kinds = {type(line.explained).__name__ for line in kept.lines}
            assert kinds == {"_Spooled"}


def test_a_disk_without_room_is_told_with_what_to_do(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And with nothing else: what was being worked out is put away in peace."""
    monkeypatch.setattr(parts, "SUBJECTS_MAX", 1)
    monkeypatch.setattr(parts, "FACTS_LEAST", 0)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    words = ["settle", PROGRAM, "--book", quarter.book.location, "--as-of", "2026-06-30"]
    assert run([*words, "--format", "json"]) == 1
    said = capsys.readouterr()
    assert not said.out
    assert [line.partition(" in ")[0] for line in said.err.splitlines()] == [
        "Error: The explanations of the lines have no room",
        "Free some disk space, or name another folder",
    ]
