"""Accepting the platform's figure for a group of orders moves each line by its own orders."""

import pytest

from ledger.kernel.errors import BadResolution
from ledger.usecases.adjust import adjust
from ledger.usecases.close import close
from ledger.usecases.closed import closed_period
from ledger.usecases.reconcile import record_run
from ledger.usecases.resolve import resolve
from ledger.usecases.verify_closed import verify_closed
from tests.fees import AFTER_MAY, MAY, NOW, PROGRAM, Fees, onboarded, order
from tests.quarter import silent

from .platform import charged, compared


def test_a_group_that_is_accepted_moves_every_line_by_its_orders(fees: Fees) -> None:
    """Two orders of S-1 and one of S-2 were charged in full; S-1's third order stays as it is."""
    fees.rates()
    fees.tell(onboarded("S-1"), onboarded("S-2"))
    fees.archive(order("a"), order("b"), order("c"), order("d", store="S-2"))
    close(fees.book, PROGRAM, MAY, by="lin", now=NOW, as_of=AFTER_MAY)
    rows = [charged("a", "-5.00"), charged("b", "-5.00"), charged("c", "-1.00")]
    found = compared(fees, [*rows, charged("d", "-5.00", "S-2")])
    (group,) = found.breaks
    assert group.count == 3
    record_run(fees.book, found, by="lin", profile="canonical", flipped=False)
    options = {"resolution": "accept_theirs", "reason": "final", "by": "lin", "now": NOW}
    answer = resolve(fees.book, PROGRAM, MAY, group.id, **options)
    assert answer["adjusted"] == 2
    with fees.book.reading() as connection:
        known = closed_period(connection, PROGRAM, MAY, fees.book.head().position)
    said = {one.subject: one.amount.text for one in known.current.values()}
    assert said == {"store:S-1": "-11.00", "store:S-2": "-5.00"}
    with pytest.raises(BadResolution):
        resolve(fees.book, PROGRAM, MAY, group.id, **options)
    left = adjust(fees.book, PROGRAM, MAY, by="lin", now=NOW)[1]
    assert (left["adjustments"], len(left["left_alone"])) == ([], 2)
    assert [one.detail for one in verify_closed(fees.book, silent) if not one.ok] == []
