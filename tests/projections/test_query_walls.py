"""`query`: what its statements may hold, and what ends them."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.kernel.errors import BadQuery
from ledger.store.book import Book, open_book
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from projections.catalogue import VIEWS
from projections.sql import rows
from projections.sql.functions import NAMES
from projections.sql.guards import run_on_sqlite
from projections.sql.query import SUPERUSER, query
from projections.sql.rows import Limits, Spooled, taken
from projections.sql.statement import checked
from tests.quarter import NOW

DIALECTS = ("sqlite", "postgres", "duckdb")
ENDLESS = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT {} FROM x"
FITS = [
    "SELECT market, count(*) FILTER (WHERE market = 'EU') FROM stores GROUP BY market;",
    '-- why\nSELECT /* what */ "store" AS "ü", \'a\'\'b\' FROM "stores" s(store) WHERE 1.5e3 > 2',
    "WITH a AS (SELECT * FROM stores), b AS (SELECT * FROM a) SELECT * FROM a JOIN b USING (store)",
    "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT max(n) FROM x t(m)",
    "SELECT row_number() OVER (PARTITION BY market ORDER BY store) FROM stores",
    "SELECT CAST(amount_minor AS NUMERIC(10, 2)), day::text FROM gmv ORDER BY 1 DESC LIMIT 5",
    "(SELECT 1) UNION (SELECT 2)",
    "SELECT * FROM (VALUES (1, 2)) t(a, b) WHERE NOT EXISTS (SELECT 1 FROM gmv WHERE store = 'a')",
]
UNFIT = [
    "SELECT * FROM events",
    "SELECT * FROM duebook_meta",
    "SELECT * FROM main.stores",
    "SELECT * FROM pg_catalog.pg_authid",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM sqlite_master",
    "TABLE events",
    "FROM events",
    "SELECT * FROM (TABLE events) x",
    "SELECT (SELECT max(position) FROM events) FROM stores",
    "SELECT * FROM pg_authid, (WITH pg_authid AS (SELECT 1) SELECT * FROM pg_authid) x",
    "WITH pg_authid AS (SELECT * FROM pg_authid) SELECT * FROM pg_authid",
    "WITH a AS (SELECT * FROM pg_authid), pg_authid AS (SELECT 1) SELECT * FROM a",
    'WITH "EVENTS" AS (SELECT 1) SELECT * FROM events',
    "SELECT * FROM generate_series(1, 2)",
    "SELECT * FROM pragma_table_info('events')",
    "SELECT * FROM read_csv('other.csv')",
    "SELECT * FROM 'other.csv'",
    "SELECT * FROM stores, LATERAL json_each('[]')",
    "SELECT pg_read_file('/etc/passwd', 0, 30)",
    "SELECT pg_sleep/**/(100)",
    'SELECT "pg_sleep"(100)',
    "WITH pg_sleep(n) AS (SELECT 1) SELECT pg_sleep(100) FROM pg_sleep",
    "WITH x AS MATERIALIZED (SELECT pg_sleep(1)) SELECT 1 FROM x",
    "SELECT pg_catalog.pg_reload_conf()",
    "SELECT query_to_xml('select 1', true, true, '')",
    "SELECT current_setting('is_superuser')",
    "SELECT current_user",
    "SELECT session_user",
    "SELECT user",
    "SELECT load_extension('x')",
    "SELECT getenv('HOME')",
    "SELECT repeat('x', 1000000000)",
    "SELECT 'events'::regclass",
    "SELECT E'a\\' , pg_sleep(100) --'",
    "SELECT $$a$$",
    "SELECT U&'a'",
    "SELECT 1 WHERE 1 = $1",
    "SELECT ?",
    "SELECT @a",
    "SELECT * INTO copied FROM stores",
    "SELECT * FROM stores FOR UPDATE",
    "WITH gone AS (DELETE FROM stores RETURNING *) SELECT * FROM gone",
    "SELECT * FROM stores TABLESAMPLE SYSTEM (1)",
    "EXPLAIN SELECT 1",
    "SHOW ALL",
    "VALUES (1)",
    "SUMMARIZE stores",
    "PRAGMA table_info(stores)",
    "SELECT 1; SELECT 2",
    "SELECT left(",
    "SELECT " + "(" * 500 + "1" + ")" * 500,
    "SELECT " + "NOT " * 9000 + "1",
    "SELECT '" + "x" * 100_000 + "'",
    "",
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Book]:
    """A book with three partners, which nothing here may change."""
    folder = tmp_path_factory.mktemp("walls")
    location = str(folder / "book.db")
    if request.param == "postgresql":
        location = request.getfixturevalue("new_database")()
    book, _ = init(location, "platform")
    path = folder / "facts.ndjson"
    fact = {"type": "PartnerCertified", "at": "2026-01-10T01:00:00Z"}
    path.write_text("".join(json.dumps({**fact, "partner": f"P-{n}"}) + "\n" for n in range(3)))
    record(book, [str(path)], now=NOW, by="test")
    yield book
    book.close()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("sql", FITS)
def test_a_select_as_people_write_it_may_be_sent(sql: str, dialect: str) -> None:
    """What is sent has the same words, without comments, and is fit itself."""
    sent = checked(sql, dialect, VIEWS).sql
    assert "why" not in sent
    assert "what" not in sent
    assert checked(sent, dialect, VIEWS).sql == sent


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("sql", UNFIT, ids=lambda sql: sql[:60])
def test_anything_else_is_refused_before_it_is_sent(sql: str, dialect: str) -> None:
    """With why, and with what may be written."""
    with pytest.raises(BadQuery) as refused:
        checked(sql, dialect, VIEWS)
    assert refused.value.sentence


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_part_that_cannot_be_written_again_is_refused_in_words(dialect: str) -> None:
    """The fuzzer found it: the parser takes a function without arguments that it cannot write."""
    with pytest.raises(BadQuery):
        checked("select(from s join(select date(),))from orders o", dialect, VIEWS)


def test_a_refusal_lists_the_tables_or_the_functions() -> None:
    """Whatever was not found, so that nobody has to look it up, with what may be meant first."""
    with pytest.raises(BadQuery) as refused:
        checked("SELECT nextval('x') FROM stores", "postgres", VIEWS)
    assert "nextval" in refused.value.sentence
    assert set(NAMES) <= set(re.findall(r"\w+", refused.value.hint))
    with pytest.raises(BadQuery) as refused:
        checked("SELECT 1 FROM store", "postgres", VIEWS)
    assert refused.value.hint.startswith("Did you mean stores? ")
    assert set(VIEWS) <= set(re.findall(r"\w+", refused.value.hint))


def test_a_column_that_is_not_there_is_answered_with_those_that_are(book: Book) -> None:
    """Of the tables that the statement names, the one that may be meant first."""
    with pytest.raises(BadQuery) as refused:
        query(book, "select amounts from lines")
    assert refused.value.hint.startswith("Did you mean amount or amount_minor? Columns: ")
    assert "stands_at" in refused.value.hint


def test_the_how_to_lists_every_function_and_no_other() -> None:
    """The list is kept in one place and shown in another."""
    text = (Path(__file__).parents[2] / "docs" / "how-to.md").read_text(encoding="utf-8")
    part = text.partition("## What `query` takes")[2].partition("\nValues may be cast")[0]
    shown = re.findall(r"`(\w+)`", part.partition("| | |")[2])
    assert sorted(shown) == sorted(NAMES)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM events",
        "SELECT name FROM sqlite_master",
        "SELECT * FROM pragma_table_info('events')",
        "SELECT load_extension('x')",
        "SELECT randomblob(9)",
        "PRAGMA query_only = OFF",
        "ATTACH ':memory:' AS other",
        "DELETE FROM stores",
    ],
)
def test_sqlite_itself_refuses_what_the_parser_would_have_let_through(sql: str) -> None:
    """The second wall, asked without the first."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE stores (store TEXT)")
    connection.execute("CREATE TABLE events (position INT)")
    assert run_on_sqlite(connection, "SELECT count(*) FROM stores", VIEWS, Limits()).rows
    with pytest.raises(sqlite3.DatabaseError, match=r"authorized|prohibited"):
        run_on_sqlite(connection, sql, VIEWS, Limits())
    assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)


@pytest.mark.parametrize("column", ["max(n)", "n"])
def test_a_statement_without_an_end_is_stopped_in_time(told: Book, column: str) -> None:
    """With a message, and nothing is left that reads."""
    began = time.monotonic()
    with pytest.raises(BadQuery, match=r"stopped after 0\.5 seconds"):
        query(told, ENDLESS.format(column), limits=Limits(0.5))
    assert time.monotonic() - began < 5
    if told.path is None:
        with told.reading() as connection:
            sql = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%%' AND pid <>"
            assert connection.exec_driver_sql(f"{sql} pg_backend_pid()").scalar() == 0


def test_no_more_rows_come_than_were_asked_for(told: Book) -> None:
    """And whether there were more is said."""
    sql = "SELECT partner FROM partners ORDER BY partner"
    two = query(told, sql, limits=Limits(rows=2))
    assert ([row["partner"] for row in two.rows], two.cut) == (["P-0", "P-1"], True)
    three = query(told, sql, limits=Limits(rows=3))
    assert (len(three.rows), three.cut) == (3, False)


@pytest.mark.parametrize("most", [None, 25_000])
def test_a_long_answer_is_held_in_a_file(most: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row by row it is the same; one that must be written whole is refused."""
    monkeypatch.setattr(rows, "CELLS_HELD", 50_000)
    database = sqlite3.connect(":memory:")
    sql = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 30000)"
    cursor = database.execute(sql + " SELECT n, n AS n FROM x")
    found = taken(["n", "n"], cursor.fetchmany, Limits(rows=most))
    assert isinstance(found.rows, Spooled)
    assert found.cut == (most is not None)
    expected = [{"n": n, "n_2": n} for n in range(1, (most or 30_000) + 1)]
    assert len(found.rows) == len(expected)
    assert list(found.rows) == expected
    cursor = database.execute(sql + " SELECT n FROM x")
    with pytest.raises(BadQuery, match="too many to be held"):
        taken(["n"], cursor.fetchmany, Limits(whole=True))


def test_long_texts_are_not_held_either() -> None:
    """Few of them are fetched at once, and no more is held than of many short ones."""
    fetched: list[int] = []
    text = "a" * 1_000_000

    def fetch(count: int) -> list[tuple[str]]:
        fetched.append(min(count, 200 - sum(fetched)))
        return [(text,)] * fetched[-1]

    found = taken(["a"], fetch, Limits())
    assert isinstance(found.rows, Spooled)
    assert (len(found.rows), max(fetched)) == (200, 16)
    fetched.clear()
    with pytest.raises(BadQuery, match="50,000,000 characters, too many to be held"):
        taken(["a"], fetch, Limits(whole=True))
    assert sum(fetched) < 100


def test_a_superuser_is_told_that_he_is_one(told: Book) -> None:
    """Of a server; a file knows none."""
    asked = open_book(told.location)
    query(asked, "SELECT 1")
    assert asked.notes == ([] if told.path else [SUPERUSER])
    asked.close()


@pytest.mark.parametrize(
    ("told", "sql"),
    [
        ("sqlite", ENDLESS.format("max(n)")),
        ("postgresql", ENDLESS.format("max(n)")),
        ("sqlite", ENDLESS.format("max(n)") + ", (SELECT count(*) FROM orders)"),  # by DuckDB
    ],
    indirect=["told"],
)
def test_ctrl_c_stops_a_statement_within_a_second(told: Book, sql: str) -> None:
    """Exit 130, on SQLite, PostgreSQL and DuckDB alike."""
    program = Path(sys.executable).parent / "duebook"
    running = subprocess.Popen(
        [program, "query", sql, "--book", told.location],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(3)
    assert running.poll() is None, running.communicate()
    running.send_signal(signal.SIGINT)
    sent = time.monotonic()
    _, said = running.communicate(timeout=20)
    assert (running.returncode, time.monotonic() - sent < 1) == (130, True), said
