"""`query`: one read-only statement, and the database itself refuses everything else."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import BadQuery
from ledger.store.book import Book, open_book
from projections.catalogue import VIEWS
from projections.sql.query import query
from tests.marks import more

from .told import told_book

FACTS = [
    {
        "type": "MerchantOnboarded",
        "at": "2026-01-10T01:00:00Z",
        "merchant": "M-1",
        "store": f"S-{number}",
        "market": "EU",
    }
    for number in (1, 2)
] + [{"type": "PartnerCertified", "at": "2026-01-10T01:00:00Z", "partner": "P-1", "name": "9% :x"}]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Book]:
    """A book with two stores, which nothing here may change."""
    yield from told_book(request, tmp_path_factory, FACTS)


@pytest.fixture(params=["live", pytest.param("read-only", marks=more), "known-at"])
def asked(request: pytest.FixtureRequest, told: Book) -> Iterator[tuple[Book, Clocks | None]]:
    """A book and how it is asked: live, only readable, at a known-at."""
    if request.param == "read-only":
        reader = open_book(told.location, readonly=True)
        yield reader, None
        reader.close()
        return
    head = told.head().position
    yield told, Clocks(FOREVER, head) if request.param == "known-at" else None


def test_a_select_over_the_views_answers_rows(asked: tuple[Book, Clocks | None]) -> None:
    """Also with a join, a CTE, values, and every view by its name."""
    book, clocks = asked
    sql = "SELECT market, count(*) AS stores FROM stores GROUP BY market"
    assert query(book, sql, clocks=clocks).rows == [{"market": "EU", "stores": 2}]
    cte = "WITH eu AS (SELECT * FROM stores) SELECT a.store FROM eu a JOIN eu b USING (store)"
    assert len(query(book, cte, clocks=clocks).rows) == 2
    for name in VIEWS:
        (row,) = query(book, f"SELECT count(*) AS n FROM {name}", clocks=clocks).rows
        assert isinstance(row["n"], int)


def test_colons_percent_signs_and_json_in_a_statement_mean_themselves(
    asked: tuple[Book, Clocks | None],
) -> None:
    """Nothing in the text of a statement is a parameter."""
    book, clocks = asked
    sql = "SELECT partner FROM partners WHERE name LIKE '9% :x';"
    assert query(book, sql, clocks=clocks).rows == [{"partner": "P-1"}]
    sql = """SELECT '{"a": [":b", "%s", "?"]}' AS j, 7 % 4 AS m"""
    assert query(book, sql, clocks=clocks).rows == [{"j": '{"a": [":b", "%s", "?"]}', "m": 3}]


@pytest.mark.parametrize("sql", ["select*from stores", "-- why\nselect 1", "SELECT(1)"])
def test_a_statement_that_reads_may_be_written_as_people_write_it(told: Book, sql: str) -> None:
    """Without a blank after the first word, and after a comment."""
    assert query(told, sql).rows


WRITES = [
    "INSERT INTO gmv SELECT * FROM gmv",
    "UPDATE stores SET market = 'JP'",
    "DELETE FROM stores",
    "DROP TABLE stores",
    "CREATE TABLE mine (x int)",
    "ATTACH DATABASE 'other.db' AS other",
    "PRAGMA query_only = OFF",
    "PRAGMA journal_mode = DELETE",
    "VACUUM",
    "SET TRANSACTION READ WRITE",
    "COMMIT",
    "TRUNCATE stores",
    "DO $$ BEGIN DELETE FROM stores; END $$",
    "WITH x AS (SELECT 1) DELETE FROM stores",
    "WITH gone AS (DELETE FROM stores RETURNING *) SELECT * FROM gone",
    "EXPLAIN ANALYZE DELETE FROM stores",
    "SELECT * INTO copied FROM stores",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "",
    "   ",
    "-- nothing",
    "SELECT 1; DELETE FROM stores",
    "SELECT 1; COMMIT; DELETE FROM stores",
    "SELECT 1; COMMIT; BEGIN; DROP TABLE stores; COMMIT",
    "SELECT 1; ROLLBACK; DROP TRIGGER events_refuse_change ON events",
    "SELECT 1; SELECT 2",
    "COPY (SELECT 1) TO PROGRAM 'touch {touched}'",
    "SELECT 1; COPY (SELECT 1) TO PROGRAM 'touch {touched}'",
    "COPY stores FROM PROGRAM 'touch {touched}'",
]


def test_everything_but_one_reading_statement_is_refused(
    asked: tuple[Book, Clocks | None],
    tmp_path: Path,
    read_rows: Callable[[Book], list[dict[str, Any]]],
) -> None:
    """Refused with a sentence and a next step; the book, its views and guards stay as they are."""
    book, clocks = asked
    touched = tmp_path / "touched"

    def everything() -> list[Any]:
        views = [query(book, f"SELECT * FROM {name}", clocks=clocks).rows for name in VIEWS]
        with book.reading() as connection:
            sql = "SELECT relname, relkind::text FROM pg_class WHERE relname NOT LIKE 'pg_%%'"
            if connection.dialect.name == "sqlite":
                sql = "SELECT name, sql FROM sqlite_master"
            names = sorted(tuple(row) for row in connection.exec_driver_sql(sql))
        return [read_rows(book), views, names]

    before = everything()
    passed = []
    for template in WRITES:
        sql = template.format(touched=touched)
        try:
            query(book, sql, clocks=clocks)
        except BadQuery as refusal:
            told = bool(refusal.sentence and refusal.hint)
        else:
            told = False
        if not told:
            passed.append(sql)
        assert not touched.exists(), sql
    assert everything() == before
    assert passed == []


def test_a_mistake_in_a_query_is_told_in_the_databases_words(
    asked: tuple[Book, Clocks | None],
) -> None:
    """Not as a failure of duebook: a BadQuery with what the database said."""
    book, clocks = asked
    with pytest.raises(BadQuery, match="nowhere"):
        query(book, "SELECT * FROM nowhere", clocks=clocks)
    with pytest.raises(BadQuery, match="syntax"):
        query(book, "SELECT FROM WHERE", clocks=clocks)
