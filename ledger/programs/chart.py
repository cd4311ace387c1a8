"""What a program's lines look like: charts as data, which somebody else draws.

A program declares its own (`Program.charts`); what most of them share is here. A chart is made
of what the lines' explanations say, so that it never says anything else than they do.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from ledger.kernel.counted import counted
from ledger.kernel.decision import Step
from ledger.programs.line import Line

DAYS_MAX = 62
"""Days with a column each; two months of them can still be told apart."""
Meaning = Literal["payable", "declined", "held", "plain"]
"""What a mark stands for; it decides colour and pattern, never the place."""


class Mark(NamedTuple):
    """One mark of a chart: its size, what it says in words, and what it stands for."""

    size: Decimal
    text: str
    meaning: Meaning = "plain"


class Bar(NamedTuple):
    """A row of a chart: its label, and its marks from left to right, none below zero unless it is
    the only one; `floor`: a value that the bar is measured against."""

    label: str
    marks: tuple[Mark, ...]
    floor: Mark | None = None


Shape = Literal["rows", "columns"]
"""Bars one below the other, or one column beside the other for each day or week of a series."""


class Chart(NamedTuple):
    """A chart: an id for links, a title, what it shows in a sentence, and its bars; of a series
    each has one mark, and its label ends with its first day."""

    name: str
    title: str
    about: str
    bars: tuple[Bar, ...]
    shape: Shape = "rows"


def _steps(step: Step) -> Iterator[Step]:
    yield step
    for part in step.parts:
        yield from _steps(part)


def measured(lines: Iterable[Line]) -> Iterator[tuple[Line, Step, str, Decimal]]:
    """Every measure of the lines' steps: the line, the step, its name, its value."""
    for line in lines:
        for step in _steps(line.explanation):
            for name, value in step.measures:
                yield line, step, name, value


def exactly(value: Decimal) -> str:
    """A number with all of its digits, thousands apart: none is cut off or rounded."""
    return f"{value:,f}"


def funnel(lines: Sequence[Line], noun: str) -> Iterator[Chart]:
    """How many lines are left after each condition, in the order in which lines name them.

    A line whose condition is open is left neither as met nor as unmet: it is counted as open from
    there on.
    """
    left = [{step.label: step for step in _conditions(line)} for line in lines]
    names = list(dict.fromkeys(name for steps in left for name in steps))
    if not names:
        return
    bars = [Bar("all", (_count(len(lines), noun, "", "plain"),))]
    open_ = 0
    for name in names:
        open_ += sum(name in steps and steps[name].met is None for steps in left)
        left = [steps for steps in left if name not in steps or steps[name].met]
        marks = [_count(len(left), noun, "", "payable")]
        marks += [_count(open_, noun, " open", "held")] if open_ else []
        bars.append(Bar(name, tuple(marks)))
    about = f"How many {noun}s are left after each condition; open ones are not decided yet."
    yield Chart("conditions", "Conditions, one after another", about, tuple(bars))


def _conditions(line: Line) -> list[Step]:
    """The steps of a line that are conditions: met, unmet, or open."""
    steps = line.explanation.parts
    return [step for step in steps if step.code and (step.met is not None or step.pending)]


def _count(number: int, noun: str, word: str, meaning: Meaning) -> Mark:
    return Mark(Decimal(number), f"{counted(number, noun)}{word}", meaning)


def sums(lines: Sequence[Line], prefix: str, name: str, title: str, about: str) -> Iterator[Chart]:
    """A bar per name behind a prefix of measures with their sum, the largest first."""
    totals: dict[str, Decimal] = {}
    for _, _, measure, value in measured(lines):
        if measure.startswith(prefix):
            own = measure.removeprefix(prefix)
            totals[own] = totals[own] + value if own in totals else value
    currency = next((line.currency for line in lines if line.currency), "")
    bars = [
        Bar(own, (Mark(value, f"{exactly(value)} {currency}", "payable"),))
        for own, value in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    if bars:
        yield Chart(name, title, about, tuple(bars))


def by_day(
    lines: Sequence[Line], prefix: str, name: str, title: str, about: str
) -> Iterator[Chart]:
    """A column per day behind a prefix of measures with their sum, those between the first and the
    last without one as zero; of more than 62 days a column per week, from Monday."""
    totals: dict[date, Decimal] = {}
    for _, _, measure, value in measured(lines):
        if measure.startswith(prefix):
            day = date.fromisoformat(measure.removeprefix(prefix))
            totals[day] = totals[day] + value if day in totals else value
    if not totals:
        return
    first, last = min(totals), max(totals)
    by_week = (last - first).days >= DAYS_MAX
    zero = totals[first] * 0  # with the decimals of the currency
    columns: dict[date, Decimal] = {}
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        start = max(first, day - timedelta(days=day.weekday())) if by_week else day
        columns[start] = columns.get(start, zero) + totals.get(day, zero)
    currency = next((line.currency for line in lines if line.currency), "")
    bars = [
        Bar(
            f"{'week from ' if by_week else ''}{day}",
            (Mark(value, f"{exactly(value)} {currency}", "payable" if value >= 0 else "declined"),),
        )
        for day, value in sorted(columns.items())
    ]
    yield Chart(name, title, about, tuple(bars), "columns")


class Measured(NamedTuple):
    """A measure of a step, and what it is called in a chart."""

    measure: str
    word: str


def against(
    lines: Sequence[Line],
    value: Measured,
    floor: Measured,
    name: str,
    title: str,
    about: str,
    *,
    label: Callable[[Line], str] = lambda line: line.payee,
) -> Iterator[Chart]:
    """A bar per line, named by its payee or by `label`, with a value and the floor that it is
    measured against."""
    floors = {line.line: own for line, _, key, own in measured(lines) if key == floor.measure}
    bars = []
    for line, _, key, own in measured(lines):
        if key == value.measure:
            least = floors[line.line]
            meaning: Meaning = "payable" if own >= least else "declined"
            mark = Mark(own, f"{value.word} {exactly(own)}", meaning)
            bars.append(Bar(label(line), (mark,), Mark(least, f"{floor.word} {exactly(least)}")))
    if bars:
        yield Chart(name, title, about, tuple(bars))


def no_charts(lines: Sequence[Line]) -> Iterator[Chart]:
    """For programs whose lines say everything in their amounts."""
    return iter(())


def no_chart(line: Line) -> Iterator[Chart]:
    """For programs of which a line says everything in its explanation."""
    return iter(())
