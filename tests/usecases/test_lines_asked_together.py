"""What-ifs of whole lines: the order lines are opened once for all of them."""

from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.period import Window
from ledger.store.order_lines import OrderLines
from ledger.store.reader import LogReader
from ledger.store.shared_orders import SharedOrders
from tests.fees import NOW, Fees, onboarded, order
from tests.quarter import on_sqlite

from .platform import compared_by_store

OLD = "2020-03-01T10:00:00+08:00"


def told(fees: Fees) -> Fees:
    """Five stores with an order each; the first two pay 1 %."""
    fees.rates()
    names = [f"S-{number}" for number in range(1, 6)]
    fees.tell(*(onboarded(one, OLD) if number > 1 else onboarded(one) for number, one in
                enumerate(names)))  # fmt: skip
    fees.archive(*(order(f"o-{one}", store=one, refunded="1.00") for one in names))
    return fees


@on_sqlite
def test_order_lines_are_opened_once_for_every_window_that_is_asked(
    fees: Fees, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not once for each what-if and line: ours, the month, and the month in UTC."""
    told(fees)
    opened: list[Any] = []
    usual = OrderLines.session

    def noted(self: OrderLines, window: Window, stores: Any) -> Any:
        opened.append((window, stores))
        return usual(self, window, stores)

    monkeypatch.setattr(OrderLines, "session", noted)
    text = "S-1,-4.95,CNY\nS-2,-4.95,CNY\nS-3,-5.00,CNY\nS-4,-7.00,CNY\nS-5,-4.95,CNY\n"
    found = {one.line[-3:]: one.likely for one in compared_by_store(fees, text).breaks}
    assert [one.because for one in found["S-1"]] == ["discount_not_applied"]
    assert [one.because for one in found["S-3"]] == ["refund_ignored"]
    assert found["S-4"] == ()
    assert len(opened) == 3


@on_sqlite
def test_runs_that_share_lines_keep_their_tables_apart(fees: Fees) -> None:
    """Whoever asks again finds its own table, whatever others have put there meanwhile."""
    told(fees)
    window, shared = Window(0, NOW), SharedOrders()
    with fees.book.reading() as connection:
        sessions = []
        for _ in range(2):
            reader = LogReader(connection, Clocks(NOW, fees.book.head().position))
            reader.shared = shared
            sessions.append(reader.order_session(window, ["S-1", "S-2"]))
        asked = "SELECT count(*), min(n) FROM orders, mine"
        for session, number in ((sessions[0], 1), (sessions[1], 2), (sessions[0], 1)):
            assert session is not None
            assert session.ask(asked, {"mine": {"n": [number]}}) == [(2, number)]
