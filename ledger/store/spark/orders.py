"""Questions about order lines, answered by Spark from the archive's own files."""

from collections.abc import Generator, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ledger.kernel.period import Window
from ledger.programs.contract import OrderTables
from ledger.programs.order_questions import OrderQuestion
from ledger.store.archive.sql import SPARK
from ledger.store.order_lines import OrderLines
from ledger.store.spark.partitions import Opened, R, T, by_partition
from ledger.store.spark.refusals import SparkFailed, in_words
from ledger.store.spark.start import Started, started

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class Spark:
    """An `OrderEngine`: Spark at an address, started by the first question."""

    name = "spark"

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def started(self) -> Started:
        """Raises `MissingExtra`, `NoJava`, `SparkFailed`."""
        return started(self._url)

    @cached_property
    def version(self) -> str:
        """What runs there."""
        with in_words():
            return str(self.started.session().version)

    def session(
        self, lines: OrderLines, window: Window, stores: Sequence[str] | None
    ) -> "SparkOrders":
        """The lines that count, created in the window. Every file that is read is compared with
        its digest before."""
        query = lines.query(window, stores, SPARK)
        session = self.started.session()
        with in_words():
            session.sql(query).createOrReplaceTempView("orders")
        return SparkOrders(session)

    def each(self, opened: Opened[T, R], items: Sequence[T]) -> Generator[R, None, None]:
        """What its machines make of each item, in their order. Raises `SparkFailed`, and what a
        machine refuses."""
        session = self.started.session()
        return by_partition(session, opened, items)

    def stop(self) -> None:
        """Ends what was started."""
        if "started" in self.__dict__:
            with suppress(SparkFailed), in_words():  # one that has gone needs no end
                self.started.stop()


class SparkOrders:
    """An `OrderSession` on Spark. Rows come back as Arrow has them, so that whole numbers stay
    whole."""

    def __init__(self, session: "SparkSession") -> None:
        self._session = session
        self._loaded: set[str] = set()

    def ask(self, question: OrderQuestion | str, tables: OrderTables) -> list[tuple[Any, ...]]:
        """The rows that answer an expression over `orders` and small tables, which are loaded once
        under their names; or SQL over `orders` alone. Raises `SparkFailed`."""
        with in_words():
            if isinstance(question, str):
                return self._rows(question)
            for name, types in question.types.items():
                if name in tables and name not in self._loaded:
                    self._load(name, tables[name], types)
            return self._rows(question.sql(SPARK.name, SPARK.quote))

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        columns = self._session.sql(sql).toArrow().columns
        return list(zip(*(column.to_pylist() for column in columns), strict=True))

    def _load(
        self, name: str, columns: "dict[str, list[object]] | Any", types: dict[str, str]
    ) -> None:
        self._table(columns, types).createOrReplaceTempView(name)
        self._loaded.add(name)

    def _table(self, columns: Any, types: dict[str, str]) -> "DataFrame":
        """A small table, with the types that the expression gives its columns."""
        import pyarrow
        from pyspark.sql.types import LongType, StringType, StructField, StructType

        arrow = {"string": pyarrow.string(), "int64": pyarrow.int64()}
        kinds = {"string": StringType(), "int64": LongType()}
        rows = pyarrow.table(
            {column: pyarrow.array(columns[column], arrow[kind]) for column, kind in types.items()}
        )
        fields = [StructField(column, kinds[kind]) for column, kind in types.items()]
        return self._session.createDataFrame(rows, StructType(fields))
