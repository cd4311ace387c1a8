"""What is said where Spark cannot be reached or does not answer."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ledger.kernel.errors import MissingExtra, Refusal

SAID_MAX = 300
TRACE = "Traceback (most recent call last)"
_BESIDE = re.compile(r"at |WARNING|Using |Set(ting)? |[\d/]+ [\d:]+ (WARN|INFO) ")
DUCKDB_CAN = "Nothing was recorded. The same lines without Spark: leave --engine out."


class NoSparkNamed(Refusal):
    """Spark is asked for, but nobody said which one."""

    kind = "usage"


class NoJava(Refusal):
    """A Spark that starts here needs Java."""

    kind = "usage"


class NotAsHere(Refusal):
    """A machine of a cluster that cannot do what is asked of it as it would be done here."""

    hint = (
        "Every machine of the cluster needs this version of duebook, and must reach the book under "
        "the same name: a PostgreSQL URL, or a file in a folder that all of them share. "
        "Nothing was recorded. The same lines without a cluster: leave --engine out."
    )


class SparkFailed(Refusal):
    """Spark cannot be reached, or could not answer."""

    hint = DUCKDB_CAN


def missing_extra(name: str | None) -> MissingExtra:
    """The refusal of a run on Spark without its library."""
    return MissingExtra(
        f"Spark needs the library {name}, which is not installed.",
        "Install it with: pip install 'duebook[spark]'",
    )


@contextmanager
def in_words() -> Iterator[None]:
    """Turns what Spark and the ways to it raise into a refusal. Raises `SparkFailed`,
    `NotAsHere`."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError, OSError, ValueError) as error:
        said = _said(error)
        if "ARITHMETIC_OVERFLOW" in said:
            raise SparkFailed(
                "A sum is larger than Spark can hold in 64 bits; nothing was cut off.",
                "DuckDB can hold it: leave --engine out.",
            ) from None
        if any(code in said for code in ("PATH_NOT_FOUND", "FILE_NOT_EXIST", "FileNotFound")):
            raise SparkFailed(
                f"Spark does not find an archived file: {said}",
                "Every machine of a cluster must read the archive's folder under the same path "
                "(copies of an archive in an object store: DUEBOOK_CACHE).",
            ) from None
        if "No module named 'ledger" in said:
            raise NotAsHere("A machine of the cluster has no duebook in its Python.") from None
        if "PYTHON_VERSION_MISMATCH" in said:
            raise NotAsHere(f"A machine of the cluster has another Python: {said}") from None
        raise SparkFailed(f"Spark did not answer: {said}") from None


def _said(error: Exception) -> str:
    """What Spark says of an error."""
    java = getattr(error, "java_exception", None)
    return without_places(str(java.getMessage() if java is not None else error)) or repr(error)


def without_places(text: str) -> str:
    """What a program says, without its warnings and the places in its own code; of an error of
    Python its last words."""
    _, trace, after = text.rpartition(TRACE)
    if trace:
        ends = [line for line in after.splitlines()[1:] if line and line[0] not in " \t^"]
        text = ends[0] if ends else after
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = " ".join(line for line in lines if not _BESIDE.match(line))
    return said if len(said) <= SAID_MAX else said[:SAID_MAX] + "..."
