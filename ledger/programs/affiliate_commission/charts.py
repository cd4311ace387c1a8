"""The chart of the program: commissions by kind of plan."""

from collections.abc import Iterator, Sequence

from ledger.programs.affiliate_commission.details import PLAN_KIND
from ledger.programs.chart import Chart, sums
from ledger.programs.line import Line


def charts(lines: Sequence[Line]) -> Iterator[Chart]:
    """The month's commissions by the kind of plan that they were earned under."""
    about = "The month's commissions by the kind of plan that they were earned under."
    return sums(lines, PLAN_KIND, "commissions", "Commissions by kind of plan", about)
