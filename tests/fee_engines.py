"""The expressions of fees and commissions on every engine that installs here: DuckDB, SQLite and
Polars, and in `make test-more` ClickHouse and Spark, which are large."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import pytest

from ledger.programs.order_questions import OrderQuestion
from ledger.programs.technical_fee.expression import (
    EXPRESSIONS,
    ORDERS,
    Setting,
    rates_columns,
    spans_columns,
    stores_columns,
)
from ledger.store.spark.orders import SparkOrders
from tests.marks import more
from tests.spark import spark

Row = tuple[Any, ...]
Typed = Mapping[str, tuple[dict[str, str], Sequence[Row]]]
"""Per table its columns with their types, and its rows."""
SMALL_ENGINES = ("duckdb", "sqlite", "polars")
LARGE_ENGINES = [pytest.param(name, marks=more) for name in ("clickhouse", "spark")]
ENGINES = [*SMALL_ENGINES, *LARGE_ENGINES]
CLICKHOUSE = "chdb>=4,<5"


class Tables(NamedTuple):
    """The rows of the tables that the expression joins."""

    orders: list[Row]
    rates: list[Row]
    stores: list[Row]
    spans: Sequence[Row] = ()
    days: Sequence[Row] = ()

    def typed(self, setting: Setting) -> dict[str, tuple[dict[str, str], Sequence[Row]]]:
        """Per table its columns with their types, and its rows."""
        dated = setting.spans is not None
        spans = {"spans": (spans_columns(setting.spans), self.spans)} if dated else {}
        by_day = setting.days is not None
        days = {"days": (spans_columns(setting.days), self.days)} if by_day else {}
        return {
            "orders": (ORDERS, [(*row, "") for row in self.orders]),  # in one row each
            "rates": (rates_columns(setting.spans), self.rates),
            "stores": (stores_columns(len(setting.discounts)), self.stores),
            **spans,
            **days,
        }


def answer(
    engine: str, kind: str, columns: tuple[str, ...], tables: Tables, setting: Setting
) -> list[Row]:
    """Some columns of the expression as an engine answers it, in an order of their own values."""
    return asked(engine, EXPRESSIONS[kind](setting), columns, tables.typed(setting))


def asked(engine: str, expression: Any, columns: tuple[str, ...], tables: Typed) -> list[Row]:
    """Some columns of any expression over tables, as an engine answers it, in order."""
    ask = {"polars": _polars, "clickhouse": _clickhouse, "spark": _spark}.get(engine, _by_sql)
    rows = ask(engine, expression, columns, tables)
    return ordered([tuple(map(_plain, row)) for row in rows])


def fees(engine: str, amounts: list[int], ppm: int) -> list[int]:
    """The fee of an order of each amount, all of one category at one rate."""
    usual = (0, "CNY", "ordinary", "other", "shoes")
    orders = [("S-1", f"{number:06}", 0, one, *usual) for number, one in enumerate(amounts)]
    tables = Tables(orders, [("shoes", ppm, ppm, ppm)], [("S-1",)])
    rows = answer(engine, "orders", ("order_id", "fee"), tables, Setting((), "CNY", True))
    return [fee for _, fee in rows]


def exact(amount: int, ppm: int) -> int:
    """The fee in whole numbers of Python, which have no limit: half up."""
    return (amount * ppm * 2 + 10**6) // (2 * 10**6)


def ordered(rows: list[Row]) -> list[Row]:
    """Rows in an order that does not depend on an engine; nulls have a place too."""
    return sorted(rows, key=lambda row: tuple((one is not None, str(one)) for one in row))


def _plain(value: Any) -> Any:
    assert not isinstance(value, float), "a fee is never worked out in floating point"
    return value if value is None or isinstance(value, str) else int(value)


def _by_sql(engine: str, expression: Any, columns: tuple[str, ...], tables: Typed) -> list[Row]:
    import duckdb
    import ibis

    database: Any = (duckdb if engine == "duckdb" else sqlite3).connect(":memory:")
    types = {"string": "VARCHAR", "int64": "BIGINT"}
    for name, (typed, rows) in tables.items():
        listed = ", ".join(f'"{column}" {types[kind]}' for column, kind in typed.items())
        database.execute(f"CREATE TABLE {name} ({listed})")
        if rows and engine == "duckdb":
            columns_of = [list(column) for column in zip(*rows, strict=True)]
            parts = ", ".join(f"unnest(?::{types[one]}[])" for one in typed.values())
            database.execute(f"INSERT INTO {name} SELECT {parts}", columns_of)
        elif rows:
            marks = ", ".join("?" * len(typed))
            database.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    listed = ", ".join(f'"{name}"' for name in columns)
    sql = f"SELECT {listed} FROM ({ibis.to_sql(expression, dialect=engine)}) AS found"
    found: list[Row] = database.execute(sql).fetchall()
    database.close()
    return found


def _polars(engine: str, expression: Any, columns: tuple[str, ...], tables: Typed) -> list[Row]:
    """Through Ibis, without SQL and without pandas, which would make large amounts doubles."""
    import ibis
    import polars

    types = {"string": polars.String, "int64": polars.Int64}
    frames = {
        name: polars.DataFrame(
            rows, schema={column: types[one] for column, one in typed.items()}, orient="row"
        ).lazy()
        for name, (typed, rows) in tables.items()
    }
    found = ibis.polars.connect(frames).compile(expression)
    return list(found.select(columns).collect().rows())


@cache
def _clickhouse_here() -> Any:
    """ClickHouse in this process; fails where it is missing."""
    try:
        from chdb.session import Session
    except ModuleNotFoundError:
        pytest.fail(f"Install ClickHouse: .venv/bin/python -m pip install '{CLICKHOUSE}'")
    return Session()


def _clickhouse(engine: str, expression: Any, columns: tuple[str, ...], tables: Typed) -> list[Row]:
    """By SQL; a row without a partner has nulls, as in every other engine."""
    import ibis

    database, types = _clickhouse_here(), {"string": "String", "int64": "Int64"}
    for name, (typed, rows) in tables.items():
        listed = ", ".join(f"`{column}` Nullable({types[kind]})" for column, kind in typed.items())
        database.query(f"CREATE OR REPLACE TABLE {name} ({listed}) ENGINE = Memory")
        lines = [json.dumps(dict(zip(typed, row, strict=True))) for row in rows]
        if lines:
            database.query(f"INSERT INTO {name} FORMAT JSONEachRow {' '.join(lines)}")
    listed = ", ".join(f"`{name}`" for name in columns)
    sql = f"SELECT {listed} FROM ({ibis.to_sql(expression, dialect=engine)})"
    settings = "join_use_nulls = 1, output_format_json_quote_64bit_integers = 0"
    answer = database.query(f"{sql} SETTINGS {settings}", "JSONCompactEachRow")
    return [tuple(json.loads(line)) for line in answer.bytes().decode().splitlines()]


def _spark(engine: str, expression: Any, columns: tuple[str, ...], tables: Typed) -> list[Row]:
    """As a run asks it."""
    columned = {
        name: {column: [row[at] for row in rows] for at, column in enumerate(typed)}
        for name, (typed, rows) in tables.items()
    }
    question = OrderQuestion(lambda _: expression, None, columns)
    return SparkOrders(spark().started.session()).ask(question, columned)
