"""The charts of the program: fees by scene, and day by day."""

from collections.abc import Iterator, Sequence

from ledger.programs.chart import Chart, by_day, sums
from ledger.programs.line import Line
from ledger.programs.technical_fee.details import DAY, SCENE


def charts(lines: Sequence[Line]) -> Iterator[Chart]:
    """The month's fees of all stores by the scene of their orders, and by the day of each."""
    about = "The month's fees of all stores by the scene of their orders."
    yield from sums(lines, SCENE, "fees", "Fees by scene", about)
    about = "The month's fees of all stores by the day on which their orders were created."
    yield from by_day(lines, DAY, "fees-by-day", "Fees by day", about)
