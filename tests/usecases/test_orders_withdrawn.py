"""A call of order lines that was loaded by mistake is taken back as a whole."""

from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import AlreadyWithdrawn, NoSuchEvent
from ledger.kernel.instants import parse_instant
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.closing.reasons import with_reasons
from ledger.usecases.closing.replay import replay
from ledger.usecases.recording.withdraw_orders import withdraw_orders
from ledger.usecases.statements.statement import statement
from ledger.usecases.verifying.closed_periods import verify_closed
from tests.fees import AFTER_MAY, MAY, NOW, PROGRAM, RATES, Fees, onboarded, order
from tests.marks import decision
from tests.quarter import silent

pytestmark = decision
LATE = {"updated_at": "2020-05-25T00:00:00Z"}
BACK = {"reason": "last year's file", "by": "lin"}


@pytest.fixture
def told(fees: Fees) -> Fees:
    """A store without a discount, and 5 %."""
    fees.rates(rates=RATES)
    fees.tell(onboarded("S-1", "2020-03-01T10:00:00+08:00"))
    return fees


def test_its_orders_count_for_nothing_and_what_they_replaced_counts_again(told: Fees) -> None:
    """From the withdrawal's position on; a run known before it still sees them."""
    told.archive(order("a"))
    wrong = told.archive(order("a", amount="10.00", **LATE), order("b", amount="20.00"))
    assert told.amounts() == {"S-1": "-1.50"}
    answer = withdraw_orders(told.book, wrong.position, **BACK)
    assert (answer["rows"], answer["amounts"], answer["known_from_it"]) == (2, {"CNY": "30.00"}, [])
    assert answer["touches"] == [{"program": PROGRAM, "period": MAY, "stores": 1, "closed": False}]
    assert told.amounts() == {"S-1": "-5.00"}
    assert told.days() == [("S-1", "2020-05-20", "100.00", "CNY", 1)]
    before = Clocks(AFTER_MAY, wrong.position)
    with told.book.reading() as connection:
        from ledger.usecases.settling.settle import published_edition, settle

        edition = published_edition(connection, PROGRAM, before)
        (line,) = settle(connection, edition, before, period=MAY).lines
    assert line.amount is not None
    assert line.amount.text == "-1.50"
    assert all(ok for ok, _ in told.checks().values())


def test_the_same_rows_come_back_and_with_items_too(told: Fees) -> None:
    """Under the digest that they had; what was known from the call goes with it."""
    wrong = told.archive(order("a", amount="200.00"), order("b"))
    later = told.archive(order("b"), order("c"))
    answer = withdraw_orders(told.book, wrong.position - 1, **BACK)
    assert answer["withdrawn"] == wrong.position
    assert answer["known_from_it"] == [later.position]
    assert told.days() == [("S-1", "2020-05-20", "100.00", "CNY", 1)]
    items = told.archive(
        order("a", item="1", amount="150.00"), order("a", item="2", amount="50.00")
    )
    assert (items.recorded, items.known) == (2, 0)
    names = told.names()
    again = told.archive(order("b"))
    assert (again.recorded, again.known) == (1, 0)
    assert len(told.names()) == len(names) + 1
    assert told.days() == [("S-1", "2020-05-20", "400.00", "CNY", 4)]
    withdraw_orders(told.book, again.position, **BACK)
    same = told.archive(order("b"))
    assert same.archived == again.archived
    assert told.days() == [("S-1", "2020-05-20", "400.00", "CNY", 4)]


def test_what_was_closed_is_adjusted_with_the_withdrawal_as_its_cause(told: Fees) -> None:
    """The statement names the orders that went, and the close still replays."""
    told.archive(order("a"))
    wrong = told.archive(order("b"))
    close(told.book, PROGRAM, MAY, by="lin", now=NOW, as_of=AFTER_MAY)
    back = withdraw_orders(told.book, wrong.position, **BACK)
    assert back["touches"][0]["closed"] is True
    _, answer = adjust(told.book, PROGRAM, MAY, by="lin", now=NOW)
    (row,) = answer["adjustments"]
    assert (row["was"], row["now"], row["because"]) == ("-10.00", "-5.00", [back["position"]])
    clocks = Clocks(parse_instant("2027-01-01T00:00:00Z"), told.book.head().position)
    with told.book.reading() as connection:
        said = statement(connection, PROGRAM, MAY, "store:S-1", clocks)
        (told_row,) = with_reasons(connection, said, PROGRAM, MAY, clocks, "store:S-1")[
            "adjustments"
        ]
        again = replay(connection, PROGRAM, MAY, known_at=clocks.known_at).as_json()
    (gone,) = told_row["orders"]
    assert (gone["order_id"], gone["was"], gone["now"]) == ("b", "-5.00", None)
    assert told_row["orders_changed"] == 1
    assert again["identical"] is True
    assert [one.detail for one in verify_closed(told.book, silent) if not one.ok] == []


def test_a_look_records_nothing_and_a_second_time_is_refused(told: Fees) -> None:
    """So is a position at which no orders were archived."""
    wrong = told.archive(order("a"))
    head = told.book.head()
    assert withdraw_orders(told.book, wrong.position, **BACK, dry_run=True)["recorded"] == 0
    assert told.book.head() == head
    withdraw_orders(told.book, wrong.position, **BACK)
    with pytest.raises(AlreadyWithdrawn):
        withdraw_orders(told.book, wrong.position, **BACK)
    with pytest.raises(NoSuchEvent, match="not a load of order lines"):
        withdraw_orders(told.book, 1, **BACK)


def test_the_log_is_whole_with_its_index(told: Fees, assert_whole: Any) -> None:
    """The withdrawal stands in the index of what was withdrawn."""
    wrong = told.archive(order("a"))
    withdraw_orders(told.book, wrong.position, **BACK)
    assert_whole(told.book)
