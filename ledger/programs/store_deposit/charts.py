"""The chart of deposits: each store's balance against what it has to put down."""

from collections.abc import Iterator, Sequence

from ledger.programs.chart import Chart, Measured, against
from ledger.programs.line import Line
from ledger.programs.store_deposit.standing import BALANCE, REQUIRED


def charts(lines: Sequence[Line]) -> Iterator[Chart]:
    """A bar for each store whose requirement is known."""
    return against(
        lines,
        Measured(BALANCE, "balance"),
        Measured(REQUIRED, "required"),
        "deposits",
        "Balances against requirements",
        "The balance of each store's deposit at the month's end; the line is what it has to put "
        "down.",
    )
