"""What several books say together: which they are, their status, a query, a search by any id."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ledger.kernel.clocks import Clocks
from ledger.store.book import Book
from ledger.usecases.looking.search import search as searched
from projections.books.named import OpenedBook
from projections.books.overview import programs_at
from projections.books.together import BOOK, standing, status_together, with_book
from projections.cells import PerCurrency
from projections.sql.across import query_books
from projections.sql.rows import Limits
from projections.sql.tables import tables
from projections.status import status as status_of
from projections.web.across import Across
from projections.web.looking import Looking
from projections.web.page import Answer, Cell, Page, Row, Section, Table, table_answer
from projections.web.shown import SHOWN_MAX, table_of_books, table_of_rows
from projections.web.views.asking import (
    ROWS_MAX,
    hit_cells,
    listed_tables,
    notes_of,
    query_page,
    search_page,
    whole_rows,
)
from projections.web.views.lists import status_rows, status_sections

STANDS = ("book", "kept_by", "events", "last_recorded")


class Glance(NamedTuple):
    """A book in the list: what it is, and its rows in both tables."""

    stands: Row
    book: Sequence[Sequence[Cell]]
    programs: Table


def home(across: Across) -> Answer:
    """The books, and the programs of each. One that cannot be looked at is said, and hides none."""
    across.at()
    glances, refused = across.over(_glance)
    books = [glance.stands for glance in glances]
    data: Row = {**across.pinned, "books": books, "refused": refused}

    def rows() -> list[Row]:
        listed = [
            {BOOK: own["name"], "entity": own["entity"], **program}
            for own in books
            for program in own["programs"] or [{}]
        ]
        return listed + refused

    def page() -> Page:
        heads = [(name.replace("_", " "), "n" if name == "events" else "") for name in STANDS]
        drawn = [cells for glance in glances for cells in glance.book]
        programs = [cells for glance in glances for cells in glance.programs.rows]
        said = Cell("Issued: what closes stated, before adjustments. Open periods: see the status.")
        sections = [
            *_refused(refused),
            Section("books", "Books", table=Table(heads, drawn) if drawn else None),
            Section("programs", "Programs", notes=[said] if programs else [],
                    table=Table(glances[0].programs.heads, programs) if programs else None),
        ]  # fmt: skip
        return Page(f"The books of {Path(across.file).name}", [], sections)

    return Answer(page, lambda: data, rows)


def _glance(looking: Looking) -> Glance:
    clocks = looking.clocks
    stands = standing(OpenedBook(looking.name, looking.book), clocks.known_at)
    programs = programs_at(looking.connection, clocks)
    columns = (BOOK, "program", "terms", "from", "to", "closed_periods", "open_periods", "issued")
    table = table_of_books({looking.name: looking}, with_book(looking.name, programs), columns)
    cells = [
        Cell(looking.name, looking.link()),
        Cell(stands["entity"]),
        Cell(f"{stands['position']:,}", kind="n"),
        Cell(looking.time(stands["recorded_at"]), kind="d"),
    ]
    return Glance(stands | {"programs": programs}, [cells], table)


def _refused(refused: list[Row]) -> list[Section]:
    """What is said of books that cannot be looked at."""
    if not refused:
        return []
    notes = [Cell(f"{row['error']} {row['hint']}".strip()) for row in refused]
    return [Section("refused", "Not shown", notes=notes)]


def status(across: Across) -> Answer:
    """The status of each book, and totals over all of them."""
    across.at()
    with across.every() as every:
        answers = []
        for own, looking in every.values():
            with own.said():
                clocks = looking.clocks
                answers.append((own, status_of(own.book, clocks, chosen=clocks, now=across.now)))
        answer = status_together(answers)
        drawn = partial(table_of_books, {name: looking for name, (_, looking) in every.items()})
        sections = [_totals(answer), *status_sections(answer, drawn, (BOOK,))]
    page = Page("Status", [], sections)
    return Answer(lambda: page, lambda: answer, lambda: status_rows(answer))


def _totals(answer: Row) -> Section:
    rows = [
        {"what": name.replace("_", " "), "amounts": PerCurrency(amounts)}
        for name, amounts in answer["totals"].items()
    ]
    return Section("totals", "All books", table=table_of_rows(rows) if rows else None)


def query(across: Across) -> Answer:
    """One SELECT over the read models of all books, run as `query --books` runs it."""
    across.at()
    sql = across.typed("sql")
    listed = [dict(row) for row in tables(several=True)]
    drawn = table_of_rows(listed_tables(listed))
    if sql is None:
        return table_answer(lambda: query_page(drawn), listed)
    limits = Limits(across.seconds, ROWS_MAX)
    with across.every() as every:
        lookings = {name: looking for name, (_, looking) in every.items()}
        clocks_of = _clocks_of(list(lookings.values()))
        books = [own for own, _ in every.values()]
        answer = query_books(books, sql, clocks_of=clocks_of, now=across.now, limits=limits)
        shown = list(islice(answer.rows, SHOWN_MAX))
        table = table_of_books(lookings, shown)
    return Answer(
        lambda: query_page(drawn, notes_of(answer, len(shown)), table),
        lambda: {"books": answer.books, "rows": whole_rows(answer)},
        lambda: whole_rows(answer),
    )


def _clocks_of(lookings: Sequence[Looking]) -> Callable[[Book], Clocks]:
    def clocks_of(book: Book) -> Clocks:
        return next(looking.clocks for looking in lookings if looking.book is book)

    return clocks_of


def search(across: Across) -> Answer:
    """Whatever has an id that is what is looked for, or begins with it, in any of the books."""
    across.at()
    sought = across.typed("q") or ""

    def ask(looking: Looking) -> tuple[list[Row], list[list[Cell]]]:
        hits = list(searched(looking.connection, sought, looking.clocks)) if sought else []
        rows = with_book(looking.name, [hit._asdict() for hit in hits])
        book = Cell(looking.name, looking.link())
        return rows, [[book, *hit_cells(looking, hit)] for hit in hits]

    answers, refused = across.over(ask)
    heads = [(BOOK, ""), ("what", ""), ("id", ""), ("about", "")]
    hits = [cells for _, own in answers for cells in own]
    rows = [row for own, _ in answers for row in own]
    return Answer(
        lambda: search_page(sought, heads, hits, *_refused(refused)),
        lambda: {"hits": rows, "refused": refused},
        lambda: rows + refused,
    )
