"""`books.toml`: the books that are read together, each under a name of its own."""

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ledger.kernel.errors import Kind, Refusal
from ledger.store.book import Book, is_url, open_book
from ledger.store.head import origin_of
from ledger.usecases.verifying.upgrade import up_to_date
from projections.toml_file import read_toml

BOOKS_MAX = 1_000
_NAME = re.compile(r"[^\W_][\w .-]{0,63}")
_URL = re.compile(r"postgresql(\+psycopg)?://.+")


class BadBooks(Refusal):
    """A list of books that cannot be used: no TOML, an unknown key, one book or name twice."""

    kind: ClassVar[Kind] = "usage"
    hint = (
        'Each book is written so: [[book]] name = "eu", path = "eu/duebook.db" '
        '(or url = "postgresql://...").'
    )


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    path: str = ""
    url: str = ""

    @model_validator(mode="after")
    def _is_whole(self) -> "_Entry":
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"the name {self.name!r} is none: expected up to 64 letters, digits, "
                "blanks and .-_, a letter or digit first"
            )
        if bool(self.path) == bool(self.url) or is_url(self.path):
            raise ValueError(f"{self.name!r} has to have either a path or a url")
        if self.url and not _URL.fullmatch(self.url):
            raise ValueError(f"the url of {self.name!r} does not begin with postgresql://")
        return self


class _List(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    book: Annotated[tuple[_Entry, ...], Field(min_length=1, max_length=BOOKS_MAX)]


class NamedBook(NamedTuple):
    """A book as a list names it: its name there, and its path or URL."""

    name: str
    location: str


class OpenedBook(NamedTuple):
    """A book of a list, open for reading."""

    name: str
    book: Book

    @contextmanager
    def said(self) -> Iterator[None]:
        """Refusals of what is done meanwhile name the book."""
        with _saying(self.name):
            yield


def named_books(file: str) -> list[NamedBook]:
    """The books that a TOML file lists, in its order; paths are relative to the file's folder.

    Raises `BadBooks`, also for a name that is there twice.
    """
    path = Path(file)
    data = read_toml(path, BadBooks)
    try:
        listed = _List.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part + 1 if isinstance(part, int) else part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise BadBooks(f"{file}: {where or 'the file'}: {said}.") from None
    names: set[str] = set()
    for entry in listed.book:
        if entry.name.casefold() in names:
            raise BadBooks(
                f"{file}: the name {entry.name!r} is there twice.", "Name each book once."
            )
        names.add(entry.name.casefold())
    return [
        NamedBook(entry.name, entry.url or str(path.parent / entry.path)) for entry in listed.book
    ]


@contextmanager
def opened(named: NamedBook) -> Iterator[OpenedBook]:
    """A book of a list, open for reading, and closed afterwards.

    Raises what opening a book raises, with the book's name in its sentence.
    """
    with ExitStack() as stack:
        with _saying(named.name):
            book = open_book(named.location, readonly=True)
            stack.callback(book.close)
            current = up_to_date(book)
            if current is not book:
                stack.callback(current.close)
        yield OpenedBook(named.name, current)


@contextmanager
def opened_books(file: str, books: Sequence[NamedBook] = ()) -> Iterator[list[OpenedBook]]:
    """The books of a list, all open for reading, and closed afterwards; `books`: those that the
    file listed when it was read before.

    Raises `BadBooks`, also for one book under two names, by whatever path or copy; and what opening
    a book raises, with the book's name in its sentence.
    """
    origins = Origins(file)
    with ExitStack() as stack:
        every = []
        for named in books or named_books(file):
            every.append(stack.enter_context(opened(named)))
            origins.add(every[-1])
        yield every


class Origins:
    """What tells the books of a list from each other."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._names: dict[str, str] = {}

    def add(self, own: OpenedBook) -> None:
        """Raises `BadBooks` for a book that was added under another name."""
        with own.said(), own.book.reading() as connection:
            origin = origin_of(connection)
        if origin in self._names:
            raise BadBooks(
                f"{self._file}: {self._names[origin]!r} and {own.name!r} are the same book, or one "
                "is a copy.",
                "Name each book once: its amounts would be counted twice.",
            )
        self._names[origin] = own.name


def books_to_serve(file: str) -> tuple[list[NamedBook], list[str]]:
    """The books that a file lists, and what is said of those that cannot be opened now.

    Raises `BadBooks`, also for one book under two names; and where none can be opened what is said
    of the first.
    """
    origins, said = Origins(file), []
    books = named_books(file)
    refusals = []
    for named in books:
        try:
            with opened(named) as own:
                origins.add(own)
        except BadBooks:
            raise
        except Refusal as refusal:
            refusals.append(refusal)
            said.append(refusal.sentence)
    if len(refusals) == len(books):
        raise refusals[0]
    return books, said


@contextmanager
def _saying(name: str) -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        refusal.sentence = f"Book {name!r}: {refusal.sentence}"
        raise
