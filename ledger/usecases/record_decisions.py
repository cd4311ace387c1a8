"""Recording decisions: ours, checked before, and refused when somebody wrote meanwhile."""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from ledger.aggregates.base import Event
from ledger.kernel.errors import ConcurrentWrite, ReadOnlyBook, Refusal
from ledger.store.book import Book
from ledger.store.head import Head, max_versions
from ledger.store.log import chunks
from ledger.store.receipts import keep_receipt
from ledger.store.recorder import Row
from ledger.store.schema import insert_refs
from ledger.store.snapshots import Snapshot, keep

E = TypeVar("E", bound=Event)


class BadDecision(Refusal):
    """A decision that cannot be recorded as it stands: a text that is empty or too long, say."""


def built(kind: type[E], **fields: Any) -> E:
    """A decision's event, checked. Raises `BadDecision` naming each field that is wrong."""
    try:
        return kind(**fields)
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
        )
        raise BadDecision(
            f"{kind.__name__} cannot be recorded: {said}.", "Texts are 1 to 2000 characters long."
        ) from None


def refuse_read_only(book: Book, to_what: str) -> None:
    """Raises `ReadOnlyBook` before anything is worked out."""
    if not book.writable:
        raise ReadOnlyBook("This book may only be read.", f"Ask whoever keeps it to {to_what}.")


def record_decisions(
    book: Book,
    events: Sequence[Event],
    *,
    by: str,
    expected: Head,
    snapshots: Sequence[Snapshot] = (),
) -> Head:
    """Writes decisions with their index entries in one transaction, if the head is still there.

    Raises `ConcurrentWrite` where somebody recorded anything since the decision was worked
    out: it might have come out otherwise. Also `ReadOnlyBook`, `BookLocked`.
    """
    with book.log.writing() as writer:
        if writer.head != expected:
            raise ConcurrentWrite(
                f"Somebody else wrote meanwhile: the log was at {expected.position} and is at "
                f"{writer.head.position}. Nothing was recorded."
            )
        now, position = writer.recorded_at, writer.head.position
        versions: dict[str, int] = {}
        for chunk in chunks(sorted({event.stream for event in events})):
            versions |= max_versions(writer.connection, chunk)
        rows: list[Row] = []
        index = []
        for offset, event in enumerate(events, 1):
            stream = event.stream
            version = versions[stream] = versions.get(stream, 0) + 1
            rows.append((stream, version, event.TOPIC, event.stored(), now, by, 0, 0, None))
            for kind, name, detail in event.references():
                index.append((kind, name, position + offset, now, stream, detail))
        writer.append(rows)
        insert_refs(writer.connection, index)
        keep(writer.connection, snapshots)
        written = writer.head
    keep_receipt(book, written)
    return written
