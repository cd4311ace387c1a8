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
    """Every exception among the facts, judged by what is known at the clocks.

    Sources of one day's GMV are compared only among the facts given.
    """
    recorded = [fact for fact in facts if isinstance(fact.event, Fact)]
    mentions = [mention(fact.event, fact.at) for fact in recorded]
    directory = IndexDirectory(connection, clocks)
    directory.load(mentions)
    for fact, mentioned in zip(recorded, mentions, strict=True):
        for surprise in directory.judge(mentioned):
            yield fact, surprise
    yield from judged(LogReader(connection, clocks), recorded)
    yield from _feeds(recorded)


def _feeds(facts: Iterable[R]) -> Iterator[tuple[R, Surprise]]:
    sales = [fact for fact in facts if isinstance(fact.event, GMVRecorded)]
    sources_of: dict[str, set[str]] = defaultdict(set)
    for fact in sales:
        sources_of[fact.event.store].add(fact.event.source or "")
    by_day: dict[tuple[str, str, str], list[R]] = defaultdict(list)
    for fact in sales:
        event = fact.event
        if len(sources_of[event.store]) > 1:  # else no day of it can have two
            by_day[event.store, event.day.isoformat(), event.basis].append(fact)
    for key, reported in by_day.items():
        sources = {fact.event.source or "" for fact in reported}
        if len(sources) > 1:
            for fact in reported:
                yield fact, two_feeds(*key, sources)
