"""`report audit`: every decision is one row, with who, what, about what, why and its money."""

import shutil
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.aggregates.base import OwnEvent
from ledger.aggregates.catalogue import EVENTS, FACTS
from ledger.aggregates.settlement import StatementIssued
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.instants import format_instant
from ledger.store.book import Book, open_book
from ledger.store.log import read_log
from ledger.usecases.recording.withdraw_orders import withdraw_orders
from ledger.usecases.statements.lock import lock
from projections.reports.acts import ACTS, NO_ACTS
from projections.reports.audit import AT_ONCE
from tests.fees import Fees, onboarded, order
from tests.projections.trail import DIFFERS, LESS, PAYEE_1, last, one_row, trail
from tests.quarter import GMV, NOW, PROGRAM, Quarter, held_quarter, on_sqlite
from tests.reconciling import Desk, discounted

DAY = 86_400_000_000
GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def desk(book: Book, tmp_path: Path) -> Desk:
    """S-1 and S-2 of P-1 at 2000.00, S-5 of P-2 at 1600.00."""
    return discounted(book, tmp_path)


def test_every_kind_of_decision_makes_one_row(desk: Desk, tmp_path: Path) -> None:
    """However many events it wrote; together they are all kinds that there are, each in the streams
    in which it is looked for."""
    book, orders = desk.book, Fees(desk.book, tmp_path, calls=100)
    first = desk.rows("audit", Clocks(FOREVER, 1))
    assert [(row["what"], row["about"]) for row in first] == [("opened book", "platform")]
    withdrawn, told = desk.told[GMV], f"GMVRecorded store:S-1 (position {desk.told[GMV]})"
    assert one_row(book, desk.close) == (*("closed", PROGRAM, "", {"CNY": "5600.00"}),)
    assert one_row(book, lambda: desk.run(LESS)) == (
        *("kept comparison", f"{PROGRAM}: platform-2.csv, 3 rows, 1 break", "", {}),
    )
    assert one_row(book, lambda: desk.resolve(DIFFERS, "timing")) == (
        *("resolved break", DIFFERS, "timing: as agreed", {}),
    )
    assert one_row(book, lambda: desk.resolve(DIFFERS, "accept_theirs")) == (
        *("resolved break", DIFFERS, "accept theirs: as agreed", {"CNY": "-600.00"}),
    )
    assert one_row(book, lambda: desk.withdraw(withdrawn)) == ("withdrew", told, "wrong", {})
    assert one_row(book, desk.adjust) == ("adjusted", PROGRAM, "", {"CNY": "-2000.00"})
    assert one_row(book, lambda: desk.pay("2500.00")) == (
        *("paid", PAYEE_1, "reference bank-1", {"CNY": "2500.00"}),
    )
    assert one_row(book, lambda: desk.pay("-500.00", ref="bank-2")) == (
        *("received", PAYEE_1, "reference bank-2", {"CNY": "-500.00"}),
    )
    assert one_row(book, orders.rates) == (
        *("published terms", "technical-fee-2020 version 100 of acme", "", {}),
    )
    assert one_row(book, lambda: orders.tell(onboarded("S-9"))) == (
        *("recorded", f"{tmp_path}/told-101.ndjson: 1 recorded, 0 known before", "", {}),
    )
    sent = [order("a", store="S-9"), order("b", store="S-9")]
    assert one_row(book, lambda: orders.archive(*sent)) == (
        *("archived orders", "orders-102.csv: 2 rows, 0 known before", "", {}),
    )
    load = book.head().position
    assert one_row(
        book, lambda: withdraw_orders(book, load, reason="the wrong shop's", by="lin")
    ) == ("withdrew orders", f"orders-102.csv (position {load})", "the wrong shop's", {})
    assert one_row(
        book, lambda: lock(book, date(2026, 3, 31), by="lin", now=NOW, reason="audited")
    ) == ("locked days", "through 2026-03-31", "audited", {})
    with book.reading() as connection:
        log = [one for one in read_log(connection) if type(one.event) in ACTS]
    kinds = {type(one.event): one.stream.partition(":")[0] for one in log}
    assert kinds == {event: act.streams for event, act in ACTS.items()}


def test_no_event_of_ours_is_forgotten() -> None:
    """Each has a row, or is in the list of those that another one tells; of facts only the
    withdrawal is a decision."""
    own = {event for event in EVENTS if issubclass(event, OwnEvent)}
    assert set(ACTS) | set(NO_ACTS) == own | {FACTS["FactWithdrawn"]}
    assert not set(ACTS) & set(NO_ACTS)


def test_a_close_says_why_it_was_left_open_and_why_the_clock_was_right(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both reasons in one row."""
    quarter = Quarter(book, tmp_path)
    quarter.tell(held_quarter())
    book.log.clock_is_right = "the shop was closed for two months"
    later = time.time_ns() + 60 * DAY * 1000
    monkeypatch.setattr(time, "time_ns", lambda: later)
    quarter.close(leave_open="the ratio comes later")
    assert last(book)["reason"] == (
        "left open: the ratio comes later; the clock is right: the shop was closed for two months"
    )


def test_who_decided_is_the_name_and_the_account(desk: Desk) -> None:
    """A withdrawal has the account of the call that brought it."""
    desk.close()
    desk.withdraw(desk.told[GMV])
    with desk.book.reading() as connection:
        actor = next(read_log(connection)).event.actor
    names = {row["what"]: row["by"] for row in trail(desk.book)}
    assert {"closed": "lin", "withdrew": "test"}.items() <= names.items()
    assert {row["actor"] for row in trail(desk.book)} == {str(actor)}


@on_sqlite
@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("closed-format2.db", {"closed": 3, "adjusted": 3, "paid": 1, "withdrew": 1}),
        (
            "closed-format3.db",
            {"closed": 5, "adjusted": 6, "archived orders": 5, "resolved break": 4},
        ),
    ],
)
def test_older_books_name_no_actor_and_their_decisions_are_told_apart(
    tmp_path: Path, name: str, kinds: dict[str, int], database: str
) -> None:
    """But for the account that a close of then names."""
    if (GOLDEN / f"{name}.orders").exists():
        shutil.copytree(GOLDEN / f"{name}.orders", tmp_path / f"{name}.orders")
    book = open_book(str(shutil.copy(GOLDEN / name, tmp_path / name)))
    shown = trail(book)
    with book.reading() as connection:
        events = [one.event for one in read_log(connection)]
    book.close()
    assert {row["actor"] for row in shown if row["what"] != "closed"} == {""}
    count = Counter(row["what"] for row in shown)
    assert {what: count[what] for what in kinds} == kinds
    statements = sum(isinstance(event, StatementIssued) for event in events)
    assert statements > kinds["closed"]


def test_a_withdrawal_names_its_fact_also_where_it_came_first(
    desk: Desk, record_facts: Callable[..., Any]
) -> None:
    """By the sender's id, it waits; a second one of the same fact names the position it gave."""
    at = {"at": "2026-02-01T09:00:00+08:00"}
    sale = {"type": "FirstSale", **at, "store": "S-1", "source": "crm", "id": "F-1"}
    early = {"type": "FactWithdrawn", **at, "source": "crm", "id": "F-1", "reason": "a test"}
    record_facts(desk.book, [early], name="early.ndjson")
    assert (last(desk.book)["what"], last(desk.book)["about"]) == ("withdrew", "id F-1")
    waited = desk.book.head().position
    record_facts(desk.book, [sale], name="sale.ndjson")
    position = desk.book.head().position
    (row,) = (row for row in trail(desk.book) if row["position"] == waited)
    assert row["about"] == f"FirstSale store:S-1 (position {position})"
    (before,) = (row for row in trail(desk.book, waited) if row["position"] == waited)
    assert before["about"] == "id F-1"
    again = {"type": "FactWithdrawn", **at, "position": position, "reason": "once more"}
    record_facts(desk.book, [again], name="again.ndjson")
    assert last(desk.book)["about"] == f"position {position}"


def test_the_trail_looks_back(desk: Desk) -> None:
    """At an earlier known-at it has fewer rows, at an earlier as-of those of what had happened:
    a withdrawal when it says, here before the close."""
    desk.close()
    known = desk.book.head().position
    closed = trail(desk.book)
    desk.withdraw(desk.told[GMV])
    desk.adjust()
    assert trail(desk.book, known) == closed
    assert trail(desk.book, known - 1) == closed[:-1]
    with desk.book.reading() as connection:
        instants = {one.position: one.at for one in read_log(connection)}
    early = trail(desk.book, as_of=instants[known] - 1)
    assert early[:-1] == [row for row in closed if instants[row["position"]] < instants[known]]
    assert (early[-1]["what"], len(early)) == ("withdrew", len(closed))
    assert closed[-1]["recorded_at"] == format_instant(instants[known])


def test_rows_stand_in_the_order_of_the_log_however_many(
    desk: Desk, record_facts: Callable[..., Any]
) -> None:
    """Across the pieces in which they are read."""
    at = {"at": "2026-02-01T09:00:00+08:00"}
    back = [
        {"type": "FactWithdrawn", **at, "position": place, "reason": "all of it"}
        for place in desk.told
    ]
    for number in range(1 + AT_ONCE // len(back)):
        facts = [fact | {"reason": f"call {number}"} for fact in back]
        record_facts(desk.book, facts, name=f"{number}.ndjson")
    desk.close(leave_open="nothing is left")
    shown = trail(desk.book)
    assert len(shown) > AT_ONCE
    positions = [row["position"] for row in shown]
    assert positions == sorted(positions)
    assert Counter(row["what"] for row in shown)["closed"] == 1
