"""What changed between two positions, the query page, and the search by any id."""

from itertools import islice

from ledger.kernel.clocks import Clocks
from ledger.kernel.counted import counted
from ledger.kernel.errors import BadQuery
from ledger.usecases.looking.search import Hit
from ledger.usecases.looking.search import search as searched
from ledger.usecases.looking.what_was_learned import learned
from ledger.usecases.typed_clocks import known_position
from projections.reading import Report
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
    listed = [dict(row) for row in tables()]
    drawn = table_of(looking, listed_tables(listed))
    if sql is None:
        return table_answer(lambda: query_page(drawn), listed)
    limits = Limits(looking.seconds, ROWS_MAX)
    answer = run_query(looking.book, sql, clocks=clocks, now=looking.now, limits=limits)

    def page() -> Page:
        shown = list(islice(answer.rows, SHOWN_MAX))
        return query_page(drawn, notes_of(answer, len(shown)), table_of(looking, shown))

    return Answer(page, lambda: whole_rows(answer), lambda: whole_rows(answer))


def whole_rows(answer: Report) -> list[Row]:
    """All rows of a query. Raises `BadQuery` where there are more than an address gives."""
    if answer.cut:
        raise BadQuery(
            f"The answer has more than {ROWS_MAX:,} rows.",
            "Narrow it, or ask on the command line: duebook query ... -o FILE.csv",
        )
    return list(answer.rows)


def notes_of(answer: Report, shown: int) -> list[Cell]:
    """What is said above the first rows of a query."""
    many = f"more than {ROWS_MAX:,}" if answer.cut else f"{len(answer.rows):,}"
    notes = []
    if answer.cut or len(answer.rows) > shown:
        notes.append(Cell(f"The first {shown:,} of {many} rows; all: CSV or JSON."))
    if answer.said:
        notes.append(Cell(answer.said))
    return notes


def listed_tables(rows: list[Row]) -> list[Row]:
    """The tables that a query may name, as a page lists them."""
    return [{"table": row["table"], "columns": ", ".join(row["columns"])} for row in rows]


def query_page(listed: Table, notes: list[Cell] | None = None, rows: Table | None = None) -> Page:
    """The form of a query, its rows if one was asked, and the tables that there are."""
    sections = [Section("query", "One SELECT over the read models", form="query", empty="")]
    if notes is not None:
        table = rows if rows and rows.rows else None
        sections.append(Section("rows", "Rows", notes=notes, table=table, empty="No rows."))
    sections.append(Section("tables", "Tables", table=listed))
    return Page("Query", [], sections)


def search(looking: Looking) -> Answer:
    """Whatever has an id that begins with, or is, what is looked for."""
    clocks = looking.at()
    sought = looking.typed("q") or ""
    hits = list(searched(looking.connection, sought, clocks)) if sought else []
    rows: list[Row] = [hit._asdict() for hit in hits]

    def page() -> Page:
        heads = [("what", ""), ("id", ""), ("about", "")]
        return search_page(sought, heads, [hit_cells(looking, hit) for hit in hits])

    return table_answer(page, rows)


def hit_cells(looking: Looking, hit: Hit) -> list[Cell]:
    """What was found, its id with a link to its page, and what tells it from others."""
    link = looking.link(*_address(hit.kind, hit.id))
    return [Cell(hit.kind), Cell(hit.id, link), Cell(hit.about)]


def search_page(
    sought: str, heads: list[tuple[str, str]], hits: list[list[Cell]], *more: Section
) -> Page:
    """What was found by an id."""
    empty = f"Nothing is known by the id {sought!r}." if sought else "Type an id above."
    section = Section("hits", "Found", table=Table(heads, hits) if hits else None, empty=empty)
    return Page(f"Search: {sought}" if sought else "Search", [], [section, *more])


def _address(kind: str, id_: str) -> tuple[str, ...]:
    """The page of a hit."""
    if kind == "order":
        return ("orders", *id_.split("/", 1))
    return ({"fact": "facts", "line": "lines", "statement": "statements",
             "program": "programs"}.get(kind, "streams"), id_)  # fmt: skip
