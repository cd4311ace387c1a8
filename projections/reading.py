"""Reports of the read models."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import String, cast, func, select

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import BadQuery, NoSuchColumn
from ledger.kernel.instants import Instant
from ledger.store.book import Book
from projections.base import View
from projections.catalogue import Computed, computed, view_named
from projections.of_orders import ADDED, LATER, with_orders
from projections.reports.figures import columns_of, figures_of
from projections.runner import looking_at
from projections.taking import Parked
from projections.temporary import Progress, silent

if TYPE_CHECKING:
    from projections.sql.rows import Spooled


class Report(NamedTuple):
    """Rows of a read model, the clocks they are as of, and the events that were left out."""

    name: str
    rows: "list[dict[str, Any]] | Spooled"
    clocks: Clocks
    parked: list[Parked]
    said: str | None = None
    """What the user should know about how it was answered; None for nothing."""
    cut: bool = False
    """Whether there were more rows than were asked for."""
    columns: tuple[str, ...] = ()
    """The columns of its rows, in case there are none; empty where only a row would show them."""
    books: list[dict[str, Any]] | None = None
    """Of an answer of several books: each with its head and the position it was asked at."""


def report(
    book: Book,
    name: str,
    *,
    where: Sequence[tuple[str, str]] = (),
    clocks: Clocks | None = None,
    now: Instant = FOREVER,
    zone: str | None = None,
    progress: Progress = silent,
) -> Report:
    """A read model's rows, in the order of its key, filtered by columns that equal a value.

    What programs and archived orders add to it is worked out at the clocks, for a live report at
    `now`; days of orders are those of `zone`, or else of all published editions.

    Raises `NoSuchReport`, or `BadQuery` for a column that it does not have.
    """
    rows_of = computed(name)
    if rows_of is not None:
        return _computed(book, name, rows_of, where, clocks)
    view = view_named(name)
    added = columns_of(name)
    with looking_at(book, view, clocks, progress) as sight:
        query = select(sight.table)
        later = LATER.get(name, ())
        shown = [pair for pair in where if pair[0] in (*view.SHOWN, *added, *later)]
        names = (*(c.name for c in sight.table.columns), *view.SHOWN, *added)
        for column, value in where:
            if column in later:
                continue
            if column in sight.table.columns:
                query = query.where(func.coalesce(cast(sight.table.c[column], String), "") == value)
            elif column not in names:
                raise NoSuchColumn(
                    f"The report {name} has no column {column!r}.", f"Columns: {', '.join(names)}."
                )
        fetched = sight.connection.execute(query.order_by(*_order(view, sight.table)))
        rows = [view.shown(dict(row._mapping)) for row in fetched]
        at = clocks or Clocks(now, sight.clocks.known_at)
        if name in ADDED:
            with book.reading() as connection:
                rows = with_orders(connection, name, rows, at, zone, where)
        if added:
            rows = _with_figures(book, name, rows, added, at)
        rows = [row for row in rows if all(_text(row[name]) == value for name, value in shown)]
        return Report(name, rows, sight.clocks, sight.parked, columns=(*names, *later))


def _text(value: object) -> str:
    """A cell as it is compared: None is the empty text."""
    return "" if value is None else str(value)


def _with_figures(
    book: Book, name: str, rows: list[dict[str, Any]], added: Sequence[str], clocks: Clocks
) -> list[dict[str, Any]]:
    """The rows with what programs add about the name in their first column."""
    names = [next(iter(row.values())) for row in rows]
    with book.reading() as connection:
        figures = figures_of(connection, name, names, clocks)
    none: dict[str, Any] = dict.fromkeys(added)
    return [{**row, **none, **figures.get(key, {})} for row, key in zip(rows, names, strict=True)]


def _computed(
    book: Book,
    name: str,
    rows_of: Computed,
    where: Sequence[tuple[str, str]],
    clocks: Clocks | None,
) -> Report:
    """A report that the rules work out now; it needs an as-of, because it shows what is overdue."""
    if clocks is None:
        raise BadQuery(f"The report {name} needs an as-of.", "Give one: --as-of 2026-10-01")
    with book.reading() as connection:
        rows = rows_of(connection, clocks)
    for column, _ in where:
        if rows and column not in rows[0]:
            raise NoSuchColumn(
                f"The report {name} has no column {column!r}.", f"Columns: {', '.join(rows[0])}."
            )
    matching = [row for row in rows if all(str(row[column]) == value for column, value in where)]
    return Report(name, matching, clocks, [])


def _order(view: View, table: Any) -> list[Any]:
    if view.NAME == "exceptions":
        return [table.c.position, table.c.code, table.c.name]
    return list(table.primary_key.columns)
