"""`--books FILE`: a question to all books that a TOML file names, answered as one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from cli.talk import say
from ledger.kernel.counted import counted

if TYPE_CHECKING:
    from cli.options import Ask
    from cli.output import Out
    from ledger.store.book import Book
    from projections.books.named import OpenedBook
    from projections.reading import Report

Row = dict[str, Any]


def refuse_with_books(typed: dict[str, Any], group: str | None) -> None:
    """Raises a usage error for what has no meaning across books: one book, and positions."""
    if typed["book"] or group:
        raise click.UsageError("--book is one book, --books several: give one of the two.")
    refuse_position(typed.get("known_at"), "--known-at")


def refuse_position(typed: str | None, option: str) -> None:
    """Raises a usage error for a position of the log: each book has its own."""
    if typed is not None and typed.isascii() and typed.isdigit():
        raise click.UsageError(
            f"{option} {typed}: a position is of one book. With --books give an instant or a date."
        )


@contextmanager
def opened_of(ask: "Ask") -> "Iterator[list[OpenedBook]]":
    """The books of `--books`, open for reading, closed afterwards; what there is to know about
    each is said."""
    from projections.books.named import opened_books
    from projections.books.together import notes_of

    assert ask.books is not None, "asked with --books"
    with opened_books(ask.books) as books:
        yield books
        say(*notes_of(books))


def report_of(ask: "Ask", answered: "Callable[[Book], Report]") -> "Report":
    """What one book answers; with `--books` what all of them do, a row's book in its first
    column."""
    if ask.books is None:
        with ask.opened() as book:
            return answered(book)
    from projections.books.together import reports_together

    answers = []
    with opened_of(ask) as books:
        for own in books:
            with own.said():
                answers.append((own, answered(own.book)))
        return reports_together(answers)


def say_where_each_stands(where: "Out", books: list[Row]) -> None:
    """Each book with its head, for people."""
    for own in books:
        events = counted(own["position"], "event")
        say(
            f"{own['name']} ({own['location']}), kept by {own['entity']}: {events}, the last "
            f"recorded {where.time(own['recorded_at'])}; known at position {own['known_at']:,}."
        )
