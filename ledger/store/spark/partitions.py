"""One function over many items, by the machines of a cluster: the same function as here.

An item is sent and answered as a row. What comes back is taken apart with nothing but the classes
that answers are made of.
"""

import io
import pickle
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ledger.kernel.decision import built
from ledger.kernel.errors import Refusal
from ledger.store.spark.refusals import SparkFailed, in_words

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyspark.sql import DataFrame, SparkSession

T = TypeVar("T")
R = TypeVar("R")

Opened = Callable[[], AbstractContextManager[Callable[[T], R]]]
"""What a machine does its items with, which is opened before the first and closed after the last.
It is named in its module."""
ANSWERED = "place bigint, answer binary"
REFUSED = -1
"""In place of an item's: why nothing further is answered."""
OTHERS = {("datetime", "date"), ("decimal", "Decimal")}
"""Classes of answers that are not ours."""


def by_partition(
    session: "SparkSession", opened: Opened[T, R], items: Sequence[T]
) -> Generator[R, None, None]:
    """What is made of each item, in the order of the items, each of which is a partition.

    Raises `SparkFailed`, and what a machine refuses.
    """
    from pyspark import StorageLevel

    with in_words():
        answers = _sent(session, items).mapInArrow(partial(_answers, opened), ANSWERED)
        answers.persist(StorageLevel.DISK_ONLY)  # worked out side by side, fetched one by one
    try:
        with in_words():
            answers.count()
        yield from _in_order(answers, len(items))
    finally:
        with suppress(SparkFailed), in_words():  # or it would hide why Spark does not answer
            answers.unpersist()


def _sent(session: "SparkSession", items: Sequence[T]) -> "DataFrame":
    import pyarrow

    packed = [pickle.dumps(item, pickle.HIGHEST_PROTOCOL) for item in items]
    sent = {
        "place": pyarrow.array(range(len(packed)), pyarrow.int64()),
        "item": pyarrow.array(packed, pyarrow.binary()),
    }
    frame = session.createDataFrame(pyarrow.table(sent))
    return frame.repartitionByRange(len(items), "place")


def _answers(opened: Opened[Any, Any], batches: "Iterator[RecordBatch]") -> "Iterator[RecordBatch]":
    """What a machine of the cluster does with the rows of a partition."""
    try:
        with opened() as task:
            for batch in batches:
                places, items = (column.to_pylist() for column in batch.columns)
                for place, item in zip(places, items, strict=True):
                    yield _row(place, task(pickle.loads(item)))
    except Refusal as refusal:
        yield _row(REFUSED, refusal)


def _row(place: int, answer: object) -> "RecordBatch":
    import pyarrow

    packed = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    columns = [pyarrow.array([place], pyarrow.int64()), pyarrow.array([packed], pyarrow.binary())]
    return pyarrow.RecordBatch.from_arrays(columns, names=["place", "answer"])


def _in_order(answers: "DataFrame", count: int) -> Generator[Any, None, None]:
    early: dict[int, bytes] = {}
    turn = 0
    for place, answer in _rows(answers):
        if place == REFUSED:
            raise _unpacked(answer)
        early[place] = answer
        while turn in early:
            yield _unpacked(early.pop(turn))
            turn += 1
    if turn != count:
        raise SparkFailed(f"Spark answered {turn} of {count} parts.")


def _rows(answers: "DataFrame") -> Iterator[tuple[int, bytes]]:
    with in_words():
        rows = answers.toLocalIterator()
    while True:
        with in_words():
            row = next(rows, None)
        if row is None:
            return
        yield row[0], bytes(row[1])


class _OnlyAnswers(pickle.Unpickler):
    """Takes apart what answers are made of, and nothing that could do anything else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in OTHERS:
            return super().find_class(module, name)
        if module.split(".", 1)[0] == "ledger":
            named = super().find_class(module, name)
            if named is built or (isinstance(named, type) and issubclass(named, (tuple, Refusal))):
                return named
        raise pickle.UnpicklingError(f"{module}.{name}")


def _unpacked(answer: bytes) -> Any:
    try:
        return _OnlyAnswers(io.BytesIO(answer)).load()
    except Exception as error:  # whatever bytes may lead to
        said = f"{type(error).__name__}: {error}"
        raise SparkFailed(f"Spark answered with what is no answer: {said}.") from None
