"""Recruiting whose GMV is that of archived orders."""

from pathlib import Path

from ledger.intake.platform.canonical import read
from ledger.kernel.clocks import Clocks
from ledger.store.book import Book
from ledger.usecases.reconciling.reconcile import reconcile
from ledger.usecases.settling.explain import explain
from ledger.usecases.terms.publish import publish
from tests.fees import NOW, Fees, order
from tests.marks import decision
from tests.quarter import GMV, PROGRAM, certified, edition, store

pytestmark = decision


def test_an_order_counts_until_the_day_to_which_the_last_one_rolled_over(
    book: Book, tmp_path: Path
) -> None:
    """Thirty days from 6 March end on 5 April, Qingming; 7 April is the next working day, after
    the term's last day."""
    fees = Fees(book, tmp_path)
    changed = {"gmv_basis": "placed", "roll_over": True}
    publish(book, edition(PROGRAM, publisher="acme", version=1, **changed), "lin")
    facts = [one for place, one in enumerate([*certified("P-1"), *store(1)]) if place != GMV]
    at = "2026-03-06T09:00:00+08:00"
    fees.tell(*(one | {"at": at} if one["type"] == "MerchantOnboarded" else one for one in facts))
    fees.archive(
        order("a", created_at="2026-04-07T23:59:59+08:00", amount="2000.00"),
        order("b", created_at="2026-04-08T00:00:00+08:00", amount="3000.00"),
    )
    with book.reading() as connection:
        clocks = Clocks(NOW, book.head().position)
        _, told = explain(connection, f"{PROGRAM}/S-1", clocks, orders=True)
    assert [(one["order_id"], one["net"]) for one in told["orders"]] == [("a", "2000.00")]


def test_refunds_of_orders_that_were_ignored_are_named(book: Book, tmp_path: Path) -> None:
    """1,500.00 less 1,200.00 is below the threshold; the platform paid as if nothing came back."""
    fees = Fees(book, tmp_path)
    publish(book, edition(PROGRAM, publisher="acme", version=1, gmv_basis="placed"), "lin")
    facts = [one for place, one in enumerate([*certified("P-1"), *store(1)]) if place != GMV]
    fees.tell(*facts)
    row = order("a", created_at="2026-01-25T12:00:00+08:00", amount="1500.00")
    fees.archive(row | {"refunded": "1200.00"})
    clocks = Clocks(NOW, book.head().position)
    with book.reading() as connection:
        path = tmp_path / "theirs.csv"
        path.write_text(f"line,amount,currency\n{PROGRAM}/S-1,2000.00,CNY\n", encoding="utf-8")
        found = reconcile(connection, PROGRAM, None, read(str(path)), clocks).breaks
    causes = [(one.because, one.detail) for one in found[0].likely]
    assert ("refund_ignored", "refunds are not deducted") in causes
