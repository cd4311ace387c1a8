"""Snapshots: where the GMV of days after a closed period is in long streams of stores.

A period that begins after the snapshot's day folds from there: what a store sold before cannot
affect it, however late it was reported, because GMV belongs to the day of its orders.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from ledger.aggregates.base import Recorded
from ledger.aggregates.store import GMVRecorded
from ledger.store.codec import decode_facts
from ledger.store.head import max_versions
from ledger.store.log import FACTS, chunks, fetch, read_positions
from ledger.store.schema import events, snapshots


class Snapshot(NamedTuple):
    """Those of a stream's first `version` events that have GMV of orders after a day."""

    stream: str
    position: int
    version: int
    day: str
    later: tuple[int, ...]


def latest(
    connection: Connection, streams: Collection[str], before: date, known_at: int
) -> dict[str, Snapshot]:
    """Per stream the last snapshot known at a position whose day is before another day."""
    c, by_stream = snapshots.c, {}
    for chunk in chunks(sorted(streams)):
        query = (
            select(c.stream, c.position, c.version, c.day, c.later)
            .where(c.stream.in_(chunk), c.position <= known_at, c.day < before.isoformat())
            .order_by(c.position)
        )
        for stream, position, version, day, later in connection.execute(query):
            by_stream[stream] = Snapshot(stream, position, version, day, tuple(json.loads(later)))
    return by_stream


def after(connection: Connection, taken: Collection[Snapshot]) -> Iterator[Recorded]:
    """The GMV facts that came after the snapshots, withdrawn ones too, stream by stream."""
    by_position: dict[int, list[str]] = defaultdict(list)
    for snapshot in taken:
        by_position[snapshot.position].append(snapshot.stream)
    e, s = events.c, snapshots.c
    for position, streams in sorted(by_position.items()):
        for chunk in chunks(sorted(streams)):
            query = (
                select(*FACTS)
                .join_from(snapshots, events, (e.stream == s.stream) & (e.version > s.version))
                .where(s.position == position, s.stream.in_(chunk))
                .where(e.topic == GMVRecorded.TOPIC)
                .order_by(e.stream, e.version)
            )
            yield from decode_facts(fetch(connection, query))


def take(
    connection: Connection, streams: Collection[str], day: date, known_at: int
) -> list[Snapshot]:
    """Snapshots of streams as of a position, built on those that were taken before."""
    before = latest(connection, streams, day, known_at)
    versions: dict[str, int] = {}
    for chunk in chunks(sorted(streams)):
        versions |= max_versions(connection, chunk)
    later: dict[str, list[int]] = {stream: [] for stream in streams}
    for fact in _all_since(connection, streams, before):
        if fact.event.day > day:
            later[fact.stream].append(fact.position)
    return [
        Snapshot(stream, known_at, versions[stream], day.isoformat(), tuple(sorted(later[stream])))
        for stream in sorted(streams)
        if stream in versions
    ]


def keep(connection: Connection, taken: Collection[Snapshot]) -> None:
    """Stores snapshots next to the log."""
    rows = [{**snapshot._asdict(), "later": json.dumps(snapshot.later)} for snapshot in taken]
    if rows:
        connection.execute(insert(snapshots), rows)


def _all_since(
    connection: Connection, streams: Collection[str], before: dict[str, Snapshot]
) -> Iterator[Recorded]:
    """Every GMV fact that can have orders after the day, whether it counts or not."""
    yield from after(connection, before.values())
    yield from read_positions(
        connection, {p for snapshot in before.values() for p in snapshot.later}
    )
    e = events.c
    for chunk in chunks(sorted(set(streams) - set(before))):
        query = (
            select(*FACTS)
            .where(e.stream.in_(chunk), e.topic == GMVRecorded.TOPIC)
            .order_by(e.stream, e.version)
        )
        yield from decode_facts(fetch(connection, query))
