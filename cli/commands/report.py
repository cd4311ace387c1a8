"""`duebook report`, `query` and `rebuild`: the read models."""

import sys
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from cli.close_report import CLOSE, refuse_of_close, report_close
from cli.many_books import opened_of, report_of, say_where_each_stands
from cli.numbers import COUNT, ZONE, Seconds
from cli.options import Ask, answering, now
from cli.output import FORMATS, Out
from cli.pictures import Pictured, with_bars
from cli.progress import progress
from cli.talk import say
from cli.typed import completing
from ledger.kernel.counted import counted
from projections.cells import is_number_column

if TYPE_CHECKING:
    from ledger.store.book import Book
    from projections.narrowing import Condition
    from projections.reading import Report
    from projections.sql.worked_out import OpenPeriod

SALES = "gmv"
"""The report whose amounts are worth a bar each: a store's days, one below the other."""
ON_A_TERMINAL = 100_000
"""Rows of a query, beyond which nobody would read on."""


@click.command()
@click.argument("name", required=False, shell_complete=completing("report_names"))
@click.argument("program", required=False, shell_complete=completing("programs"))
@click.argument("period", required=False, shell_complete=completing("months"))
@click.option(
    "--where",
    "wheres",
    multiple=True,
    metavar="'COL OP VALUE'",
    help="Only rows that meet it: = != < <= > >= ~ (contains).",
)
@click.option("--sort", metavar="COL", help="Sort by this column; -COL: largest first.")
@click.option("--limit", type=COUNT, metavar="N", help="Maximum number of rows.")
@click.option("--columns", metavar="A,B", help="Only these columns, in this order.")
@click.option(
    "--zone", type=ZONE, metavar="Z", help="Of days of orders [that of all published editions]."
)
@answering(clocks=True, books=True, also=("html",), formats=(*FORMATS, "html"))
def report(
    name: str | None,
    program: str | None,
    period: str | None,
    wheres: tuple[str, ...],
    sort: str | None,
    limit: int | None,
    columns: str | None,
    zone: str | None,
    ask: Ask,
) -> int:
    """Show a report, or without a name list them.

    `report close PROGRAM [PERIOD] -o FILE.html` is a period as one page to read, print and send:
    totals, pictures, statements, adjustments, exceptions and every line with its explanation.

    \b
    duebook report
    duebook report stores --where partner=P-01
    duebook report statements --where "open > 4,000.00" --sort -open --columns statement,open
    duebook report stores --where "brand ~ nord" --limit 10
    duebook report gmv --where store=S-1001 -o gmv.csv
    duebook report exceptions --known-at 1200
    duebook report statements --books books.toml --where "open != 0"
    duebook report close recruiting-eu-jp-2026q1 -o quarter.html
    """
    from projections.catalogue import reports
    from projections.narrowing import Condition, narrowed

    where = ask.out
    if name == CLOSE:
        if ask.books is not None:
            raise click.UsageError(f"`report {CLOSE}` is of one book: name it with --book.")
        return report_close(program, period, ask)
    refuse_of_close(program, where)
    if name is None:
        listed = {**reports(), CLOSE: "a period as one page: -o FILE.html"}
        rows = [{"report": name, "shows": about} for name, about in listed.items()]
        where.data(rows, rows)
        return 0
    conditions = [Condition.parsed(text) for text in wheres]
    plain = [
        condition for condition in conditions
        if _is_for_the_database(condition) and not (ask.books and condition.column == "book")
    ]  # fmt: skip
    pairs = [(condition.column, condition.value) for condition in plain]
    with progress() as on_progress:
        answer = _answered(ask, name, where=pairs, zone=zone, progress=on_progress)
        rows = narrowed(
            answer.rows,
            [condition for condition in conditions if condition not in plain],
            is_number=is_number_column,
            known=answer.columns,
            sort=sort,
            limit=limit,
            columns=[column.strip() for column in columns.split(",")] if columns else (),
        )
    pictured = with_bars if name == SALES and columns is None else None
    return _show(where, answer._replace(rows=rows), [column for column, _ in pairs], pictured)


def _answered(ask: Ask, name: str, **how: Any) -> "Report":
    """The report of the book, or of all of `--books`."""
    from projections.catalogue import computed, view_named
    from projections.reading import report as usecase

    is_computed = computed(name) is not None
    if ask.books is not None and not is_computed:
        view_named(name)  # else the first of the books would be said to lack it

    def of_book(book: "Book") -> "Report":
        clocks = ask.chosen_clocks(book, always=is_computed)
        return usecase(book, name, clocks=clocks, now=now(), **how)

    return report_of(ask, of_book)


def _is_for_the_database(condition: "Condition") -> bool:
    """Whether it is an equality of texts; other comparisons are made here, row by row."""
    from projections.narrowing import BLANKS

    is_text = not is_number_column(condition.column) and condition.value not in BLANKS
    return condition.operator == "=" and is_text


@click.command()
@click.argument("sql", required=False)
@click.option(
    "--program",
    metavar="P",
    shell_complete=completing("programs"),
    help="Add to `lines` those of its open period, as settled now.",
)
@click.option("--period", metavar="M", help="Which period, where it settles by month: 2020-05.")
@click.option(
    "--zone", type=ZONE, metavar="Z", help="Of days of orders [that of all published editions]."
)
@click.option(
    "--timeout",
    type=Seconds(0.001, 86_400),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="How long the statement may run.",
)
@click.option(
    "--max-rows",
    type=COUNT,
    metavar="N",
    help="No more rows than these [100,000 on a terminal; else all].",
)
@answering(clocks=True, books=True)
def query(
    sql: str | None,
    program: str | None,
    period: str | None,
    zone: str | None,
    timeout: float,
    max_rows: int | None,
    ask: Ask,
) -> int:
    """Ask the read models in SQL: one SELECT. Without one, list the tables and their columns.

    It is parsed before it is sent; the how-to lists the functions that it may call.

    Amounts are there twice: amount_minor in whole minor units, amount as an exact decimal.

    The table `lines` has closed periods as issued and adjusted. --program P --period M adds the
    lines of an open period as settled now, with `fresh` in the column `stands`.

    DuckDB runs a statement that names `orders` (a row for each archived order line that counts),
    `gmv` in a book with orders, `breaks`, or lines of an open period; and on SQLite one that
    does more with decimals than show them. Its SQL is DuckDB's then, and the answer says so.

    \b
    duebook query "select partner, count(*) from stores group by partner"
    duebook query "select currency, sum(amount_minor) from gmv group by 1" --format json
    duebook query "select category, sum(amount_minor) from orders group by all"
    duebook query "select payee, sum(amount) from lines group by 1" --program recruiting
    duebook query "select book, sum(amount) from lines group by 1" --books books.toml
    """
    from projections.sql.rows import Limits
    from projections.sql.worked_out import OpenPeriod

    if period is not None and program is None:
        raise click.UsageError("--period goes with --program: say of which.")
    where = ask.out
    if sql is None:
        from projections.sql.tables import tables

        rows = list(tables(several=ask.books is not None))
        where.data(rows, [row | {"columns": ", ".join(row["columns"])} for row in rows])
        return 0
    if max_rows is None and where.destination is None and sys.stdout.isatty():
        max_rows = ON_A_TERMINAL
    limits = Limits(timeout, max_rows, whole=where.format not in ("csv", "ndjson"))
    open_period = None if program is None else OpenPeriod(program, period)
    return _show(where, _queried(ask, sql, limits=limits, zone=zone, open_period=open_period))


def _queried(ask: Ask, sql: str, *, open_period: "OpenPeriod | None", **how: Any) -> "Report":
    """The answer of the book, or across all of `--books`."""
    from projections.sql.across import query_books
    from projections.sql.query import query as usecase

    clocks_of = partial(ask.chosen_clocks, program=open_period.program if open_period else None)
    with progress() as on_progress:
        how |= {"now": now(), "open_period": open_period, "progress": on_progress}
        if ask.books is not None:
            with opened_of(ask) as books:
                return query_books(books, sql, clocks_of=clocks_of, **how)
        with ask.opened() as book:
            return usecase(book, sql, clocks=clocks_of(book), **how)


@click.command()
@click.argument("view", required=False, shell_complete=completing("view_names"))
@answering()
def rebuild(view: str | None, ask: Ask) -> int:
    """Rebuild read models from the log, next to the live ones, then swap.

    \b
    duebook rebuild
    duebook rebuild gmv
    """
    from projections.catalogue import VIEWS, view_named
    from projections.leftovers import tables_of
    from projections.rights import refuse_to_build
    from projections.runner import rebuild_all
    from projections.taking import parked_in

    where = ask.out
    views = [view_named(view)] if view else list(VIEWS.values())
    with ask.opened() as book, progress() as on_progress:
        refuse_to_build(book, tables_of(*(view.NAME for view in views)))
        positions = rebuild_all(book, views, on_progress)
        with book.reading() as connection:
            rows = [
                {
                    "view": model.NAME,
                    "position": positions[model.NAME],
                    "parked": len(parked_in(connection, model.NAME)),
                }
                for model in views
            ]
    where.data(rows, rows)
    return 1 if any(row["parked"] for row in rows) else 0


def _show(
    where: Out,
    answer: "Report",
    fixed: Collection[str] = (),
    pictured: Pictured | None = None,
) -> int:
    whole: Any = answer.rows
    if answer.books is not None:
        whole = {"books": answer.books, "rows": answer.rows}
    where.data(whole, answer.rows, fixed=fixed, pictured=pictured)
    if where.is_table:
        if answer.said:
            say(answer.said)
        if answer.books is None:
            at = answer.clocks.known_at
            say(f"{counted(len(answer.rows), 'row')}, known at position {at:,}.")
        else:
            say(f"{counted(len(answer.rows), 'row')} of {counted(len(answer.books), 'book')}.")
            say_where_each_stands(where, answer.books)
    if answer.cut:
        say(
            f"Cut: there are more than these {len(answer.rows):,} rows. "
            "More of them: --max-rows N; all: -o FILE.csv"
        )
    for parked in answer.parked:
        say(
            f"Error: the view {parked.view} could not take the event at position {parked.position} "
            f"({parked.error}) and goes on without it."
        )
    if answer.parked:
        say("Update duebook or report this, then run: duebook rebuild " + answer.parked[0].view)
        return 1
    return 0
