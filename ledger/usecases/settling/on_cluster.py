"""The parts of a run, worked out by the machines of a cluster: the same function as here.

Each of them opens the book by itself, and sees first that it is the same book and that it has the
same rules.
"""

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache, partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection, select

from ledger.kernel.errors import Refusal
from ledger.kernel.garbage import no_cycles
from ledger.store.book import Book, is_url, open_book, shown
from ledger.store.order_lines import OrderEngine
from ledger.store.schema import events
from ledger.store.spark.refusals import NotAsHere
from ledger.usecases.settling.parts import Done, Part
from ledger.usecases.settling.processes import processes, worked_out_in

if TYPE_CHECKING:
    from ledger.usecases.settling.processes import Processes

T = TypeVar("T")
R = TypeVar("R")


class Cluster(OrderEngine, Protocol):
    """An engine whose machines can do our own work too."""

    def each(
        self, opened: Callable[[], AbstractContextManager[Callable[[T], R]]], items: Sequence[T]
    ) -> Generator[R, None, None]:
        """What is made of each item by what `opened` gives, in their order."""


class Asked(NamedTuple):
    """The book, the end of what a run knows of it, and the rules."""

    location: str
    known_at: int
    hash: bytes | None
    rules: str


class OnCluster:
    """Works parts out on a cluster, at least `jobs` of them where there are so many subjects."""

    def __init__(self, book: Book, engine: Cluster, jobs: int) -> None:
        self.book, self.engine, self.jobs = book, engine, jobs

    def work(self, parts: Sequence[Part]) -> Generator[Done, None, None]:
        """What came of each part, in the order of the parts. Raises `SparkFailed`, `NotAsHere`."""
        where = self.book.location
        if self.book.read_from != where:
            raise NotAsHere(
                "The book is read from a copy here, since an older version wrote it, and no other "
                "machine has that copy.",
                "Have it upgraded: duebook upgrade --by NAME. Or leave --engine out.",
            )
        location = where if is_url(where) else str(Path(where).absolute())
        known_at = parts[0].clocks.known_at
        with self.book.reading() as connection:
            asked = Asked(location, known_at, _hash_at(connection, known_at), digest_of_rules())
        return self.engine.each(partial(opened, asked), parts)


@contextmanager
def workers(
    book: Book, jobs: int, engine: Cluster | None
) -> "Iterator[Processes | OnCluster | None]":
    """Who works the parts of the runs of a block out: a cluster, processes, or nobody else."""
    if engine is not None:
        yield OnCluster(book, engine, jobs)
        return
    with processes(book, jobs) as pool:
        yield pool


@contextmanager
def opened(asked: Asked) -> Iterator[Callable[[Part], Done]]:
    """The book, on a machine of a cluster, and the function that works a part out of it.

    Raises `NotAsHere`.
    """
    if digest_of_rules() != asked.rules:
        raise NotAsHere("A machine of the cluster has another version of duebook, or changed code.")
    try:
        book = open_book(asked.location, readonly=True)
    except Refusal as refusal:
        said = f"A machine of the cluster cannot open the book. {refusal.sentence}"
        raise NotAsHere(said) from None
    with closing(book):
        with book.reading() as connection:
            its_hash = _hash_at(connection, asked.known_at)
        if its_hash != asked.hash:
            other = "another book" if its_hash else f"no event {asked.known_at}"
            raise NotAsHere(f"A machine of the cluster finds {other} at {shown(book.location)}.")
        with no_cycles():
            yield partial(worked_out_in, book)


def _hash_at(connection: Connection, position: int) -> bytes | None:
    query = select(events.c.hash).where(events.c.position == position)
    stored: Any = connection.execute(query).scalar()
    return None if stored is None else bytes(stored)


@cache
def digest_of_rules() -> str:
    """The SHA-256 of all of the ledger's own code, by which two machines have the same rules."""
    digest = hashlib.sha256()
    for name, file in sorted(_code(files("ledger"), "ledger")):
        digest.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def _code(folder: Traversable, name: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        inside = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from _code(entry, inside)
        elif entry.name.endswith((".py", ".sql", ".toml")):
            yield inside, entry
