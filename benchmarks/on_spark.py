"""A month of orders on Spark beside DuckDB: equal order by order, and how long each takes.

Heavy: it runs by its name alone, `python -m benchmarks --only spark`, and needs Java and the extra
`spark`. No goal: a cluster is for those who have one.
"""

import os
from collections.abc import Iterator
from typing import Any

from benchmarks.fees import MONTH, made, terms
from benchmarks.measure import Figure, took
from benchmarks.orders import generate
from benchmarks.workshop import NOW, Workshop
from ledger.kernel.clocks import Clocks
from ledger.programs.line import digest_of
from ledger.programs.order_questions import OrderQuestion
from ledger.programs.periods import month
from ledger.programs.technical_fee.expression import EXPRESSIONS
from ledger.programs.technical_fee.gather import month_of_orders
from ledger.programs.technical_fee.parameters import parameters_of
from ledger.store.reader import LogReader
from ledger.store.spark.orders import Spark
from ledger.usecases.archiving.archive_orders import record_orders
from ledger.usecases.settling.settle import settle

AT = "local[2]"
COLUMNS = ("order_id", "scene", "base", "ppm", "discount", "net", "fee")


def figures(shop: Workshop, wanted: set[str]) -> Iterator[Figure]:
    """The first settle of a Spark that has just started, and the median of those after it."""
    count = 2_000_000 if shop.facts >= 100_000 else 20_000
    rows = shop.folder / "month-spark.csv"
    generate(count, 0, rows)
    book = made(shop, "spark.db")
    record_orders(book, [str(rows)], now=NOW, by="benchmark")
    spark = Spark(os.environ.get("DUEBOOK_SPARK", AT))
    start = took(lambda: spark.started)
    lines: dict[str, Any] = {}
    with book.reading() as connection:
        clocks = Clocks(NOW, book.head().position)

        def settled(engine: Spark | None) -> None:
            run = settle(connection, terms(), clocks, period=MONTH, explained=False, engine=engine)
            lines["spark" if engine else "duckdb"] = digest_of(run.lines)

        ours = sorted(took(lambda: settled(None)) for _ in range(shop.runs))[shop.runs // 2]
        first = took(lambda: settled(spark))
        later = sorted(took(lambda: settled(spark)) for _ in range(shop.runs))[shop.runs // 2]
        assert lines["spark"] == lines["duckdb"]
        assert _orders(connection, clocks, spark) == _orders(connection, clocks, None)
    spark.stop()
    book.close()
    how = f"all {count:,} orders and the digest equal; started in {start.seconds:.1f} s, first "
    how += f"{first.seconds:.1f} s; cpu of Java is not counted"
    ratio = later.seconds / ours.seconds
    yield Figure("settle, on Spark", later.text, f"{ours.text} DuckDB", ratio, "", None, how)


def _orders(connection: Any, clocks: Clocks, engine: Spark | None) -> set[tuple[Any, ...]]:
    """Every order with its rates and its fee."""
    reader, edition = LogReader(connection, clocks), terms()
    reader.engine = engine
    window = month(edition, MONTH).window
    orders = month_of_orders(reader, edition, parameters_of(edition), window, None)
    assert orders is not None
    question = OrderQuestion(EXPRESSIONS["orders"], orders.setting, COLUMNS)
    return set(orders.session.ask(question, orders.tables))
