"""Reading the log at a pair of clocks: states by stream, facts and streams by the index."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from itertools import chain, islice
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, func, or_, select

from ledger.aggregates.base import Logged, R, Recorded
from ledger.aggregates.store import GMVRecorded
from ledger.kernel.clocks import Clocks
from ledger.kernel.garbage import no_cycles
from ledger.kernel.instants import Instant
from ledger.kernel.period import Window
from ledger.programs.contract import S
from ledger.store.asking import OrderAsking
from ledger.store.codec import decode_facts, decode_rows
from ledger.store.leaving_out import Keep, kept, kept_rows
from ledger.store.log import COLUMNS, FACTS, NAMES_AT_ONCE, ROWS_AT_ONCE, chunks, fetch
from ledger.store.published import first_day
from ledger.store.schema import events, refs, withdrawn
from ledger.store.snapshots import after, latest

GMV_TOPIC = GMVRecorded.TOPIC
SCAN_FROM = 1000
SCAN_SHARE = 20
"""Up to this many events per stream, scanning the whole log is quicker."""

PERMANENT_REFS = ("feed", "pending")
"""Index entries that say where to look; they outlive the withdrawal of the fact they came with."""


class LogReader(OrderAsking):
    """What rules may see of a book: no facts recorded after known-at, dated after as-of, or
    withdrawn by known-at."""

    def __init__(self, connection: Connection, clocks: Clocks) -> None:
        self.connection = connection
        self.clocks = clocks
        self.events_read = 0
        self.watch: Callable[[Recorded], None] | None = None
        """Called with every fact that is read, to know what a run has seen."""
        self.windowed: set[str] = set()
        """Streams of which only the sales of some days were asked for."""
        self.trusting = True
        """Whether snapshots are used; their verification does without."""
        self.keep: Keep | None = None

    def states(
        self, kind: str, names: Iterable[str], state: type[S], topics: Iterable[str] = ()
    ) -> dict[str, S]:
        """The states of `kind:name` for every name, folded from the facts that count."""
        states = {f"{kind}:{name}": state(name) for name in sorted(names)}
        watch, keep, read = self.watch, self.keep, 0
        with no_cycles():
            for recorded in self._facts_for(kind, list(states), list(topics)):
                folded = states.get(recorded.stream)
                if folded is not None and (keep is None or keep(recorded)):
                    folded.apply(recorded)
                    read += 1
                    if watch is not None:
                        watch(recorded)
        self.events_read += read
        return {stream[len(kind) + 1 :]: folded for stream, folded in states.items()}

    def begins(self, rules: str) -> Instant | None:
        """The first day of the first edition of some rules."""
        return first_day(self.connection, rules, self.clocks.known_at)

    def sales_since(self, stores: Iterable[str], first: date, state: type[S]) -> dict[str, S]:
        """The states of stores, folded from the GMV of orders from a day on.

        Folds from the snapshots of closed periods where there are some.
        """
        names = sorted(set(stores))
        states = {f"store:{name}": state(name) for name in names}
        self.windowed.update(states)
        known = self.clocks.known_at
        snapshots = latest(self.connection, states, first, known) if self.trusting else {}
        if not snapshots:
            facts = self._facts_for("store", list(states), [GMV_TOPIC])
        else:
            others = sorted(set(states) - set(snapshots))
            facts = chain(
                self._facts_for("store", others, [GMV_TOPIC]),
                self._counted(after(self.connection, snapshots.values())),
                self._at({p for snapshot in snapshots.values() for p in snapshot.later}),
            )
        watch, keep = self.watch, self.keep
        with no_cycles():
            for recorded in facts:
                folded = states.get(recorded.stream)
                if folded is None:
                    continue
                self.events_read += 1
                if recorded.event.day < first or (keep and not keep(recorded)):
                    continue
                folded.apply(recorded)
                if watch is not None:
                    watch(recorded)
        return {stream.partition(":")[2]: folded for stream, folded in states.items()}

    def _counted(self, facts: Iterable[R]) -> Iterator[R]:
        """Those of some facts that count at the clocks."""
        as_of, known_at = self.clocks
        remaining = iter(facts)
        while piece := list(islice(remaining, ROWS_AT_ONCE)):
            w = withdrawn.c
            gone = set()
            for positions in chunks([fact.position for fact in piece]):
                query = select(w.target).where(w.target.in_(positions), w.position <= known_at)
                gone |= {row[0] for row in self.connection.execute(query)}
            for fact in piece:
                if fact.position <= known_at and fact.at <= as_of and fact.position not in gone:
                    yield fact

    def _facts_for(self, kind: str, streams: list[str], topics: list[str]) -> Iterator[Recorded]:
        """The facts of these streams, and of others of their kind where that reads faster.

        Asked stream by stream, rows are fetched from all over the file. Where the streams are
        so many that they must make up much of the log, it is read through instead.
        """
        c = events.c
        if len(streams) >= SCAN_FROM and len(streams) * SCAN_SHARE >= self.clocks.known_at:
            # The expression keeps the database from going through the index of streams.
            same_kind = func.substr(c.stream, 1, len(kind) + 1) == f"{kind}:"
            yield from decode_facts(self._counting(FACTS, [same_kind], topics, c.position))
            return
        for chunk in chunks(streams):
            mine = [c.stream.in_(chunk)]
            yield from decode_facts(self._counting(FACTS, mine, topics, c.stream, c.version))

    def facts(self, streams: Sequence[str], topics: Sequence[str] = ()) -> Iterator[Logged]:
        """The facts of some streams that count, stream by stream."""
        c = events.c
        rows = self._counting(COLUMNS, [c.stream.in_(streams)], topics, c.stream, c.version)
        return kept(self.keep, decode_rows(rows))

    def at_positions(self, positions: Iterable[int]) -> Iterator[Logged]:
        """The facts at some positions that count."""
        yield from self._watched(self._at(positions))

    def listed(self, names: Mapping[str, Collection[str]]) -> Iterator[Logged]:
        """The facts that the index leads to under some kinds and names."""
        r = refs.c
        for kinds in _in_pieces(names):
            mine = [and_(r.kind == kind, r.name.in_(some)) for kind, some in kinds.items()]
            if mine:
                yield from self._listed(or_(*mine))

    def listed_by_end(self, kind: str, skipped: int, first: str, last: str) -> Iterator[Logged]:
        """The facts of a kind whose name, without its first characters, lies between two."""
        r = refs.c
        end = func.substr(r.name, skipped + 1)
        yield from self._listed(and_(r.kind == kind, end >= first, end <= last))

    def _listed(self, where: ColumnElement[bool]) -> Iterator[Logged]:
        positions = select(refs.c.position).where(where).scalar_subquery()
        rows = self._counting(COLUMNS, [events.c.position.in_(positions)], (), events.c.position)
        yield from self._watched(decode_rows(rows))

    def _watched(self, facts: Iterator[Logged]) -> Iterator[Logged]:
        for recorded in kept(self.keep, facts):
            self.events_read += 1
            if self.watch is not None:
                self.watch(recorded)
            yield recorded

    def _at(self, positions: Iterable[int]) -> Iterator[Logged]:
        c = events.c
        for chunk in chunks(sorted(set(positions))):
            yield from decode_rows(self._counting(COLUMNS, [c.position.in_(chunk)], (), c.position))

    def _counting(
        self,
        columns: list[Column[Any]],
        where: Sequence[ColumnElement[bool]],
        topics: Sequence[str],
        *order: Any,
    ) -> Iterator[Sequence[Any]]:
        """Rows of the events that count at the clocks."""
        c, w = events.c, withdrawn.c
        query = select(*columns).where(
            *where, c.position <= self.clocks.known_at, c.at <= self.clocks.as_of
        )
        if self._has_withdrawals:
            is_withdrawn = and_(w.target == c.position, w.position <= self.clocks.known_at)
            query = query.select_from(events.outerjoin(withdrawn, is_withdrawn))
            query = query.where(w.target.is_(None))
        query = query.order_by(*order)
        if topics:
            query = query.where(c.topic.in_(topics))
        return fetch(self.connection, query)

    @cached_property
    def _has_withdrawals(self) -> bool:
        """Whether anything is withdrawn by known-at: in most books looking for it, event by
        event, finds nothing."""
        query = select(withdrawn.c.target).where(withdrawn.c.position <= self.clocks.known_at)
        return self.connection.execute(query.limit(1)).first() is not None

    def named(
        self, kind: str, names: Iterable[str], window: Window | None = None
    ) -> dict[str, list[str]]:
        """Per name the streams that the index leads to under that kind."""
        by_name: dict[str, set[str]] = defaultdict(set)
        for chunk in chunks(sorted(names)):
            query = self._refs(kind).where(refs.c.name.in_(chunk))
            if window is not None:
                query = query.where(refs.c.at >= window.start, refs.c.at < window.end)
            for name, stream, _at, _position in self._found(kind, query):
                by_name[name].add(stream)
        return {name: sorted(streams) for name, streams in by_name.items()}

    def named_under(self, names: Mapping[str, Collection[str]]) -> dict[str, dict[str, list[str]]]:
        """As `named`, for several kinds: per kind and name the streams."""
        by_kind: dict[str, dict[str, set[str]]] = {kind: defaultdict(set) for kind in names}
        r = refs.c
        for kinds in _in_pieces(names):
            mine = [and_(r.kind == kind, r.name.in_(some)) for kind, some in kinds.items()]
            if mine:
                query = self._counting_refs().add_columns(r.kind).where(or_(*mine))
                for name, stream, _at, _position, kind in self._found(None, query):
                    by_kind[kind][name].add(stream)
        return {
            kind: {name: sorted(streams) for name, streams in own.items()}
            for kind, own in by_kind.items()
        }

    def names(self, kind: str, since: Instant, until: Instant) -> Iterator[tuple[str, str]]:
        """All (name, stream) of a kind whose fact happened in the half-open window."""
        query = self._refs(kind).where(refs.c.at >= since, refs.c.at < until)
        for name, stream, _at, _position in self._found(kind, query):
            yield name, stream

    def within(self, kind: str, window: Window) -> Iterator[int]:
        """The positions of the facts of a kind that happened in the window, by position."""
        query = self._refs(kind).where(refs.c.at >= window.start, refs.c.at < window.end)
        for _name, _stream, _at, position in self._found(kind, query.order_by(refs.c.position)):
            yield position

    def under(self, kind: str, first: str, last: str) -> Iterator[tuple[str, int]]:
        """All (name, position) of a kind whose name lies between two, both included."""
        query = self._refs(kind).where(refs.c.name >= first, refs.c.name <= last)
        for name, _stream, _at, position in self._found(kind, query):
            yield name, position

    def located(self, kind: str, names: Iterable[str]) -> Iterator[tuple[str, Instant, int]]:
        """Per index entry of these names: the name, the instant and the position."""
        for chunk in chunks(sorted(names)):
            query = self._refs(kind).where(refs.c.name.in_(chunk)).order_by(*refs.primary_key)
            for name, _stream, at, position in self._found(kind, query):
                yield name, at, position

    def details(self, kind: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        """The names of a kind with the detail of each entry."""
        for chunk in chunks(sorted(names)):
            query = (
                self._refs(kind)
                .with_only_columns(refs.c.name, refs.c.detail)
                .where(refs.c.name.in_(chunk))
            )
            for name, detail in fetch(self.connection, query):
                yield name, detail

    def _found(self, kind: str | None, query: Select[Any]) -> Iterable[Sequence[Any]]:
        """Rows of the index; entries that outlive their facts are not left out with them."""
        rows = fetch(self.connection, query)
        return rows if kind in PERMANENT_REFS else kept_rows(self.keep, rows, self._at)

    def _refs(self, kind: str) -> Select[Any]:
        query = self._all_refs() if kind in PERMANENT_REFS else self._counting_refs()
        return query.where(refs.c.kind == kind)

    def _all_refs(self) -> Select[Any]:
        r = refs.c
        return select(r.name, r.stream, r.at, r.position).where(
            r.position <= self.clocks.known_at, r.at <= self.clocks.as_of
        )

    def _counting_refs(self) -> Select[Any]:
        """Index entries of facts that count."""
        if not self._has_withdrawals:
            return self._all_refs()
        w, known_at = withdrawn.c, self.clocks.known_at
        outer = refs.outerjoin(withdrawn, and_(w.target == refs.c.position, w.position <= known_at))
        return self._all_refs().select_from(outer).where(w.target.is_(None))


def _in_pieces(names: Mapping[str, Collection[str]]) -> Iterator[dict[str, list[str]]]:
    """Kinds and names in pieces that fit into one query: few of them into a single one."""
    if sum(map(len, names.values())) <= NAMES_AT_ONCE:
        yield {kind: sorted(some) for kind, some in names.items() if some}
        return
    for kind, some in names.items():
        for chunk in chunks(sorted(some)):
            yield {kind: chunk}
