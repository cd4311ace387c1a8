"""Growth whose GMV is that of archived orders: each of them can be asked for, and a correction
names those that made it."""

from pathlib import Path

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoOrders
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.closing.reasons import with_reasons
from ledger.usecases.settling.explain import explain
from ledger.usecases.statements.statement import statement
from tests.fees import NOW, Fees, onboarded, order
from tests.marks import decision
from tests.quarter import GROWTH, PROGRAM, Quarter, certified, fee_paid, store

pytestmark = decision
LINE = f"{GROWTH}/M-7/commission"
USD = {"store": "S-7", "currency": "USD"}


@pytest.fixture
def fees(book: Book, tmp_path: Path) -> Fees:
    """A merchant that enrolled on 3 May with a store of three orders, one before it."""
    fees = Fees(book, tmp_path)
    own = {"program": GROWTH, "merchant": "M-7"}
    fees.tell(
        onboarded("S-7", "2026-01-03T10:00:00+08:00") | {"merchant": "M-7"},
        {"type": "MerchantInvited", "at": "2026-04-20T09:00:00+08:00", **own},
        {"type": "MerchantEnrolled", "at": "2026-05-03T10:00:00+08:00", **own, "store": "S-7"}
        | {"promised": {"aigc": 0, "creator_video": 0}},
        fee_paid("6000.00"),
    )
    fees.archive(
        order("early", created_at="2026-05-02T23:59:59+08:00", amount="9999.00", **USD),
        order("a", created_at="2026-05-03T00:00:00+08:00", amount="100.00", **USD),
        order("b", created_at="2026-07-31T23:59:59+08:00", amount="40000.00", refunded="100.00",
              updated_at="2026-08-02T00:00:00Z", **USD),
    )  # fmt: skip
    return fees


def at_head(fees: Fees) -> Clocks:
    return Clocks(parse_instant("2027-01-01T00:00:00Z"), fees.book.head().position)


def test_the_orders_of_a_line_are_those_that_its_gmv_sums(fees: Fees) -> None:
    """With file and row; the steps say how many, and name the call that brought them."""
    with fees.book.reading() as connection:
        _, told = explain(connection, LINE, at_head(fees), orders=True)
    assert told["amount"] == "-8000.00"
    assert [(one["order_id"], one["net"], one["row"]) for one in told["orders"]] == [
        ("a", "100.00", 3),
        ("b", "39900.00", 4),
    ]
    archived = fees.facts("orders-archived.v2")[0].position
    days = [step for step in steps(told["explanation"]) if "orders" in step]
    assert [(one["label"], one["orders"], one["events"]) for one in days] == [
        ("orders of 2026-05-03", 1, [archived]),
        ("orders of 2026-07-31", 1, [archived]),
    ]
    assert archived in [one["position"] for one in told["facts"]]


def steps(tree: dict) -> list[dict]:  # type: ignore[type-arg]
    return [tree, *(one for part in tree["parts"] for one in steps(part))]


def test_before_an_order_was_changed_it_counts_as_it_was(fees: Fees) -> None:
    """The last version came in August: by the end of July there was no order b."""
    clocks = at_head(fees)._replace(as_of=parse_instant("2026-08-01T00:00:00+08:00"))
    with fees.book.reading() as connection:
        _, told = explain(connection, LINE, clocks, orders=True)
    assert [one["order_id"] for one in told["orders"]] == ["a"]


def test_a_correction_names_the_orders_that_made_it(fees: Fees) -> None:
    """What they were and are, and where they came in; no other call is named."""
    close(fees.book, GROWTH, by="lin", now=NOW, leave_open="nothing")
    fees.archive(order("another", created_at="2026-06-01T00:00:00Z", currency="USD"))
    revised = fees.archive(
        order("a", created_at="2026-05-03T00:00:00+08:00", amount="100.00", refunded="100.00",
              updated_at="2026-09-01T00:00:00Z", **USD)
    )  # fmt: skip
    _, answer = adjust(fees.book, GROWTH, by="lin", now=NOW)
    rows = {one["line"]: one for one in answer["adjustments"]}
    assert (rows[LINE]["was"], rows[LINE]["now"]) == ("-8000.00", "-7980.00")
    assert rows[LINE]["because"] == [revised.position]
    (first,) = rows[LINE]["orders"]
    assert (first["order_id"], first["was"], first["now"]) == ("a", "100.00", "0.00")
    assert rows[LINE]["orders_changed"] == 1
    clocks = at_head(fees)
    with fees.book.reading() as connection:
        said = statement(connection, GROWTH, None, "merchant:M-7", clocks)
        told = with_reasons(connection, said, GROWTH, None, clocks, "merchant:M-7")
    row = next(one for one in told["adjustments"] if one["line"] == LINE)
    (changed,) = row["orders"]
    assert (changed["order_id"], changed["was"], changed["now"]) == ("a", "100.00", "0.00")
    assert (changed["row"], Path(changed["file"]).suffix) == (2, ".csv")


def test_a_line_that_is_of_no_orders_says_so(book: Book, tmp_path: Path) -> None:
    """Recruiting by settled GMV."""
    quarter = Quarter(book, tmp_path)
    quarter.tell([*certified("P-1"), *store(1)])
    clocks = Clocks(NOW, book.head().position)
    with book.reading() as connection, pytest.raises(NoOrders):
        explain(connection, f"{PROGRAM}/S-1", clocks, orders=True)
