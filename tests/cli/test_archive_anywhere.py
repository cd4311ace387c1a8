"""Order lines of a book in an object store: a real S3 server, from `init` to `verify`."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ledger.store.archive.place import BadArchive, place_of
from tests.marks import more
from tests.object_store import BUCKET, KEY, REGION, SECRET, Server, served

Duebook = Callable[..., Any]
JSON = ("--format", "json")
BY = ("--by", "lin")
FIXTURES = Path(__file__).parents[2] / "fixtures" / "demo"
FEES = ("technical-fee-2020", "2020-05")
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests here."""
    with served(tmp_path_factory.mktemp("s3")) as up:
        yield up


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    """The keys to the store in the environment, and copies of this test's own."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("DUEBOOK_CACHE", str(here / "copies"))


def filled(duebook: Duebook, place: str, book: str = "duebook.db") -> list[str]:
    """Makes a book with its archive there, and archives a month of orders; the digests."""
    own = ("--book", book)
    assert duebook("init", "--archive", place, *own).code == 0
    for words in (
        ("publish", FIXTURES / "terms-fees.toml", *BY),
        ("record", FIXTURES / "shops-2020.ndjson"),
    ):
        assert duebook(*words, *own).code == 0
    ran = duebook("orders", FIXTURES / "orders-2020-05.csv", *BY, *own, *JSON)
    assert ran.code == 0, ran.err
    archived: list[str] = ran.json["archived"]
    return archived


def files_in(folder: Path) -> list[Path]:
    """The copies below a folder."""
    return sorted(folder.glob("*/*.parquet"))


def told_of_orders(duebook: Duebook, book: str = "duebook.db") -> list[Any]:
    """What a book answers from its order lines."""
    own = ("--book", book, *JSON)
    settled = duebook("settle", *FEES, *own).json
    line = settled["lines"][0]["line"]
    asked = (
        "select category, count(*) as n, sum(amount) as amount from orders group by 1 order by 1"
    )
    return [
        [[line["line"], line["amount"]] for line in settled["lines"]],
        duebook("explain", line, "--orders", *own).json["orders"],
        duebook("query", asked, *own).json,
        duebook("report", "gmv", "--where", "source=orders", *own).json,
        duebook("report", "stores", "--columns", "store,first_sale_at", *own).json,
    ]


@more
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_book_answers_from_a_store_what_it_answers_from_a_folder(
    duebook: Duebook, server: Server, database: str, request: pytest.FixtureRequest
) -> None:
    """Wherever it is asked: copies are fetched by digest, and need not be there."""
    book = "duebook.db"
    databases = None
    if database == "postgresql":
        databases = request.getfixturevalue("new_database")
        book = databases()
    digests = filled(duebook, server.url(f"same-{database}"), book)
    expected = sorted([f"{digest}.parquet" for digest in digests] + ["duebook.txt"])
    assert server.names(f"same-{database}") == expected
    filled(duebook, "folder", "other.db")
    answers = told_of_orders(duebook, "other.db")
    assert all(answers)
    assert told_of_orders(duebook, book) == answers
    shutil.rmtree("copies")
    assert told_of_orders(duebook, book) == answers
    assert [path.stem for path in files_in(Path("copies"))] == digests
    checks = {
        one["name"]: one["ok"] for one in duebook("verify", "--book", book, *JSON).json["checks"]
    }
    assert (checks["order files"], checks["order sums"]) == (True, True)
    again = duebook("orders", FIXTURES / "orders-2020-05.csv", *BY, "--book", book, *JSON).json
    assert (again["recorded"], again["known"]) == (0, 297)
    assert not list(Path().glob("*.orders"))
    if databases is not None:
        databases.give_back(book)


@more
def test_a_file_that_is_there_is_not_put_again(duebook: Duebook, server: Server) -> None:
    """Two books of the same orders, told alike, share the file; what is there is looked at."""
    (digest,) = filled(duebook, server.url("shared"), "a.db")
    path = f"shared/{digest}.parquet"
    assert filled(duebook, server.url("shared"), "b.db") == [digest]
    assert server.names("shared") == sorted([f"{digest}.parquet", "duebook.txt"])
    server.put(path, b"something else")
    assert duebook("init", "--book", "c.db", "--archive", server.url("shared")).code == 0
    words = ("orders", FIXTURES / "orders-2020-05.csv", *BY, "--book", "c.db")
    ran = duebook(*words)
    assert ran.code == 5
    assert "its bytes were altered" in ran.err
    assert duebook("verify", "--book", "c.db", *JSON).json["ok"], "nothing was recorded"


@more
def test_a_file_that_was_altered_in_the_store_is_found(duebook: Duebook, server: Server) -> None:
    """By `verify`, which rehashes what the store holds, and by whoever has no copy; a copy is right
    all the same."""
    (digest,) = filled(duebook, server.url("altered"))
    answers = told_of_orders(duebook)
    path = f"altered/{digest}.parquet"
    content = bytearray(server.get(path))
    content[len(content) // 2] ^= 1
    server.put(path, bytes(content))
    assert told_of_orders(duebook) == answers
    ran = duebook("verify", *JSON)
    assert ran.code == 5
    (fault,) = (one["detail"] for one in ran.json["checks"] if not one["ok"])
    assert f"s3://{BUCKET}/{path} has the digest" in fault
    shutil.rmtree("copies")
    ran = duebook("settle", *FEES)
    assert (ran.code, ran.out) == (5, "")
    assert "its bytes were altered" in ran.err
    assert files_in(Path("copies")) == []


@more
def test_a_file_that_is_gone_from_the_store_is_missed(duebook: Duebook, server: Server) -> None:
    """Nothing is answered without it."""
    (digest,) = filled(duebook, server.url("gone"))
    server.delete(f"gone/{digest}.parquet")
    ran = duebook("verify", *JSON)
    (fault,) = (one["detail"] for one in ran.json["checks"] if not one["ok"])
    assert (ran.code, "is not there" in fault) == (5, True)
    shutil.rmtree("copies")
    for words in (("settle", *FEES), ("query", "select count(*) from orders"), ("report", "gmv")):
        ran = duebook(*words)
        assert (ran.code, ran.out) == (5, ""), words
        assert "is not there" in ran.err


@more
def test_a_copy_that_was_altered_is_fetched_anew(duebook: Duebook, server: Server) -> None:
    """Before it is read: its name says what it should hold."""
    filled(duebook, server.url("copy"))
    answers = told_of_orders(duebook)
    (copy,) = files_in(Path("copies"))
    right = copy.read_bytes()
    copy.chmod(0o644)
    copy.write_bytes(right[:-9] + b"nonsense.")
    assert told_of_orders(duebook) == answers
    assert copy.read_bytes() == right


@more
def test_a_store_that_does_not_let_in_is_refused_and_no_key_is_shown(
    duebook: Duebook, server: Server, monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    """With its code, in every command that needs it; the others go on."""
    filled(duebook, server.url("keys"))
    answers = told_of_orders(duebook)
    wrong = "another-secret-of-the-tests"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", wrong)
    assert told_of_orders(duebook) == answers, "whoever has the copies needs no store"
    shutil.rmtree("copies")
    more_orders = here / "more.csv"
    text = (FIXTURES / "orders-2020-05.csv").read_text(encoding="utf-8")
    more_orders.write_text("\n".join(text.splitlines()[:2]) + "\n", encoding="utf-8")
    before = duebook("verify", *JSON).json["events"]
    for words in (
        ("settle", *FEES),
        ("query", "select count(*) from orders"),
        ("orders", more_orders, *BY),
        ("init", "--book", "new.db", "--archive", server.url("keys")),
    ):
        ran = duebook(*words)
        assert (ran.code, ran.out) == (1, ""), words
        assert f"The archive s3://{BUCKET}/keys cannot be reached: " in ran.err
        assert "403" in ran.err
        assert "AWS_ACCESS_KEY_ID" in ran.err
        assert wrong not in ran.err
    assert not Path("new.db").exists()
    assert duebook("facts", "GMVRecorded").code == 0
    ran = duebook("verify", *JSON)
    assert (ran.code, ran.json["events"]) == (5, before)
    faults = {one["name"]: one["detail"] for one in ran.json["checks"] if not one["ok"]}
    assert set(faults) == {"order files"}
    assert faults["order files"].startswith("not checked: ")
    for path in here.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert SECRET.encode() not in content, path
        assert KEY.encode() not in content, path


@more
def test_a_store_that_went_away_is_refused(duebook: Duebook, server: Server) -> None:
    """A run of a window that no call touches goes on."""
    filled(duebook, server.url("away"))
    with sqlite3.connect("duebook.db") as connection:
        (place,) = connection.execute(
            "SELECT value FROM duebook_meta WHERE key = 'orders'"
        ).fetchone()
        assert place == f"{server.url('away')}&region={REGION}"
        named = place.replace(server.endpoint, NOWHERE)
        connection.execute("UPDATE duebook_meta SET value = ? WHERE key = 'orders'", (named,))
    ran = duebook("settle", *FEES)
    assert (ran.code, ran.out) == (1, "")
    assert "cannot be reached" in ran.err
    assert duebook("settle", FEES[0], "2020-07").code == 0


@more
def test_what_was_archived_is_taken_back_without_a_copy(duebook: Duebook, server: Server) -> None:
    """Withdrawing and showing an order fetch what they read."""
    filled(duebook, server.url("back"))
    shutil.rmtree("copies")
    (call,) = (one for one in duebook("log", "--format", "ndjson").lines
               if one["type"] == "OrdersArchived")  # fmt: skip
    ran = duebook("orders", "--withdraw", call["position"], "--reason", "test", *BY)
    assert ran.code == 0, ran.err
    assert duebook("query", "select count(*) as n from orders", *JSON).json == [{"n": 0}]


def test_an_archive_that_cannot_be_reached_makes_no_book(duebook: Duebook, here: Path) -> None:
    """It is tried before anything is made."""
    ran = duebook("init", "--archive", f"s3://books/p?endpoint={NOWHERE}")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("Error: The archive s3://books/p cannot be reached: ")
    assert not list(here.glob("duebook.db*"))


class _Replacing(BaseHTTPRequestHandler):
    """A store that takes whatever it is sent, and heeds no condition."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("ETag", '"0"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words: Any) -> None:
        """Says nothing."""


def test_a_store_that_replaces_what_is_there_is_refused(duebook: Duebook, here: Path) -> None:
    """Nothing in an archive is ever replaced, so a store has to heed If-None-Match."""
    with HTTPServer(("127.0.0.1", 0), _Replacing) as store:
        Thread(target=store.serve_forever, daemon=True).start()
        place = f"s3://books/p?endpoint=http://127.0.0.1:{store.server_port}"
        ran = duebook("init", "--archive", place)
        store.shutdown()
    assert (ran.code, ran.out) == (1, "")
    assert "replaces what is there" in ran.err
    assert not list(here.glob("duebook.db*"))


def test_the_endpoint_of_the_environment_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Later commands find the archive without it; what the URL says comes first."""
    assert place_of("s3://books/a/b/") == f"s3://books/a/b?region={REGION}"
    monkeypatch.delenv("AWS_REGION")
    assert place_of("s3://books") == "s3://books"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://store.example.com:9000")
    assert place_of("s3://books/a") == "s3://books/a?endpoint=https://store.example.com:9000"
    own = "s3://books/a?endpoint=http://127.0.0.1:1&region=eu-1"
    assert place_of(own) == own
    assert place_of("lines") == str(Path("lines").resolve())


@pytest.mark.parametrize(
    "typed",
    [
        "https://example.com/books",
        "s3://",
        "s3://Books/a",
        f"s3://{KEY}:{SECRET}@books/a",
        f"s3://books/a?endpoint=https://{KEY}:{SECRET}@example.com",
        f"s3://books/a?secret_access_key={SECRET}",
        "s3://books/../a",
        "s3://books/a b",
        "s3://books/a#b",
        "s3://books/a?endpoint=ftp://example.com",
    ],
)
def test_a_url_of_something_else_is_refused_and_not_repeated(
    duebook: Duebook, here: Path, typed: str
) -> None:
    """A secret in it would be in the terminal's history already; it goes no further."""
    with pytest.raises(BadArchive):
        place_of(typed)
    ran = duebook("init", "--archive", typed)
    assert (ran.code, ran.out) == (2, "")
    assert SECRET not in ran.err
    assert not list(here.glob("duebook.db*"))


def test_a_folder_of_ones_own_is_named_the_same_way(duebook: Duebook, here: Path) -> None:
    """The default is next to the book."""
    (digest,) = filled(duebook, "lines")
    assert [path.stem for path in here.glob("lines/*.parquet")] == [digest]
    assert not list(here.glob("*.orders"))
