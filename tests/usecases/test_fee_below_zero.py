"""An order below zero: intake lets none through, and no figure is made of one all the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import LogBroken
from ledger.programs.contract import Asked
from ledger.programs.registry import program_of
from ledger.store.reader import LogReader
from ledger.usecases.settling.settle import published_edition
from tests.fees import MAY, PROGRAM, Fees, everything, onboarded, order
from tests.marks import decision
from tests.quarter import on_sqlite

pytestmark = decision


@pytest.fixture
def spoilt(
    book_with: Callable[[Any], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Fees:
    """A book whose archive, as it is read, has refunds a cent above the amount in S-1."""

    def tell(book: Any, folder: Path) -> None:
        fees = Fees(book, folder)
        fees.rates()
        fees.tell(onboarded("S-1"), onboarded("S-2"))
        fees.archive(order("a"), order("b", store="S-2"))

    read = LogReader.order_session

    def altered(self: LogReader, window: Any, stores: Any) -> Any:
        session = read(self, window, stores)
        assert session is not None
        refunded = "CASE store WHEN 'S-1' THEN amount_minor + 1 ELSE 0 END AS refunded_minor"
        session.database.execute(
            f"CREATE TEMP TABLE altered AS SELECT * REPLACE ({refunded}) FROM orders;"
            "DROP VIEW orders; CREATE TEMP VIEW orders AS FROM altered"
        )
        return session

    monkeypatch.setattr(LogReader, "order_session", altered)
    return Fees(book_with(tell), tmp_path, calls=4)


@on_sqlite
def test_a_month_with_an_order_below_zero_is_worked_out_by_nobody(spoilt: Fees) -> None:
    """Neither settled, nor told order by order, nor compared; the store is named."""
    with pytest.raises(LogBroken, match="store S-1 with -1 minor units"):
        spoilt.settle()
    with spoilt.book.reading() as connection:
        clocks = everything(spoilt.book.head().position)
        asked = Asked(published_edition(connection, PROGRAM, clocks), MAY)
        orders = program_of("technical_fee").orders
        assert orders is not None
        for question in (orders.orders_of, orders.order_side):
            with pytest.raises(LogBroken):
                question(LogReader(connection, clocks), asked)
        only = asked._replace(subjects=frozenset({"S-2"}))
        assert [one["fee"] for one in orders.orders_of(LogReader(connection, clocks), only)] == [
            "-1.00"
        ]
