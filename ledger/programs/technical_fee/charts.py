"""The chart of the program: fees by scene."""

from collections.abc import Iterator, Sequence

from ledger.programs.chart import Chart, sums
from ledger.programs.line import Line
from ledger.programs.technical_fee.details import SCENE


def charts(lines: Sequence[Line]) -> Iterator[Chart]:
    """The month's fees of all stores by the scene of their orders."""
    about = "The month's fees of all stores by the scene of their orders."
    return sums(lines, SCENE, "fees", "Fees by scene", about)
