"""Statements as they stand: issued, adjusted, carried over, paid, with a running total."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import NoSuchStatement, NotClosed
from ledger.usecases.terms.publish import publish
from tests.marks import decision, sql
from tests.quarter import (
    GROWTH,
    PROGRAM,
    TERM_OVER,
    Quarter,
    certified,
    closure,
    edition,
    enrolled,
    fee_paid,
    held_quarter,
    moved,
    next_quarter,
    on_sqlite,
    plain_quarter,
    store,
)

pytestmark = decision

P_1 = "partner:P-1"
SECOND, THIRD = "recruiting-eu-jp-2026q2", "recruiting-eu-jp-2026q3"


@pytest.fixture
def quarter(book: Any, tmp_path: Path) -> Quarter:
    """A book with the plain quarter, closed: P-1 is due 4000.00 CNY."""
    made = Quarter(book, tmp_path)
    made.tell(plain_quarter())
    made.close(as_of=TERM_OVER)
    return made


def overpaid(quarter: Quarter) -> None:
    """Paid in full, then half of it clawed back: 2000.00 to recover."""
    quarter.pay("4000")
    quarter.tell([closure("S-1")])
    quarter.adjust()


def opened(quarter: Quarter, name: str, first: date, **changed: Any) -> Any:
    """A later quarter under the same rules, published; answers its edition."""
    later = next_quarter(name, first, **changed)
    publish(quarter.book, later, "finance")
    return later


def amounts(quarter: Quarter, program: str = PROGRAM, payee: str = P_1) -> dict[str, str]:
    """What a statement is made of, by part, without what is zero."""
    rows = quarter.statement(payee, program)["statements"]
    (found,) = [one for one in rows if one["currency"] != "USD.AD"]
    names = ("issued", "adjusted", "brought_forward", "carried_forward", "paid", "due", "open")
    return {n: found[n] for n in (*names, "advance") if found[n].strip("0.")}


def test_an_open_period_and_an_unknown_payee_have_no_statement(book: Any, tmp_path: Path) -> None:
    """Close it; or one of those that there are."""
    quarter = Quarter(book, tmp_path)
    quarter.tell(plain_quarter())
    with quarter.refused(NotClosed) as raised:
        quarter.statement()
    assert f"{PROGRAM} is not closed" in raised.value.sentence
    assert f"duebook close {PROGRAM} --by NAME" in raised.value.hint
    before = book.head().position
    quarter.close()
    with quarter.refused(NoSuchStatement) as raised:
        quarter.statement("partner:P-2")
    assert "'partner:P-2'" in raised.value.sentence
    assert "partner:P-1" in raised.value.hint
    with quarter.refused(NotClosed):
        quarter.statement(known_at=before)


def test_a_statement_shows_the_lines_as_issued_with_their_explanation(quarter: Quarter) -> None:
    """Also after they were adjusted: what was issued is never edited."""
    before = quarter.statement(P_1)
    overpaid(quarter)
    after = quarter.statement(P_1)
    assert after["lines"] == before["lines"]
    assert after["totals"] == {"CNY": "4000.00"}
    line = before["lines"][0]
    assert (line["line"], line["outcome"], line["amount"]) == (
        *(f"{PROGRAM}/S-1", "payable", "2000.00"),
    )
    assert line["explanation"]["amount"] == "2000.00"
    assert len(line["explanation"]["parts"]) == 12
    assert after["seal"] == before["seal"]
    assert after["issued_at"] == before["issued_at"]
    assert (before["adjustments"], before["payments"]) == ([], [])
    assert [one["difference"] for one in after["adjustments"]] == ["-2000.00"]


@sql
def test_the_running_total_follows_the_log(quarter: Quarter) -> None:
    """Every movement with what is open after it; the last one is how the statement stands."""
    overpaid(quarter)
    quarter.pay("-500", ref="back")
    answer = quarter.statement(P_1)
    found = [(one["what"], one["amount"], one["open"]) for one in answer["running"]]
    assert found == [
        ("issued", "2000.00", "2000.00"),
        ("issued", "2000.00", "4000.00"),
        ("paid", "4000.00", "0.00"),
        ("adjusted", "-2000.00", "-2000.00"),
        ("paid", "-500.00", "-1500.00"),
    ]
    positions = [one["position"] for one in answer["running"]]
    assert positions == sorted(positions)
    assert answer["statements"][0]["open"] == "-1500.00"
    (row,) = quarter.rows("statements")
    assert (row["open"], row["advance"], row["due"]) == ("-1500.00", "1500.00", "2000.00")


@sql
def test_as_it_was_known_at_a_position(quarter: Quarter) -> None:
    """Before the payment, before the adjustment."""
    issued = quarter.book.head().position
    overpaid(quarter)
    assert quarter.statement(known_at=issued)["statements"][0]["open"] == "4000.00"
    paid = quarter.statement(known_at=issued + 1)
    assert (paid["statements"][0]["open"], paid["adjustments"]) == ("0.00", [])


def test_each_payee_sees_its_own_statement_only(quarter: Quarter) -> None:
    """Lines, adjustments, payments and totals."""
    quarter.tell([*certified("P-9"), *store(3, "P-9")])
    quarter.adjust()
    quarter.pay("1", ref="x")
    quarter.pay("2", "partner:P-9", ref="x")
    own = quarter.statement("partner:P-9")
    assert (own["lines"], own["totals"]) == ([], {})
    assert [one["line"] for one in own["adjustments"]] == [f"{PROGRAM}/S-3"]
    assert [one["amount"] for one in own["payments"]] == ["2.00"]
    assert [one["open"] for one in own["statements"]] == ["1998.00"]
    everybody = quarter.statement()
    assert [one["payee"] for one in everybody["statements"]] == [P_1, "partner:P-9"]


@sql
def test_an_advance_is_carried_into_the_payees_next_statement(quarter: Quarter) -> None:
    """It reduces what is due there and stands no more on the old one."""
    overpaid(quarter)
    assert amounts(quarter)["advance"] == "2000.00"
    later = opened(quarter, SECOND, date(2026, 4, 1))
    quarter.tell(moved([*store(5), *store(6)], later))
    (summary,) = quarter.close(SECOND)["statements"]
    carried = {"statement": f"{PROGRAM}/{P_1}", "amount": "-2000.00", "currency": "CNY"}
    assert summary["brought_forward"] == [carried]
    assert amounts(quarter) == {
        "issued": "4000.00",
        "adjusted": "-2000.00",
        "carried_forward": "2000.00",
        "paid": "4000.00",
        "due": "4000.00",
    }
    assert amounts(quarter, SECOND) == {
        "issued": "4000.00",
        "brought_forward": "-2000.00",
        "due": "2000.00",
        "open": "2000.00",
    }
    by_view = {one["statement"]: one["open"] for one in quarter.rows("statements")}
    assert by_view == {f"{PROGRAM}/{P_1}": "0.00", f"{SECOND}/{P_1}": "2000.00"}
    assert quarter.pay("2000", program=SECOND)["open"] == "0.00"
    quarter.catch_up()
    assert quarter.failing() == {}


@on_sqlite
def test_an_advance_is_carried_once(quarter: Quarter) -> None:
    """The statement after next takes over nothing of it; a new clawback is carried again."""
    overpaid(quarter)
    for name, month, number in ((SECOND, 4, 5), (THIRD, 7, 6)):
        later = opened(quarter, name, date(2026, month, 1))
        quarter.tell(moved([*store(number), *store(number + 2)], later))
    quarter.close(SECOND)
    (third,) = quarter.close(THIRD)["statements"]
    assert third["brought_forward"] == []
    quarter.tell([closure("S-2")])
    quarter.adjust()
    assert amounts(quarter)["advance"] == "2000.00"


@on_sqlite
def test_what_a_statement_cannot_recover_goes_on_to_the_next(quarter: Quarter) -> None:
    """The second quarter has nothing to set it off against; the third has."""
    overpaid(quarter)
    for name, month, facts in ((SECOND, 4, store(5, gmv="1.00")), (THIRD, 7, store(6))):
        later = opened(quarter, name, date(2026, month, 1))
        quarter.tell(moved(facts, later))
    quarter.close(SECOND)
    assert amounts(quarter, SECOND)["due"] == "-2000.00"
    (third,) = quarter.close(THIRD)["statements"]
    assert [one["amount"] for one in third["brought_forward"]] == ["-2000.00"]


@on_sqlite
def test_what_was_brought_forward_in_another_currency_can_be_paid_back(quarter: Quarter) -> None:
    """A quarter in EUR takes over a balance in CNY; the partner sends CNY."""
    overpaid(quarter)
    later = opened(quarter, SECOND, date(2026, 4, 1), currency="EUR", gmv_over="1.00")
    quarter.tell(moved(store(5, gmv="0.50"), later))
    quarter.close(SECOND, leave_open="no rate")
    assert quarter.pay("-2000", program=SECOND, currency="CNY", ref="back")["open"] == "0.00"


@on_sqlite
def test_a_merchant_pays_ahead_and_its_next_term_takes_it_over(book: Any, tmp_path: Path) -> None:
    """What it paid beyond fee and commission is an advance of its own side: it owes less."""
    quarter = Quarter(book, tmp_path)
    later = edition(GROWTH, program="growth-2026-06", publisher="acme")
    publish(book, later, "finance")
    paid = fee_paid("20000.00")
    quarter.tell([*enrolled(aigc=0, creator_video=0), paid])
    quarter.close(GROWTH)
    first = next(one for one in quarter.rows("statements") if one["currency"] == "USD")
    assert (first["due"], first["paid"], first["advance"]) == ("-14000.00", "-20000.00", "-6000.00")
    quarter.tell(enrolled(program=later.program, aigc=0, creator_video=0)[1:3])
    (summary,) = quarter.close(later.program)["statements"]
    assert [one["amount"] for one in summary["brought_forward"]] == ["6000.00"]
    assert amounts(quarter, later.program, "merchant:M-7")["due"] == "-8000.00"
    assert amounts(quarter, GROWTH, "merchant:M-7").keys() == {
        *("issued", "carried_forward", "paid", "due"),
    }
    assert quarter.failing() == {}


@on_sqlite
def test_what_was_paid_the_wrong_way_round_goes_from_one_to_the_next(
    book: Any, tmp_path: Path
) -> None:
    """A merchant that owes was paid 20.00 instead: each term takes it over from the one before."""
    quarter = Quarter(book, tmp_path)
    programs = ["growth-2026-06", "growth-2026-07"]
    for name in programs:
        publish(book, edition(GROWTH, program=name, publisher="acme"), "finance")
        quarter.tell(enrolled(program=name, aigc=0, creator_video=0)[1:3])
    quarter.tell(enrolled(aigc=0, creator_video=0))
    quarter.close(GROWTH, leave_open="not paid yet")
    quarter.pay("20.00", "merchant:M-7", program=GROWTH, currency="USD")
    carried = [quarter.close(one, leave_open="x")["statements"][0] for one in programs]
    found = [
        [(own["statement"], own["amount"]) for own in one["brought_forward"]] for one in carried
    ]
    assert found == [
        [(f"{GROWTH}/merchant:M-7", "-20.00")],
        [(f"{programs[0]}/merchant:M-7", "-20.00")],
    ]


def test_a_fee_paid_by_fact_is_a_payment_before_and_after_the_close(
    book: Any, tmp_path: Path
) -> None:
    """A refund is negative; withdrawn, the fact is no payment any more."""
    quarter = Quarter(book, tmp_path)
    quarter.tell([*enrolled(aigc=0, creator_video=0), fee_paid("1000.00", ref="TT-1")])
    quarter.close(GROWTH)
    (late,) = quarter.tell([fee_paid("5000.00", "2026-08-02T00:00:00Z")])
    quarter.tell([fee_paid("-250.00", "2026-08-03T00:00:00Z")])
    answer = quarter.statement("merchant:M-7", GROWTH)
    paid = [(one["amount"], one["ref"], one["fact"]) for one in answer["payments"]]
    assert paid == [
        *(("-1000.00", "TT-1", True), ("-5000.00", None, True), ("250.00", None, True)),
    ]
    assert answer["statements"][0]["open"] == "-8250.00"
    quarter.catch_up()
    quarter.withdraw(late)
    answer = quarter.statement("merchant:M-7", GROWTH)
    assert [one["amount"] for one in answer["payments"]] == ["-1000.00", "250.00"]
    assert answer["statements"][0]["open"] == "-13250.00"
    assert quarter.rows("statements")[0]["open"] == "-13250.00"
    quarter.catch_up()
    assert quarter.failing() == {}


@on_sqlite
def test_a_payee_whose_lines_come_to_nothing_has_a_statement_too(book: Any, tmp_path: Path) -> None:
    """Declined and held lines are stated; nothing is due."""
    quarter = Quarter(book, tmp_path)
    quarter.tell(held_quarter())
    quarter.close(leave_open="later")
    answer = quarter.statement("partner:P-2")
    assert [one["outcome"] for one in answer["lines"]] == ["declined", "held"]
    assert (answer["totals"], answer["running"]) == ({}, [])
    rows = {one["payee"]: (one["due"], one["lines"]) for one in quarter.rows("statements")}
    assert rows == {P_1: ("4000.00", 2), "partner:P-2": ("0.00", 2)}
