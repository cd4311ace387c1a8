"""The chart of the growth service: each merchant's GMV against the return that was promised."""

from collections.abc import Iterator, Sequence

from ledger.programs.chart import Chart, Measured, against
from ledger.programs.growth.compensation import FLOOR, RETURN
from ledger.programs.line import Line


def charts(lines: Sequence[Line]) -> Iterator[Chart]:
    """A bar for each merchant whose GMV is known, with its floor, the break-even line."""
    return against(
        lines,
        Measured(RETURN, "GMV"),
        Measured(FLOOR, "floor"),
        "return",
        "Return against its floor",
        "GMV of each merchant in the term; the line is the multiple of its cost that was promised. "
        "Below it compensation is due.",
    )
