"""The state of one stream, and the log as people and scripts read it."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from ledger.aggregates import catalogue
from ledger.aggregates.base import Logged, OwnEvent, in_order
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoSuchStream
from ledger.kernel.instants import format_instant
from ledger.kernel.near import did_you_mean
from ledger.store.log import read_log
from ledger.store.near_streams import streams_near
from ledger.store.reader import LogReader
from ledger.store.schema import withdrawn

PLACE = (frozenset(Logged._fields) - {"event", "topic"}) | {"type", "withdrawn_by"}
"""Names that the log itself gives to every event."""
OF_WRITE = tuple(OwnEvent.model_fields)
"""Fields in which an event of ours describes the write that brought it."""


def event_json(recorded: Logged) -> dict[str, Any]:
    """An event in the shape of the public contract: its place, then its own fields, last those
    that describe the write.

    A field that is named like a column of the log is given as `event_...`.
    """
    out: dict[str, Any] = {
        "position": recorded.position,
        "stream": recorded.stream,
        "version": recorded.version,
        "type": type(recorded.event).__name__,
        "at": format_instant(recorded.at),
        "recorded_at": format_instant(recorded.recorded_at),
        "by": recorded.by,
        "batch": recorded.batch or None,
        "row": recorded.row or None,
        "hash": recorded.hash.hex(),
    }
    said = recorded.event.model_dump(mode="json", exclude_none=True)
    of_write = {name: said.pop(name) for name in OF_WRITE if name in said}
    if isinstance(said.get("as_of"), int):
        said["as_of"] = format_instant(said["as_of"])
    for name, value in (said | of_write).items():
        out[f"event_{name}" if name in PLACE else name] = value
    return out


def lifts(connection: Connection, known_at: int) -> dict[int, int]:
    """What is withdrawn up to a position: from the fact's position to the withdrawal's."""
    w = withdrawn.c
    query = select(w.target, w.position).where(w.position <= known_at)
    return {target: position for target, position in connection.execute(query)}


def log(connection: Connection, stream: str | None, after: int, until: int) -> Iterator[Logged]:
    """Logged events in order, of one stream or of all. Raises `NoSuchStream` for none."""
    events = read_log(connection, after=after, until=until, stream=stream)
    first = next(events, None)
    if first is None and stream is not None:
        raise NoSuchStream(
            f"Nothing is recorded of {stream!r} at positions {after + 1} to {until}.",
            f"{_meant(connection, stream, until)}"
            "Streams read store:S-1001, partner:P-01, merchant:M-7, enrolment:PROGRAM/M-7, "
            "task:T-501, rate:EUR-CNY, terms:PROGRAM, statement:PROGRAM/PAYEE, period:PROGRAM.",
        )
    if first is not None:
        yield first
        yield from events


def _meant(connection: Connection, stream: str, known_at: int) -> str:
    """ "Did you mean", where streams have similar names; empty where the stream itself exists."""
    return did_you_mean(stream, set(streams_near(connection, stream, known_at)) - {stream})


def show(connection: Connection, stream: str, clocks: Clocks) -> dict[str, Any]:
    """A stream's state at the clocks, and the facts it follows from, in business order.

    Raises `NoSuchStream`.
    """
    kind, _, name = stream.partition(":")
    whole = list(log(connection, stream, 0, clocks.known_at))
    counting = list(LogReader(connection, clocks).facts([stream]))
    counted = {event.position for event in counting}
    out: dict[str, Any] = {
        "stream": stream,
        "as_of": format_instant(clocks.as_of),
        "known_at": clocks.known_at,
        "state": {},
        "facts": [event_json(event) for event in in_order(counting)],
        "not_counted": [event.position for event in whole if event.position not in counted],
    }
    describe = catalogue.STATES.get(kind)
    if describe:
        out["state"] = describe(name, counting)
    if kind == "store":
        _add_first_order(connection, name, out["state"], clocks)
    return out


def _add_first_order(
    connection: Connection, store: str, state: dict[str, Any], clocks: Clocks
) -> None:
    """Sets the store's first sale to an archived order, if that is earlier than any reported."""
    for first_order in LogReader(connection, clocks).first_orders([store]):
        reported = state["first_sale_at"]
        first = format_instant(first_order.at)
        state["first_sale_at"] = min(reported, first) if reported else first
