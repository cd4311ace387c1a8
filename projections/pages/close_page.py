"""The report of a close as one HTML file without scripts; of many lines a file for each payee."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from ledger.kernel.counted import counted
from ledger.programs.chart import Chart
from ledger.programs.line import Line
from projections.pages.close_report import CloseReport
from projections.pages.rendering import rendered
from projections.pictures.svg import drawn, waterfall

WHOLE_MAX = 500
"""Lines that one file shows with their explanations; of more each payee has a file."""


class Page(NamedTuple):
    """A file of the report: whose lines it shows (empty: the report itself), and its text."""

    payee: str
    text: str


def is_whole(report: CloseReport) -> bool:
    """Whether one file shows all of it."""
    return len(report.lines) <= WHOLE_MAX


def pages(report: CloseReport, title: str, files: Mapping[str, str]) -> Iterator[Page]:
    """The report, and for more than 500 lines a page for each payee; `files`: their addresses."""
    payees = report.by_payee()
    if is_whole(report):
        yield Page("", _whole(report, title, [(payee, "", own) for payee, own in payees], "Lines"))
        return
    shown = [line for line in report.lines if line.outcome in ("declined", "held")][:WHOLE_MAX]
    brief: dict[str, list[Line]] = defaultdict(list)
    for line in shown:
        brief[line.payee].append(line)
    listed = [(payee, files[payee], brief[payee]) for payee, _ in payees]
    heading = f"Lines declined or held, {len(shown):,} of {len(report.lines):,}"
    yield Page("", _whole(report, title, listed, heading))
    for payee, lines in payees:
        yield Page(payee, _of_payee(report, f"{title}, {payee}", payee, lines))


Listed = Sequence[tuple[str, str, Sequence[Line]]]
"""Payees with the address of their page, if any, and the lines that are shown here."""


def _whole(report: CloseReport, title: str, payees: Listed, listed: str) -> str:
    """The report's own page."""
    statement = report.statement or {}
    return _page(
        report, title, report.lines, payees, listed,
        pictures=list(pictures(report)),
        statements=statement.get("statements", []),
        adjustments=statement.get("adjustments", []),
        exceptions=report.exceptions,
    )  # fmt: skip


def _of_payee(report: CloseReport, title: str, payee: str, lines: Sequence[Line]) -> str:
    """The page of one payee: its totals, statements, adjustments and lines, and nobody else's."""
    statement = report.statement or {}
    own = {
        name: [row for row in statement.get(name, []) if row["payee"] == payee]
        for name in ("statements", "adjustments")
    }
    return _page(
        report, title, lines, [(payee, "", lines)], "Lines", pictures=[], exceptions=None, **own
    )


def _page(
    report: CloseReport,
    title: str,
    lines: Sequence[Line],
    payees: Listed,
    listed: str,
    **parts: Any,
) -> str:
    seal = report.statement["seal"] if report.statement else None
    return rendered(
        "close.html",
        language="en",
        name=title,
        head=report.head,
        zone=report.zone,
        seal=seal,
        held=counted(seal["held"], "held line") if seal else "",
        excepted=counted(seal["exceptions"], "exception") if seal else "",
        totals=report.totals(lines),
        payees=[(payee, file, [line.as_json() for line in own]) for payee, file, own in payees],
        names={payee: report.names.get(payee, "") for payee, _, _ in payees},
        facts=report.facts,
        listed=listed,
        **parts,
    )


def pictures(report: CloseReport) -> Iterator[dict[str, Any]]:
    """The report's pictures, each with the same figures as rows of text."""
    for currency, changes in report.waterfalls():
        title = f"From issued to open, {currency}"
        about = "What was issued and adjusted, less what was paid, is what is open."
        name = f"waterfall-{currency.replace('.', '-').lower()}"
        rows = [(change.label, change.text) for change in changes]
        yield _picture(name, title, about, waterfall(title, about, changes, name), rows)
    yield from map(picture_of, report.charts())


def picture_of(chart: Chart) -> dict[str, Any]:
    """A chart as a picture, with its figures as rows of text."""
    return _picture(chart.name, chart.title, chart.about, drawn(chart, chart.name), _rows(chart))


def _rows(chart: Chart) -> list[tuple[str, str]]:
    return [
        (
            bar.label,
            ", ".join(mark.text for mark in (*bar.marks, *([bar.floor] if bar.floor else []))),
        )
        for bar in chart.bars
    ]


def _picture(
    name: str, title: str, about: str, svg: str, rows: list[tuple[str, str]]
) -> dict[str, Any]:
    return {"id": name, "title": title, "about": about, "svg": Markup(svg), "rows": rows}
