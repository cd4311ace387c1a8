"""`query`: amounts as exact decimals beside whole minor units, on every database."""

from collections.abc import Iterator
from typing import Any

import pytest

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import BadQuery
from ledger.store.book import Book, open_book
from projections.amounts import decimals_of
from projections.catalogue import VIEWS
from projections.sql.decimals import reckons
from projections.sql.query import query

from .told import told_book

SALES = [
    ("S-1", "90071992547409.93", "CNY"),
    ("S-2", "0.10", "CNY"),
    ("S-3", "900.00", "CNY"),
    ("S-4", "-4000.50", "CNY"),
    ("S-5", "4001.00", "CNY"),
    ("S-6", "1500", "JPY"),
    ("S-7", "1.234", "KWD"),
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Book]:
    """A book with sales in three currencies, which nothing here may change."""
    fact = {"type": "GMVRecorded", "at": "2026-02-01T08:00:00Z", "day": "2026-01-31"}
    facts = [
        {**fact, "basis": "settled", "store": store, "amount": amount, "currency": currency}
        for store, amount, currency in SALES
    ]
    yield from told_book(request, tmp_path_factory, facts)


@pytest.fixture(params=["live", "read-only", "known-at"])
def asked(request: pytest.FixtureRequest, told: Book) -> Iterator[tuple[Book, Clocks | None]]:
    """A book and how it is asked: live, only readable, at a known-at."""
    if request.param == "read-only":
        reader = open_book(told.location, readonly=True)
        yield reader, None
        reader.close()
        return
    head = told.head().position
    yield told, Clocks(FOREVER, head) if request.param == "known-at" else None


def column(asked: tuple[Book, Clocks | None], sql: str) -> list[Any]:
    """The first cell of every row."""
    book, clocks = asked
    return [next(iter(row.values())) for row in query(book, sql, clocks=clocks).rows]


def test_an_amount_has_the_decimals_of_its_currency(asked: tuple[Book, Clocks | None]) -> None:
    """By its name and by a star; of minor units beside it nothing changes."""
    expected = {store: amount for store, amount, _ in SALES}
    book, clocks = asked
    for sql in ("SELECT store, amount FROM gmv", "SELECT * FROM gmv", "SELECT g.* FROM gmv g"):
        rows = query(book, sql, clocks=clocks).rows
        assert {row["store"]: str(row["amount"]) for row in rows} == expected
    sql = "SELECT amount_minor FROM gmv WHERE store IN ('S-1', 'S-7') ORDER BY store"
    assert column(asked, sql) == [9007199254740993, 1234]


def test_a_sum_of_amounts_is_exact(asked: tuple[Book, Clocks | None]) -> None:
    """Also beyond what a float holds, and of tenths that no float is."""
    sql = "SELECT sum(amount) FROM gmv WHERE currency = 'CNY' AND store <> 'S-4'"
    assert column(asked, sql) == ["90071992552311.03"]
    three = "SELECT sum(a.amount) FROM gmv a JOIN gmv b ON b.currency = 'CNY' WHERE a.store = 'S-2'"
    assert column(asked, three) == ["0.50"]


@pytest.mark.parametrize(
    ("condition", "stores"),
    [
        ("amount > 4000", ["S-1", "S-5"]),
        ("amount BETWEEN -5000 AND 1", ["S-2", "S-4"]),
        ("amount = 900", ["S-3"]),
        ("amount IN (900.0, 1500)", ["S-3", "S-6"]),
        ("-amount > 4000", ["S-4"]),
        ("\"AMOUNT\" = amount AND store = 'S-1'", ["S-1"]),
    ],
)
def test_an_amount_is_compared_as_a_number(
    asked: tuple[Book, Clocks | None], condition: str, stores: list[str]
) -> None:
    """Never as a text, of which 900.00 comes after 4000."""
    if "AMOUNT" in condition and asked[0].path is None and asked[1] is None:
        condition = condition.replace('"AMOUNT"', "amount")  # quoted it is another name there
    sql = f"SELECT store FROM gmv WHERE {condition} ORDER BY store"
    assert column(asked, sql) == stores
    renamed = (
        f"WITH x AS (SELECT store, amount AS a FROM gmv) SELECT store FROM x WHERE {condition}"
    )
    if "AMOUNT" not in condition and "store" not in condition:
        renamed = renamed.replace("amount >", "a >").replace("amount =", "a =")
        renamed = renamed.replace("amount BETWEEN", "a BETWEEN").replace("amount IN", "a IN")
        assert sorted(column(asked, renamed)) == stores


def test_amounts_are_put_in_order_as_numbers(asked: tuple[Book, Clocks | None]) -> None:
    """By name and by place; the greatest too."""
    by_size = ["S-4", "S-2", "S-7", "S-3", "S-6", "S-5", "S-1"]
    assert column(asked, "SELECT store, amount FROM gmv ORDER BY amount") == by_size
    assert column(asked, "SELECT store, amount FROM gmv ORDER BY 2") == by_size
    assert column(asked, "SELECT max(amount) FROM gmv WHERE store > 'S-2'") in (["4001.00"],)


def test_every_table_with_minor_units_has_decimals(asked: tuple[Book, Clocks | None]) -> None:
    """Each can be summed, also where it is empty."""
    book, clocks = asked
    for name, view in VIEWS.items():
        for amount in decimals_of(view.columns()):
            sql = f"SELECT sum({amount}) AS s FROM {name} WHERE currency = 'XAU'"
            assert query(book, sql, clocks=clocks).rows == [{"s": None}]


def test_sqlite_runs_what_only_shows_amounts_and_says_who_runs_the_rest(told: Book) -> None:
    """Its own functions go on working in a statement with a star; a refusal names minor units."""
    answer = query(told, "SELECT * FROM gmv WHERE day < '2026-02-01' ORDER BY store LIMIT 1")
    assert answer.said is None
    summed = query(told, "SELECT sum(amount) FROM gmv")
    assert (summed.said is None) == (told.path is None)
    if told.path is not None:
        assert answer.rows[0]["amount"] == "90071992547409.93"
        assert "DuckDB" in (summed.said or "")
        with pytest.raises(BadQuery) as refused:
            query(told, "SELECT julianday(day), sum(amount) FROM gmv GROUP BY 1")
        assert "amount_minor" in refused.value.hint


def test_a_name_of_the_statements_own_is_not_a_table(told: Book) -> None:
    """A table of WITH that is called as one of ours is its own."""
    sql = "WITH lines AS (SELECT 4 AS amount) SELECT amount FROM lines"
    assert query(told, sql).rows == [{"amount": 4}]


SHOWN = [
    "SELECT * FROM gmv",
    "SELECT g.*, store FROM gmv g ORDER BY store",
    "SELECT amount, currency FROM gmv WHERE amount_minor > 4",
    "SELECT DISTINCT amount FROM gmv",
    "SELECT count(*) FROM gmv",
    "SELECT sum(amount_minor) AS amount FROM gmv",
    "SELECT * FROM stores ORDER BY 1",
]
RECKONED = [
    "SELECT sum(amount) FROM gmv",
    "SELECT amount AS a FROM gmv ORDER BY a",
    "SELECT 1 FROM gmv WHERE Amount > 4",
    "SELECT 1 FROM gmv WHERE [amount] > 4",
    'SELECT 1 FROM gmv WHERE "amount" > 4',
    "SELECT amount FROM gmv ORDER BY amount",
    "SELECT * FROM gmv ORDER BY 6",
    "SELECT * FROM gmv GROUP BY 6",
    "SELECT * FROM (SELECT * FROM gmv)",
    "WITH x(a, b, c, d, e, f, g) AS (SELECT * FROM gmv) SELECT * FROM x WHERE g > 4",
    "SELECT amount FROM gmv UNION SELECT 5",
    "SELECT * FROM gmv JOIN lines USING (amount)",
    "SELECT 1 FROM gmv WHERE (SELECT amount FROM lines) > 4",
    "SELECT due FROM statements WHERE open > 0",
]


@pytest.mark.parametrize("sql", [*SHOWN, *RECKONED])
def test_what_does_more_with_amounts_than_show_them_is_told_apart(sql: str) -> None:
    """Whatever is not plainly shown is more: a text of SQLite is never compared or added."""
    assert reckons(sql, "sqlite", VIEWS) == (sql in RECKONED)
