"""The engines that answer what programs ask of order lines: DuckDB, and Spark where it is named."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ledger.kernel.errors import Refusal
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of
from ledger.store.spark.refusals import NoSparkNamed

if TYPE_CHECKING:
    from ledger.store.order_lines import OrderEngine

SPARK_AT = "DUEBOOK_SPARK"


class NotByOrder(Refusal):
    """A program whose lines do not come from order lines, on an engine that is asked about them."""

    kind = "usage"
    hint = "Leave --engine out; to work its lines out in several processes: --jobs N"


def see_by_order(edition: Edition, engine: "OrderEngine | None") -> None:
    """Raises `NotByOrder` where an engine is given for an edition that asks nothing of it."""
    if engine is not None and program_of(edition.rules).orders is None:
        raise NotByOrder(f"{edition.program} does not settle by order; {engine.name} is not used.")


@contextmanager
def engine_named(name: str) -> Iterator["OrderEngine | None"]:
    """The engine of a name for the runs of a block; None for DuckDB, which needs no setting up.

    Spark is where the environment says. It starts with the first question and ends with the block.
    Raises `NoSparkNamed`.
    """
    if name == "duckdb":
        yield None
        return
    from ledger.store.spark.orders import Spark

    url = os.environ.get(SPARK_AT, "").strip()
    if not url:
        raise NoSparkNamed(
            f"{SPARK_AT} does not say which Spark to use.",
            f"A master: {SPARK_AT}='local[2]' or spark://HOST:7077; a Connect server: "
            f"{SPARK_AT}=sc://HOST:15002",
        )
    spark = Spark(url)
    try:
        yield spark
    finally:
        spark.stop()
