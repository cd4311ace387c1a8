"""Programs are named by the beginning of their id; what is typed wrongly exits with 2."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Duebook = Callable[..., Any]
PROGRAM = "recruiting-eu-jp-2026q1"
LEFT = ("--leave-open", "--reason", "x", "--by", "lin")
JSON = ("--format", "json")
MISTYPED: dict[str, tuple[tuple[str, ...], str]] = {
    "a program": (("settle", "recruting-eu-jp"), f"Did you mean {PROGRAM}?"),
    "the beginning of several": (("settle", "s"), "samples-us-2024, service-agreements-2022"),
    "a program to close": (("close", "recruting", *LEFT), "Published: "),
    "a program to show": (("programs", "fee"), "technical-fee-2020"),
    "a report": (("report", "storez"), "Did you mean stores?"),
    "a column": (("report", "stores", "--where", "shop=1"), "Columns: store, "),
    "a column to compare": (("report", "stores", "--where", "shop > 1"), "Columns: store, "),
    "a column to sort by": (("report", "stores", "--sort", "shop"), "Columns: store, "),
    "a column where no row is left": (
        ("report", "stores", "--where", "store=none", "--columns", "shop"),
        "Columns: store, ",
    ),
    "a column of what is worked out": (
        ("report", "obligations", "--as-of", "2026-06-30", "--where", "shop=1"),
        "Columns: ",
    ),
    "a program to query": (("query", "select 1 from lines", "--program", "fee"), "Published: "),
    "a period of no program": (
        ("query", "select 1 from lines", "--period", "2020-05"),
        "--program",
    ),
    "a fact": (("facts", "StoreOpend"), "Did you mean StoreReopened?"),
    "a day": (("settle", PROGRAM, "--as-of", "31/3/2026"), "Write a day such as 2026-03-31"),
    "a month of thirteen": (("settle", PROGRAM, "--as-of", "2026-13"), "2026-13"),
    "a day of no month": (("lock", "2026-02-30", "--by", "lin"), "2026-02-30"),
    "a position": (("settle", PROGRAM, "--known-at", "999999"), "positions are 1 to "),
    "an instant without a zone": (
        ("settle", PROGRAM, "--as-of", "2026-03-31T10:00"),
        "has no zone",
    ),
    "an account": (("balances", "Liabilites"), "Did you mean Liabilities"),
    "an account of the journal": (("journal", "--account", "asets"), "Did you mean Assets"),
    "days the wrong way round": (
        ("balances", "--from", "2026-03-31", "--to", "2026-01-01"),
        "is after",
    ),
}


@pytest.mark.parametrize("typed", MISTYPED)
def test_what_is_typed_wrongly_exits_with_2_and_says_what_to_type(
    demo: Path, duebook: Duebook, typed: str
) -> None:
    """Nothing on standard output, and the next step on standard error."""
    words, said = MISTYPED[typed]
    ran = duebook(*words)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert said in ran.err


@pytest.mark.parametrize("typed", ["r", "Recruiting", "recruiting-eu-jp-2026q1"])
def test_a_program_may_be_named_by_its_beginning(demo: Path, duebook: Duebook, typed: str) -> None:
    """In every command that takes one; the answer has its whole id."""
    june = ("--as-of", "2026-06-30")
    assert duebook("settle", typed, *june, *JSON).json["program"] == PROGRAM
    assert duebook("programs", typed, *JSON).json["program"] == PROGRAM
    lines = "select distinct program, stands from lines"
    for days in ((), june):
        fresh = duebook("query", lines, "--program", typed, *days, *JSON).json
        assert fresh == [{"program": PROGRAM, "stands": "fresh"}]
    assert duebook("close", typed, *LEFT, *JSON).json["program"] == PROGRAM
    assert duebook("statement", typed, *JSON).json["program"] == PROGRAM
    assert duebook("adjust", typed, "--dry-run", *JSON).json["program"] == PROGRAM
    assert duebook("replay", typed).code == 0
    theirs = Path(__file__).parents[2] / "fixtures" / "demo" / "platform-2026q1.csv"
    assert duebook("reconcile", typed, "--against", theirs, *JSON).json["program"] == PROGRAM
