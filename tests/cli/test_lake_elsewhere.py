"""`duebook export lake s3://...`: the same tables in an object store, a real S3 server."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import polars
import pytest

from projections.exporters.lake_places import is_inside
from tests.cli.conftest import Ran
from tests.marks import more
from tests.object_store import BUCKET, KEY, REGION, SECRET, Server, served

Duebook = Callable[..., Ran]
JSON = ("--format", "json")
TABLES = ("adjustments", "entries", "lines", "orders", "payments", "statements")
PAY = ("pay", "P-03", "--amount", "10", "--currency", "CNY", "--by", "lin")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests here."""
    with served(tmp_path_factory.mktemp("s3")) as up:
        yield up


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys to the store in the environment, and nothing else about it."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", REGION)


def options(server: Server) -> dict[str, str]:
    """What a reader has to know of the store."""
    return {"aws_endpoint": server.endpoint, "aws_region": REGION, "allow_http": "true"}


def read(server: Server, table: str, version: int | None = None) -> polars.DataFrame:
    """A table as somebody else reads it: `prefix/name`."""
    where = f"s3://{BUCKET}/{table}"
    return polars.read_delta(where, version=version, storage_options=options(server))


@more
def test_a_lake_in_a_store_has_what_one_in_a_folder_has(
    busy: Path, duebook: Duebook, server: Server
) -> None:
    """The same files under the same names, tables and versions; of a book that has not changed
    nothing is written again."""
    url = server.url("same")
    here, there = duebook("export", "lake", "lake", *JSON), duebook("export", "lake", url, *JSON)
    assert (here.code, there.code) == (0, 0), there.err
    assert there.json["tables"] == here.json["tables"]
    assert there.json == here.json | {"folder": url}
    for table in TABLES:
        assert read(server, f"same/{table}").equals(polars.read_delta(f"lake/{table}"))
    before = server.names("same")
    again = duebook("export", "lake", url, *JSON)
    assert again.json["tables"] == duebook("export", "lake", "lake", *JSON).json["tables"]
    assert not any(row["new"] for row in again.json["tables"])
    assert server.names("same") == before
    assert duebook(*PAY, "--ref", "r-2").code == 0
    later = duebook("export", "lake", url, *JSON).json["tables"]
    assert later == duebook("export", "lake", "lake", *JSON).json["tables"]
    assert {row["table"] for row in later if row["new"]} == {"payments", "statements", "entries"}
    assert read(server, "same/payments").height == 2
    assert read(server, "same/payments", version=0).height == 1


@more
def test_whoever_comes_second_is_refused_and_nothing_is_lost(
    busy: Path, duebook: Duebook, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a store and in a folder, for a first version and for a later one."""
    from deltalake import DeltaTable, transaction

    real = transaction.AddAction
    for url in (server.url("raced"), "raced"):
        for ref in ("r-1", "r-2"):
            meanwhile: list[str] = []

            def raced(*given: Any, url: str = url, meanwhile: list[str] = meanwhile) -> Any:
                if not meanwhile:
                    meanwhile.append("begun")
                    monkeypatch.setattr(transaction, "AddAction", real)
                    assert duebook("export", "lake", url, *JSON).code == 0
                return real(*given)

            monkeypatch.setattr(transaction, "AddAction", raced)
            ran = duebook("export", "lake", url)
            assert ran.code == 4, ran.err
            assert "was written by somebody else" in ran.err
            assert "Run the same command again" in ran.err
            assert duebook("export", "lake", url).code == 0
            assert duebook(*PAY, "--ref", f"{ref} {len(url)}").code == 0
        table = f"s3://{BUCKET}/raced/payments" if "://" in url else "raced/payments"
        known = options(server) if "://" in url else None
        assert DeltaTable(table, storage_options=known).version() == 1


@more
def test_exports_side_by_side_leave_one_whole_lake(
    busy: Path, duebook: Duebook, server: Server, process: Callable[..., Any]
) -> None:
    url = server.url("together")
    running = [process("export", "lake", url, *JSON) for _ in range(3)]
    ends = [(own, *own.communicate(timeout=300)) for own in running]
    assert {own.returncode for own, _, _ in ends} <= {0, 4}, [err for _, _, err in ends]
    assert duebook("export", "lake", url, *JSON).code == 0
    assert duebook("export", "lake", "lake").code == 0
    for table in TABLES:
        assert read(server, f"together/{table}").equals(polars.read_delta(f"lake/{table}"))


@more
def test_what_is_not_this_book_s_lake_is_not_touched(
    busy: Path, duebook: Duebook, server: Server
) -> None:
    server.put("docs/letter.txt", b"dear")
    ran = duebook("export", "lake", server.url("docs"))
    assert (ran.code, "letter.txt" in ran.err) == (1, True)
    assert server.names("docs") == ["letter.txt"]
    server.put("mine/lines/mine.csv", b"a")
    assert "is no Delta table" in duebook("export", "lake", server.url("mine")).err
    assert server.names("mine") == ["mine.csv"]
    assert duebook("init", "--book", "other.db").code == 0
    assert duebook("export", "lake", server.url("other"), "--book", "other.db").code == 0
    ran = duebook("export", "lake", server.url("other"))
    assert (ran.code, "another book" in ran.err) == (1, True)


@more
def test_a_lake_is_not_written_where_the_order_lines_are(
    here: Path, duebook: Duebook, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUEBOOK_CACHE", str(here / "copies"))
    assert duebook("init", "--archive", server.url("kept")).code == 0
    for url in (server.url("kept"), server.url("kept/lake")):
        ran = duebook("export", "lake", url)
        assert (ran.code, "where the order lines of the book are kept" in ran.err) == (1, True)
    assert duebook("export", "lake", server.url("kept-lake")).code == 0
    assert server.names("kept/") == ["duebook.txt"]


@more
def test_an_export_that_was_killed_is_made_whole_by_the_next(
    busy: Path, duebook: Duebook, server: Server
) -> None:
    server.put("killed/lines/0000.parquet", b"half")
    assert duebook("export", "lake", server.url("killed")).code == 0
    assert read(server, "killed/lines").height > 0


@more
def test_a_store_that_does_not_take_it_is_said(
    busy: Path, duebook: Duebook, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that are not right, no such bucket, an upload that fails half-way through the tables:
    those that were written are whole, and the next export does the others."""
    from ledger.store.archive import objects

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    ran = duebook("export", "lake", server.url("denied"))
    assert (ran.code, "The lake s3://books/denied cannot be reached: " in ran.err) == (1, True)
    assert "SignatureDoesNotMatch" in ran.err
    assert "AWS_ACCESS_KEY_ID" in ran.err
    assert "wrong" not in ran.err
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    ran = duebook("export", "lake", f"s3://nobucket/lake?endpoint={server.endpoint}")
    assert (ran.code, "NoSuchBucket" in ran.err) == (1, True)
    real = objects.Objects.put_new

    def cut_off(self: Any, file: Any, name: str = "") -> bool:
        if name.startswith("adjustments/"):
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "revoked")
            self = objects.Objects(server.url("half"), "lake")
        return real(self, file, name)

    monkeypatch.setattr(objects.Objects, "put_new", cut_off)
    ran = duebook("export", "lake", server.url("half"))
    assert (ran.code, "The lake s3://books/half cannot be reached: " in ran.err) == (1, True)
    monkeypatch.setattr(objects.Objects, "put_new", real)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert read(server, "half/lines").height > 0
    ran = duebook("export", "lake", server.url("half"), *JSON)
    new = {row["table"]: row["new"] for row in ran.json["tables"]}
    assert new == {name: name not in ("lines", "statements") for name in TABLES}


class Careless(BaseHTTPRequestHandler):
    """A store that takes whatever is put, whatever its condition, and has nothing."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("content-length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        empty = b'<?xml version="1.0"?><ListBucketResult><Name>b</Name></ListBucketResult>'
        self.send_response(200)
        self.send_header("content-length", str(len(empty)))
        self.end_headers()
        self.wfile.write(empty)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def test_a_store_without_conditions_is_refused_before_a_table_is_written(
    demo: Path, duebook: Duebook
) -> None:
    """Nothing could keep two exports from overwriting each other there."""
    store = HTTPServer(("127.0.0.1", 0), Careless)
    Thread(target=store.serve_forever, daemon=True).start()
    try:
        endpoint = f"http://127.0.0.1:{store.server_port}"
        ran = duebook("export", "lake", f"s3://{BUCKET}/lake?endpoint={endpoint}")
    finally:
        store.shutdown()
        store.server_close()
    assert ran.code == 1
    assert "replaces what is there" in ran.err
    assert "nothing in a lake is ever replaced" in ran.err


def test_writing_without_conditions_is_refused(
    demo: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_S3_ALLOW_UNSAFE_RENAME", "true")
    ran = duebook("export", "lake", "s3://books/lake")
    assert (ran.code, "AWS_S3_ALLOW_UNSAFE_RENAME is set" in ran.err) == (1, True)


def test_a_store_that_is_not_there_is_said(
    demo: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.store.archive.objects.RETRIES", 0)
    ran = duebook("export", "lake", "s3://books/lake?endpoint=http://127.0.0.1:1")
    assert (ran.code, "The lake s3://books/lake cannot be reached: " in ran.err) == (1, True)
    assert "keys to it" in ran.err


@pytest.mark.parametrize(
    "url", ["https://books/lake", "s3://", "s3://b/x?key=secret", "s3://me:secret@books/lake"]
)
def test_a_url_that_is_none_is_refused(demo: Path, duebook: Duebook, url: str) -> None:
    ran = duebook("export", "lake", url)
    assert ran.code == 2
    assert "secret" not in ran.err
    assert "archive" not in ran.err.partition("\n")[0]
    assert "s3://BUCKET/PREFIX" in ran.err


def test_a_lake_beside_an_archive_is_not_inside_it() -> None:
    at = "?endpoint=http://store:9000"
    assert is_inside(f"s3://b/a/x{at}", f"s3://b/a{at}")
    assert is_inside(f"s3://b/a{at}", f"s3://b/a/{at}")
    assert is_inside("s3://b/a", "s3://b")
    assert not is_inside(f"s3://b/ab{at}", f"s3://b/a{at}")
    assert not is_inside(f"s3://b/a{at}", "s3://b/a")
    assert not is_inside("s3://b/a", "/srv/a")
    assert not is_inside("s3://c/a", "s3://b/a")
