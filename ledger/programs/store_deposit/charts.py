"""The chart of deposits: each store's balance against what it has to put down."""

from collections.abc import Iterator, Sequence

from ledger.programs.chart import Bar, Chart, Mark, Meaning, measured
from ledger.programs.line import Line
from ledger.programs.store_deposit.standing import BALANCE, REQUIRED


def charts(lines: Sequence[Line]) -> Iterator[Chart]:
    """A bar for each store whose requirement is known."""
    required = {line.line: amount for line, _, amount in measured(lines, REQUIRED)}
    bars = []
    for line, _, balance in measured(lines, BALANCE):
        floor = required[line.line]
        meaning: Meaning = "payable" if balance >= floor else "declined"
        mark = Mark(balance, f"balance {balance:,.2f}", meaning)
        bars.append(Bar(line.payee, (mark,), Mark(floor, f"required {floor:,.2f}")))
    if bars:
        about = (
            "The balance of each store's deposit at the month's end; the line is what it has to "
            "put down."
        )
        yield Chart("deposits", "Balances against requirements", about, tuple(bars))
