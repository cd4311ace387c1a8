"""Closing a period: what is issued and sealed, what is refused; a refusal leaves nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.aggregates.settlement import PeriodClosed, StatementIssued
from ledger.kernel.errors import (
    AlreadyClosed,
    ConcurrentWrite,
    InFuture,
    LeftOpen,
    PeriodOpen,
    ReadOnlyBook,
    Refusal,
    UnknownProgram,
    WrongPeriod,
)
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book, open_book
from ledger.store.log import read_log
from ledger.store.receipts import kept_receipts
from ledger.usecases.closing import close as closing
from ledger.usecases.record_decisions import record_decisions
from tests.quarter import (
    GROWTH,
    NOW,
    PROGRAM,
    TERM_OVER,
    Quarter,
    amount_of,
    certified,
    enrolled,
    held_quarter,
    on_sqlite,
    plain_quarter,
    store,
)

OVER = parse_instant("2026-04-30T16:00:00Z")
"""The midnight after the latest possible last day for a first sale."""


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    return Quarter(book, tmp_path)


def test_a_close_issues_one_statement_per_payee_and_seals_them_all(quarter: Quarter) -> None:
    """The statements come right after the position that was computed, the seal comes last."""
    quarter.tell([*plain_quarter(), *certified("P-2"), *store(3, "P-2"), *store(4, "P-2", gmv="1")])
    known_at = quarter.book.head()
    answer = quarter.close()
    with quarter.book.reading() as connection:
        found = list(read_log(connection, known_at.position))
    first, second, sealed = (one.event for one in found)
    assert [type(one.event) for one in found] == [StatementIssued] * 2 + [PeriodClosed]
    assert [one.by for one in found] == ["lin"] * 3
    assert [one.stream for one in found] == [
        f"statement:{PROGRAM}/partner:P-1",
        f"statement:{PROGRAM}/partner:P-2",
        f"period:{PROGRAM}",
    ]
    said = [(one.line, one.outcome, one.amount, one.unmet) for one in second.lines]
    assert said == [
        (f"{PROGRAM}/S-3", "payable", "2000.00", ()),
        (f"{PROGRAM}/S-4", "declined", "0.00", ("gmv_over_threshold",)),
    ]
    assert [one.line for one in first.lines] == [f"{PROGRAM}/S-1", f"{PROGRAM}/S-2"]
    assert (sealed.as_of, sealed.known_at) == (NOW, known_at.position)
    assert (sealed.head, sealed.lines, sealed.statements) == (known_at.hash.hex(), 4, 2)
    assert (sealed.totals, sealed.rules_version) == ({"CNY": "6000.00"}, 1)
    assert (sealed.terms.publisher, sealed.terms.version) == ("duebook", 2)
    assert (sealed.held, sealed.left_open) == (0, None)
    assert answer["digest"] == sealed.digest
    assert answer["receipt"] == quarter.book.head().receipt


def test_a_close_keeps_its_receipt(quarter: Quarter) -> None:
    """So that a log from which a close was cut is found; a PostgreSQL book keeps none beside it."""
    quarter.tell(plain_quarter())
    answer = quarter.close()
    kept = [f"{one.position}:{one.hash.hex()}" for one in kept_receipts(quarter.book)]
    assert kept[-1:] == ([answer["receipt"]] if quarter.book.path else [])


def test_a_period_without_lines_can_be_closed(quarter: Quarter) -> None:
    """Nobody is due anything, and from then on that is on record."""
    answer = quarter.close()
    assert (answer["lines"], answer["statements"], answer["recorded"]) == (0, [], 1)
    assert quarter.replay()["identical"] is True
    assert quarter.failing() == {}


def test_closing_twice_says_who_closed_it_and_when(quarter: Quarter) -> None:
    """The next step is to adjust; also after facts that would change it."""
    quarter.tell(plain_quarter())
    closed = quarter.close()
    quarter.tell([amount_of("S-1", "-1400.00")])
    with quarter.refused(AlreadyClosed) as raised:
        quarter.close(by="someone else", leave_open="x")
    assert f"{PROGRAM} was closed by lin at 20" in raised.value.sentence
    assert f"position {closed['position']}." in raised.value.sentence
    assert f"duebook adjust {PROGRAM} --by NAME" in raised.value.hint


def test_an_open_term_cannot_be_closed(quarter: Quarter) -> None:
    """Until the last day 30 of any store is over; at that instant it can."""
    quarter.tell(plain_quarter())
    with quarter.refused(PeriodOpen) as raised:
        quarter.close(now=OVER - 1)
    assert "provisional until 2026-04-30T16:00:00Z" in raised.value.sentence
    assert "this run is as of 2026-04-30T15:59:59.999999Z" in raised.value.sentence
    assert f"duebook settle {PROGRAM}" in raised.value.hint
    with quarter.refused(PeriodOpen):
        quarter.close(as_of=OVER - 1, leave_open="all the same")
    assert quarter.close(as_of=OVER)["as_of"] == "2026-04-30T16:00:00Z"


@on_sqlite
@pytest.mark.parametrize("as_of", [NOW + 1, parse_instant("2099-01-01T00:00:00Z")])
def test_a_close_cannot_stand_in_the_future(quarter: Quarter, as_of: int) -> None:
    """Also when its term would be over by then, and also a moment ahead."""
    with quarter.refused(InFuture) as raised:
        quarter.close(as_of=as_of)
    assert "is in the future" in raised.value.sentence
    with quarter.refused(InFuture):
        quarter.close(now=OVER - 5, as_of=OVER)


def test_held_lines_are_named_and_keep_a_period_open(quarter: Quarter) -> None:
    """Each with what it is held for; saying why closes it all the same, and is sealed."""
    quarter.tell(held_quarter())
    with quarter.refused(LeftOpen) as raised:
        quarter.close()
    assert f"{PROGRAM}/S-5 (governance_ratio_unset)" in raised.value.sentence
    assert "--leave-open --reason TEXT" in raised.value.hint
    assert raised.value.facts["held"] == [f"{PROGRAM}/S-5"]
    quarter.close(leave_open="ratios come in May")
    seal = quarter.statement()["seal"]
    assert (seal["held"], seal["exceptions"], seal["left_open"]) == (1, 0, "ratios come in May")


ODD = {
    "of a store of its own": [amount_of("S-1", "10.00", "2026-01-09T09:00:00+08:00")],
    "naming the program": [
        {"type": "IncentiveWithheld", "at": "2026-02-01T09:00:00Z", "program": PROGRAM}
        | {"partner": "P-99", "reason": "cheating"}
    ],
    "from two feeds": [amount_of("S-1", "10.00") | {"source": "erp"}],
    "onboarded twice": [store(1)[1] | {"at": "2026-01-11T09:00:00+08:00"}],
}


@on_sqlite
@pytest.mark.parametrize("name", ODD)
def test_an_exception_that_touches_the_program_keeps_it_open(quarter: Quarter, name: str) -> None:
    """It is named with its code and position; withdrawn, it no longer does."""
    quarter.tell(plain_quarter())
    (position,) = quarter.tell(ODD[name])
    with quarter.refused(LeftOpen) as raised:
        quarter.close()
    odd: list[dict[str, Any]] = raised.value.facts["exceptions"]
    assert position in [one["position"] for one in odd]
    assert f"{odd[0]['code']} at position {odd[0]['position']}" in raised.value.sentence
    quarter.withdraw(position)
    assert quarter.close()["exceptions"] == 0


@on_sqlite
def test_an_exception_after_the_as_of_does_not_keep_a_period_open(quarter: Quarter) -> None:
    """It is known by then, and had not happened yet; as of later it counts."""
    quarter.tell(plain_quarter())
    told = ODD["naming the program"][0] | {"at": "2026-07-01T09:00:00Z"}
    quarter.tell([told])
    with quarter.refused(LeftOpen):
        quarter.close(as_of=parse_instant("2026-07-02T00:00:00Z"))
    assert quarter.close(as_of=parse_instant("2026-06-30T00:00:00Z"))["exceptions"] == 0


@on_sqlite
def test_an_exception_elsewhere_does_not_keep_a_period_open(quarter: Quarter) -> None:
    """A store that nobody introduced, another program's enrolment."""
    quarter.tell([*plain_quarter(), amount_of("S-99", "10.00"), enrolled()[2]])
    assert len(quarter.rows("exceptions")) > 0
    answer = quarter.close()
    assert (answer["held"], answer["exceptions"]) == (0, 0)


@on_sqlite
def test_a_reason_that_is_not_needed_is_not_sealed(quarter: Quarter) -> None:
    """The seal says that something was left open only where something was."""
    quarter.tell(plain_quarter())
    quarter.close(leave_open="just in case")
    assert quarter.statement()["seal"]["left_open"] is None


@on_sqlite
@pytest.mark.parametrize("reason", ["", "x" * 2001], ids=["empty", "long"])
def test_a_reason_that_cannot_be_kept_is_refused_in_a_sentence(
    quarter: Quarter, reason: str
) -> None:
    """A recorded text has at most 2000 characters; an event that has more breaks the book."""
    quarter.tell(held_quarter())
    with pytest.raises(Refusal):
        quarter.close(leave_open=reason)


@on_sqlite
def test_an_unknown_program_and_a_month_of_a_whole_term_are_refused(quarter: Quarter) -> None:
    """With the programs that are published; a recruiting edition settles as a whole."""
    with quarter.refused(UnknownProgram) as raised:
        quarter.close("recruiting-2031")
    assert "'recruiting-2031'" in raised.value.sentence
    assert PROGRAM in raised.value.hint
    with quarter.refused(WrongPeriod) as raised:
        quarter.close(period="2026-01")
    assert "2026-01" in raised.value.sentence


def test_a_book_that_may_only_be_read_is_not_closed(quarter: Quarter) -> None:
    """Before anything is worked out."""
    quarter.tell(plain_quarter())
    book = open_book(quarter.book.location, readonly=True)
    with quarter.refused(ReadOnlyBook) as raised:
        Quarter(book, quarter.folder).close()
    assert "the book's owner to close" in raised.value.hint
    book.close()


def test_a_fact_that_comes_between_computing_and_sealing_stops_the_close(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is issued, both positions are named, and repeating closes with the fact in it."""
    quarter.tell(plain_quarter())
    other = Quarter(open_book(quarter.book.location), quarter.folder)
    before = quarter.book.head().position
    told: list[int] = []

    def raced(*given: Any, **options: Any) -> Any:
        other.calls = quarter.calls
        told.extend(other.tell([amount_of("S-1", "-1400.00")]))
        return record_decisions(*given, **options)

    monkeypatch.setattr(closing, "record_decisions", raced)
    with pytest.raises(ConcurrentWrite) as raised:
        quarter.close()
    assert raised.value.kind == "conflict"
    assert f"the log was at {before} and is at {told[0]}" in raised.value.sentence
    assert "Run the same command again" in raised.value.hint
    assert quarter.book.head().position == told[0], "only the fact was recorded"
    monkeypatch.undo()
    assert quarter.close()["totals"] == {"CNY": "2000.00"}
    other.book.close()


def test_a_close_that_fails_while_it_writes_leaves_nothing(
    quarter: Quarter, monkeypatch: pytest.MonkeyPatch, assert_whole: Callable[[Book], Any]
) -> None:
    """The index is written after the events, in their transaction."""
    quarter.tell(plain_quarter())
    head = quarter.book.head()

    def full(*given: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("ledger.store.append.insert_refs", full)
    with pytest.raises(OSError, match="no space"):
        quarter.close()
    monkeypatch.undo()
    assert quarter.book.head() == head
    assert_whole(quarter.book)
    quarter.close()
    assert_whole(quarter.book)


def test_programs_are_closed_one_by_one(quarter: Quarter) -> None:
    """Closing one leaves the other open; each has statements of its own."""
    quarter.tell([*plain_quarter(), *enrolled(aigc=0, creator_video=0)])
    quarter.close(as_of=TERM_OVER)
    answer = quarter.close(GROWTH)
    assert [one["statement"] for one in answer["statements"]] == [f"{GROWTH}/merchant:M-7"]
    assert answer["totals"] == {"USD": "-14000.00"}
    assert quarter.failing() == {}
