"""Spark as an address names it: a master, for which a driver starts here, or a Connect server.

Nothing of a driver here is reachable from other machines unless the master is one of them.
"""

import logging
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from ledger.kernel.uninterrupted import uninterrupted
from ledger.store.scratch import Scratch
from ledger.store.spark.refusals import NoJava, SparkFailed, in_words, missing_extra, without_places

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CONNECT = "sc://"
CONNECT_PORT = 15_002
CONNECT_SECONDS = 10
OLDEST = 4
"""The first version that refuses an overflow by itself and speaks the SQL that is asked."""
ALWAYS = {"spark.sql.ansi.enabled": "true", "spark.sql.session.timeZone": "UTC"}
"""Of every session: an overflow is an error, never another number."""
OF_DRIVER = {
    "spark.app.name": "duebook",
    "spark.log.level": "OFF",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
OF_DRIVER_HERE = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
LOCAL = "local"


class Started(Protocol):
    """A Spark that runs."""

    def session(self) -> "SparkSession":
        """A session with views of its own."""

    def stop(self) -> None:
        """Ends what was started."""


def started(url: str) -> Started:
    """Spark at an address. Raises `MissingExtra`, `NoJava`, `SparkFailed`."""
    try:
        import grpc  # noqa: F401  # the last part that Connect and Arrow bring
        import pyarrow  # noqa: F401
        import pyspark  # noqa: F401
    except ModuleNotFoundError as error:
        raise missing_extra(error.name) from None
    logging.getLogger("SQLQueryContextLogger").disabled = True  # what fails is said once, in words
    logging.getLogger("py4j").setLevel(logging.CRITICAL + 1)
    logging.getLogger().addFilter(_said_by_others)
    with in_words():
        spark: Started = Connected(url) if url.startswith(CONNECT) else Driver(url)
    try:
        with in_words():
            version = str(spark.session().version)
        if not version[:1].isdigit() or int(version.partition(".")[0]) < OLDEST:
            raise SparkFailed(f"Spark {version} is too old: {OLDEST}.0 or newer is expected.")
    except BaseException:
        spark.stop()
        raise
    return spark


class Connected:
    """A Spark Connect server."""

    def __init__(self, url: str) -> None:
        """Raises `SparkFailed` where nothing listens: the library would try for ten minutes."""
        self._url = url
        self._opened: list[Any] = []
        parts = urlsplit(url)
        place = (parts.hostname or "", parts.port or CONNECT_PORT)
        try:
            socket.create_connection(place, CONNECT_SECONDS).close()
        except OSError as error:
            host, port = place
            raise SparkFailed(
                f"No Spark Connect server is reached at {host}:{port}: {error.strerror or error}."
            ) from None

    def session(self) -> "SparkSession":
        """A session of the server."""
        from pyspark.sql import SparkSession

        session: Any = SparkSession.builder.remote(self._url).create()
        self._opened.append(session)
        return _prepared(session)

    def stop(self) -> None:
        """Ends the sessions; the server stays."""
        while self._opened:
            self._opened.pop().stop()


class Driver:
    """A driver that starts here, for a master."""

    def __init__(self, url: str) -> None:
        from pyspark import SparkConf, SparkContext
        from pyspark.sql import SparkSession

        _see_java(os.environ)
        if url.startswith(LOCAL):  # or its Python would be any that is found
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        here = OF_DRIVER_HERE if url.startswith(LOCAL) else {}
        self._scratch = Scratch()  # or it makes a folder where the command is run
        tables = {"spark.sql.warehouse.dir": self._scratch.path.as_uri()}
        own = {"spark.master": url, **OF_DRIVER, **here, **tables}
        settings = SparkConf(loadDefaults=False).setAll(list(own.items()))
        with _own_interrupts():
            context = SparkContext(conf=settings, gateway=_gateway(settings))
        self._first = SparkSession(context)

    def session(self) -> "SparkSession":
        """A session of the driver."""
        return _prepared(self._first.newSession())

    def stop(self) -> None:
        """Ends the driver's work; its Java ends with this process."""
        try:
            self._first.stop()
        finally:
            self._scratch.close()


def _said_by_others(record: logging.LogRecord) -> bool:
    return "py4j" not in record.pathname


@contextmanager
def _own_interrupts() -> Iterator[None]:
    """Keeps Ctrl-C what it was: Spark's own answer to it asks Java amid a question to Java."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)


def _prepared(session: "SparkSession") -> "SparkSession":
    for name, value in ALWAYS.items():
        session.conf.set(name, value)
    return session


def _see_java(environment: Mapping[str, str]) -> None:
    """Raises `NoJava` where there is none."""
    home = environment.get("JAVA_HOME")
    java = Path(home, "bin", "java") if home else None
    if not (java.is_file() if java else shutil.which("java")):
        where = f"{java} is not there" if java else "there is no java here"
        raise NoJava(
            f"Spark is started on this machine by Java, and {where}.",
            "Install Java 17 or newer, or name a Connect server: DUEBOOK_SPARK=sc://HOST:15002",
        )


_kept: Any = None
"""The Java of this process: there is one at most, and another driver starts in it."""


def _gateway(settings: Any) -> Any:
    """The Java of this process, started by the first driver. Raises `SparkFailed`."""
    global _kept
    from pyspark import java_gateway
    from pyspark.errors import PySparkException

    launch_gateway: Any = java_gateway.launch_gateway
    if _kept is None:
        with TemporaryFile() as log:
            try:
                with uninterrupted():  # a Java that is left amid its start would stay for good
                    _kept = launch_gateway(settings, {"stdout": log, "stderr": log})
            except PySparkException:
                log.seek(0)
                said = without_places(log.read().decode("utf-8", "replace"))
                raise SparkFailed(f"Java ended before Spark had started: {said}") from None
    return _kept
