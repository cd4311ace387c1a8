"""Options that many commands share, defined once, and what a command has in hand with them."""

import getpass
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.output import FORMATS, Out, say

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ledger.kernel.clocks import Clocks
    from ledger.programs.edition import Edition
    from ledger.store.book import Book
    from ledger.usecases.terms.runs import Run

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_BOOK = "duebook.db"
POSITION_MAX = 2**63 - 1
"""No log is longer."""


def book_option(command: F) -> F:
    """`--book` on a command; also DUEBOOK_BOOK, or the group's own --book."""
    return click.option(
        "--book",
        metavar="BOOK",
        help="A file path or postgresql:// URL [DUEBOOK_BOOK; default: duebook.db].",
    )(command)


def answer_options(command: F) -> F:
    """`--format` and `-o` on every answer."""
    command = click.option(
        "-o", "--output", metavar="FILE", help="Write there; the suffix chooses the format."
    )(command)
    return click.option(
        "--format", "format_", type=click.Choice(FORMATS), help="How to write the answer [table]."
    )(command)


def clock_options(command: F) -> F:
    """`--as-of` and `--known-at` on every command that answers."""
    command = click.option(
        "--known-at",
        metavar="INSTANT|POSITION",
        help="Only what the book had learned by then [the head of the log].",
    )(command)
    return click.option(
        "--as-of",
        metavar="INSTANT|DATE",
        help="Only what had happened by then; a date means its day is over [now].",
    )(command)


def by_option(command: F) -> F:
    """`--by NAME` on every decision."""
    return click.option(
        "--by", required=True, metavar="NAME", callback=not_empty, help="Who decides this."
    )(command)


def not_empty(_context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """A name or a reason that is recorded for ever says something."""
    if value is not None and not value.strip():
        raise click.BadParameter(f"{parameter.opts[0]} is empty.")
    return value


def location(book: str | None, context: click.Context | None = None) -> str:
    """The book that is meant: the option, the group's option, the environment, the default."""
    context = context or click.get_current_context()
    own = (context.find_root().obj or {}).get("book")
    return book or own or os.environ.get("DUEBOOK_BOOK") or DEFAULT_BOOK


@contextmanager
def opened(book: str | None) -> "Iterator[Book]":
    """The open book, closed afterwards."""
    from ledger.store.book import open_book
    from ledger.store.schema import FORMAT

    found = open_book(location(book))
    try:
        if found.format < FORMAT:
            from ledger.usecases.verifying.upgrade import upgrade

            upgrade(found)
        yield found
    finally:
        found.close()
        say(*found.notes)


def now() -> int:
    """The moment the command runs at, in microseconds: taken here, at the border."""
    return time.time_ns() // 1000


def clocks(
    connection: "Connection",
    as_of: str | None,
    known_at: str | None,
    program: str | None = None,
    zone: str | None = None,
) -> "Clocks":
    """The two clocks as typed; dates are days of the program's zone."""
    from ledger.kernel.instants import DEFAULT_ZONE
    from ledger.usecases.terms.editions import edition_at
    from ledger.usecases.typed_clocks import clocks_at, known_position

    if zone is None and program is not None:
        position = known_position(connection, known_at)
        zone = edition_at(connection, program, position)[0].zone
    zone = zone or DEFAULT_ZONE
    return clocks_at(connection, now=now(), as_of=as_of, known_at=known_at, zone=zone)


def run_of(
    connection: "Connection",
    program: str,
    period: str | None,
    as_of: str | None,
    known_at: str | None,
    draft: "Edition | None" = None,
) -> "Run":
    """What a run of a program stands on, at the clocks as typed."""
    from ledger.usecases.terms.runs import run_at

    typed = {"as_of": as_of, "known_at": known_at}
    return run_at(connection, program, period, now=now(), draft=draft, **typed)


def chosen_clocks(
    book: "Book", as_of: str | None, known_at: str | None, *, always: bool = False
) -> "Clocks | None":
    """The clocks as typed; None for the head, which the live views answer as they are."""
    if as_of is None and known_at is None and not always:
        return None
    with book.reading() as connection:
        return clocks(connection, as_of, known_at)


def out(format_: str | None, output: str | None, also: tuple[str, ...] = ()) -> Out:
    """Where and how the answer is written; `also`: formats that only some answers have."""
    return Out.chosen(format_, output, also)


def complete_programs(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Ids of published editions, for the shell's completion."""
    from ledger.kernel.errors import Refusal
    from ledger.store.book import open_book
    from ledger.usecases.terms.editions import published

    try:
        book = open_book(location(context.params.get("book"), context), readonly=True)
        with book.reading() as connection:
            names = {one.event.program for one in published(connection, 2**62)}
    except Refusal:
        return []
    return sorted(name for name in names if name.startswith(typed))


def system_user() -> str:
    """The account on this machine, who reports where nobody is named."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
