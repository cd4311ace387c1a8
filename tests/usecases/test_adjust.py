"""Adjusting a closed period: the difference, line by line, and exactly the facts that made it."""

from pathlib import Path
from typing import Any

import pytest

from ledger.aggregates.settlement import StatementAdjusted
from ledger.kernel.errors import (
    ConcurrentWrite,
    InFuture,
    NotClosed,
    PeriodOpen,
    ReadOnlyBook,
    UnknownProgram,
    WrongPeriod,
)
from ledger.kernel.instants import parse_instant
from ledger.store.book import open_book
from ledger.store.log import read_log
from ledger.usecases.closing import adjust as adjusting
from ledger.usecases.record_decisions import record_decisions
from ledger.usecases.terms.publish import publish
from tests.marks import decision, sql
from tests.quarter import (
    NOW,
    PROGRAM,
    TERM_OVER,
    Quarter,
    changes,
    closure,
    edition,
    held_quarter,
    on_sqlite,
    plain_quarter,
)

pytestmark = decision

P_1, P_9 = "partner:P-1", "partner:P-9"
CLAWBACK = ("2000.00", "0.00", "-2000.00", "declined")
RELEASED = ("0.00", "2000.00", "2000.00", "payable")
UNCHANGED = ("0.00", "0.00", "0.00")


@pytest.fixture
def quarter(book: Any, tmp_path: Path) -> Quarter:
    """A book with the plain quarter, closed: S-1 and S-2 of P-1, 2000.00 each."""
    made = Quarter(book, tmp_path)
    made.tell(plain_quarter())
    made.close(as_of=TERM_OVER)
    return made


@pytest.fixture
def held(book: Any, tmp_path: Path) -> Quarter:
    """As well P-2 with S-4, closed for counterfeits, and S-5, held for an unpublished ratio."""
    made = Quarter(book, tmp_path)
    made.tell(held_quarter())
    made.close(as_of=TERM_OVER, leave_open="ratios come later")
    return made


def test_a_period_that_is_not_closed_cannot_be_adjusted(book: Any, tmp_path: Path) -> None:
    """The next step is to close it, where there is such a period at all."""
    quarter = Quarter(book, tmp_path)
    quarter.tell(plain_quarter())
    with quarter.refused(NotClosed) as raised:
        quarter.adjust()
    assert f"{PROGRAM} is not closed at position {book.head().position}" in raised.value.sentence
    assert f"duebook close {PROGRAM} --by NAME" in raised.value.hint
    with quarter.refused(UnknownProgram):
        quarter.adjust("recruiting-2031")
    with quarter.refused(WrongPeriod) as wrong:
        quarter.adjust("technical-fee-2020")
    assert wrong.value.hint == "Name it: technical-fee-2020 2020-05"
    with quarter.refused(WrongPeriod) as wrong:
        quarter.adjust(period="2026-01")
    assert wrong.value.hint == f"Leave the period out: {PROGRAM}"


def test_an_adjustment_stands_neither_in_the_future_nor_before_the_period_is_over(
    quarter: Quarter,
) -> None:
    """A decision stands at what has happened."""
    with quarter.refused(InFuture):
        quarter.adjust(as_of=NOW + 1)
    with quarter.refused(PeriodOpen) as raised:
        quarter.adjust(as_of=parse_instant("2026-04-01T00:00:00Z"))
    assert f"{PROGRAM} is not over as of 2026-04-01T00:00:00Z" in raised.value.sentence
    with pytest.raises((WrongPeriod, NotClosed)):
        quarter.adjust(period="2026-01")


def test_a_book_that_may_only_be_read_is_not_adjusted(quarter: Quarter) -> None:
    """Not even where nothing would change."""
    book = open_book(quarter.book.location, readonly=True)
    with quarter.refused(ReadOnlyBook):
        Quarter(book, quarter.folder).adjust()
    book.close()


@on_sqlite
def test_without_new_facts_nothing_is_issued(quarter: Quarter) -> None:
    """Also at a later as-of."""
    quarter.unchanged()


@sql
def test_a_closure_reported_late_is_a_clawback(quarter: Quarter) -> None:
    """A negative difference that names the closure; the other line is left alone."""
    (late,) = quarter.tell([closure("S-1")])
    answer = quarter.adjust()
    assert changes(answer) == {("S-1", P_1): (*CLAWBACK, [late])}
    assert answer["adjustments"][0]["unmet"] == ["store_open"]
    with quarter.book.reading() as connection:
        (found,) = read_log(connection, topics=[StatementAdjusted.TOPIC])
    event = found.event
    assert (found.stream, found.by) == (f"statement:{PROGRAM}/{P_1}", "lin")
    assert (event.as_of, event.known_at, event.reason) == (NOW, late, None)
    assert event.closed == answer["closed_at"]
    quarter.unchanged()


@sql
def test_a_high_risk_closure_touches_every_line_of_its_partner(quarter: Quarter) -> None:
    """The store itself is declined; the other line waits for a ratio, because of one fact."""
    (late,) = quarter.tell([closure("S-1", "counterfeit")])
    answer = quarter.adjust()
    held = ("2000.00", "0.00", "-2000.00", "held", [late])
    expected = {("S-1", P_1): (*CLAWBACK, [late]), ("S-2", P_1): held}
    assert changes(answer) == expected
    assert answer["adjustments"][1]["held_for"] == ["governance_ratio_unset"]
    assert answer["recorded"] == 1, "one event for all lines of a payee"
    quarter.unchanged()


def test_a_held_line_is_released_by_the_fact_that_it_lacked(held: Quarter) -> None:
    """The closed store was open again before the term's end: both of its partner's lines pay."""
    at = {"at": "2026-03-20T09:00:00+08:00", "store": "S-4"}
    (late,) = held.tell([{"type": "StoreReopened", **at}])
    payee = "partner:P-2"
    answer = held.adjust()
    assert changes(answer) == {
        ("S-4", payee): (*RELEASED, [late]),
        ("S-5", payee): (*RELEASED, [late]),
    }
    held.unchanged()


def test_a_held_line_is_released_by_a_later_version_that_fills_what_was_unset(
    held: Quarter,
) -> None:
    """The parameter and its version are named; nothing else of that version is taken."""
    ratios = [{"from": 1, "ratio": "0.8"}]
    later = edition(PROGRAM, publisher="acme", version=2, award="9999.00", governance_ratios=ratios)
    published = publish(held.book, later, "finance")
    answer = held.adjust()
    row = ("0.00", "1600.00", "1600.00", "payable", [])
    assert changes(answer) == {("S-5", "partner:P-2"): row}
    assert answer["adjustments"][0]["filled"] == ["governance_ratios"]
    used = answer["filled"]["governance_ratios"]
    assert (used["publisher"], used["version"], used["digest"]) == ("acme", 2, published["digest"])
    assert answer["terms"]["publisher"] == "duebook", "the period keeps its terms"
    held.unchanged()
    other = [{"from": 1, "ratio": "0.1"}]
    publish(
        held.book,
        edition(PROGRAM, publisher="b", version=3, governance_ratios=other),
        "x",
        replace=True,
    )
    held.unchanged()


@on_sqlite
def test_a_later_version_that_only_changes_values_changes_nothing(quarter: Quarter) -> None:
    """A closed period keeps its version."""
    later = edition(PROGRAM, publisher="acme", version=2, award="9999.00", gmv_over="5000.00")
    publish(quarter.book, later, "finance")
    quarter.unchanged()


@sql
def test_somebody_who_writes_meanwhile_stops_an_adjustment(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is issued; the same command again adjusts with what they wrote."""
    quarter.tell([closure("S-1")])
    raced: list[int] = []

    def race(*given: Any, **options: Any) -> Any:
        raced.extend(quarter.tell([closure("S-2")]))
        return record_decisions(*given, **options)

    monkeypatch.setattr(adjusting, "record_decisions", race)
    with pytest.raises(ConcurrentWrite):
        quarter.adjust()
    monkeypatch.undo()
    assert quarter.book.head().position == raced[0]
    assert [one["line"][-3:] for one in quarter.adjust()["adjustments"]] == ["S-1", "S-2"]
    quarter.unchanged()
