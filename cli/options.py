"""Options that many commands share, defined once, and what they give a command to work with."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from cli.destination import INPUT
from cli.many_books import refuse_with_books
from cli.output import FORMATS, Out
from cli.outputs import NO_BOM, OUTPUT, OVERWRITE, folder_of, look_at_outputs, outputs_of
from cli.talk import said_done, say
from ledger.kernel.errors import UnknownProgram

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from cli.folder import Folder
    from ledger.kernel.clocks import Clocks
    from ledger.programs.edition import Edition
    from ledger.store.book import Book
    from ledger.usecases.terms.runs import Run

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_BOOK = "duebook.db"
DERIVED = (
    "GMV of orders is what an older version derived from them, by days of Asia/Shanghai; this book "
    "is not written any more: duebook upgrade --by NAME says how to go on."
)


def answering(
    *,
    clocks: bool = False,
    book: bool = True,
    writes: bool = False,
    own_reason: bool = False,
    books: bool = False,
    also: tuple[str, ...] = (),
    formats: tuple[str, ...] = FORMATS,
    filling: str | None = None,
) -> Callable[[F], F]:
    """Adds the options of every answering command; the command gets them as one `ask`.

    `--book` (also DUEBOOK_BOOK, or the group's own), `--format` and `-o`; with `clocks` also
    `--as-of` and `--known-at`; where it `writes`, `--clock-is-right` and, unless it has a reason
    of its own, `--reason`; with `books` also `--books`. `also`: suffixes of files that only some
    answers have. `filling`: the flag with which `-o` names a folder to be filled with files,
    workbooks by default.
    """

    def decorate(command: F) -> F:
        @wraps(command)
        def asked(*given: Any, **more: Any) -> Any:
            typed = {name: more.pop(name, None) for name in ("book", "as_of", "known_at")}
            folder, places = None, _places(typed | {"books": more.get("books")})
            if filling and more[filling]:
                chosen, folder = folder_of(more, places[0])
            else:
                more |= outputs_of(more)
                bom = not more.pop("no_bom")
                chosen = Out.chosen(more.pop("format_"), more["output"], also, bom)
                look_at_outputs(more, places if book else None)
                del more["output"]
            typed["books"] = more.pop("books", None)
            if writes:
                typed["clock_is_right"] = _why_clock_is_right(more, own_reason=own_reason)
            ask = Ask(chosen, folder=folder, **typed)
            try:
                return command(*given, ask=ask, **more)
            except UnknownProgram:  # raised before anything is done: it may be a beginning
                meant = ask.program_meant(more.get("program"))
                if meant is None:
                    raise
            return command(*given, ask=ask, **(more | {"program": meant}))

        decorated: Any = asked
        choice = click.Choice(formats)
        decorated = NO_BOM(OVERWRITE(OUTPUT(decorated)))
        decorated = click.option(
            "--format", "format_", type=choice, help="How to write the answer [table]."
        )(decorated)
        wanted = [*([REASON] if not own_reason else []), CLOCK_IS_RIGHT] if writes else []
        wanted += ([BOOKS] if books else []) + ([BOOK] if book else [])
        wanted += [KNOWN_AT, AS_OF] if clocks else []
        for option in wanted:
            decorated = option(decorated)
        return cast(F, decorated)

    return decorate


JOBS = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Work the lines out in N processes [1].",
)
ENGINE = click.option(
    "--engine",
    type=click.Choice(["duckdb", "spark"]),
    default="duckdb",
    help="What works the lines out; spark is where DUEBOOK_SPARK says [duckdb].",
)
AS_OF = click.option(
    "--as-of",
    metavar="INSTANT|DATE",
    help="Only what had happened by then; a date means its day is over [now].",
)
KNOWN_AT = click.option(
    "--known-at",
    metavar="INSTANT|POSITION",
    help="Only what the book had learned by then [the head of the log].",
)
BOOK = click.option(
    "--book",
    metavar="BOOK",
    help="A file path or postgresql:// URL [DUEBOOK_BOOK; default: duebook.db].",
)

BOOKS = click.option(
    "--books",
    type=INPUT,
    metavar="FILE",
    help="Instead of one book, all that this TOML file names; they are only read.",
)


@dataclass(frozen=True)
class Ask:
    """The shared options of a question: which book, at which clocks, in which format."""

    out: Out
    book: str | None = None
    as_of: str | None = None
    known_at: str | None = None
    folder: "Folder | None" = None
    """The folder to fill, if the answer is several files."""
    clock_is_right: str | None = None
    """Why a doubted clock is right, if the user says so."""
    books: str | None = None
    """The file that names several books, if they are asked together."""

    @contextmanager
    def opened(self) -> "Iterator[Book]":
        """The open book, brought up to date, closed afterwards."""
        from ledger.store.book import open_book
        from ledger.store.schema import FORMAT

        book = open_book(location(self.book))
        try:
            if book.format < FORMAT or not (book.lists_looks and book.keeps_tree):
                from ledger.usecases.verifying.upgrade import derives, up_to_date

                book = up_to_date(book)
                if derives(book):
                    book.notes.append(DERIVED)
            if self.clock_is_right is not None:
                book.log.clock_is_right = self.clock_is_right
            _sweep(book)
            yield book
        finally:
            said_done(book.committed)
            book.close()
            say(*book.notes)

    def program_meant(self, typed: str | None) -> str | None:
        """The program whose id unambiguously begins with what is typed; None for none."""
        if not typed:
            return None
        from ledger.store.book import open_book
        from ledger.usecases.terms.editions import program_meant

        meant = set()
        for place in _places({"book": self.book, "books": self.books}):
            book = open_book(place, readonly=True)
            try:
                with book.reading() as connection:
                    meant.add(program_meant(connection, typed))
            finally:
                book.close()
        return meant.pop() if len(meant) == 1 else None

    def run(
        self,
        connection: "Connection",
        program: str,
        period: str | None = None,
        draft: "Edition | None" = None,
    ) -> "Run":
        """What a run of a program is based on, at the clocks as typed."""
        from ledger.usecases.terms.runs import run_at

        typed = {"as_of": self.as_of, "known_at": self.known_at}
        run = run_at(connection, program, period, now=now(), draft=draft, **typed)
        self.out.zone = run.edition.zone
        return run

    def clocks(self, connection: "Connection", program: str | None = None) -> "Clocks":
        """The two clocks as typed; dates are days in the program's zone."""
        from ledger.usecases.typed_clocks import clocks_at

        if program is not None:
            return self.run(connection, program).clocks
        return clocks_at(connection, now=now(), as_of=self.as_of, known_at=self.known_at)

    def chosen_clocks(
        self, book: "Book", *, always: bool = False, program: str | None = None
    ) -> "Clocks | None":
        """The clocks as typed, dates as days in a program's zone; None for the head, which the live
        views answer."""
        if self.as_of is None and self.known_at is None and not always:
            return None
        with book.reading() as connection:
            return self.clocks(connection, program)


def _sweep(book: "Book") -> None:
    """Removes what killed commands left next to the book and among temporary files; what they left
    inside it is swept by whatever reads its views or verifies it."""
    from tempfile import gettempdir

    from ledger.store import scratch

    scratch.sweep(Path(gettempdir()))
    if book.path is not None:
        scratch.sweep(book.path.resolve().parent)


def not_empty(_context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Refuses an empty name or reason, which would be recorded for ever."""
    if value is not None and not value.strip():
        raise click.BadParameter(f"{parameter.opts[0]} is empty.")
    return value


CLOCK_IS_RIGHT = click.option(
    "--clock-is-right", is_flag=True, help="Write although the clock is doubted; needs --reason."
)
REASON = click.option(
    "--reason", metavar="TEXT", callback=not_empty, help="Why the clock is right."
)


def column_and_value(text: str) -> tuple[str, str]:
    """The column and the value of a `--set`. Raises `UsageError`."""
    column, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set {text}: write COLUMN=VALUE, such as currency=CNY.")
    return column, value


def _why_clock_is_right(given: dict[str, Any], *, own_reason: bool) -> str | None:
    """The reason why the clock is right, if the user says so: from its own option, or the
    command's."""
    right = given.pop("clock_is_right")
    reason: str | None = given.get("reason") if own_reason else given.pop("reason")
    if right and reason is None:
        raise click.UsageError("--clock-is-right needs --reason: say why it is right.")
    if reason is not None and not right and not own_reason:
        raise click.UsageError("--reason goes with --clock-is-right.")
    return reason if right else None


def location(book: str | None, context: click.Context | None = None) -> str:
    """The book to use: from the option, the group's option, the environment, or the default."""
    context = context or click.get_current_context()
    own = (context.find_root().obj or {}).get("book")
    return book or own or os.environ.get("DUEBOOK_BOOK") or DEFAULT_BOOK


def _places(typed: dict[str, Any]) -> list[str]:
    """Where the books are that are asked: the named ones, or one. Raises `BadBooks`."""
    if typed["books"] is None:
        return [location(typed["book"])]
    from projections.books.named import named_books

    group = (click.get_current_context().find_root().obj or {}).get("book")
    refuse_with_books(typed, group)
    return [named.location for named in named_books(typed["books"])]


def now() -> int:
    """The instant the command runs at, in microseconds; read only here, at the entry point."""
    return time.time_ns() // 1000


def system_user() -> str:
    """The account on this machine: the reporter if nobody is named."""
    from ledger.store.actor import account

    return account()
