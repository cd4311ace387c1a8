"""Charts of the recruiting incentive: the funnel of its conditions, and days to the first sale."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from ledger.kernel.counted import counted
from ledger.programs.chart import Bar, Chart, Mark, Meaning, Measured, against, funnel, measured
from ledger.programs.line import Line
from ledger.programs.recruiting.conditions import DAYS_TO_SALE
from ledger.programs.recruiting.gmv import GMV, THRESHOLD

WEEK = 7


def charts(lines: Sequence[Line]) -> Iterator[Chart]:
    """The funnel, then stores by the week after onboarding in which they first sold something."""
    yield from funnel(lines, "store")
    in_time: Counter[int] = Counter()
    late: Counter[int] = Counter()
    for _, step, name, days in measured(lines):
        if name == DAYS_TO_SALE:
            (in_time if step.met else late)[int(days) // WEEK] += 1
    weeks = {*in_time, *late}
    if not weeks:
        return
    bars = []
    for week in range(max(weeks) + 1):
        kinds: tuple[tuple[Counter[int], str, Meaning], ...] = (
            (in_time, "in time", "payable"),
            (late, "late", "declined"),
        )
        marks = [
            Mark(Decimal(count[week]), f"{counted(count[week], 'store')} {word}", meaning)
            for count, word, meaning in kinds
            if count[week]
        ]
        bars.append(Bar(f"day {week * WEEK} to {week * WEEK + WEEK - 1}", tuple(marks)))
    about = "Stores by the day of their first sale, counted from the day of onboarding as day 0."
    yield Chart("first-sale", "Days to the first sale", about, tuple(bars))


def of_line(line: Line) -> Iterator[Chart]:
    """The store's GMV against the line that it has to exceed."""
    title = "GMV against its line"
    about = "GMV in the currency of the terms, and the mark of what it has to exceed."
    yield from against(
        *([line], Measured(GMV, "GMV"), Measured(THRESHOLD, "over"), "gmv", title, about),
        label=lambda own: own.subject,
    )
