"""Spark on this machine for tests: a library and a Java that `.ci/run` brings."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from ledger.kernel.errors import Refusal
from ledger.store.spark.orders import Spark

HERE = "local[2]"
SECONDS = 180
"""It is slow to come up beside other work."""
WANTED = (
    "Install it with: .venv/bin/python -m pip install 'duebook[spark]', and Java 17: "
    "apt-get install --no-install-recommends default-jre-headless"
)
SMALL = (
    "--driver-memory 1g --driver-java-options -XX:TieredStopAtLevel=1 "
    "--conf spark.sql.shuffle.partitions=2 pyspark-shell"
)
"""For little data and short lives: less memory, less compiling."""


@cache
def spark() -> Spark:
    """The Spark of this process; it ends with it. Fails where a part is missing."""
    small_spark()
    made = Spark(HERE)
    try:
        made.started  # noqa: B018
    except Refusal as refusal:
        pytest.fail(f"{refusal.sentence} {WANTED}")
    return made


def small_spark() -> None:
    """Has every Spark that this process and its own start be small."""
    os.environ.setdefault("PYSPARK_SUBMIT_ARGS", SMALL)


@contextmanager
def connect_server(folder: Path, port: int) -> Iterator[None]:
    """A Spark Connect server on this machine until the end of the block."""
    spark()  # what is missing is said there
    import pyspark

    home = Path(pyspark.__file__).parent
    settings = {
        "spark.connect.grpc.binding.port": port,
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": 2,
        "spark.sql.warehouse.dir": folder.as_uri(),
    }
    words = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    log = (folder / "connect.log").open("wb")
    process = subprocess.Popen(
        [
            *(home / "bin" / "spark-submit", "--master", HERE, "--driver-memory", "1g"),
            *("--driver-java-options", "-XX:TieredStopAtLevel=1", *words),
            *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
            "spark-internal",
        ],
        stdout=log,
        stderr=log,
        cwd=folder,
        env=os.environ | {"SPARK_HOME": str(home), "PYSPARK_PYTHON": sys.executable},
    )
    try:
        ends = time.monotonic() + SECONDS
        while not _listens(port):
            said = (folder / "connect.log").read_text(encoding="utf-8", errors="replace")
            assert process.poll() is None, said[-2000:]
            assert time.monotonic() < ends, said[-2000:]
            time.sleep(0.5)
        yield
    finally:
        process.kill()
        process.wait()
        log.close()


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
