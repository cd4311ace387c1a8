"""The chart of the program: commissions by kind of plan."""

from collections.abc import Iterator, Sequence

from ledger.programs.affiliate_commission.details import PLAN_KIND
from ledger.programs.chart import Bar, Chart, by_measure
from ledger.programs.line import Line


def charts(lines: Sequence[Line]) -> Iterator[Chart]:
    """The month's commissions of all creators by the kind of plan that they were earned under."""
    currency = next((line.currency for line in lines if line.currency), "")
    bars = [Bar(name, (mark,)) for name, mark in by_measure(lines, PLAN_KIND, currency or "")]
    if bars:
        about = "The month's commissions by the kind of plan that they were earned under."
        yield Chart("commissions", "Commissions by kind of plan", about, tuple(bars))
