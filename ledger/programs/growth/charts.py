"""The chart of the growth service: each merchant's GMV against the return that was promised."""

from collections.abc import Iterator, Sequence

from ledger.programs.chart import Bar, Chart, Mark, Meaning, measured
from ledger.programs.growth.compensation import FLOOR, RETURN
from ledger.programs.line import Line


def charts(lines: Sequence[Line]) -> Iterator[Chart]:
    """A bar for each merchant whose GMV is known, with its floor, the break-even line."""
    floors = {line.line: floor for line, _, floor in measured(lines, FLOOR)}
    bars = []
    for line, _, gmv in measured(lines, RETURN):
        floor = floors[line.line]
        meaning: Meaning = "payable" if gmv >= floor else "declined"
        bars.append(
            Bar(
                line.subject,
                (Mark(gmv, f"GMV {gmv:,.2f}", meaning),),
                Mark(floor, f"floor {floor:,.2f}"),
            )
        )
    if bars:
        about = (
            "GMV of each merchant in the term; the line is the multiple of its cost that was "
            "promised. Below it compensation is due."
        )
        yield Chart("return", "Return against its floor", about, tuple(bars))
