"""A growth term from the invitations to the last make-up delivery, as the platform lives it."""

from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import LeftOpen, PeriodOpen
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book
from tests.quarter import GROWTH, NOW, Facts, Quarter, changes, enrolled, fee_paid, on_sqlite

JULY = parse_instant("2026-07-15T00:00:00Z")
AUGUST = parse_instant("2026-08-05T00:00:00Z")
DUE_DAY_OVER = parse_instant("2026-09-11T16:00:00Z")


def delivered(
    merchant: str, kind: str, count: int, at: str = "2026-06-30T09:00:00+08:00"
) -> dict[str, Any]:
    """Content that the platform delivered."""
    own = {"program": GROWTH, "merchant": merchant, "kind": kind, "count": count}
    return {"type": "ContentDelivered", "at": at, **own}


def term() -> Facts:
    """M-1 short of one piece of content, M-2 short of its return, M-3 with all kept."""
    facts: Facts = []
    for merchant, gmv, pieces in (
        ("M-1", "50000.00", 49),
        ("M-2", "19999.99", 50),
        ("M-3", "20000.00", 50),
    ):
        facts += enrolled(merchant, gmv=gmv, aigc=50, creator_video=12)
        facts += [delivered(merchant, "aigc", pieces), delivered(merchant, "creator_video", 12)]
    return [*facts, fee_paid("6000.00", merchant="M-1"), fee_paid("6000.00", merchant="M-2")]


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    """A book that was told of the term."""
    made = Quarter(book, tmp_path)
    made.tell(term())
    return made


def obligations(quarter: Quarter, as_of: int) -> list[tuple[Any, ...]]:
    rows = quarter.rows("obligations", Clocks(as_of, quarter.book.head().position))
    names = ("obligation", "missing", "made_up", "due", "state")
    return [tuple(one[name] for name in names) for one in rows]


def test_the_term_closes_with_1200_and_3000_of_ad_credit_and_one_obligation(
    quarter: Quarter,
) -> None:
    """The return missed by a cent gives the highest tier; exactly twice the cost gives nothing."""
    with quarter.refused(PeriodOpen):
        quarter.close(GROWTH, as_of=JULY)
    assert obligations(quarter, JULY) == []
    answer = quarter.close(GROWTH, as_of=AUGUST)
    assert answer["totals"] == {"USD": "-36000.00", "USD.AD": "4200.00"}
    totals = {one["payee"]: one["totals"] for one in answer["statements"]}
    assert totals == {
        "merchant:M-1": {"USD": "-16000.00", "USD.AD": "1200.00"},
        "merchant:M-2": {"USD": "-10000.00", "USD.AD": "3000.00"},
        "merchant:M-3": {"USD": "-10000.00", "USD.AD": "0.00"},
    }
    lines = {one["line"]: one for one in quarter.statement(program=GROWTH)["lines"]}
    kept = lines[f"{GROWTH}/M-3/compensation"]
    assert (kept["outcome"], kept["unmet"]) == ("declined", ["no_commitment_missed"])
    owed = (f"{GROWTH}/M-1/aigc", 1, 0, "2026-09-11", "open")
    assert obligations(quarter, AUGUST) == [owed]
    stated = quarter.statement(program=GROWTH)["obligations"]
    assert [(one["obligation"], one["state"]) for one in stated] == [(owed[0], "open")]


def test_what_is_learned_after_the_close_is_adjusted_line_by_line(quarter: Quarter) -> None:
    """A refund of July, a promise told late, a fee paid; each names its fact and no other."""
    quarter.close(GROWTH, as_of=AUGUST)
    refund = {"type": "GMVRecorded", "at": "2026-08-20T09:00:00+08:00", "store": "S-M-3"}
    refund |= {"day": "2026-07-30", "amount": "-0.01", "currency": "USD", "basis": "placed"}
    promise = {"type": "ContentPromised", "at": "2026-05-20T09:00:00+08:00", "merchant": "M-2"}
    promise |= {"program": GROWTH, "kind": "creator_video", "count": 20}
    back, promised = quarter.tell([refund, promise])
    answer = quarter.adjust(GROWTH)
    assert changes(answer) == {
        ("M-3/compensation", "merchant:M-3"): ("0.00", "0.00", "0.00", "held", [back])
    }
    assert answer["adjustments"][0]["held_for"] == ["fixed_fee_unpaid"]
    assert obligations(quarter, NOW)[1] == (
        *(f"{GROWTH}/M-2/creator_video", 8, 0, "2026-09-11", "overdue"),
    )
    (paid,) = quarter.tell([fee_paid("6000.00", "2026-08-25T00:00:00Z", merchant="M-3")])
    row = ("0.00", "3000.00", "3000.00", "payable", [paid])
    assert changes(quarter.adjust(GROWTH)) == {("M-3/compensation", "merchant:M-3"): row}
    quarter.unchanged(GROWTH)
    assert promised


@on_sqlite
def test_making_up_ends_the_obligation_and_leaves_the_compensation(quarter: Quarter) -> None:
    """In time until the end of the due day in the program's zone, late from then on."""
    quarter.close(GROWTH, as_of=AUGUST)
    before = quarter.balances()
    assert obligations(quarter, DUE_DAY_OVER - 1)[0][-1] == "open"
    assert obligations(quarter, DUE_DAY_OVER)[0][-1] == "overdue"
    (position,) = quarter.tell([delivered("M-1", "aigc", 3, "2026-09-11T15:59:59Z")])
    assert obligations(quarter, NOW)[0][2:] == (3, "2026-09-11", "fulfilled")
    quarter.withdraw(position)
    quarter.tell([delivered("M-1", "aigc", 1, "2026-09-11T16:00:00Z")])
    assert obligations(quarter, NOW)[0][2:] == (1, "2026-09-11", "fulfilled_late")
    quarter.unchanged(GROWTH)
    assert quarter.balances() == before


def test_a_fee_that_is_not_paid_holds_the_compensation_until_it_is(
    book: Book, tmp_path: Path
) -> None:
    """Left open at the close with its reason; the payment releases it, a refund takes it back."""
    quarter = Quarter(book, tmp_path)
    quarter.tell(enrolled(gmv="100.00", aigc=0, creator_video=0))
    with quarter.refused(LeftOpen) as raised:
        quarter.close(GROWTH)
    assert f"{GROWTH}/M-7/compensation (fixed_fee_unpaid)" in raised.value.sentence
    quarter.close(GROWTH, leave_open="the merchant pays in August")
    (paid,) = quarter.tell([fee_paid("6000.00", "2026-08-02T00:00:00Z")])
    key = ("M-7/compensation", "merchant:M-7")
    released = ("0.00", "3000.00", "3000.00", "payable", [paid])
    assert changes(quarter.adjust(GROWTH)) == {key: released}
    quarter.pay("3000.00", "merchant:M-7", program=GROWTH, currency="USD.AD")
    withdrawal = quarter.withdraw(paid)
    taken_back = ("3000.00", "0.00", "-3000.00", "held", [withdrawal])
    assert changes(quarter.adjust(GROWTH)) == {key: taken_back}
    advance = {one["currency"]: one["advance"] for one in quarter.rows("statements")}
    assert advance == {"USD": "0.00", "USD.AD": "3000.00"}
    assert quarter.replay(GROWTH)["identical"] is True
    quarter.catch_up()
    assert quarter.failing() == {}


def test_an_enrolment_withdrawn_late_voids_all_three_lines(quarter: Quarter) -> None:
    """With what was paid left as owed to the merchant."""
    quarter.close(GROWTH, as_of=AUGUST)
    enrolment = quarter.told[2]
    withdrawal = quarter.withdraw(enrolment)
    answer = quarter.adjust(GROWTH)
    assert {one["outcome"] for one in answer["adjustments"]} == {"void"}
    assert [one["because"] for one in answer["adjustments"]] == [[withdrawal]] * 3
    due = {
        (one["payee"], one["currency"]): (one["due"], one["open"])
        for one in quarter.rows("statements")
    }
    assert due["merchant:M-1", "USD"] == ("0.00", "6000.00")
    assert due["merchant:M-1", "USD.AD"] == ("0.00", "0.00")
    assert obligations(quarter, NOW) == []
    quarter.unchanged(GROWTH)
