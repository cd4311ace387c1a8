"""The only way our own events enter the log: rows and index entries, in one transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

from ledger.aggregates.base import OwnEvent
from ledger.store.head import Head, max_versions
from ledger.store.log import chunks
from ledger.store.recorder import Row, Writer
from ledger.store.schema import insert_refs


def append(writer: Writer, events: Sequence[OwnEvent], *, by: str, batch: int = 0) -> Head:
    """Appends events that happen now, each at the end of its stream, with their index entries.
    Returns the head after them."""
    now, position = writer.recorded_at, writer.head.position
    versions = versions_of(writer, {event.stream for event in events})
    rows: list[Row] = []
    index: list[tuple[Any, ...]] = []
    for offset, event in enumerate(map(writer.signed, events), 1):
        stream = event.stream
        versions[stream] = version = versions.get(stream, 0) + 1
        rows.append((stream, version, event.TOPIC, event.stored(), now, by, batch, 0, None))
        for kind, name, detail in event.indexed():
            index.append((kind, name, position + offset, now, stream, detail))
    writer.append(rows)
    insert_refs(writer.connection, index)
    return writer.head


def versions_of(writer: Writer, streams: Iterable[str]) -> dict[str, int]:
    """The last version of each of some streams that exist."""
    versions: dict[str, int] = {}
    for chunk in chunks(sorted(streams)):
        versions |= max_versions(writer.connection, chunk)
    return versions
