"""Accepting the platform's figure for a group of orders moves each line by its own orders."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import BadResolution
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.reconciling import order_breaks
from ledger.usecases.reconciling.comparison import Reconciliation
from ledger.usecases.reconciling.reconcile import record_run
from ledger.usecases.reconciling.resolve import resolve
from ledger.usecases.statements.closed_period import closed_period
from ledger.usecases.verifying.closed_periods import verify_closed
from tests.fees import AFTER_MAY, MAY, NOW, PROGRAM, Fees, Row, onboarded, order
from tests.marks import decision, sql
from tests.quarter import on_sqlite, silent

from .platform import breaks, charged, compared, compared_by_store

pytestmark = decision

OPTIONS: dict[str, Any] = {"reason": "final", "by": "lin", "now": NOW}


def run(fees: Fees, *rows: Row) -> Reconciliation:
    """A comparison that is recorded."""
    found = compared(fees, list(rows))
    record_run(fees.book, found, by="lin", profile="canonical", flipped=False)
    return found


def accept(fees: Fees, found: Reconciliation, number: int = 0) -> None:
    """Accepts a break of a comparison."""
    name = found.breaks[number].id
    resolve(fees.book, PROGRAM, MAY, name, resolution="accept_theirs", **OPTIONS)


def stands(fees: Fees) -> dict[str, str]:
    """What each line says by now; nothing may fail to verify."""
    assert [one.detail for one in verify_closed(fees.book, silent) if not one.ok] == []
    with fees.book.reading() as connection:
        known = closed_period(connection, PROGRAM, MAY, fees.book.head().position)
    return {one.line.payee: one.line.amount_text for one in known.current.values()}


def tell_and_close(book: Any, folder: Path) -> None:
    """Two orders of one store at 1 %, closed at -2.00."""
    fees = Fees(book, folder)
    fees.rates()
    fees.tell(onboarded("S-1"))
    fees.archive(order("a"), order("b"))
    close(fees.book, PROGRAM, MAY, by="lin", now=NOW, as_of=AFTER_MAY)


@pytest.fixture
def closed(book_with: Callable[[Any], Any], tmp_path: Path) -> Fees:
    """A book with a closed month."""
    return Fees(book_with(tell_and_close), tmp_path, calls=100)


@sql
def test_a_figure_that_was_accepted_is_ours_from_then_on(closed: Fees) -> None:
    """The next file is compared with it, and another figure moves the line from it, not twice."""
    accept(closed, run(closed, charged("a", "-1.50"), charged("b", "-1.00")))
    assert stands(closed) == {"store:S-1": "-2.50"}
    again = run(closed, charged("a", "-1.50"), charged("b", "-1.00"))
    assert (again.breaks, again.as_json()["ours"]) == ([], {"CNY": "-2.50"})
    other = run(closed, charged("a", "-1.20"), charged("b", "-1.00"))
    assert breaks(other) == [("amount_differs", "a", "-1.50", "-1.20", "-0.30")]
    assert other.breaks[0].id == f"{PROGRAM}/{MAY}#amount_differs#CNY"
    accept(closed, other)
    assert stands(closed) == {"store:S-1": "-2.20"}
    accept(closed, run(closed, charged("a", "-1.20")))
    assert stands(closed) == {"store:S-1": "-1.20"}


@on_sqlite
def test_a_figure_of_a_comparison_before_an_adjustment_is_not_accepted(closed: Fees) -> None:
    """The difference that it found is not the one that is left."""
    old = run(closed, charged("a", "-0.50"), charged("b", "-1.00"))
    closed.archive(order("a", refunded="50.00", updated_at="2020-06-03T00:00:00+08:00"))
    adjust(closed.book, PROGRAM, MAY, by="lin", now=NOW)
    head = closed.book.head()
    with pytest.raises(BadResolution, match="recalculated"):
        accept(closed, old)
    assert closed.book.head() == head
    assert stands(closed) == {"store:S-1": "-1.50"}
    assert run(closed, charged("a", "-0.50"), charged("b", "-1.00")).breaks == []


@on_sqlite
def test_a_comparison_before_the_close_is_not_accepted(fees: Fees) -> None:
    """It was made with a fresh run, whose clocks nobody knows the statements by."""
    fees.rates()
    fees.tell(onboarded("S-1"))
    fees.archive(order("a"))
    old = run(fees, charged("a", "-5.00"))
    close(fees.book, PROGRAM, MAY, by="lin", now=NOW, as_of=AFTER_MAY)
    with pytest.raises(BadResolution, match="recalculated"):
        accept(fees, old)


@on_sqlite
@pytest.mark.parametrize("resolution", ["accept_theirs", "timing", "platform_error"])
def test_what_was_accepted_is_not_resolved_otherwise(closed: Fees, resolution: Any) -> None:
    """The adjustment would stay."""
    found = run(closed, charged("a", "-1.50"), charged("b", "-1.00"))
    accept(closed, found)
    with pytest.raises(BadResolution, match="accepted before, at position"):
        resolve(closed.book, PROGRAM, MAY, found.breaks[0].id, resolution=resolution, **OPTIONS)


def test_an_order_is_not_accepted_twice_out_of_two_comparisons(closed: Fees) -> None:
    """Of two people with one file, or of a file of all stores and one of its own."""
    rows = [charged("a", "-1.50"), charged("b", "-1.00")]
    first, second = compared(closed, rows), compared(closed, rows)
    for found in (first, second):
        record_run(closed.book, found, by="lin", profile="canonical", flipped=False)
    accept(closed, second)
    assert stands(closed) == {"store:S-1": "-2.50"}
    record_run(closed.book, first, by="eve", profile="canonical", flipped=False)
    with pytest.raises(BadResolution, match="order a of S-1 was accepted since"):
        accept(closed, first)
    assert stands(closed) == {"store:S-1": "-2.50"}


@on_sqlite
def test_orders_of_a_line_that_was_accepted_whole_are_not(closed: Fees) -> None:
    """The line says what the platform says of it; no difference of an order is missing there."""
    found = compared_by_store(closed, "S-1,-2.50,CNY\n")
    record_run(closed.book, found, by="lin", profile="canonical", flipped=False)
    accept(closed, found)
    with pytest.raises(BadResolution, match="for the whole line"):
        accept(closed, run(closed, charged("a", "-1.50"), charged("b", "-1.00")))
    assert stands(closed) == {"store:S-1": "-2.50"}


@on_sqlite
def test_an_accepted_line_whose_facts_change_takes_no_further_figures(closed: Fees) -> None:
    """Its other orders are not stated as the rule gives them now, so no difference is right."""
    closed.tell(onboarded("S-2"))
    closed.archive(order("c", store="S-2"))
    adjust(closed.book, PROGRAM, MAY, by="lin", now=NOW)
    rest = [charged("b", "-1.00"), charged("c", "-1.00", "S-2")]
    accept(closed, run(closed, charged("a", "-1.50"), *rest))
    changed = {"refunded": "50.00", "updated_at": "2020-06-03T00:00:00+08:00"}
    closed.archive(order("c", store="S-2", **changed))
    adjust(closed.book, PROGRAM, MAY, by="lin", now=NOW)
    rest[1] = charged("c", "-0.50", "S-2")
    accept(closed, run(closed, charged("a", "-1.60"), *rest))
    assert stands(closed) == {"store:S-1": "-2.60", "store:S-2": "-0.50"}
    closed.archive(
        order("b", **changed),
        order("c", store="S-2", refunded="60.00", updated_at="2020-06-04T00:00:00+08:00"),
    )
    adjust(closed.book, PROGRAM, MAY, by="lin", now=NOW)
    rest[1] = charged("c", "-0.40", "S-2")
    with pytest.raises(BadResolution, match="facts have changed our side of it since"):
        accept(closed, run(closed, charged("a", "-1.70"), *rest))


@on_sqlite
def test_a_group_too_large_to_be_listed_is_counted_and_not_accepted(
    closed: Fees, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The smaller groups are listed, and can be."""
    monkeypatch.setattr(order_breaks, "ORDERS_MAX", 1)
    closed.archive(order("c", category="digital"))
    adjust(closed.book, PROGRAM, MAY, by="lin", now=NOW)
    found = run(closed, charged("a", "-1.50"), charged("b", "-1.50"), charged("c", "-2.00"))
    counts = {one.count: number for number, one in enumerate(found.breaks)}
    assert set(counts) == {1, 2}
    answer = found.as_json(full=True)["breaks"]
    assert [(one["order_id"], one.get("count")) for one in answer] == [("c", None), ("a", 2)]
    with pytest.raises(BadResolution, match="covers 2 orders, more than"):
        accept(closed, found, counts[2])
    accept(closed, found, counts[1])
    assert stands(closed) == {"store:S-1": "-4.00"}


@on_sqlite
def test_the_orders_of_a_line_that_says_nothing_say_nothing(fees: Fees) -> None:
    """A store with an order that has no rate is held whole, and so was issued at zero."""
    fees.rates()
    fees.tell(onboarded("S-1"))
    fees.archive(order("a"), order("b", category="gadgets"))
    options = {"by": "lin", "now": NOW, "as_of": AFTER_MAY}
    close(fees.book, PROGRAM, MAY, leave_open="no rate yet", **options)
    found = run(fees, charged("a", "-1.00"), charged("b", "-0.05"))
    assert found.as_json()["ours"] == {"CNY": "0.00"}
    (group,) = found.breaks
    assert (group.kind, group.count, group.likely) == ("amount_differs", 2, ())
    accept(fees, found)
    assert stands(fees) == {"store:S-1": "-1.05"}
    assert run(fees, charged("a", "-1.00"), charged("b", "-0.05")).breaks == []


def test_a_group_that_is_accepted_moves_every_line_by_its_orders(fees: Fees) -> None:
    """Two orders of S-1 and one of S-2 were charged in full; S-1's third order stays as it is."""
    fees.rates()
    fees.tell(onboarded("S-1"), onboarded("S-2"))
    fees.archive(order("a"), order("b"), order("c"), order("d", store="S-2"))
    close(fees.book, PROGRAM, MAY, by="lin", now=NOW, as_of=AFTER_MAY)
    rows = [charged("a", "-5.00"), charged("b", "-5.00"), charged("c", "-1.00")]
    found = compared(fees, [*rows, charged("d", "-5.00", "S-2")])
    (group,) = found.breaks
    assert group.count == 3
    record_run(fees.book, found, by="lin", profile="canonical", flipped=False)
    options = {"resolution": "accept_theirs", "reason": "final", "by": "lin", "now": NOW}
    answer = resolve(fees.book, PROGRAM, MAY, group.id, **options)
    assert answer["adjusted"] == 2
    with fees.book.reading() as connection:
        known = closed_period(connection, PROGRAM, MAY, fees.book.head().position)
    said = {one.line.subject: one.line.amount_text for one in known.current.values()}
    assert said == {"store:S-1": "-11.00", "store:S-2": "-5.00"}
    with pytest.raises(BadResolution):
        resolve(fees.book, PROGRAM, MAY, group.id, **options)
    left = adjust(fees.book, PROGRAM, MAY, by="lin", now=NOW)[1]
    assert (left["adjustments"], len(left["left_alone"])) == ([], 2)
    assert [one.detail for one in verify_closed(fees.book, silent) if not one.ok] == []
