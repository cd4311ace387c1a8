"""What a row of `report audit` moved in money, however many statements a decision was about."""

import time
from pathlib import Path
from typing import Any

import pytest

from ledger.aggregates.settlement import AdjustedLine
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book
from ledger.usecases.reconciling.reconcile import run_of
from ledger.usecases.reconciling.resolve import resolve
from projections.reports.acts import differences
from tests.projections.trail import LESS, PAYEE_1, PAYEE_2, last, new_rows
from tests.quarter import NOW, PROGRAM, amount_of, closure
from tests.reconciling import Desk, discounted


@pytest.fixture
def desk(book: Book, tmp_path: Path) -> Desk:
    """S-1 and S-2 of P-1 at 2000.00, S-5 of P-2 at 1600.00, closed."""
    made = discounted(book, tmp_path)
    made.close()
    return made


def move_both(desk: Desk) -> None:
    """Late closures of S-1 and S-5: a statement of P-1 and one of P-2 change."""
    desk.tell([closure("S-1"), closure("S-5")])


def test_one_adjustment_of_several_statements_is_one_row(desk: Desk) -> None:
    """Its money is the sum of what the statements say, and the answer's."""
    move_both(desk)
    answer: dict[str, Any] = {}
    (row,) = new_rows(desk.book, lambda: answer.update(desk.adjust()))
    assert answer["recorded"] == 2
    assert row["effect"] == answer["totals"] == {"CNY": "-3600.00"}
    assert row["position"] == answer["position"] - 1, "the first of its events"


def test_two_adjustments_in_one_instant_are_two_rows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing lies between them, the clock stands still, and both are of one statement: the first
    is as of July, the second sees what August took back."""
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now)
    august = "2026-08-01T09:00:00+08:00"
    desk.tell([closure("S-1"), amount_of("S-2", "-1400.00", august)])
    july = parse_instant("2026-07-15T00:00:00Z")
    first = new_rows(desk.book, lambda: desk.adjust(as_of=july))
    second = new_rows(desk.book, desk.adjust)
    shown = [(row["what"], row["effect"]) for row in (*first, *second)]
    assert shown == [("adjusted", {"CNY": "-2000.00"})] * 2
    assert first[0]["recorded_at"] == second[0]["recorded_at"]
    assert first[0]["position"] == second[0]["position"] - 1


def test_a_comparison_resolved_in_the_same_call_is_two_rows(desk: Desk) -> None:
    """The comparison, and the resolution with the adjustment that it brought."""
    found = desk.compare(LESS)
    run = run_of(found, profile="canonical", flipped=False)
    said = {"resolution": "accept_theirs", "reason": "theirs is right", "by": "mia", "now": NOW}
    added = new_rows(
        desk.book,
        lambda: resolve(desk.book, PROGRAM, None, "1", compare=lambda _: run, **said),
    )
    assert [(row["what"], row["effect"], row["by"]) for row in added] == [
        ("kept comparison", {}, "mia"),
        ("resolved break", {"CNY": "-600.00"}, "mia"),
    ]


def test_a_row_s_money_is_the_statements(desk: Desk) -> None:
    """The close's is what its statements add up to, the adjustment's what they moved by."""
    issued = {row["statement"]: row["issued"] for row in desk.rows("statements")}
    assert issued == {PAYEE_1: "4000.00", PAYEE_2: "1600.00"}
    assert last(desk.book)["effect"] == {"CNY": "5600.00"}
    move_both(desk)
    desk.adjust()
    moved = {row["statement"]: row["adjusted"] for row in desk.rows("statements")}
    assert moved == {PAYEE_1: "-2000.00", PAYEE_2: "-1600.00"}
    assert last(desk.book)["effect"] == {"CNY": "-3600.00"}


def test_a_line_that_is_passed_on_counts_once_and_each_currency_for_itself() -> None:
    """It stands on its payee's statement, and reversed on its payer's; a decision has no money."""

    def line(difference: str | None, currency: str | None, payee: str | None = None) -> Any:
        own = {"line": "X/1", "kind": "fee", "subject": "S-1", "outcome": "payable"}
        return AdjustedLine(**own, difference=difference, currency=currency, payee=payee)

    passed_on = [line("10.00", "CNY"), line("-10.00", "CNY", "creator:C-1")]
    others = [line("-0.10", "CNY"), line("7", "JPY"), line(None, None)]
    assert differences([*passed_on, *others]) == {"CNY": "9.90", "JPY": "7"}
    assert str(differences(others)) == "-0.10 CNY;7 JPY"
