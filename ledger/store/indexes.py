"""The indexes of the log, recomputed from the log alone, in one pass."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from ledger.aggregates.base import Fact, Logged
from ledger.aggregates.book import FactWithdrawn
from ledger.aggregates.orders import OrdersWithdrawn
from ledger.kernel.errors import LogBroken
from ledger.store.codec import decode_rows
from ledger.store.keys import id_key
from ledger.store.log import fetch, read_log
from ledger.store.schema import READ_COLUMNS, events

Entry = tuple[str, str, int, int, str, str]
"""kind, name, position, at, stream, detail."""


class Indexes:
    """Takes events in the order of the log; knows what `refs` and `withdrawn` must hold.

    Only the ids and positions that some withdrawal names are kept track of, so that memory
    does not grow with the number of ids.
    """

    def __init__(self, withdrawals: Iterator[Logged]) -> None:
        self.refs: set[Entry] = set()
        self.lifts: set[tuple[int, int]] = set()
        named = [withdrawal.event for withdrawal in withdrawals]
        self._keys = {id_key(event.source, event.id) for event in named if event.id is not None}
        self._positions = {event.position for event in named if event.position is not None}
        self._facts: set[int] = set()
        self._withdrawn: set[int] = set()
        self._live: dict[bytes, int] = {}
        self._ever: set[bytes] = set()
        self._waiting: dict[bytes, Logged] = {}
        self._feeds: set[tuple[str, str]] = set()

    def take(self, recorded: Logged) -> None:
        """Takes one event."""
        event, position = recorded.event, recorded.position
        for kind, name, detail in event.indexed():
            if kind == "feed":
                if (name, detail) in self._feeds:
                    continue
                self._feeds.add((name, detail))
            self.refs.add((kind, name, position, recorded.at, recorded.stream, detail))
        if isinstance(event, FactWithdrawn):
            self._withdraw(event, recorded)
        elif isinstance(event, OrdersWithdrawn):
            self._take_out(event.archived, position)
        elif isinstance(event, Fact):
            if position in self._positions:
                self._facts.add(position)
            if self._keys and event.id is not None:
                self._name(id_key(event.source, event.id), recorded)

    def _name(self, key: bytes, recorded: Logged) -> None:
        if key not in self._keys:
            return
        self._ever.add(key)
        waiting = self._waiting.pop(key, None)
        if waiting is None:
            self._live[key] = recorded.position
            return
        self._take_out(recorded.position, waiting.position)
        if waiting.batch == recorded.batch:
            self.refs.discard(_pending(key, waiting))  # its fact came in the same call

    def _withdraw(self, event: FactWithdrawn, recorded: Logged) -> None:
        if event.id is None:
            # Nobody could have known a position of the same call.
            known = event.position in self._facts and (event.position or 0) < recorded.batch
            if known and event.position not in self._withdrawn:
                self._take_out(event.position or 0, recorded.position)
            return
        key = id_key(event.source, event.id)
        target = self._live.pop(key, None)
        if target is not None and target not in self._withdrawn:
            self._take_out(target, recorded.position)
        elif key not in self._ever and key not in self._waiting:
            self._waiting[key] = recorded
            self.refs.add(_pending(key, recorded))

    def _take_out(self, target: int, position: int) -> None:
        self._withdrawn.add(target)
        self.lifts.add((target, position))


def recomputed(connection: Connection) -> Indexes:
    """What the indexes must hold. Events that do not read back are passed over."""
    indexes = to_recompute(connection)
    for recorded in _readable(connection):
        indexes.take(recorded)
    return indexes


def to_recompute(connection: Connection) -> Indexes:
    """Indexes that are to take every event of a log."""
    return Indexes(_readable(connection, FactWithdrawn.TOPIC))


def _pending(key: bytes, recorded: Logged) -> Entry:
    return ("pending", key.hex(), recorded.position, recorded.recorded_at, recorded.stream, "")


def _readable(connection: Connection, topic: str | None = None) -> Iterator[Logged]:
    """The log, without the events that do not read back: another check names those."""
    position = 0
    topics = [topic] if topic else []
    while True:
        try:
            for recorded in read_log(connection, after=position, topics=topics):
                position = recorded.position
                yield recorded
            return
        except LogBroken:
            position = _next_readable(connection, position)
            if not position:
                return


def _next_readable(connection: Connection, after: int) -> int:
    """The position of the first event after `after` that does not read back."""
    c = events.c
    columns: list[Any] = [c[name] for name in READ_COLUMNS]
    query = select(*columns).where(c.position > after).order_by(c.position)
    for row in fetch(connection, query):
        try:
            next(decode_rows([row]))
        except LogBroken:
            return int(row[0])
    return 0
