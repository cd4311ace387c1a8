"""Forging what was decided with a sound chain: only working it out again can notice, and does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.aggregates.settlement import PaymentMade, StatementAdjusted, StatementIssued
from ledger.kernel.money import Money
from ledger.store.book import Book
from ledger.usecases.record_decisions import record_decisions
from ledger.usecases.verifying.closed_periods import verify_closed
from tests.decided import decided
from tests.quarter import (
    GROWTH,
    PROGRAM,
    Quarter,
    closure,
    enrolled,
    fee_paid,
    forge,
    on_sqlite,
    plain_quarter,
    silent,
)

ISSUED, CLOSED = "statement-issued.v1", "period-closed.v1"
ADJUSTED, PAID = "statement-adjusted.v1", "payment-made.v1"
CHECK = f"closed {PROGRAM}"


@pytest.fixture
def quarter(book_with: Callable[[Any], Any], tmp_path: Path) -> Quarter:
    """A quarter with decisions of every kind."""
    return Quarter(book_with(decided), tmp_path)


def replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    """The stored bytes with the first of a text replaced."""
    return lambda state: state.replace(old.encode(), new.encode(), 1)


def test_every_closed_period_is_a_check_that_says_what_it_did(quarter: Quarter) -> None:
    """By the period's name, with the number of lines; nothing at all fails."""
    quarter.catch_up()
    assert quarter.failing() == {}
    quarter.tell(enrolled(aigc=0, creator_video=0))
    quarter.close(GROWTH)
    found = [(one.name, one.ok, one.detail) for one in verify_closed(quarter.book, silent)]
    assert found == [
        ("decisions", True, "3 statements, each belonging to a close"),
        (CHECK, True, "4 lines worked out again, to the digest"),
        (f"closed {GROWTH}", True, "3 lines worked out again, to the digest"),
    ]


FORGERIES: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "an amount of an issued line": (
        *(ISSUED, replaced("2000.00", "2900.00")),
        "the issued statements have the digest sha256:",
    ),
    "an outcome of an issued line": (
        *(ISSUED, replaced('"payable"', '"held"')),
        "the issued statements have the digest sha256:",
    ),
    "a line issued for another store": (
        *(ISSUED, replaced("store:S-1", "store:S-2")),
        "the issued statements have the digest sha256:",
    ),
    "the digest of the seal": (CLOSED, replaced("sha256:5", "sha256:6"), "the seal sha256:"),
    "the totals of the seal": (CLOSED, replaced('"4000.00"', '"5000.00"'), "the totals are"),
    "the number of lines of the seal": (CLOSED, replaced('"lines":4', '"lines":3'), "4 lines"),
    "the statements of the seal": (
        *(CLOSED, replaced('"statements":2', '"statements":3')),
        "are not its statements",
    ),
    "the head of the seal": (
        *(CLOSED, replaced('"head":"', '"head":"0')),
        "is not the one that was sealed",
    ),
    "the as-of of the seal": (CLOSED, replaced('"as_of":178', '"as_of":177'), ""),
    "a difference of an adjustment": (
        *(ADJUSTED, replaced('"difference":"-2000.00"', '"difference":"-1.00"')),
        "the adjustment of partner:P-1 (position",
    ),
    "a fact before the close": ("store-verified.v1", replaced("S-1", "S-9"), "was sealed"),
}


@on_sqlite
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_with_a_sound_chain_is_found(quarter: Quarter, name: str) -> None:
    """No hash gives it away: the period is worked out again from the facts."""
    topic, change, said = FORGERIES[name]
    if topic == "store-verified.v1":
        quarter.tell([{"type": "StoreVerified", "at": "2026-01-01T00:00:00Z", "store": "S-9"}])
        change = replaced('"S-1"', '"S-9"')
    if name == "the digest of the seal":
        digest = quarter.statement()["seal"]["digest"]
        other = digest[:-1] + ("0" if digest[-1] != "0" else "1")
        change = replaced(digest, other)
    if name == "the head of the seal":
        head = quarter.statement()["seal"]["head"]
        change = replaced(head, "0" * 64)
    forge(quarter.book, topic, change)
    found = quarter.failing()
    if topic == "store-verified.v1":
        assert "events" in found, "it stands in another store's stream"
        found = {one.name: one.detail for one in verify_closed(quarter.book, silent)}
    assert said in found[CHECK]


def test_a_forged_statement_is_found_on_both_databases(quarter: Quarter) -> None:
    """Also by the views that it no longer agrees with, and by a replay of that period."""
    quarter.catch_up()
    forge(quarter.book, ISSUED, replaced("2000.00", "2900.00"))
    found = quarter.failing()
    assert {CHECK, "view entries", "view balances", "view statements"} <= set(found)
    answer = quarter.replay()
    assert (answer["identical"], len(answer["differences"])) == (False, 1)
    assert (answer["differences"][0]["was"], answer["differences"][0]["now"]) == (
        *("2900.00", "2000.00"),
    )
    assert answer["faults"][0].startswith("the issued statements have the digest")


def _adjustment(quarter: Quarter, **changed: Any) -> StatementAdjusted:
    """The last adjustment once more, with other fields."""
    from ledger.store.log import read_log

    with quarter.book.reading() as connection:
        last = list(read_log(connection, topics=[ADJUSTED]))[-1].event
    known_at = quarter.book.head().position
    return last.model_copy(update={"known_at": known_at} | changed)


def test_an_adjustment_that_nobodys_rules_give_is_found(quarter: Quarter) -> None:
    """It went through the recorder, so that log, index and chain are sound."""
    head = quarter.book.head()
    event = _adjustment(quarter)
    record_decisions(quarter.book, [event], by="mallory", expected=head)
    found = quarter.failing()
    assert list(found) == ["decisions", CHECK]
    assert "the adjustment of partner:P-1" in found[CHECK]
    assert f"(position {head.position + 1})" in found[CHECK]


@on_sqlite
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"was": "1.00", "difference": "-1.00"}, "was 1.00, but it says 0.00"),
        ({"was": None}, "was None, but it says 0.00"),
        ({"was": "0.00", "difference": "99.00"}, "99.00 is not the difference"),
    ],
)
def test_an_adjustment_that_does_not_add_up_is_found(
    quarter: Quarter, changed: dict[str, Any], said: str
) -> None:
    """It starts from what the line says by then, and moves it to what it says now."""
    line = _adjustment(quarter).lines[0].model_copy(update={"now": "0.00"} | changed)
    event = _adjustment(quarter, lines=(line,))
    record_decisions(quarter.book, [event], by="mallory", expected=quarter.book.head())
    assert said in quarter.failing()["decisions"]


@on_sqlite
def test_an_adjustment_that_adopts_a_break_that_nobody_resolved_is_found(
    quarter: Quarter,
) -> None:
    """Whoever writes `adopted` into an adjustment would make any amount the platform's."""
    head = quarter.book.head()
    event = _adjustment(quarter, adopted=f"{PROGRAM}/S-2/amount_differs", reason="x")
    record_decisions(quarter.book, [event], by="mallory", expected=head)
    assert quarter.failing() != {}


@on_sqlite
def test_an_adjustment_that_leaves_a_payee_out_is_found(quarter: Quarter) -> None:
    """What the log gives at its clocks and it does not say counts as much."""
    quarter.tell([closure("S-2", "counterfeit")])
    head = quarter.book.head()
    event = _adjustment(quarter, payee="partner:P-77")
    record_decisions(quarter.book, [event], by="mallory", expected=head)
    assert "is not what the log gives" in quarter.failing()[CHECK]


def _statement(**changed: Any) -> StatementIssued:
    fields = {"rules": "recruiting", "program": PROGRAM, "zone": "Asia/Shanghai"}
    line = {"line": f"{PROGRAM}/S-77", "kind": "incentive", "subject": "store:S-77"}
    line |= {"outcome": "payable", "amount": "2000.00", "currency": "CNY"}
    given = {**fields, "payee": "partner:P-77", "lines": [line]} | changed
    return StatementIssued.model_validate(given)


@on_sqlite
def test_a_statement_slipped_into_a_closed_period_is_found(quarter: Quarter) -> None:
    """Issued after the seal, which counts and digests all that were issued."""
    head = quarter.book.head()
    record_decisions(quarter.book, [_statement()], by="mallory", expected=head)
    assert "the issued statements have the digest" in quarter.failing()[CHECK]


@on_sqlite
def test_a_statement_of_a_period_that_was_never_closed_is_found(book: Any, tmp_path: Path) -> None:
    """It would be booked and could be paid, although no close stands behind it."""
    quarter = Quarter(book, tmp_path)
    quarter.tell(plain_quarter())
    record_decisions(book, [_statement()], by="mallory", expected=book.head())
    assert quarter.failing() != {}


@on_sqlite
def test_a_payment_of_a_statement_that_was_never_issued_is_found(quarter: Quarter) -> None:
    """`pay` refuses it; something else wrote it."""
    fields = {"rules": "recruiting", "program": PROGRAM, "zone": "Asia/Shanghai"}
    own = {"payee": "partner:P-77", "amount": Money.parse("5", "CNY").text, "currency": "CNY"}
    event = PaymentMade.model_validate({**fields, **own, "ref": "x"})
    record_decisions(quarter.book, [event], by="mallory", expected=quarter.book.head())
    assert quarter.failing() != {}


@on_sqlite
def test_a_second_close_of_a_period_is_found(quarter: Quarter) -> None:
    """Only one can have sealed it; the second says other totals."""
    from ledger.store.log import read_log

    head = quarter.book.head()
    with quarter.book.reading() as connection:
        (first,) = read_log(connection, topics=[CLOSED])
    changed = {"known_at": head.position, "head": head.hash.hex(), "statements": 0}
    second = first.event.model_copy(update=changed | {"totals": {"CNY": "1.00"}})
    record_decisions(quarter.book, [second], by="mallory", expected=head)
    assert quarter.failing() != {}


@pytest.fixture
def change(quarter: Quarter) -> Callable[[str], dict[str, str]]:
    """Changes a view's rows behind duebook's back; answers what verify finds."""

    def run(sql: str) -> dict[str, str]:
        book: Book = quarter.book
        writing = book.engine.connect().execution_options(duebook_write=True)
        with writing as connection, connection.begin():
            assert connection.exec_driver_sql(sql).rowcount
        return quarter.failing()

    return run


@on_sqlite
@pytest.mark.parametrize(
    ("view", "sql"),
    [
        ("entries", "UPDATE entries SET narration = 'x' WHERE leg = 1"),
        ("entries", "UPDATE entries SET account = 'Assets:Cash' WHERE leg = 2"),
        ("balances", "UPDATE balances SET debit_minor = debit_minor + 1"),
        ("statements", "UPDATE statements SET open_minor = open_minor + 1"),
        ("statements", "DELETE FROM statements WHERE payee = 'partner:P-2'"),
    ],
)
def test_an_altered_row_of_a_view_is_found(
    quarter: Quarter, change: Callable[[str], dict[str, str]], view: str, sql: str
) -> None:
    """And nothing else: the log holds, the view can be rebuilt."""
    quarter.catch_up()
    found = change(sql)
    assert list(found) == [f"view {view}"]
    assert f"run: duebook rebuild {view}" in found[f"view {view}"]


@on_sqlite
def test_an_unbalanced_row_is_found_as_such(
    quarter: Quarter, change: Callable[[str], dict[str, str]]
) -> None:
    """With the entry and by how much, and it is not read for a journal either."""
    quarter.catch_up()
    found = change("UPDATE entries SET amount_minor = amount_minor + 7 WHERE leg = 2 AND seq = 1")
    assert "does not balance: 0.07 CNY over" in found["entries"]
    assert "view entries" in found


@on_sqlite
def test_fees_paid_by_fact_change_nothing_that_was_closed(book: Any, tmp_path: Path) -> None:
    """A growth term with payments before and after verifies, also with one withdrawn."""
    quarter = Quarter(book, tmp_path)
    told = quarter.tell([*enrolled(aigc=0, creator_video=0), fee_paid("6000.00")])
    quarter.close(GROWTH)
    quarter.catch_up()
    quarter.withdraw(told[-1])
    quarter.adjust(GROWTH)
    quarter.catch_up()
    assert quarter.failing() == {}
