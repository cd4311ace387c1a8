"""The engines that answer what programs ask of order lines, and that work parts out: DuckDB and
this process, or Spark where it is named."""

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
    from ledger.usecases.settling.on_cluster import Cluster

SPARK_AT = "DUEBOOK_SPARK"


class NoUseForEngine(Refusal):
    """An engine for a program that has nothing for it: no order lines, and no parts."""

    kind = "usage"
    hint = "Leave --engine out."


def see_what_it_does(edition: Edition, engine: "OrderEngine | None") -> None:
    """Raises `NoUseForEngine` where an engine is given for an edition with nothing for it to do."""
    program = program_of(edition.rules)
    if engine is not None and program.orders is None and program.dealt is None:
        raise NoUseForEngine(
            f"{edition.program} takes all subjects together and does not settle by order; "
            f"{engine.name} is not used."
        )


@contextmanager
def engine_named(name: str) -> Iterator["Cluster | None"]:
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
