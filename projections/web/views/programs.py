"""The book, its programs, their periods, and the lines of one period."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.book import BookOpened
from ledger.kernel.counted import counted
from ledger.kernel.errors import NoLines
from ledger.kernel.instants import format_instant
from ledger.programs.edition import Edition
from ledger.programs.periods import months_begun
from ledger.programs.program import Program
from ledger.programs.registry import program_of
from ledger.store.book import shown
from ledger.store.head import head_of
from ledger.store.log import read_positions
from ledger.usecases.settling.settle import Settlement
from ledger.usecases.statements.closed_period import closed_periods
from ledger.usecases.statements.statement import statement
from ledger.usecases.terms.editions import published
from ledger.usecases.terms.runs import Run
from projections.pages.close_page import pictures
from projections.pages.close_report import CloseReport
from projections.web.looking import Looking
from projections.web.page import Answer, Cell, Page, Row, Section
from projections.web.shown import fields_of, listing, narrowed_rows, table_of


def home(looking: Looking) -> Answer:
    """The book: whose it is, how far it goes, and its programs."""
    connection = looking.connection
    clocks = looking.at()
    head = head_of(connection)
    latest = {fact.event.program: fact for fact in published(connection, clocks.known_at)}
    rows = [_program_row(connection, fact, clocks.known_at) for _, fact in sorted(latest.items())]
    data = {
        "book": shown(looking.book.location).rpartition("/")[2],
        "entity": _entity(connection),
        "as_of": format_instant(clocks.as_of),
        "known_at": clocks.known_at,
        "events": head.position,
        "head": head.hash.hex(),
        "programs": rows,
    }

    def page() -> Page:
        fields = fields_of(looking, {key: data[key] for key in ("entity", "events", "head")})
        return Page(
            f"The book {data['book']}",
            fields,
            [Section("programs", "Programs", table=table_of(looking, rows), empty="None yet.")],
        )

    return Answer(page, lambda: data, lambda: rows)


def _entity(connection: Connection) -> str:
    opened = next(iter(read_positions(connection, [1]))).event
    return opened.entity if isinstance(opened, BookOpened) else ""


def _program_row(connection: Connection, recorded: Any, known_at: int) -> Row:
    event = recorded.event
    edition = event.edition
    closed = [close.event for close in closed_periods(connection, known_at)]
    count = sum(close.program == event.program for close in closed)
    return {
        "program": event.program,
        "rules": edition["rules"],
        "from": edition["from"],
        "to": edition.get("to"),
        "zone": edition["zone"],
        "closed": counted(count, "period") if count else None,
        "terms": f"{event.publisher} version {event.version}",
        "position": recorded.position,
    }


def program(looking: Looking, name: str) -> Answer:
    """A program: its terms and periods; and its lines, where one run covers all of its days."""
    run = looking.run(name)
    rules = program_of(run.edition.rules)
    if rules.lines and not rules.periods.by_month:
        return _settled(looking, run, None)
    rows = list(_months(looking, run.edition, rules))

    def data() -> Any:
        edition = run.edition
        return {"program": name, "digest": edition.digest, **edition.as_data(), "periods": rows}

    def page() -> Page:
        sections = []
        if rules.lines:
            shown_rows = [row | {"state": row["state"].replace("_", " ")} for row in rows]
            table = table_of(looking, shown_rows, ("state", "closed_at", "by"))
            months = [
                [Cell(row["period"], looking.link("programs", name, row["period"])), *cells]
                for row, cells in zip(rows, table.rows, strict=True)
            ]
            heads = [("period", ""), *table.heads]
            periods = Section("periods", "Periods", table=table._replace(heads=heads, rows=months))
            sections.append(periods if rows else periods._replace(table=None))
        else:
            said = "These terms only judge what was reported: see the exceptions."
            link = Cell(said, looking.link("exceptions", where=f"program = {name}"))
            sections.append(Section("lines", "Lines", notes=[link], empty=""))
        return Page(name, _terms(looking, run.edition), [*sections, _assumptions(run.edition)])

    return Answer(page, data, lambda: rows)


def _months(looking: Looking, edition: Edition, rules: Program) -> Iterator[Row]:
    """The months that have begun, the last one first, each with how it stands."""
    closed = {
        close.event.period: close
        for close in closed_periods(looking.connection, looking.clocks.known_at)
        if close.event.program == edition.program and close.at <= looking.clocks.as_of
    }
    as_of = looking.clocks.as_of
    for month in reversed(months_begun(edition, edition.window.start, as_of)):
        close = closed.get(month)
        state = "running" if rules.provisional(edition, month, as_of) else "to_close"
        yield {
            "period": month,
            "state": "closed" if close else state,
            "closed_at": close.position if close else None,
            "by": close.by if close else None,
        }


def period(looking: Looking, name: str, month: str) -> Answer:
    """The lines of one period of a program."""
    return _settled(looking, looking.run(name, month), month)


def _settled(looking: Looking, run: Run, month: str | None) -> Answer:
    """A period's lines: as issued and adjusted where it is closed, else as of the clocks."""
    rules = program_of(run.edition.rules)
    if not rules.lines:
        raise NoLines(f"{run.edition.program} only judges what was reported: it has no lines.")
    settlement = looking.settled(run, month)

    def rows() -> list[Row]:
        return narrowed_rows(looking, [line.as_json() for line in settlement.lines])

    return Answer(lambda: _period_page(looking, run, settlement, month), settlement.as_json, rows)


def _period_page(looking: Looking, run: Run, settlement: Settlement, month: str | None) -> Page:
    name = " ".join(filter(None, [run.edition.program, month]))
    stated = None
    if run.closed is not None:
        asked = (looking.connection, run.edition.program, month, None, run.clocks)
        stated = statement(*asked)
    names = looking.names({line.payee for line in settlement.lines})
    report = CloseReport(settlement, settlement.head_json(), stated, [], [], {}, names)
    sections = [
        Section("totals", "Totals", table=_totals(looking, report)),
        Section("pictures", "Pictures", pictures=list(pictures(report)), empty=""),
    ]
    if stated:
        columns = ("statement", "issued", "adjusted", "due", "paid", "open", "currency")
        listed = table_of(looking, stated["statements"], columns)
        sections.append(Section("statements", "Statements", table=listed))
    sections.append(_lines(looking, settlement))
    if settlement.obligations:
        owed = [obligation.as_json() for obligation in settlement.obligations]
        shown_rows = [{n: v for n, v in row.items() if n != "events"} for row in owed]
        sections.append(Section("owed", "Obligations", table=table_of(looking, shown_rows)))
    sections.append(_assumptions(run.edition))
    note = "Provisional: the period is not over." if settlement.provisional else ""
    return Page(name, [*_stands(looking, run, settlement), *_terms(looking, run.edition)],
                sections, note)  # fmt: skip


def _stands(looking: Looking, run: Run, settlement: Settlement) -> Iterator[tuple[str, list[Cell]]]:
    days = settlement.days
    if days is not None:
        yield "Period", [Cell(f"{days.first} to {days.last}" if days.last else f"{days.first} on")]
    if run.closed is not None:
        position = str(run.closed.position)
        said = f"at position {position} by {run.closed.by}; shown as issued and adjusted"
        yield "Closed", [Cell(said, looking.link("facts", position))]


def _terms(looking: Looking, edition: Edition) -> list[tuple[str, list[Cell]]]:
    said = f"{edition.publisher} version {edition.version}, rules {edition.rules}"
    stream = looking.link("streams", f"terms:{edition.program}")
    dates = f"{edition.first} to {edition.last or 'open'}, {edition.zone}"
    return [
        ("Terms", [Cell(f"{said} version {edition.rules_version}", stream)]),
        ("In force", [Cell(dates)]),
        ("Digest of the terms", [Cell(edition.digest, kind="c")]),
    ]


def _totals(looking: Looking, report: CloseReport) -> Any:
    """Per outcome and currency the number of lines and their sum; each leads to its lines."""
    rows = report.totals(report.lines)
    table = table_of(looking, rows)
    linked = []
    for row, cells in zip(rows, table.rows, strict=True):
        outcome = f"outcome = {row['outcome']}"
        first = cells[0]._replace(href=looking.here(where=outcome, page="") + "#lines")
        linked.append([first, *cells[1:]])
    return table._replace(rows=linked)


def _lines(looking: Looking, settlement: Settlement) -> Section:
    between = any(line.payer != "platform" for line in settlement.lines)
    rows = [
        {
            "line": line.line,
            "payee": line.payee,
            **({"payer": line.payer} if between else {}),
            "kind": line.kind,
            "subject": line.subject,
            "outcome": line.outcome,
            "amount": line.amount_text,
            "currency": line.currency,
            "why": ", ".join(line.unmet or line.held_for),
        }
        for line in settlement.lines
    ]
    example = "outcome = held and payee = partner:P-01"
    return listing(looking, "lines", "Lines", rows, example=example)


def _assumptions(edition: Edition) -> Section:
    notes = [
        Cell(f"{row['parameter']}: {row['because']}")
        for row in program_of(edition.rules).assumptions(edition)
    ]
    heading = "What the sources leave open, and how it is read here"
    return Section("assumptions", heading, notes=notes, empty="" if notes else "Nothing.")
