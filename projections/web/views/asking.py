"""What changed between two positions, the query page, and the search by any id."""

from itertools import islice

from ledger.kernel.clocks import Clocks
from ledger.kernel.counted import counted
from ledger.kernel.errors import BadQuery
from ledger.usecases.looking.search import search as searched
from ledger.usecases.looking.what_was_learned import learned
from ledger.usecases.typed_clocks import known_position
from projections.sql.query import query as run_query
from projections.sql.rows import Limits
from projections.sql.tables import tables
from projections.web.looking import Looking
from projections.web.page import Answer, Cell, Page, Row, Section, Table, table_answer
from projections.web.shown import SHOWN_MAX, listing, table_of

ROWS_MAX = 100_000
"""Rows of a query's data; its page shows the first 500."""


def compare(looking: Looking) -> Answer:
    """What the book learned between two positions, and which lines that moved."""
    clocks = looking.at()
    typed = {name: looking.typed(name) for name in ("from", "to")}
    end = clocks.known_at
    if typed["to"]:
        end = known_position(looking.connection, typed["to"], now=looking.now, named="to")
    start = max(1, end - 1)
    if typed["from"]:
        start = known_position(
            looking.connection, typed["from"], now=looking.now, named="from", before_all=True
        )
    answer = learned(looking.connection, Clocks(clocks.as_of, start), Clocks(clocks.as_of, end))
    data = answer.as_json()

    def page() -> Page:
        recorded = [{"type": name, "count": count} for name, count in data["recorded"].items()]
        link = looking.link("log", after=str(start), known_at=str(end))
        notes = [Cell(f"{counted(end - start, 'event')} in the log", link)] if end > start else []
        sections = [
            Section("clocks", "Between which positions", form="compare", empty=""),
            Section("learned", "What was recorded", notes=notes,
                    table=table_of(looking, recorded) if recorded else None),
            listing(looking, "moved", "Lines that it moved", data["lines"],
                    example="was_outcome = payable", empty="No line moved."),
        ]  # fmt: skip
        if data["months_left_out"]:
            said = f"{counted(data['months_left_out'], 'earlier month')} were not worked out."
            sections.append(Section("left-out", "Left out", notes=[Cell(said)], empty=""))
        return Page(f"From position {start:,} to {end:,}", _compared(looking, start, end), sections)

    return Answer(page, lambda: data, lambda: data["lines"])


def _compared(looking: Looking, start: int, end: int) -> list[tuple[str, list[Cell]]]:
    fields = []
    for label, position in (("From", start), ("To", end)):
        if position:
            link = looking.link("facts", str(position), known_at=str(max(position, end)))
            fields.append((label, [Cell(f"position {position}", link)]))
    return fields


def query(looking: Looking) -> Answer:
    """One SELECT over the read models. Raises `BadQuery`."""
    clocks = looking.at()
    sql = looking.typed("sql")
    if sql is None:
        rows = [dict(row) for row in tables()]
        return table_answer(lambda: _query_page(looking, [], None), rows)
    limits = Limits(looking.seconds, ROWS_MAX)
    answer = run_query(looking.book, sql, clocks=clocks, now=looking.now, limits=limits)

    def rows_() -> list[Row]:
        if answer.cut:
            raise BadQuery(
                f"The answer has more than {ROWS_MAX:,} rows.",
                "Narrow it, or ask on the command line: duebook query ... -o FILE.csv",
            )
        return list(answer.rows)

    def page() -> Page:
        shown = list(islice(answer.rows, SHOWN_MAX))
        many = f"more than {ROWS_MAX:,}" if answer.cut else f"{len(answer.rows):,}"
        notes = []
        if answer.cut or len(answer.rows) > len(shown):
            notes.append(Cell(f"The first {len(shown):,} of {many} rows; all: CSV or JSON."))
        if answer.said:
            notes.append(Cell(answer.said))
        return _query_page(looking, shown, notes)

    return Answer(page, rows_, rows_)


def _query_page(looking: Looking, rows: list[Row], notes: list[Cell] | None) -> Page:
    sections = [Section("query", "One SELECT over the read models", form="query", empty="")]
    if notes is not None:
        table = table_of(looking, rows) if rows else None
        sections.append(Section("rows", "Rows", notes=notes, table=table, empty="No rows."))
    listed = [
        {"table": row["table"], "columns": ", ".join(row["columns"])} for row in map(dict, tables())
    ]
    sections.append(Section("tables", "Tables", table=table_of(looking, listed)))
    return Page("Query", [], sections)


def search(looking: Looking) -> Answer:
    """Whatever has an id that begins with, or is, what is looked for."""
    clocks = looking.at()
    sought = looking.typed("q") or ""
    hits = list(searched(looking.connection, sought, clocks)) if sought else []
    rows: list[Row] = [hit._asdict() for hit in hits]

    def page() -> Page:
        linked = [
            [
                Cell(hit.kind),
                Cell(hit.id, looking.link(*_address(hit.kind, hit.id))),
                Cell(hit.about),
            ]
            for hit in hits
        ]
        table = Table([("what", ""), ("id", ""), ("about", "")], linked) if linked else None
        empty = f"Nothing is known by the id {sought!r}." if sought else "Type an id above."
        section = Section("hits", "Found", table=table, empty=empty)
        return Page(f"Search: {sought}" if sought else "Search", [], [section])

    return table_answer(page, rows)


def _address(kind: str, id_: str) -> tuple[str, ...]:
    """The page of a hit."""
    if kind == "order":
        return ("orders", *id_.split("/", 1))
    return ({"fact": "facts", "line": "lines", "statement": "statements",
             "program": "programs"}.get(kind, "streams"), id_)  # fmt: skip
