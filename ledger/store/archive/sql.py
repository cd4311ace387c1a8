"""SQL as an engine writes it: names, literals, archived files; and queries with one row."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.kernel.duck import PLAIN, literal, whole

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Dialect(NamedTuple):
    """What engines that read the archive write in their own ways."""

    name: str
    """As Ibis calls it."""
    quote: str
    """What stands around a name."""
    literal: Callable[[str], str]
    """A text as a literal."""
    parquet: Callable[[Path], str]
    """A Parquet file to select from."""


def _escaped(text: str) -> str:
    """Spark reads escapes in a literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _parquet_of_spark(path: Path) -> str:
    """Spark reads a path as a pattern, and without a scheme in the cluster's own file system."""
    plain = re.sub(r"([\\*?\[\]{}])", r"\\\1", str(path.resolve()))
    return f"parquet.`file://{plain.replace('`', '``')}`"


DUCKDB = Dialect(
    "duckdb", '"', literal, lambda path: f"read_parquet({literal(whole(path))}, {PLAIN})"
)
SPARK = Dialect("pyspark", "`", _escaped, _parquet_of_spark)


def one_row(connection: "DuckDBPyConnection", query: str) -> tuple[Any, ...]:
    """The row of a query that has exactly one."""
    row = connection.execute(query).fetchone()
    assert row is not None, "an aggregate has a row"
    return row
