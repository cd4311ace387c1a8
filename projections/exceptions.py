"""Exceptions, until other facts resolve them: code, sentence, position, since when."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, Table, select

from ledger.aggregates.base import LOOKS, Logged
from ledger.aggregates.book import FactWithdrawn
from ledger.aggregates.catalogue import THINGS
from ledger.aggregates.judge import Surprise, unknown_fact
from ledger.aggregates.things import PARTNER, PROGRAM
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.instants import EARLIEST, format_instant
from ledger.kernel.looks import look_of
from ledger.store.log import chunks
from ledger.store.reader import LogReader
from ledger.store.schema import TEXT, has_refs, withdrawn
from ledger.usecases.exceptions.exceptions_of import exceptions_of
from ledger.usecases.exceptions.judged_facts import judging_editions
from projections.base import Span, StreamView, lifts_in

_Long = BigInteger().with_variant(Integer, "sqlite")
WITHDRAWALS = "withdrawals:main"


class Exceptions(StreamView):
    """One row per exception of a fact that counts; judged as `record` judges its warnings."""

    NAME = "exceptions"
    ABOUT = "facts that do not fit what is known, and why"
    VERSION = 5
    NOTHING_ODD = frozenset(
        {"book", "terms", "rate", "orders", "statement", "period", "reconciliation"}
    )
    """Kinds of streams whose events can never be exceptions."""

    def columns(self) -> list[Column[Any]]:
        return [
            Column("code", TEXT, primary_key=True),
            Column("position", _Long, primary_key=True, autoincrement=False),
            Column("name", TEXT, primary_key=True),
            Column("sentence", TEXT, nullable=False),
            Column("since", TEXT, nullable=False),
            Column("program", TEXT),
            Column("stream", TEXT, nullable=False),
        ]

    def has_rows(self, kind: str) -> bool:
        return kind not in self.NOTHING_ODD

    def dependents(self, span: Span, table: Table, dirty: set[str]) -> set[str]:
        """Streams that name something that has become known or unknown, or whose facts are judged
        by something that has changed."""
        affected: set[str] = set()
        names = defaultdict(set)
        for stream in dirty:
            kind, _, name = stream.partition(":")
            names[kind].add(name)
        now = LogReader(span.source, span.clocks)
        for thing in THINGS.values():
            kinds = thing.named_by if thing.word in names and thing is not PARTNER else ()
            for kind in kinds:
                for streams in now.named(kind, names[thing.word]).values():
                    affected.update(streams)
        affected |= _judged(span, now, names) | _alike(now, names)
        if span.after:
            before = LogReader(span.source, span.clocks._replace(known_at=span.after))
            kind = PARTNER.listed
            was, is_ = (
                set(log_reader.named(kind, names["partner"])) for log_reader in (before, now)
            )
            affected |= _waiting(span, table, PARTNER.unknown, is_ - was)
            affected |= _waiting(span, table, PROGRAM.unknown, names["terms"])
            for kind in PARTNER.named_by:
                for streams in now.named(kind, was - is_).values():
                    affected.update(streams)
        if any(lifts_in(span)) or _newly_withdrawn(span):
            affected.add(WITHDRAWALS)
        return affected

    def rows(self, reader: LogReader, facts: dict[str, list[Logged]]) -> Iterator[dict[str, Any]]:
        for event in facts.pop(WITHDRAWALS, []):
            if not _withdraws_something(reader, event):
                yield _row(event, unknown_fact(_named(event.event)))
        events = [event for of_stream in facts.values() for event in of_stream]
        for event, surprise in exceptions_of(reader.connection, reader.clocks, events):
            yield _row(event, surprise)

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        names = ("code", "position", "sentence", "since", "program", "stream")
        return {name: row[name] for name in names if name != "program" or row[name]}


def _row(recorded: Logged, surprise: Surprise) -> dict[str, Any]:
    return {
        "code": surprise.code,
        "position": recorded.position,
        "name": surprise.name,
        "sentence": surprise.sentence,
        "since": format_instant(recorded.recorded_at),
        "program": surprise.program or getattr(recorded.event, "program", None),
        "stream": recorded.stream,
    }


def _alike(reader: LogReader, names: dict[str, set[str]]) -> set[str]:
    """Streams of things whose names look like one of these."""
    if not has_refs(reader.connection, LOOKS):
        return set()
    asked: dict[str, set[str]] = defaultdict(set)
    for kind, some in names.items():
        if thing := THINGS.get(kind):
            asked[LOOKS] |= {f"{kind}/{look_of(name)}" for name in some}
            lookalikes = {name for name in some if look_of(name) != name}
            asked[thing.listed] |= set(map(look_of, lookalikes))
    named = (reader.named(kind, some) for kind, some in asked.items())
    return {stream for by_name in named for streams in by_name.values() for stream in streams}


def _judged(span: Span, reader: LogReader, names: dict[str, set[str]]) -> set[str]:
    """Streams whose facts are judged by terms, where the basis of the judgement has changed: the
    terms themselves, or other streams that it takes into account."""
    affected: set[str] = set()
    before = LogReader(span.source, span.clocks._replace(known_at=span.after))
    for edition, judging in judging_editions(span.source, span.until):
        if judging.touches is not None and span.after:  # at first every stream is new
            for log_reader in (before, reader):
                affected.update(judging.touches(log_reader, edition, names))
        if edition.program in names["terms"]:
            timeless = LogReader(span.source, Clocks(FOREVER, span.until))
            listed = timeless.names(judging.listed, EARLIEST, FOREVER)
            affected |= {stream for _, stream in listed}
    return affected


def _waiting(span: Span, table: Table, code: str, names: set[str]) -> set[str]:
    """Streams that have an exception because of one of these names."""
    if not names:
        return set()
    streams = set()
    for chunk in chunks(sorted(names)):
        query = select(table.c.stream).where(table.c.code == code, table.c.name.in_(chunk))
        streams |= {row[0] for row in span.target.execute(query)}
    return streams


def _newly_withdrawn(span: Span) -> bool:
    """Whether a withdrawal that was waiting has found its fact in the span."""
    w = withdrawn.c
    query = select(w.target).where(w.target > span.after, w.target <= span.until).limit(1)
    return span.source.execute(query).first() is not None


def _withdraws_something(reader: LogReader, recorded: Logged) -> bool:
    w, known_at = withdrawn.c, reader.clocks.known_at
    query = select(w.target).where(w.position == recorded.position, w.target <= known_at)
    return reader.connection.execute(query).first() is not None


def _named(event: FactWithdrawn) -> str:
    if event.position is not None:
        return f"at position {event.position}"
    return f"{event.id!r} of source {event.source or ''!r}"
