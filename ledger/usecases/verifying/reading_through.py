"""The rules that every event of the log obeys, and one reading of the log that asks them all.

Each rule takes the events in the order of the log and says what is wrong with the first that does
not obey it. Where all of them hold, the log has been read and decoded once; where one does not,
the caller asks them one by one, so that each says for itself what it finds.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from ledger.aggregates.base import Logged
from ledger.aggregates.book import BookOpened
from ledger.aggregates.catalogue import TOPICS
from ledger.kernel.errors import ServerLost
from ledger.store import chain
from ledger.store.codec import decode_rows
from ledger.store.indexes import Indexes, to_recompute
from ledger.store.log import fetch
from ledger.store.schema import READ_COLUMNS, events

WHOLE: tuple[str, tuple[type, ...]] = ("a whole number", (int,))
_TEXT = ("a text", (str,))
_BYTES = ("bytes", (bytes, memoryview))
_HELD = {
    **dict.fromkeys(("stream", "topic", "by"), _TEXT),
    **dict.fromkeys(("state", "key", "hash"), _BYTES),
}
"""What the columns that the hash covers hold; those not named here hold whole numbers."""
Progress = Callable[[str, int], None]
Row = Sequence[Any]


class ReadThrough(NamedTuple):
    """A log of which every event obeys every rule: how long it is, what its indexes must hold."""

    events: int
    indexes: Indexes


def read_through(connection: Connection, progress: Progress) -> ReadThrough | None:
    """Reads the log once and asks every rule of each event; None where one does not hold, or where
    anything cannot be read."""
    chained, placed = Chained(), Placed()
    try:
        indexes = to_recompute(connection)
        for recorded in decode_rows(_chained(connection, chained)):
            if placed.fault(recorded):
                return None
            indexes.take(recorded)
            if not recorded.position & 0xFFF:
                progress("verifying", 0x1000)
    except ServerLost:
        raise
    except Exception:  # whatever it is, the rules find it again when they are asked one by one
        return None
    if chained.end_fault():
        return None
    return ReadThrough(chained.read, indexes)


def _chained(connection: Connection, rule: "Chained") -> Iterator[Row]:
    """Rows to be decoded, each after the rule of the chain has held for it."""
    assert (*chain_columns()[:-1], "hash") == READ_COLUMNS, "the hash follows what is decoded"
    for row in chain_rows(connection):
        if fault := rule.fault(row):
            raise ValueError(fault)
        yield (*row[:-2], row[-1])


def chain_columns() -> tuple[str, ...]:
    """The columns that the hash covers, in its order."""
    return (
        *("position", "stream", "version", "topic", "state", "at"),
        *("recorded_at", "by", "batch", "row", "key"),
    )


def chain_rows(connection: Connection) -> Iterator[Row]:
    """What the hash covers of each event, and the hash."""
    c = events.c
    columns = [c[name] for name in (*chain_columns(), "hash")]
    return fetch(connection, select(*columns).order_by(c.position))


class Chained:
    """Positions without gaps, versions without gaps, and every hash recomputed."""

    def __init__(self) -> None:
        self.read = 0
        """How many events obey."""
        self._previous, self._known = chain.GENESIS, 0
        self._versions: dict[str, int] = {}

    def fault(self, row: Row) -> str | None:
        """What is wrong with the next row of `chain_rows`."""
        position, stream, version = row[0], row[1], row[2]
        if position != self.read + 1:
            return f"position {self.read + 1} is missing; {position} follows"
        fault = _fault(row, self._previous, self._known)
        before = self._versions.get(stream, 0)
        if fault is None and version != before + 1:
            fault = f"{stream} jumps from version {before} to {version}"
        if fault:
            return f"position {position}: {fault}"
        self._versions[stream] = version
        self._previous, self._known = bytes(row[-1]), row[6]
        self.read = position
        return None

    def end_fault(self) -> str | None:
        """What is wrong with the log when its last event was read."""
        if not self.read:
            return "position 1 is missing: a book begins with BookOpened"
        return None


class Placed:
    """Every event is in the stream that its content names, and the first alone opens the book."""

    def fault(self, recorded: Logged) -> str | None:
        """What is wrong with the next event."""
        position, event = recorded.position, recorded.event
        if (position == 1) != isinstance(event, BookOpened):
            return f"position {position}: BookOpened must be the first event only"
        if recorded.topic in TOPICS and event.stream != recorded.stream:
            return f"position {position} stands in {recorded.stream}, not {event.stream}"
        return None


def _fault(row: Row, previous: bytes, known: int) -> str | None:
    """What is wrong with one event, given the hash and the recorded_at before it."""
    position, stream, version, topic, state, at, recorded_at, by, batch, line, key, digest = row
    try:
        key = None if key is None else bytes(key)
        digest = bytes(digest)
        recomputed = chain.link(
            previous, position, stream, version, topic, bytes(state), at, recorded_at, by, batch,
            line, key,
        )  # fmt: skip
    except Exception:
        return _misfit(row)
    if recomputed != digest:
        return "its hash does not match its fields and the hash before it"
    if recorded_at < known:
        return "recorded_at runs backwards"
    return None


def _misfit(row: Row) -> str:
    """Which column holds a value that was never written to it."""
    for name, value in zip((*chain_columns(), "hash"), row, strict=True):
        wanted, types = _HELD.get(name, WHOLE)
        if not isinstance(value, types) and not (name == "key" and value is None):
            return f"the column {name} holds {_kind(value)}, expected {wanted}"
    return "a column holds a number or a text that no event can have"


def _kind(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case str():
            return f"the text {value[:40]!r}"
        case int() | float():
            return f"the number {value}"
    return "bytes"
