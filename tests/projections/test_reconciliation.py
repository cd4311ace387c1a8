"""`report reconciliation`: every break that was ever found, its state, and how old it is."""

from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import format_instant
from ledger.store.log import read_log
from tests.marks import decision
from tests.quarter import PROGRAM, TERM_OVER
from tests.reconciling import PLAIN, SOUND, Desk, discounted, rows

DAY = 86_400_000_000
LESS = [*PLAIN, *rows(("S-5", "1000.00"))]
DIFFERS = f"{PROGRAM}/S-5#amount_differs"


@pytest.fixture
def desk(book: Any, tmp_path: Path) -> Desk:
    """S-1 and S-2 at 2000.00, S-5 at 1600.00."""
    return discounted(book, tmp_path)


def shown(desk: Desk, known_at: int | None = None, days: float = 0) -> dict[str, dict[str, Any]]:
    """The report by break, so many days after the first run."""
    clocks = Clocks(first_run(desk) + int(days * DAY), known_at or desk.book.head().position)
    return {row["break"].partition("/")[2]: row for row in desk.rows("reconciliation", clocks)}


def first_run(desk: Desk) -> int:
    """When the first run was recorded."""
    with desk.book.reading() as connection:
        found = read_log(connection, stream=f"reconciliation:{PROGRAM}")
        return next(found).recorded_at


def test_a_break_is_shown_with_what_was_found(desk: Desk) -> None:
    """Both amounts, the difference, what it may come from, and since when."""
    desk.run(LESS)
    (row,) = shown(desk).values()
    assert (row["break"], row["kind"], row["line"]) == (
        *(DIFFERS, "amount_differs", f"{PROGRAM}/S-5"),
    )
    assert (row["ours"], row["theirs"], row["difference"]) == ("1600.00", "1000.00", "600.00")
    assert (row["currency"], row["likely"]) == ("CNY", "governance_ratio")
    assert (row["state"], row["resolution"], row["by"]) == ("open", None, None)
    assert row["since"] == format_instant(first_run(desk))


@pytest.mark.parametrize(
    ("days", "age"),
    [
        (0, "0-7"),
        (7.99, "0-7"),
        (8, "8-30"),
        (30.99, "8-30"),
        (31, "31-90"),
        (90.99, "31-90"),
        (91, "over 90"),
        (-5, "0-7"),
    ],
)
@decision
def test_an_open_break_ages_at_as_of(desk: Desk, days: float, age: str) -> None:
    """In whole days since the first run that found it; before it, none."""
    desk.run(LESS)
    desk.run(LESS)
    row = shown(desk, days=days)["S-5#amount_differs"]
    assert (row["days"], row["age"]) == (max(int(days), 0), age)


def test_a_break_that_the_next_run_no_longer_finds_is_gone(desk: Desk) -> None:
    """It ages no more, keeps its last figures, and is open again when it comes back."""
    desk.run(LESS)
    desk.run(SOUND)
    gone = shown(desk, days=40)["S-5#amount_differs"]
    assert (gone["state"], gone["days"], gone["theirs"]) == ("gone", 0, "1000.00")
    desk.run([*PLAIN, *rows(("S-5", "7.00"))])
    back = shown(desk, days=40)["S-5#amount_differs"]
    assert (back["state"], back["days"], back["theirs"]) == ("open", 40, "7.00")


@decision
def test_a_resolved_break_says_how_and_by_whom(desk: Desk) -> None:
    """It stays so in later runs with the same figure, and opens with another one."""
    desk.run(LESS)
    desk.resolve(DIFFERS, "timing")
    for _ in range(2):
        row = shown(desk, days=50)["S-5#amount_differs"]
        assert (row["state"], row["resolution"], row["by"]) == ("resolved", "timing", "lin")
        assert row["days"] == 0
        desk.run(LESS)
    desk.run([*PLAIN, *rows(("S-5", "1000.01"))])
    row = shown(desk, days=50)["S-5#amount_differs"]
    assert (row["state"], row["resolution"], row["by"]) == ("open", None, None)
    assert row["days"] == 50


def test_an_accepted_break_stays_resolved_when_it_is_found_no_more(desk: Desk) -> None:
    """The line was adjusted, so the next run agrees; how it ended stays on record."""
    desk.close(as_of=TERM_OVER)
    desk.run(LESS)
    desk.resolve(DIFFERS, "accept_theirs")
    assert desk.run(LESS).breaks == []
    row = shown(desk)["S-5#amount_differs"]
    assert (row["state"], row["resolution"]) == ("resolved", "accept_theirs")


def test_the_report_looks_back(desk: Desk) -> None:
    """At an earlier known-at a break is not found, open, or not resolved yet."""
    start = desk.book.head().position
    desk.run(LESS)
    found = desk.book.head().position
    desk.resolve(DIFFERS, "timing")
    desk.run(SOUND)
    assert shown(desk, start) == {}
    states = [shown(desk, found + n)["S-5#amount_differs"]["state"] for n in range(3)]
    assert states == ["open", "resolved", "resolved"]


def test_a_run_of_one_program_says_nothing_of_another(desk: Desk) -> None:
    """Breaks of recruiting are not gone because the growth file was compared."""
    desk.run(LESS)
    desk.run([["S-9", "1.00", "USD"]], "store,amount,currency", program="growth-2026-05")
    states = {row["break"]: row["state"] for row in shown(desk).values()}
    assert states == {DIFFERS: "open", "growth-2026-05/S-9#missing_ours": "open"}


@decision
def test_breaks_are_listed_in_order(desk: Desk) -> None:
    """By id, as the command lists them."""
    desk.run([*rows(("S-9", "1.00")), *SOUND[1:]])
    names = [row["break"] for row in shown(desk).values()]
    assert names == [f"{PROGRAM}/S-1#missing_theirs", f"{PROGRAM}/S-9#missing_ours"]
