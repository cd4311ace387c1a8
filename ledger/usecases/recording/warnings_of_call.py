"""Warnings about the new facts of a call: what does not fit the book and the rest of the call."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

from sqlalchemy import Connection

from ledger.aggregates.base import Recorded
from ledger.aggregates.catalogue import FACTS, THINGS
from ledger.aggregates.judge import Mention, Surprise, fits, two_feeds
from ledger.aggregates.store import GMVRecorded
from ledger.aggregates.things import STORE
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.store.log import chunks
from ledger.store.reader import LogReader
from ledger.usecases.exceptions.judged_facts import judged
from ledger.usecases.exceptions.known_names import IndexDirectory, feeds_of
from ledger.usecases.exceptions.of_orders import sold_by_orders, twice
from ledger.usecases.recording.call_reader import CallReader
from ledger.usecases.recording.stage import Stage, Staged
from ledger.usecases.recording.verdicts import NEW, Decided

Found = list[tuple[Staged, Surprise]]
Feeds = dict[tuple[str, str], set[str]]
"""Per store and basis, the sources that report GMV."""
JUDGED = frozenset(name for name, fact in FACTS.items() if fact.JUDGED)


class Call:
    """What the new facts of a call name and introduce, gathered while they are being decided."""

    def __init__(self) -> None:
        self.streams: set[str] = set()
        self.kinds: set[str] = set()
        """Kinds of index entries that its facts have."""
        self.stores: set[str] = set()
        self.names: dict[str, set[str]] = defaultdict(set)
        """Names per kind of thing."""
        self.introduced: list[Mention] = []
        self.feeds: Feeds = {}
        self.judged = False
        """Whether the terms of a program judge one of its facts."""

    def see(self, facts: Iterable[Staged]) -> None:
        """Takes in new facts."""
        kinds, stores, feeds, types = self.kinds, self.stores, self.feeds, set()
        for staged in facts:
            self.streams.add(staged.stream)
            types.add(staged.type)
            for reference in staged.refs:
                kinds.add(reference[0])
            said = staged.mention
            store, feed = said[2], said[6]
            if store is not None:
                stores.add(store)
                if feed:
                    feeds.setdefault((store, feed[1]), set()).add(feed[2])
            for kind, name in said[3]:
                self.names[kind].add(name)
            if said[4]:
                self.introduced.append(staged.mentions)
        self.judged = self.judged or not JUDGED.isdisjoint(types)


class _Counting:
    """The new facts of a call that it does not withdraw itself, each with its place."""

    def __init__(self, stage: Stage, decided: Decided) -> None:
        self.stage = stage
        self.decided = decided
        self.withdrawn = {lift.target_index for lift in decided.lifts}

    def placed(self) -> Iterator[tuple[int, Staged]]:
        verdicts = self.decided.verdicts
        for index, row in enumerate(self.stage):
            if verdicts[index] == NEW and index not in self.withdrawn:
                yield index, row

    def __iter__(self) -> Iterator[Staged]:
        decided = self.decided
        if self.withdrawn or decided.new < len(decided.verdicts):
            return (row for _, row in self.placed())
        return iter(self.stage)


def warnings_of(
    connection: Connection, stage: Stage, decided: Decided, call: Call
) -> tuple[Found, Feeds]:
    """Every warning about the call's new facts, and the feeds that are new to the book."""
    counting = _Counting(stage, decided)
    feeds = call.feeds
    if counting.withdrawn - {None}:
        # What the call itself withdraws introduces nothing: gather again without it.
        call = Call()
        call.see(counting)
    gone = {lift.target for lift in decided.lifts if lift.target is not None}
    # Everything recorded counts here, even where another machine's clock is ahead of ours.
    clocks = Clocks(FOREVER, decided.head.position)
    directory = IndexDirectory(connection, clocks, gone)
    if decided.head.position:
        directory.load_names(STORE, call.stores)
        for kind, names in call.names.items():
            directory.load_names(THINGS[kind], names)
        _load_introduced(directory, call)
        directory.load_looks(said.introduces for said in call.introduced if said.introduces)
    for introduced in call.introduced:
        directory.add(introduced)
    warnings = list(decided.surprises.values())
    stores = directory.held[STORE.word]
    for row in counting:
        if not fits(row.mention, stores):
            warnings += [(row, surprise) for surprise in directory.judge(row.mentions)]
    if call.judged:
        reader = CallReader(connection, clocks, counting.placed, gone, call.streams, call.kinds)
        warnings += _judged(reader, counting)
    new_feeds = {key: set(own) for key, own in feeds.items()}
    conflicting = _conflicting_feeds(LogReader(connection, clocks), feeds, new_feeds)
    if conflicting:
        warnings += _two_feeds(LogReader(connection, clocks), counting, conflicting, gone)
    if any(basis == "placed" for _, basis in feeds):
        warnings += _sold_by_orders(LogReader(connection, clocks), counting)
    return warnings, new_feeds


def _sold_by_orders(reader: LogReader, counting: _Counting) -> Found:
    """Facts of placed GMV for days whose orders the book holds itself."""
    placed = [
        (row, row.mention[2], date.fromisoformat(feed[0]), feed[2])
        for row in counting
        if (feed := row.mention[6]) and feed[1] == "placed" and row.mention[2]
    ]
    if not placed:
        return []
    stores = {store for _, store, _, _ in placed}
    return [
        (row, twice(store, day, source, edition))
        for edition, sold in sold_by_orders(reader, stores)
        for row, store, day, source in placed
        if day in sold[store]
    ]


def _load_introduced(directory: IndexDirectory, call: Call) -> None:
    """Loads what the book already knows of the things that the call introduces."""
    names: dict[str, set[str]] = defaultdict(set)
    for said in call.introduced:
        assert said.introduces is not None
        kind, name = said.introduces
        if THINGS[kind].twice:
            names[kind].add(name)
    for kind, kind_names in names.items():
        directory.load_names(THINGS[kind], kind_names - set(directory.held[kind]))


def _judged(reader: CallReader, counting: _Counting) -> Found:
    """Exceptions under the terms of programs."""
    facts = {
        reader.position_of(place): (staged, reader.recorded(place, staged))
        for place, staged in counting.placed()
        if staged.type in JUDGED
    }
    surprises = judged(reader, [recorded for _, recorded in facts.values()])
    return [(facts[recorded.position][0], surprise) for recorded, surprise in surprises]


def _conflicting_feeds(reader: LogReader, feeds: Feeds, new_feeds: Feeds) -> set[tuple[str, str]]:
    """Stores and bases with several sources. Keeps in `new_feeds` only what the book lacks."""
    sources = {key: set(own) for key, own in feeds.items()}
    for key, source in feeds_of(reader, feeds):
        sources[key].add(source)
        new_feeds[key].discard(source)
    return {key for key, reporting in sources.items() if len(reporting) > 1}


def _two_feeds(
    reader: LogReader,
    counting: _Counting,
    conflicting: set[tuple[str, str]],
    gone: set[int],
) -> Found:
    """Facts of days that another source reports as well."""
    by_day: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for chunk in chunks(sorted({f"store:{store}" for store, _ in conflicting})):
        for recorded in reader.facts(chunk):
            if isinstance(recorded.event, GMVRecorded) and recorded.position not in gone:
                by_day[_day_key(recorded)].add(recorded.event.source or "")
    mine = []
    for row in counting:
        said = row.mentions
        if said.feed and said.store and (said.store, said.feed[1]) in conflicting:
            key = (said.store, said.feed[0], said.feed[1])
            by_day[key].add(said.feed[2])
            mine.append((row, key))
    return [(row, two_feeds(*key, by_day[key])) for row, key in mine if len(by_day[key]) > 1]


def _day_key(recorded: Recorded) -> tuple[str, str, str]:
    event = recorded.event
    return event.store, event.day.isoformat(), event.basis
