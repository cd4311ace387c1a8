"""The report of a close as one HTML file without scripts; of many lines a file for each payee."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from ledger.kernel.counted import counted
from ledger.kernel.money import Money
from ledger.programs.chart import Chart
from ledger.programs.line import Line
from projections.pages.close_report import CloseReport
from projections.pages.rendering import rendered
from projections.pictures.svg import drawn, waterfall

WHOLE_MAX = 500
"""Lines that one file shows with their explanations; of more each payee has a file."""

ORDER = ("payable", "granted", "declined", "held")


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
        own = [(payee, "", lines) for payee, lines in payees]
        yield Page("", _page(report, title, own, "Lines"))
        return
    shown = [line for line in report.lines if line.outcome in ("declined", "held")][:WHOLE_MAX]
    brief = [
        (payee, files[payee], [line for line in shown if line.payee == payee])
        for payee, _ in payees
    ]
    heading = f"Lines declined or held, {len(shown):,} of {len(report.lines):,}"
    yield Page("", _page(report, title, brief, heading))
    for payee, lines in payees:
        yield Page(payee, _page(report, f"{title}, {payee}", [(payee, "", lines)], "Lines"))


def _page(
    report: CloseReport, title: str, payees: Sequence[tuple[str, str, Sequence[Line]]], listed: str
) -> str:
    statement = report.statement or {}
    seal = statement.get("seal")
    return rendered(
        "close.html",
        name=title,
        head=report.head,
        zone=report.zone,
        seal=seal,
        held=counted(seal["held"], "held line") if seal else "",
        excepted=counted(seal["exceptions"], "exception") if seal else "",
        totals=list(_totals(report.lines)),
        pictures=list(_pictures(report)),
        statements=statement.get("statements", []),
        adjustments=statement.get("adjustments", []),
        exceptions=report.exceptions,
        payees=[(payee, file, [line.as_json() for line in own]) for payee, file, own in payees],
        facts=report.facts,
        listed=listed,
    )


def _totals(lines: Sequence[Line]) -> Iterator[dict[str, Any]]:
    """Per outcome and currency the number of lines and what they come to."""
    sums: dict[tuple[str, str], list[Money]] = defaultdict(list)
    decided: dict[str, int] = defaultdict(int)
    for line in lines:
        if line.amount is None:
            decided[line.outcome] += 1
        else:
            sums[line.outcome, line.amount.currency].append(line.amount)
    for (outcome, currency), amounts in sorted(sums.items(), key=_order):
        total = Money(sum(amount.minor for amount in amounts), currency)
        yield {
            "outcome": outcome,
            "lines": len(amounts),
            "amount": total.text,
            "currency": currency,
        }
    for outcome, count in sorted(decided.items(), key=_order):
        yield {"outcome": outcome, "lines": count, "amount": None, "currency": None}


def _order(item: tuple[Any, Any]) -> tuple[int, str]:
    """What is payable first, what is held last; then by currency."""
    outcome, currency = item[0] if isinstance(item[0], tuple) else (item[0], "")
    return ORDER.index(outcome) if outcome in ORDER else len(ORDER), currency


def _pictures(report: CloseReport) -> Iterator[dict[str, Any]]:
    for currency, changes in report.waterfalls():
        title = f"From issued to open, {currency}"
        about = "What was issued and adjusted, less what was paid, is what is open."
        name = f"waterfall-{currency.replace('.', '-').lower()}"
        rows = [(change.label, change.text) for change in changes]
        yield _picture(name, title, about, waterfall(title, about, changes, name), rows)
    for chart in report.charts():
        yield _picture(chart.name, chart.title, chart.about, drawn(chart, chart.name), _rows(chart))


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
