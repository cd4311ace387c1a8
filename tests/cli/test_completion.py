"""Shell completion: nobody types what the book or the product knows; no answer takes long."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.at_a_glance import declared, fact_types, reports, views
from cli.commands import COMMANDS
from ledger.aggregates.catalogue import FACTS
from ledger.programs.periods import month
from ledger.programs.registry import programs
from projections import catalogue
from projections.catalogue import VIEWS
from tests.roles import Roles

Duebook = Callable[..., Any]
QUARTER = "recruiting-eu-jp-2026q1"
FEES = "technical-fee-2020"
STATEMENT = f"{FEES}/2020-05/store:D-01"
COMPLETED = {
    "a program": ("settle tech", [FEES]),
    "a month": (f"settle {FEES} 2020-0", [f"2020-0{n}" for n in range(5, 10)]),
    "a month by the beginning of its program": ("settle tech 2020-05", ["2020-05"]),
    "a month to close": (f"close {FEES} 2020-0", [f"2020-0{n}" for n in range(6, 10)]),
    "a month that is closed": (f"adjust {FEES} ", ["2020-05"]),
    "no month of a whole term": (f"settle {QUARTER} ", []),
    "the first of several months": (f"settle {FEES} --from 2020-05", ["2020-05"]),
    "the program of a line": ("explain tech", [f"{FEES}/"]),
    "the month of a line": (f"explain {FEES}/2020-05", [f"{FEES}/2020-05/"]),
    "a line of a month": (f"explain {FEES}/2020-05/D-01", [f"{FEES}/2020-05/D-01"]),
    "a line": (f"explain {QUARTER}/S-104", [f"{QUARTER}/S-104{n}" for n in range(10)]),
    "a line by its subject": ("explain D-0", [f"D-0{n}" for n in range(1, 7)]),
    "a payee": (f"statement {QUARTER} --payee partner:P-05", ["partner:P-05"]),
    "a statement": ("pay tech", [f"{FEES}/2020-05/store:D-0{n}" for n in range(1, 7)]),
    "a statement to show": (f"statement {STATEMENT[:-1]}1", [STATEMENT]),
    "a party": ("pay store:D-01", ["store:D-01"]),
    "a report": ("report st", ["statements", "stores"]),
    "a report of a program": ("report bin", ["bindings"]),
    "a read model": ("rebuild st", ["statements", "stores"]),
    "an account": ("balances Expenses:I", [f"Expenses:Incentive:{QUARTER}"]),
    "a stream": ("log store:S-1031", ["store:S-1031"]),
    "a type of fact": ("facts Store", [one for one in sorted(FACTS) if one.startswith("Store")]),
    "the type of rows": ("record --type GMV", ["GMVRecorded"]),
    "a break": (
        f"reconcile {QUARTER} --resolve {QUARTER}/S-1003",
        [f"{QUARTER}/S-1003#amount_differs"],
    ),
}  # fmt: skip


def completed(words: str, shell: str = "zsh", **environment: str) -> list[str]:
    """What the shell offers for the last of some words."""
    typed = ["duebook", *words.split(" ")]
    given = {"COMP_WORDS": " ".join(typed), "COMP_CWORD": str(len(typed) - 1)}
    ran = subprocess.run(
        [Path(sys.executable).parent / "duebook"],
        env={**os.environ, "_DUEBOOK_COMPLETE": f"{shell}_complete", **given, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ""
    if shell == "bash":
        return [line.partition(",")[2] for line in ran.stdout.splitlines()]
    return ran.stdout.splitlines()[1::3]


@pytest.mark.parametrize("what", COMPLETED)
def test_the_shell_completes(busy: Path, duebook: Duebook, what: str) -> None:
    """Each from the book or the product, and nothing else."""
    words, expected = COMPLETED[what]
    if words.startswith("balances"):
        duebook("report", "trial-balance")  # brings the read model up to date
    assert completed(words) == expected


def test_bash_ends_words_at_colons_and_is_answered_all_the_same(busy: Path) -> None:
    """Bash hands `partner:P-0` over as three words, and puts what it gets behind the colon."""
    words = f"statement {QUARTER} --payee partner : P-0"
    assert completed(words, "bash") == [f"P-0{n}" for n in range(1, 6)]
    assert completed("log store : S-1001", "bash") == ["S-1001"]
    assert completed("settle tech", "bash") == [FEES]


@pytest.mark.parametrize("words", ["settle ", "explain S", "pay P", "log s", "balances A"])
def test_without_a_book_nothing_is_completed_and_nothing_is_said(here: Path, words: str) -> None:
    """A file that is no book has no names either; kinds of accounts are always the same."""
    expected = ["Assets"] if words.startswith("balances") else []
    assert completed(words) == expected
    (here / "duebook.db").write_text("no book", encoding="utf-8")
    assert completed(words) == expected


def test_names_of_a_book_on_a_server_are_completed(closed_once: Roles, here: Path) -> None:
    """By the same questions."""
    book = {"DUEBOOK_BOOK": closed_once.of("reviewer")}
    assert completed("settle rec", **book) == [QUARTER]
    assert completed(f"pay {QUARTER}", **book) == [f"{QUARTER}/partner:P-{n}" for n in (1, 2)]


def test_what_is_read_from_the_source_is_what_the_product_has() -> None:
    """Facts, reports, read models, and how each program settles: a declaration that is written in
    another way than the others would be missed."""
    assert fact_types() == sorted(FACTS)
    assert reports() == sorted(catalogue.reports())
    assert views() == sorted(VIEWS)
    for rules, program in programs().items():
        own = declared(rules)
        assert own.by_month == program.periods.by_month, rules
        assert own.month_in_line == (program.periods.days_of is month), rules
        assert " or ".join(own.subjects) == program.subject, rules


def test_the_completion_imports_neither_the_database_library_nor_the_programs() -> None:
    """A shell asks with every key: what is imported is what it costs."""
    code = "import sys, cli.main, cli.completion; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(shown.stdout.split())
    assert not loaded & {"sqlalchemy", "pydantic", "duckdb", "rich", "eventsourcing"}
    assert not {one for one in loaded if one.startswith("ledger.programs")}


def test_every_argument_that_names_something_is_completed() -> None:
    """An argument without completion is a file, a day, a position, SQL or a choice of its own."""
    bare = {
        (command.name, one.name)
        for command in COMMANDS
        for one in command.params
        if one.param_type_name == "argument"
        and one._custom_shell_complete is None
        and type(one.type).__name__ == "StringParamType"
    }
    assert bare == {("query", "sql"), ("proof", "of"), ("proof", "other")}
