"""Exceptions, breaks, obligations, the audit trail, the log, and what `verify` last said."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

from ledger.kernel.counted import counted, grouped
from ledger.kernel.instants import format_instant
from ledger.kernel.shown import visible
from ledger.store.verified import last_verified, still_stands
from ledger.usecases.looking.show import event_json, lifts
from ledger.usecases.looking.show import log as logged
from projections.reading import report
from projections.status import status as status_of
from projections.web.looking import Looking
from projections.web.page import Answer, Cell, Page, Row, Section, Table
from projections.web.shown import fields_of, listing, narrowed_rows, table_of

EVENTS_MAX = 200
"""Events on a page of the log."""
MONTHS_MAX = 12
"""Open months of a program in a status."""
FIELDS_MAX = 200
"""Characters of an event's content in the list."""
STATUS = (
    ("to_close", "Open periods", ("program", "period", "from", "to", "lines", "outcomes")),
    ("held", "Held lines by reason", ("program", "code", "lines")),
    ("exceptions", "Exceptions", ("code", "count", "since")),
    ("overdue", "Overdue", ("obligation", "owed_to", "due", "state")),
    ("payments_due", "Payments due", ("period", "statements", "open", "currency", "since")),
    ("breaks", "Open breaks", ("program", "breaks", "difference", "currency", "since")),
)
"""The lists of a status, each with its heading and the columns that a page shows."""
BREAKS = ("line", "kind", "ours", "theirs", "difference", "currency", "state", "likely", "days")
"""Columns of a break that stand first: what is to be decided is seen without scrolling."""
OF_PLACE = ("position", "stream", "version", "type", "at", "recorded_at", "by", "batch", "row")


def exceptions(looking: Looking) -> Answer:
    """Facts that do not fit what is known."""
    return _report(looking, "exceptions", "Exceptions", "code = unknown_store")


def breaks(looking: Looking) -> Answer:
    """Differences to the platform's files."""
    return _report(looking, "reconciliation", "Breaks", "state = open", BREAKS)


def obligations(looking: Looking) -> Answer:
    """What is owed in addition to lines."""
    return _report(looking, "obligations", "Obligations", "state = overdue")


def audit(looking: Looking) -> Answer:
    """Who decided what, when, why, and what it moved."""
    return _report(looking, "audit", "Audit trail", "what = closed")


def _report(
    looking: Looking, name: str, title: str, example: str, first: Sequence[str] = ()
) -> Answer:
    clocks = looking.at()
    answer = looking.kept.answer(
        (name, clocks),
        lambda: report(looking.book, name, clocks=clocks, now=looking.now),
        lambda report_: report_.rows,
    )
    rows = list(answer.rows)

    def page() -> Page:
        shown = [{n: v for n, v in row.items() if n != "events"} for row in rows]
        there = dict.fromkeys(name for row in shown for name in row)
        columns = [*first, *(name for name in there if name not in first)]
        section = listing(
            looking, name, title, shown, columns=columns, known=answer.columns, example=example
        )
        return Page(title, [], [section])

    def kept() -> list[Row]:
        return narrowed_rows(looking, rows, answer.columns)

    return Answer(page, kept, kept)


def status(looking: Looking) -> Answer:
    """What is to close, held, overdue, unpaid; exceptions and breaks."""
    clocks = looking.at()
    answer = status_of(looking.book, clocks, chosen=clocks, now=looking.now)

    def page() -> Page:
        return Page("Status", [], status_sections(answer, partial(table_of, looking)))

    return Answer(page, lambda: answer, lambda: status_rows(answer))


def status_rows(answer: Row) -> list[Row]:
    """What a status lists, as rows of one table."""
    return [{"what": key, **row} for key, _, _ in STATUS for row in answer[key]]


def status_sections(
    answer: Row, drawn: Callable[[list[Row], Sequence[str]], Table], first: Sequence[str] = ()
) -> list[Section]:
    """A status, a section for each of its lists; `first`: columns in front of those of each."""
    sections = []
    for key, heading, columns in STATUS:
        rows = [row | _in_words(row) for row in answer[key]]
        names, notes = (*first, *columns), list[Cell]()
        if key == "to_close":
            names += ("totals",)
            rows, notes = _last_months(rows, first)
            for row in rows:
                row["period"] = row["period"] or "whole term"
        table = drawn(rows, names) if rows else None
        sections.append(Section(key, heading, notes=notes, table=table))
    return sections


def _last_months(rows: list[Row], first: Sequence[str]) -> tuple[list[Row], list[Cell]]:
    """The last open months of each program, and how many others there are: eighty of one would
    stand before what needs somebody."""
    months: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        key = (*(row[name] for name in first), row["program"])
        months.setdefault(key, []).append(row)
    notes = [
        Cell(
            f"{': '.join(map(visible, key))}: {counted(len(own) - MONTHS_MAX, 'earlier month')} "
            f"open as well, from {own[0]['period']} on."
        )
        for key, own in months.items()
        if len(own) > MONTHS_MAX
    ]
    return [row for own in months.values() for row in own[-MONTHS_MAX:]], notes


def _in_words(row: Row) -> Row:
    """Counts and sums per key as one text."""
    return {
        name: ", ".join(f"{grouped(str(value))} {key}" for key, value in cell.items())
        for name, cell in row.items()
        if isinstance(cell, dict)
    }


def log(looking: Looking) -> Answer:
    """The log, 200 events at a time, of one stream or of all."""
    clocks = looking.at()
    typed, stream = looking.typed("after") or "0", looking.typed("stream")
    after = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0
    events = logged(looking.connection, stream, after, clocks.known_at)
    counting = (event for event in events if event.at <= clocks.as_of)
    by = lifts(looking.connection, clocks.known_at)
    rows = [
        event_json(event) | ({"withdrawn_by": by[event.position]} if event.position in by else {})
        for event in islice(counting, EVENTS_MAX)
    ]

    def page() -> Page:
        shown = [
            {name: row.get(name) for name in ("position", "at", "type", "stream")}
            | {"says": _says(row)}
            | {name: row[name] for name in ("withdrawn_by",) if name in row}
            for row in rows
        ]
        links = []
        if after:
            before = str(max(0, after - EVENTS_MAX))
            links.append(Cell("earlier events", looking.here(after=before)))
        if len(rows) == EVENTS_MAX:
            links.append(Cell("later events", looking.here(after=str(rows[-1]["position"]))))
        said = [Cell(f"Of {stream}.")] if stream else []
        table = table_of(looking, shown) if shown else None
        section = Section("log", "Log", notes=said, table=table, pages=links, form="log")
        return Page("Log", [], [section])

    return Answer(page, lambda: rows, lambda: rows)


def _says(row: Row) -> str:
    left_out = (*OF_PLACE, "hash", "edition", "files", "actor", "withdrawn_by", "lines")
    said = {name: value for name, value in row.items() if name not in left_out}
    text = json.dumps(said, ensure_ascii=False)
    return text if len(text) <= FIELDS_MAX else f"{text[:FIELDS_MAX]} ..."


def verify(looking: Looking) -> Answer:
    """What the last run of `verify` on this machine said: a hint, never proof."""
    looking.at()
    verified = last_verified(looking.book)
    row: Row | None = None
    if verified is not None:
        row = {
            "at": format_instant(verified.at),
            "position": verified.position,
            "ok": verified.ok,
            "unchanged": still_stands(looking.connection, verified),
            "since": looking.head - verified.position,
            "head": verified.head,
        }

    def page() -> Page:
        notes = [
            Cell("A hint, never proof: it was left by the last run on this machine."),
            Cell("To verify: duebook verify", kind="c"),
        ]
        said = [("Verified", [Cell("never")])] if row is None else fields_of(looking, row)
        section = Section("verify", "Last verified", notes=notes, fields=said, empty="")
        return Page("Verify", [], [section])

    return Answer(page, lambda: row, lambda: [row] if row else [])
