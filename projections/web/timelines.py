"""A line, or a store with all of its lines, on an axis of days: what happened, and which days
counted."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from markupsafe import Markup

from ledger.kernel.decision import DaySpan, Step
from ledger.kernel.instants import day_of, parse_instant
from ledger.programs.chart import Meaning
from projections.pictures.timeline import Happening, Stretch, timeline
from projections.web.page import Row

NOT_OF_THE_SUBJECT = ("rate", "orders", "terms", "book", "campaign")
"""Kinds of streams whose facts concern everybody: they would fill the axis."""
DAYS_SAID = 3


def pictured(
    zone: str, trees: Sequence[Step], facts: Iterable[Row], terms: Sequence[DaySpan]
) -> Iterator[Row]:
    """The picture of facts and of the days that steps name; none where all is on a single day.

    `terms`: days that count as a whole, such as an edition's term. Days are those of the zone.
    """
    rows: list[Happening | Stretch] = [*_happened(zone, facts), *_counted(trees)]
    if not rows:
        return
    rows += [Stretch(t.label, t.first, t.last, "plain", f"{t.first} to {t.last}") for t in terms]
    edges = {day for row in rows for day in _days(row)}
    if len(edges) < 2:
        return
    title = "When it happened"
    about = f"Facts that count by their days in {zone}, and the days within which something counts."
    yield {
        "id": "timeline",
        "title": title,
        "about": about,
        "svg": Markup(timeline(title, about, rows, "timeline")),
        "rows": [(row.label, _every_day(row)) for row in rows],
    }


def _days(row: Happening | Stretch) -> tuple[date, ...]:
    return row.days if isinstance(row, Happening) else (row.first, row.last)


def _every_day(row: Happening | Stretch) -> str:
    if isinstance(row, Stretch):
        return row.said
    return ", ".join(day.isoformat() for day in row.days)


def _happened(zone: str, facts: Iterable[Row]) -> list[Happening]:
    """A row per type of fact, the one that happened first at the top."""
    by_type: Mapping[str, set[date]] = defaultdict(set)
    for fact in facts:
        if fact["stream"].partition(":")[0] not in NOT_OF_THE_SUBJECT:
            by_type[fact["type"]].add(day_of(parse_instant(fact["at"]), zone))
    rows = [Happening(name, tuple(sorted(days)), _said(sorted(days))) for name, days in
            by_type.items()]  # fmt: skip
    return sorted(rows, key=lambda row: (row.days[0], row.label))


def _said(days: Sequence[date]) -> str:
    if len(days) <= DAYS_SAID:
        return ", ".join(day.isoformat() for day in days)
    return f"{len(days)} days, {days[0]} to {days[-1]}"


def _counted(trees: Iterable[Step]) -> Iterator[Stretch]:
    """The days that steps name, coloured by what came of them."""
    seen = set()
    for tree in trees:
        for step in _steps(tree):
            for label, first, last in step.spans:
                meaning = _meaning(step)
                if (label, first, last, meaning) not in seen:
                    seen.add((label, first, last, meaning))
                    yield Stretch(label, first, last, meaning, f"{first} to {last}")


def _steps(step: Step) -> Iterator[Step]:
    yield step
    for part in step.parts:
        yield from _steps(part)


def _meaning(step: Step) -> Meaning:
    if step.pending:
        return "held"
    return "plain" if step.met is None else "payable" if step.met else "declined"
