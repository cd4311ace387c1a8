"""Exceptions among some facts: one judgement for reports of exceptions and for closes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from ledger.aggregates.base import Fact, R
from ledger.aggregates.judge import Surprise, mention, two_feeds
from ledger.aggregates.store import GMVRecorded
from ledger.kernel.clocks import Clocks
from ledger.store.reader import LogReader
from ledger.usecases.exceptions.judged_facts import judged
from ledger.usecases.exceptions.known_names import IndexDirectory


def exceptions_of(
    connection: Connection, clocks: Clocks, facts: Iterable[R]
) -> Iterator[tuple[R, Surprise]]:
    """Everything about the facts that does not fit what is known at the clocks.

    Sources of one day's GMV are compared among the facts given.
    """
    found = [fact for fact in facts if isinstance(fact.event, Fact)]
    said = [mention(one.event, one.at) for one in found]
    directory = IndexDirectory(connection, clocks)
    directory.load(said)
    for one, own in zip(found, said, strict=True):
        for surprise in directory.judge(own):
            yield one, surprise
    yield from judged(LogReader(connection, clocks), found)
    yield from _feeds(found)


def _feeds(facts: Iterable[R]) -> Iterator[tuple[R, Surprise]]:
    by_day: dict[tuple[str, str, str], list[R]] = defaultdict(list)
    for fact in facts:
        event = fact.event
        if isinstance(event, GMVRecorded):
            by_day[event.store, event.day.isoformat(), event.basis].append(fact)
    for key, reported in by_day.items():
        sources = {one.event.source or "" for one in reported}
        if len(sources) > 1:
            for fact in reported:
                yield fact, two_feeds(*key, sources)
