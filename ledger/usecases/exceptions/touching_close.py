"""Exceptions that affect a close: among facts that its run has read, that name its program, or
that its terms judge."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.base import Recorded
from ledger.aggregates.catalogue import FACTS
from ledger.aggregates.judge import Surprise
from ledger.aggregates.store import MerchantOnboarded
from ledger.aggregates.store_state import StoreState
from ledger.kernel.clocks import Clocks
from ledger.programs.contract import Asked
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of
from ledger.store.log import read_log
from ledger.store.reader import LogReader
from ledger.store.schema import withdrawn
from ledger.usecases.exceptions.exceptions_of import exceptions_of
from ledger.usecases.settling.settle import Settlement

Found = tuple[Recorded, Surprise]
NAMING = [fact.TOPIC for fact in FACTS.values() if "program" in fact.model_fields]
"""Topics of facts that name a program."""


def surprises(
    connection: Connection, edition: Edition, clocks: Clocks, seen: Sequence[Recorded]
) -> list[Found]:
    """The exceptions among facts that a part of a run has read, each with its fact."""
    facts = {_key(fact): fact for fact in seen}
    return list(exceptions_of(connection, clocks, facts.values()))


def exceptions_touching(
    connection: Connection, settlement: Settlement, examined: Sequence[Found]
) -> list[dict[str, Any]]:
    """Every exception that affects a close: those found among the facts that its run has read,
    those among facts that name the program, and those of its days that no line depends on but
    that must be reviewed; by position. All as of the run: what happened later neither is an
    exception nor resolves one."""
    program, clocks = settlement.edition.program, settlement.clocks
    gone = _withdrawn(connection, clocks.known_at)
    facts = {_key(fact): fact for fact in _to_review(connection, settlement)}
    for event in read_log(connection, until=clocks.known_at, topics=NAMING):
        counts = event.at <= clocks.as_of and event.position not in gone
        if event.event.program == program and counts:
            facts[_key(event)] = event
    exceptions = [
        (fact, surprise)
        for fact, surprise in chain(examined, exceptions_of(connection, clocks, facts.values()))
        if _touches(settlement, fact, surprise)
    ]
    elsewhere = _elsewhere(connection, settlement, [fact for fact, _ in exceptions])
    exceptions = [
        (fact, surprise)
        for fact, surprise in exceptions
        if surprise.program is not None or fact.stream not in elsewhere
    ]
    exceptions.sort(key=lambda pair: (pair[0].position, pair[1].code))
    by_key = {
        (fact.position, surprise.code, surprise.name): (fact, surprise)
        for fact, surprise in exceptions
    }
    return [
        {"code": surprise.code, "position": fact.position, "sentence": surprise.sentence}
        for fact, surprise in by_key.values()
    ]


def _key(fact: Recorded) -> object:
    """Identifies a fact by its position; facts derived from orders share that of their call."""
    said = fact.event
    return fact.position if fact.version else (fact.position, fact.stream, said.stored())


def _elsewhere(connection: Connection, settlement: Settlement, facts: list[Recorded]) -> set[str]:
    """The streams of stores onboarded in a market that the edition does not cover."""
    edition = settlement.edition
    markets = program_of(edition.rules).markets(edition)
    if markets is None:
        return set()
    names = {
        name for kind, _, name in (fact.stream.partition(":") for fact in facts) if kind == "store"
    }
    reader = LogReader(connection, settlement.clocks)
    states = reader.states("store", names, StoreState, [MerchantOnboarded.TOPIC])
    return {
        f"store:{name}"
        for name, state in states.items()
        if state.onboarding is not None and state.onboarding.event.market not in markets
    }


def _touches(settlement: Settlement, recorded: Recorded, surprise: Surprise) -> bool:
    """A fact that terms judge affects only the close of the period in which it lies; so does the
    report of some things. Advice affects none."""
    introduced, days = recorded.event.INTRODUCES, settlement.days
    assert days is not None
    if surprise.advice:
        return False
    if surprise.program not in (None, settlement.edition.program):
        return False
    in_one_period = surprise.program is not None or (introduced and introduced[1].in_one_period)
    return not in_one_period or recorded.at in days.window


def _to_review(connection: Connection, settlement: Settlement) -> Iterator[Recorded]:
    """The facts of the run's days that its terms judge, and others that wait for review."""
    reader = LogReader(connection, settlement.clocks)
    edition, days = settlement.edition, settlement.days
    program = program_of(edition.rules)
    assert days is not None
    for judging in program.judges:
        listed = reader.at_positions(reader.within(judging.listed, days.window))
        events = [event for event in listed if isinstance(event.event, judging.facts)]
        yield from judging.about(reader, edition, events) if judging.about else events
    yield from program.waiting(reader, Asked(settlement.edition, settlement.period))


def _withdrawn(connection: Connection, known_at: int) -> set[int]:
    w = withdrawn.c
    query = withdrawn.select().with_only_columns(w.target).where(w.position <= known_at)
    return {row[0] for row in connection.execute(query)}
