"""The book together with a call: what rules see while a call is judged, before it is written."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.base import Logged, Recorded
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import Instant
from ledger.kernel.period import Window
from ledger.store.codec import decoder
from ledger.store.reader import LogReader
from ledger.usecases.recording.stage import Staged


class CallReader(LogReader):
    """A reader that also sees the new facts of a call, as if they followed the log's head.

    `facts` iterates over them afresh at each call, each with its place in the call; the call
    withdraws the facts at the positions `gone`. A query scans the call once, and only if the call
    has facts in the `streams`, or index entries of the `kinds`, that the query is about.
    """

    def __init__(
        self,
        connection: Connection,
        clocks: Clocks,
        facts: Callable[[], Iterable[tuple[int, Staged]]],
        gone: Collection[int],
        streams: Collection[str],
        kinds: Collection[str],
    ) -> None:
        super().__init__(connection, clocks)
        self._streams, self._kinds = streams, kinds
        self._facts = facts
        self._gone = gone

    def position_of(self, place: int) -> int:
        """The position that a fact of the call would get."""
        return self.clocks.known_at + 1 + place

    def recorded(self, place: int, staged: Staged) -> Recorded:
        """A fact of the call as if it were recorded."""
        event = decoder(staged.topic)(staged.state)
        position = self.position_of(place)
        return Recorded(position, staged.stream, 0, staged.topic, event, staged.at)

    def _facts_for(self, kind: str, streams: list[str], topics: list[str]) -> Iterator[Recorded]:
        for recorded in super()._facts_for(kind, streams, topics):
            if recorded.position not in self._gone:
                yield recorded
        wanted = {stream for stream in streams if stream in self._streams}
        if not wanted:
            return
        for place, staged in self._facts():
            if staged.stream in wanted and (not topics or staged.topic in topics):
                yield self.recorded(place, staged)

    def at_positions(self, positions: Iterable[int]) -> Iterator[Any]:
        wanted = set(positions)
        head = self.clocks.known_at
        yield from super().at_positions(
            {position for position in wanted if position <= head} - set(self._gone)
        )
        if max(wanted, default=0) > head:
            for place, staged in self._facts():
                if self.position_of(place) in wanted:
                    yield self.recorded(place, staged)

    def listed(self, names: Mapping[str, Collection[str]]) -> Iterator[Any]:
        located = (self.located(kind, some) for kind, some in names.items())
        yield from self.at_positions(position for entries in located for _, _, position in entries)

    def listed_by_end(self, kind: str, skipped: int, first: str, last: str) -> Iterator[Any]:
        for recorded in super().listed_by_end(kind, skipped, first, last):
            if recorded.position not in self._gone:
                yield recorded
        mine = {
            position for name, position, _ in self._entries(kind) if first <= name[skipped:] <= last
        }
        yield from self.at_positions(mine)

    def facts(self, streams: Any, topics: Any = ()) -> Iterator[Logged]:
        raise AssertionError("a call has no log entries yet: ask for states")

    def named(
        self, kind: str, names: Iterable[str], window: Window | None = None
    ) -> dict[str, list[str]]:
        wanted = set(names)
        by_name = {
            name: set(streams) for name, streams in super().named(kind, wanted, window).items()
        }
        for name, _, staged in self._entries(kind):
            if name in wanted and (window is None or staged.at in window):
                by_name.setdefault(name, set()).add(staged.stream)
        return {name: sorted(streams) for name, streams in by_name.items()}

    def named_under(self, names: Mapping[str, Collection[str]]) -> dict[str, dict[str, list[str]]]:
        return {kind: self.named(kind, some) for kind, some in names.items()}

    def names(self, kind: str, since: Instant, until: Instant) -> Iterator[tuple[str, str]]:
        yield from super().names(kind, since, until)
        for name, _, staged in self._entries(kind):
            if since <= staged.at < until:
                yield name, staged.stream

    def within(self, kind: str, window: Window) -> Iterator[int]:
        yield from (
            position for position in super().within(kind, window) if position not in self._gone
        )
        for _, position, staged in self._entries(kind):
            if staged.at in window:
                yield position

    def under(self, kind: str, first: str, last: str) -> Iterator[tuple[str, int]]:
        for name, position in super().under(kind, first, last):
            if position not in self._gone:
                yield name, position
        for name, position, _ in self._entries(kind):
            if first <= name <= last:
                yield name, position

    def located(self, kind: str, names: Iterable[str]) -> Iterator[tuple[str, Instant, int]]:
        wanted = set(names)
        for name, at, position in super().located(kind, wanted):
            if position not in self._gone:
                yield name, at, position
        for name, position, staged in self._entries(kind):
            if name in wanted:
                yield name, staged.at, position

    def _entries(self, kind: str) -> Iterator[tuple[str, int, Staged]]:
        """What the call would add to the index under a kind."""
        if kind not in self._kinds:
            return
        for place, staged in self._facts():
            for own, name, _detail in staged.refs:
                if own == kind:
                    yield name, self.position_of(place), staged
