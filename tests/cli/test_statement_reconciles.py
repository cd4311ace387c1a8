"""Our own statements, read back through the profile `duebook-statement`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Duebook = Callable[..., Any]
QUARTER = ("recruiting-eu-jp-2026q1",)
FEES = ("technical-fee-2020", "2020-05")
DECISIONS = ("partner-admission-2022", "2026-03")
READ = ("--profile", "duebook-statement", "--format", "json")


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize("period", [QUARTER, FEES], ids=" ".join)
def test_a_closed_period_reconciles_with_its_own_statement(
    busy: Path, duebook: Duebook, period: tuple[str, ...], suffix: str
) -> None:
    """Adjusted and paid in part: adjustments count, payments do not; every line agrees."""
    assert duebook("statement", *period, "-o", f"theirs.{suffix}").code == 0
    answer = duebook("reconcile", *period, "--against", f"theirs.{suffix}", *READ)
    assert answer.code == 0
    assert answer.json["breaks"] == []
    assert answer.json["matched"] > 0
    assert answer.json["ours"] == answer.json["theirs"]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_decisions_reconcile_by_their_outcome(demo: Path, duebook: Duebook, suffix: str) -> None:
    """A statement of decisions has no amounts."""
    closed = duebook("close", *DECISIONS, "--leave-open", "--reason", "a trial", "--by", "lin")
    assert closed.code == 0, closed.err
    duebook("statement", *DECISIONS, "-o", f"theirs.{suffix}")
    answer = duebook("reconcile", *DECISIONS, "--against", f"theirs.{suffix}", *READ)
    assert (answer.code, answer.json["breaks"]) == (0, [])
    assert answer.json["matched"] > 0


@pytest.mark.parametrize("languages", [["zh"], ["zh", "en"], ["en", "zh"]], ids=" ".join)
@pytest.mark.parametrize("period", [QUARTER, DECISIONS], ids=" ".join)
def test_a_workbook_in_other_languages_is_read_too(
    busy: Path, duebook: Duebook, period: tuple[str, ...], languages: list[str]
) -> None:
    """Heads, titles, totals and outcomes as its sender's letterhead has them."""
    if period == DECISIONS:
        duebook("close", *period, "--leave-open", "--reason", "a trial", "--by", "lin")
    Path("letterhead.toml").write_text(f"languages = {languages}\n", encoding="utf-8")
    assert duebook("statement", *period, "-o", "theirs.xlsx").code == 0
    answer = duebook("reconcile", *period, "--against", "theirs.xlsx", *READ)
    assert (answer.code, answer.json["breaks"]) == (0, [])
    assert answer.json["matched"] > 0
    assert answer.json["ours"] == answer.json["theirs"]


@pytest.mark.parametrize("payee", ["P-01", "P-03"])
def test_the_statement_of_a_single_payee_is_read_line_by_line(
    payee: str, busy: Path, duebook: Duebook
) -> None:
    """With its letterhead above and its seal below, with payments or without; what is missing is
    the other payees' lines alone."""
    Path("letterhead.toml").write_text(
        'name = "Line Amount Currency"\naddress = ["Outcome"]\n', encoding="utf-8"
    )
    assert duebook("statement", payee, "-o", "theirs.xlsx").code == 0
    answer = duebook("reconcile", *QUARTER, "--against", "theirs.xlsx", *READ).json
    own = duebook("statement", payee, "--format", "json").json
    assert answer["matched"] == len(own["lines"])
    assert {each["kind"] for each in answer["breaks"]} == {"missing_theirs"}


def test_a_workbook_of_an_earlier_version_is_read(busy: Path, duebook: Duebook) -> None:
    """Its heads were the names of CSV; it is the statement of the same quarter."""
    old = Path(__file__).parents[1] / "golden" / "statements" / "before-letterheads.xlsx"
    answer = duebook("reconcile", *QUARTER, "--against", old, *READ)
    assert (answer.code, answer.json["breaks"]) == (0, [])
    assert answer.json["matched"] == 52
    assert answer.json["ours"] == answer.json["theirs"]


def test_a_line_that_their_book_has_otherwise_is_a_break(busy: Path, duebook: Duebook) -> None:
    """One amount of the statement is another: that line differs, by that much."""
    duebook("statement", *QUARTER, "-o", "theirs.csv")
    text = Path("theirs.csv").read_text(encoding="utf-8-sig")
    line = next(row for row in text.splitlines() if row.startswith("issued") and "2000.00" in row)
    Path("theirs.csv").write_text(text.replace(line, line.replace("2000.00", "1600.00")), "utf-8")
    answer = duebook("reconcile", *QUARTER, "--against", "theirs.csv", *READ)
    assert answer.code == 3
    (found,) = answer.json["breaks"]
    assert (found["kind"], found["difference"]) == ("amount_differs", "400.00")
