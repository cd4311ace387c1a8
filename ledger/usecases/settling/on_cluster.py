"""The parts of a run, worked out by the machines of a cluster: the same function as here.

Each of them opens the book by itself, and sees first that it is the same book and that it has the
same rules.
"""

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache, partial
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from ledger.kernel.errors import Refusal
from ledger.kernel.garbage import no_cycles
from ledger.store.book import Book, is_url, open_book, shown
from ledger.store.head import hash_at
from ledger.store.order_lines import OrderEngine
from ledger.store.spark.refusals import NotAsHere
from ledger.usecases.settling.parts import Done, Part, Workers
from ledger.usecases.settling.processes import processes, worked_out_in

T = TypeVar("T")
R = TypeVar("R")


class Cluster(OrderEngine, Protocol):
    """An engine whose machines can do our own work too."""

    def each(
        self, opened: Callable[[], AbstractContextManager[Callable[[T], R]]], items: Sequence[T]
    ) -> Generator[R, None, None]:
        """What is made of each item by what `opened` gives, in their order."""


class Basis(NamedTuple):
    """What a run rests on: the book, the end of what is known of it, and the rules."""

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
            basis = Basis(location, known_at, hash_at(connection, known_at), digest_of_rules())
        return self.engine.each(partial(opened, basis), parts)


@contextmanager
def workers(book: Book, jobs: int, engine: Cluster | None) -> Iterator[Workers | None]:
    """Who works the parts of the runs of a block out: a cluster, processes, or nobody else."""
    if engine is not None:
        yield OnCluster(book, engine, jobs)
        return
    with processes(book, jobs) as pool:
        yield pool


@contextmanager
def opened(basis: Basis) -> Iterator[Callable[[Part], Done]]:
    """The book, on a machine of a cluster, and the function that works a part out of it.

    Raises `NotAsHere`.
    """
    if digest_of_rules() != basis.rules:
        raise NotAsHere(
            "A machine of the cluster has another version of duebook, of holidays or of tzdata, or "
            "changed code."
        )
    try:
        book = open_book(basis.location, readonly=True)
    except Refusal as refusal:
        said = f"A machine of the cluster cannot open the book. {refusal.sentence}"
        raise NotAsHere(said) from None
    with closing(book):
        with book.reading() as connection:
            its_hash = hash_at(connection, basis.known_at)
        if its_hash != basis.hash:
            other = "another book" if its_hash else f"no event {basis.known_at}"
            raise NotAsHere(f"A machine of the cluster finds {other} at {shown(book.location)}.")
        with no_cycles():
            yield partial(worked_out_in, book)


@cache
def digest_of_rules() -> str:
    """The SHA-256 of all of the ledger's own code, and of the versions of the libraries by which
    days are told: two machines with the same have the same rules."""
    digest = hashlib.sha256()
    for name, file in sorted(_code(files("ledger"), "ledger")):
        digest.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    for library in ("holidays", "tzdata"):
        digest.update(f"{library}\0{version(library)}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def _code(folder: Traversable, name: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        inside = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from _code(entry, inside)
        elif entry.name.endswith((".py", ".sql", ".toml")):
            yield inside, entry
