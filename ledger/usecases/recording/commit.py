"""Writing what was decided: events and their indexes, chained, in one transaction."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.book import BOOK_STREAM, BatchRecorded
from ledger.kernel.instants import Instant
from ledger.store.book import Book
from ledger.store.head import Head, max_versions
from ledger.store.log import chunks
from ledger.store.recorder import Row, Writer
from ledger.store.schema import insert_lifts, insert_refs
from ledger.usecases.recording.stage import Stage
from ledger.usecases.recording.verdicts import NEW, Decided
from ledger.usecases.recording.warnings_of_call import Feeds

REFS_AT_ONCE = 5000
Progress = Callable[[str, int], None]


class Decision(NamedTuple):
    """A call and what was decided about it at one head of the log."""

    stage: Stage
    decided: Decided
    streams: set[str]
    feeds: Feeds


def write(book: Book, decision: Decision, by: str, progress: Progress) -> Head | None:
    """Writes a call; None, and nothing written, when the head has moved since."""
    with book.reading() as connection:
        versions = _versions(connection, decision.streams)
    with book.log.writing() as writer:
        if writer.head != decision.decided.head:
            return None
        return _write(writer, decision, by, progress, versions)


def write_under(writer: Writer, decision: Decision, by: str, progress: Progress) -> Head:
    """Writes a call in the transaction under whose lock it was decided."""
    versions = _versions(writer.connection, decision.streams)
    return _write(writer, decision, by, progress, versions)


def _write(
    writer: Writer, decision: Decision, by: str, progress: Progress, versions: dict[str, int]
) -> Head:
    decided, keeping = decision.decided, decision.stage.keeping
    batch = BatchRecorded(
        files=tuple(decision.stage.files),
        by=by,
        recorded=decided.new,
        known=decided.known,
        profile=decision.stage.profile,
        kept=True if keeping else None,
    )
    start = writer.head.position + 1
    rows = _Rows(writer, decision, start, versions)
    with keeping.put() if keeping else nullcontext():
        head = writer.append(rows.of(writer.signed(batch), writer.recorded_at, progress))
        assert head.position == start + decided.new
        rows.finish()
    return head


class _Rows:
    """Goes through the call once and makes the rows of the log and the entries of its indexes."""

    def __init__(
        self, writer: Writer, decision: Decision, start: int, versions: dict[str, int]
    ) -> None:
        self.writer = writer
        self.decision = decision
        self.start = start
        self.versions = versions
        self.refs: list[tuple[Any, ...]] = []
        self.positions: dict[int, int] = {}
        self.new_feeds = {
            (f"{store}/{basis}", source)
            for (store, basis), sources in decision.feeds.items()
            for source in sources
        }
        decided = decision.decided
        self.wanted = {i for lift in decided.lifts for i in (lift.target_index, lift.by_index)}
        self.wanted |= set(decided.pending.values())

    def of(self, batch: BatchRecorded, now: Instant, progress: Progress) -> Iterator[Row]:
        """The batch's own event, then its new facts in the order of the files."""
        versions, start, position = self.versions, self.start, self.start
        wanted = self.wanted
        version = versions.get(BOOK_STREAM, 0) + 1
        yield BOOK_STREAM, version, batch.TOPIC, batch.stored(), now, batch.by, start, 0, None
        verdicts, keys = self.decision.decided.verdicts, self.decision.decided.keys
        for index, staged in enumerate(self.decision.stage):
            if verdicts[index] == NEW:
                position += 1
                row, _, stream, topic, state, at, by, key, _, _, refs, _, _ = staged
                versions[stream] = version = versions.get(stream, 0) + 1
                if refs:
                    self._refer(refs, position, at, stream)
                if wanted and index in wanted:
                    self.positions[index] = position
                if keys:
                    key = keys.get(index, key)
                yield stream, version, topic, state, at, by or batch.by, start, row, key
            if not index & 0xFFF:
                progress("recording", 0x1000)

    def finish(self) -> None:
        """Writes the index entries that are left, and what the call withdraws."""
        decided, at = self.decision.decided, self.writer.recorded_at
        for key, index in decided.pending.items():
            where = (self.positions[index], at, "withdrawals:main", "")
            self.refs.append(("pending", key.hex(), *where))
        self._insert_refs()
        lifts = [
            (
                lift.target or self.positions[lift.target_index or 0],
                lift.by or self.positions[lift.by_index or 0],
            )
            for lift in decided.lifts
        ]
        insert_lifts(self.writer.connection, lifts)

    def _refer(
        self, refs: tuple[tuple[str, str, str], ...], position: int, at: Instant, stream: str
    ) -> None:
        for kind, name, detail in refs:
            if kind == "feed":
                if (name, detail) not in self.new_feeds:
                    continue
                self.new_feeds.remove((name, detail))
            self.refs.append((kind, name, position, at, stream, detail))
        if len(self.refs) >= REFS_AT_ONCE:
            self._insert_refs()

    def _insert_refs(self) -> None:
        """Writes the entries in the order of the index, so that neighbours go together."""
        insert_refs(self.writer.connection, sorted(self.refs))
        self.refs = []


def _versions(connection: Connection, streams: set[str]) -> dict[str, int]:
    versions: dict[str, int] = {}
    for chunk in chunks([BOOK_STREAM, *sorted(streams)]):
        versions |= max_versions(connection, chunk)
    return versions
