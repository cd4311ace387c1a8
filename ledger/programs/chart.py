"""What a program's lines look like: charts as data, which somebody else draws.

A program declares its own (`Program.charts`); what most of them share is here. A chart is made
of what the lines' explanations say, so that it never says anything else than they do.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from ledger.kernel.counted import counted
from ledger.kernel.decision import Step
from ledger.programs.line import Line

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


class Chart(NamedTuple):
    """A chart: an id for links, a title, what it shows in a sentence, and its bars."""

    name: str
    title: str
    about: str
    bars: tuple[Bar, ...]


def _steps(step: Step) -> Iterator[Step]:
    yield step
    for part in step.parts:
        yield from _steps(part)


def measured(lines: Iterable[Line], name: str) -> Iterator[tuple[Line, Step, Decimal]]:
    """Every step of the lines that has a measure of that name, with it."""
    for line in lines:
        for step in _steps(line.explanation):
            for measure, value in step.measures:
                if measure == name:
                    yield line, step, value


def funnel(lines: Sequence[Line], noun: str) -> Iterator[Chart]:
    """How many lines are left after each condition, in the order in which lines name them.

    A line whose condition is open (held) is left neither as met nor as unmet.
    """
    conditions = [
        [step for step in line.explanation.parts if step.code and step.met is not None]
        for line in lines
    ]
    names = list(dict.fromkeys(step.label for steps in conditions for step in steps))
    if not names:
        return
    bars = [Bar("all", (_count(len(lines), noun),))]
    left = [{step.label: step for step in steps} for steps in conditions]
    held: list[dict[str, Step]] = []
    for name in names:
        held += [steps for steps in left if name in steps and steps[name].pending]
        left = [steps for steps in left if name not in steps or steps[name].met]
        marks = [_count(len(left), noun, "payable")]
        if held:
            marks.append(_count(len(held), f"{noun} open", "held"))
        bars.append(Bar(name, tuple(marks)))
    about = f"How many {noun}s are left after each condition; open ones are not decided yet."
    yield Chart("conditions", "Conditions, one after another", about, tuple(bars))


def _count(number: int, noun: str, meaning: Meaning = "plain") -> Mark:
    return Mark(Decimal(number), counted(number, noun), meaning)


def by_measure(lines: Iterable[Line], prefix: str, currency: str) -> Iterator[tuple[str, Mark]]:
    """Per name behind a prefix of measures their sum, the largest first."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        for step in _steps(line.explanation):
            for measure, value in step.measures:
                if measure.startswith(prefix):
                    name = measure.removeprefix(prefix)
                    sums[name] = sums.get(name, Decimal(0)) + value
    for name, value in sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])):
        yield name, Mark(value, f"{value:,.2f} {currency}", "payable")


def no_charts(lines: Sequence[Line]) -> Iterator[Chart]:
    """For programs whose lines say everything in their amounts."""
    return iter(())
