"""Differences within a tolerance: marked and counted, and accepted only where that is decided."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from ledger.aggregates.reconciliation import ReconciliationRun
from ledger.intake.platform.canonical import read
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import BadAmount, BadResolution, Refusal, UnknownCurrency
from ledger.store.head import head_of
from ledger.usecases.closing.close import close
from ledger.usecases.reconciling.accept_within import accept_within
from ledger.usecases.reconciling.comparison import Reconciliation
from ledger.usecases.reconciling.platform_file import reconcile_file
from ledger.usecases.reconciling.reconcile import reconcile, run_of
from ledger.usecases.reconciling.tolerance import BadTolerance, parsed
from ledger.usecases.statements.closed_period import closed_period
from ledger.usecases.verifying.closed_periods import verify_closed
from tests.fees import AFTER_MAY, MAY, NOW, PROGRAM, Fees, Row, onboarded, order
from tests.marks import decision, sql
from tests.quarter import on_sqlite, silent

from .platform import charged, compared, said

pytestmark = decision

OLD = "2020-03-01T10:00:00+08:00"
CENTS = parsed(["CNY=0.05"])
THEIRS = {"a": "-5.02", "b": "-4.99", "c": "-5.06", "d": "-10.03"}
"""Beside ours of -5.00, -5.00, -5.00 and -10.00: two and one cent, six, and three of S-2."""


def tell(book: Any, folder: Path) -> None:
    """Three orders of S-1 and one of S-2."""
    fees = Fees(book, folder)
    fees.rates()
    fees.tell(onboarded("S-1", OLD), onboarded("S-2", OLD))
    fees.archive(*map(order, "abc"), order("d", store="S-2", amount="200.00"))


@pytest.fixture
def told(book_with: Callable[[Any], Any], tmp_path: Path) -> Fees:
    """A book with an open month."""
    return Fees(book_with(tell), tmp_path, calls=100)


def tell_and_close(book: Any, folder: Path) -> None:
    """The same, closed."""
    tell(book, folder)
    close(book, PROGRAM, MAY, by="lin", now=NOW, as_of=AFTER_MAY)


@pytest.fixture
def closed(book_with: Callable[[Any], Any], tmp_path: Path) -> Fees:
    """A book with a closed month."""
    return Fees(book_with(tell_and_close), tmp_path, calls=100)


def rows(**changed: str) -> list[Row]:
    """Their file, with other amounts."""
    stores = {"d": "S-2"}
    return [
        charged(name, amount, stores.get(name, "S-1"))
        for name, amount in {**THEIRS, **changed}.items()
    ]


def accept(
    fees: Fees, theirs: list[Row], agree: Callable[[dict[str, Any]], bool] = lambda _: True
) -> tuple[Reconciliation, dict[str, Any]]:
    """Keeps a comparison by order and accepts what the tolerance lets pass."""
    path = said(fees, theirs)

    def compare(connection: Connection) -> tuple[Reconciliation, ReconciliationRun]:
        clocks = Clocks(NOW, head_of(connection).position)
        found = reconcile_file(connection, PROGRAM, MAY, path, clocks, tolerance=CENTS)
        return found, run_of(found, profile="canonical", flipped=False)

    return accept_within(fees.book, compare, by="lin", now=NOW, agree=agree)


def stands(fees: Fees) -> dict[str, str]:
    """What each line says by now; nothing may fail to verify."""
    assert [one.detail for one in verify_closed(fees.book, silent) if not one.ok] == []
    with fees.book.reading() as connection:
        known = closed_period(connection, PROGRAM, MAY, fees.book.head().position)
    return {one.line.payee: one.line.amount_text for one in known.current.values()}


@on_sqlite
def test_differences_within_a_tolerance_are_marked_and_counted(told: Fees) -> None:
    """Up to it, per currency, apart from larger ones; nothing is hidden, and they are not open."""
    answer = compared(told, rows(), tolerance=CENTS).as_json()
    found = [(one["count"], one["difference"], one["within_tolerance"]) for one in answer["breaks"]]
    assert found == [(1, "0.06", False), (3, "0.04", True)]
    assert answer["tolerance"] == {"CNY": {"amount": "0.05", "count": 3, "difference": "0.04"}}
    assert answer["open"] == 1
    full = compared(told, rows(), tolerance=CENTS).as_json(full=True)["breaks"]
    assert [(one["order_id"], one["within_tolerance"]) for one in full] == [
        *(("c", False), ("a", True), ("b", True), ("d", True)),
    ]
    assert compared(told, rows(), tolerance=parsed(["USD=1"])).as_json()["open"] == 1
    assert "tolerance" not in compared(told, rows()).as_json()


@on_sqlite
def test_a_missing_order_is_within_no_tolerance(told: Fees) -> None:
    """Nor is one too many, however small."""
    theirs = [*rows()[1:], charged("z", "-0.01")]
    found = compared(told, theirs, tolerance=parsed(["CNY=100"])).breaks
    assert {one.kind: one.within for one in found} == {
        "amount_differs": "100.00",
        "missing_theirs": None,
        "missing_ours": None,
    }


@sql
def test_what_is_accepted_is_adjusted_with_its_reason(closed: Fees) -> None:
    """With the comparison, in one transaction; the larger difference stays open."""
    before = closed.book.head().position
    found, answer = accept(closed, rows())
    assert (answer["accepted"], answer["run"], answer["recorded"]) == (3, before + 1, 4)
    assert stands(closed) == {"store:S-1": "-15.01", "store:S-2": "-10.03"}
    said_of = [one.event.reason for one in closed.facts("break-resolved.v1")]
    assert said_of == ["within the tolerance of 0.05 CNY"]
    adjusted = [one.event.reason for one in closed.facts("statement-adjusted.v1")]
    assert set(adjusted) == set(said_of)
    assert [one.count for one in found.open] == [1]
    again = compared(closed, rows())
    assert [(one.order_id, one.difference) for one in again.breaks] == [("c", "0.06")]


@on_sqlite
def test_two_groups_of_one_line_are_both_accepted(fees: Fees) -> None:
    """One that is cut off, and one that nothing explains."""
    fees.rates()
    fees.tell(onboarded("S-1", OLD))
    fees.archive(order("a", amount="10.10"), order("b"))
    close(fees.book, PROGRAM, MAY, by="lin", now=NOW, as_of=AFTER_MAY)
    answer = accept(fees, [charged("a", "-0.50"), charged("b", "-5.03")])[1]
    assert (answer["accepted"], answer["adjusted"]) == (2, 2)
    assert stands(fees) == {"store:S-1": "-5.53"}


@on_sqlite
def test_nothing_is_accepted_before_the_close_or_of_turned_signs(told: Fees) -> None:
    """The refusal says what to do, and the log stays as it is."""
    head = told.book.head()
    with pytest.raises(BadResolution, match="is not closed") as refused:
        accept(told, rows())
    assert f"duebook close {PROGRAM} {MAY}" in refused.value.hint
    close(told.book, PROGRAM, MAY, by="lin", now=NOW, as_of=AFTER_MAY)
    head = told.book.head()
    same = {"a": "5.00", "b": "5.00", "c": "5.00", "d": "10.00"}
    with pytest.raises(BadResolution, match="other sign"):
        accept(told, rows(**same))
    assert told.book.head() == head


@on_sqlite
def test_whoever_does_not_agree_records_nothing(closed: Fees) -> None:
    """Who is asked sees the sum; where nothing passes nobody is asked, and the run is kept."""
    seen: list[dict[str, Any]] = []
    head = closed.book.head()
    answer = accept(closed, rows(), lambda plan: bool(seen.append(plan)))[1]
    assert (answer["recorded"], answer["run"], closed.book.head()) == (0, None, head)
    assert seen[0]["tolerance"]["CNY"]["difference"] == "0.04"
    ours = {"a": "-5.00", "b": "-5.00", "c": "-5.00", "d": "-9.00"}
    answer = accept(closed, rows(**ours), lambda _: pytest.fail("asked"))[1]
    assert (answer["accepted"], answer["recorded"]) == (0, 1)


@sql
def test_lines_are_let_pass_too(closed: Fees) -> None:
    """Of a file by store."""
    path = closed.folder / "by-store.csv"
    path.write_text("store,amount,currency\nS-1,-15.04,CNY\nS-2,-10.06,CNY\n", encoding="utf-8")

    def compare(connection: Connection) -> tuple[Reconciliation, ReconciliationRun]:
        clocks = Clocks(NOW, head_of(connection).position)
        found = reconcile(connection, PROGRAM, MAY, read(str(path)), clocks, tolerance=CENTS)
        return found, run_of(found, profile="canonical", flipped=False)

    found, answer = accept_within(closed.book, compare, by="lin", now=NOW)
    assert (answer["accepted"], [one.line[-3:] for one in found.open]) == (1, ["S-2"])
    assert stands(closed) == {"store:S-1": "-15.04", "store:S-2": "-10.00"}


@pytest.mark.parametrize(
    ("texts", "error"),
    [
        (["CNY"], BadTolerance),
        (["CNY=0"], BadTolerance),
        (["CNY=-1"], BadTolerance),
        (["CNY=1", "CNY=2"], BadTolerance),
        (["CNY=0.001"], BadAmount),
        (["XXY=1"], UnknownCurrency),
    ],
)
def test_a_tolerance_that_is_no_amount_is_refused(texts: list[str], error: type[Refusal]) -> None:
    """With what was found and how to write it."""
    with pytest.raises(error) as refused:
        parsed(texts)
    assert refused.value.hint
