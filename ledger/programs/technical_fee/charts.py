"""The chart of the program: fees by scene."""

from collections.abc import Iterator, Sequence

from ledger.programs.chart import Bar, Chart, by_measure
from ledger.programs.line import Line
from ledger.programs.technical_fee.details import SCENE


def charts(lines: Sequence[Line]) -> Iterator[Chart]:
    """The month's fees of all stores by the scene of their orders."""
    currency = next((line.currency for line in lines if line.currency), "")
    bars = [Bar(name, (mark,)) for name, mark in by_measure(lines, SCENE, currency or "")]
    if bars:
        about = "The month's fees of all stores by the scene of their orders."
        yield Chart("fees", "Fees by scene", about, tuple(bars))
