"""Reading: states folded, the log decoded, a view rebuilt."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import Any

from benchmarks import bare
from benchmarks.bare import BARE_AT_ONCE
from benchmarks.measure import Act, Figure, interleaved, tell, timed
from benchmarks.workshop import AS_OF, Workshop, discard
from benchmarks.writing import LIBRARY
from ledger.aggregates.merchant import MerchantState
from ledger.aggregates.partner import PartnerState
from ledger.aggregates.store_state import StoreState
from ledger.kernel.clocks import Clocks
from ledger.kernel.garbage import no_cycles
from ledger.kernel.instants import parse_instant
from ledger.programs.contract import CHUNK
from ledger.store.book import Book, open_book
from ledger.store.log import chunks, read_log
from ledger.store.reader import LogReader

KINDS: dict[str, type[Any]] = {
    "store": StoreState,
    "merchant": MerchantState,
    "partner": PartnerState,
}


def states(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`states`: every state rebuilt, against the library's repository."""
    book = open_book(str(shop.recorded))
    names = _names(book)
    path = shop.folder / "bare.db"
    discard(path)
    app = bare.application(str(path))
    tell("recording with the bare library")
    calls = [bare.call_of(json.loads(line)) for line in shop.file.open(encoding="utf-8")]
    ids = bare.save(app, calls, BARE_AT_ONCE)
    counted: dict[str, int] = {}

    def ours() -> None:
        counted["ours"] = fold_all(book, names)

    def library() -> None:
        counted["bare"] = sum(app.repository.get(id_).version for id_ in ids)

    acts: dict[str, Act] = {
        "states": lambda: timed(ours),
        "bare repository": lambda: timed(library),
    }
    seconds = interleaved(shop.runs, acts)
    app.close()
    book.close()
    folded = sum(map(len, names.values()))
    how = f"{counted['ours']:,} events, {folded:,} states, {CHUNK:,} at a time"
    how += f"; reference {len(ids):,} aggregates, one at a time"
    yield Figure.rate(
        "states",
        counted["ours"] / seconds["states"],
        LIBRARY,
        counted["bare"] / seconds["bare repository"],
        5,
        how,
    )


def fold_all(book: Book, names: dict[str, list[str]]) -> int:
    """Folds all states as `settle` does: in its chunks, without garbage collection; returns the
    number of events."""
    with book.reading() as connection, no_cycles():
        clocks = Clocks(parse_instant(AS_OF), book.head().position)
        reader = LogReader(connection, clocks)
        for kind, mine in names.items():
            for piece in chunks(mine, CHUNK):
                reader.states(kind, piece, KINDS[kind])
        return reader.events_read


def _names(book: Book) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {kind: [] for kind in KINDS}
    with book.reading() as connection:
        rows = connection.exec_driver_sql("SELECT DISTINCT stream FROM events ORDER BY stream")
        for (stream,) in rows:
            kind, _, name = stream.partition(":")
            if kind in names:
                names[kind].append(name)
    return names


def log(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`read` and `gmv`, against the same runs over the decoded log."""
    book = open_book(str(shop.recorded))
    events = book.head().position
    rebuild = _rebuild(book) if "gmv" in wanted else None
    acts: dict[str, Act] = {"decoded": lambda: timed(lambda: decoded(book))}
    if "read" in wanted:
        acts["cursor"] = lambda: timed(lambda: cursor(shop))
    if rebuild is not None:
        acts["gmv view"] = lambda: timed(rebuild)
    seconds = interleaved(shop.runs, acts)
    book.close()
    speed = {name: events / taken for name, taken in seconds.items()}
    if "read" in wanted:
        how = f"{events:,} events in the order of the log; reference: select * order by position"
        yield Figure.rate("read", speed["decoded"], "sqlite3 cursor", speed["cursor"], 0.3, how)
    if rebuild is not None:
        how = f"{events:,} events in the log; written, durable; reference: every event decoded"
        yield Figure.rate("gmv", speed["gmv view"], "ours, decoded", speed["decoded"], 0.6, how)
    elif "gmv" in wanted:
        yield Figure.absent("gmv", "there are no projections yet")


def decoded(book: Book) -> None:
    """Every event of the log as an object."""
    with book.reading() as connection:
        _consume(read_log(connection))


def cursor(shop: Workshop) -> None:
    """Every row of the log as SQLite gives it."""
    connection = sqlite3.connect(f"file:{shop.recorded}?mode=ro", uri=True)
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA mmap_size = 268435456")
    _consume(connection.execute("SELECT * FROM events ORDER BY position"))
    connection.close()


def _consume(items: Iterable[object]) -> None:
    for _ in items:
        pass


def _rebuild(book: Book) -> Callable[[], object] | None:
    """A function that rebuilds a book's view `gmv`; None where there are no views."""
    if find_spec("projections.runner") is None:
        return None
    from projections.catalogue import VIEWS
    from projections.runner import rebuild

    return lambda: rebuild(book, VIEWS["gmv"])
