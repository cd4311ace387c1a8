"""Balances of statements at a position: what is due on them and what was paid, per commodity."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from ledger.accounting.chart import Standing
from ledger.aggregates import catalogue
from ledger.aggregates.base import Fact, Logged
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.instants import Instant
from ledger.programs.bookkeeping import KnownTerms
from ledger.programs.moves import Key, Move, Sums, filled, moves_of, moving_topics, pot_of
from ledger.store.log import chunks, read_log, read_positions
from ledger.store.reader import LogReader
from ledger.store.schema import events, withdrawn
from ledger.usecases.terms.by_position import TermsByPosition

MOVING = ("carried", "moves", "pays")
"""Kinds of the index that lead from a statement to the events of other streams that move it."""
Moved = Iterator[tuple[Logged, Move]]


def moves(
    connection: Connection,
    statements: Collection[str],
    clocks: Clocks,
    read: Mapping[str, Sequence[Logged]] | None = None,
) -> Moved:
    """Everything that moved some statements, reading only the events that concern them.

    Those are the statement's own stream and, by the index, the statement that its balance was
    carried to, that of a payee to whom its lines are handed on, and facts that paid it, unless
    withdrawn by then. In the order of the log for up to 500 statements; beyond that, in that
    order within each chunk. Where the facts of their streams are `read` already, by stream, those
    are not read again.
    """
    reader = LogReader(connection, clocks)
    for names in chunks(sorted(set(statements))):
        streams = [f"statement:{name}" for name in names]
        own = {event.position: event for event in _of_streams(reader, streams, read)}
        others = {position for kind in MOVING for _, _, position in reader.located(kind, names)}
        own |= {event.position: event for event in read_positions(connection, others - set(own))}
        wanted = set(names)
        for position in sorted(own):
            for move in moves_of(own[position].event):
                if move.statement in wanted:
                    yield own[position], move


def _of_streams(
    reader: LogReader, streams: Sequence[str], read: Mapping[str, Sequence[Logged]] | None
) -> Iterator[Logged]:
    """The facts of some streams that may move statements."""
    topics = moving_topics()
    if read is None:
        yield from reader.facts(streams, topics)
        return
    for stream in streams:
        yield from (event for event in read[stream] if event.topic in topics)


def standings(
    connection: Connection,
    statements: Collection[str],
    clocks: Clocks,
    read: Mapping[str, Sequence[Logged]] | None = None,
) -> dict[Key, Standing]:
    """The balance of each statement and commodity: the sum of its moves (see there for `read`)."""
    by_key: dict[Key, Standing] = {}
    for _, move in moves(connection, statements, clocks, read):
        key = (move.statement, move.amount.currency)
        by_key[key] = by_key.get(key, Standing()).moved(move.part, move.amount.minor)
    return by_key


def pot_sums(
    connection: Connection, pots: Collection[str], clocks: Clocks, terms: KnownTerms
) -> dict[Key, Sums]:
    """The sums of each pot and commodity, from facts that count and issued lines."""
    reader = LogReader(connection, clocks)
    parties = {pot.partition("/")[2] for pot in pots}
    positions = {position for _, _, position in reader.located("pot", pots)}
    positions |= {position for _, _, position in reader.located("payee", parties)}
    sums: dict[Key, Sums] = {}
    for recorded in read_positions(connection, positions):
        for move in moves_of(recorded.event):
            if pot_of(move) not in pots or not _counts(recorded, move, clocks.known_at, terms):
                continue
            key = (f"{pot_of(move)}", move.amount.currency)
            sums[key] = filled(sums.get(key, {}), move)
    return sums


def _counts(recorded: Logged, move: Move, position: int, terms: KnownTerms) -> bool:
    """Whether a movement of a pot counts: a fact does from the first edition's first day on."""
    assert move.filling is not None
    is_fact = isinstance(recorded.event, Fact)
    return not is_fact or terms.holder(move.filling.pot, recorded.at, position) is not None


class Later(NamedTuple):
    """A payment fact that counts only from a later position on or, with `back`, no longer does."""

    fact: Logged
    position: int
    at: Instant
    back: bool


def counted_later(connection: Connection, after: int, until: int) -> list[Later]:
    """Earlier payment facts that a span of the log withdraws, or for which terms with other days
    change whether they count, or under which program."""
    return [*lifted_payments(connection, after, until), *_by_terms(connection, after, until)]


def _by_terms(connection: Connection, after: int, until: int) -> Iterator[Later]:
    terms = TermsByPosition(connection, until)
    topics = [fact.TOPIC for fact in catalogue.HOLDING]
    for version, pot in terms.changing(after):
        at = version.position
        own = [
            fact
            for fact in read_log(connection, until=at, topics=topics)
            if fact.event.holds().pot == pot
        ]
        changed = {fact.position: list(_moved(fact, pot, at, terms)) for fact in own}
        reader = LogReader(connection, Clocks(FOREVER, at))
        moved = [position for position, ways in changed.items() if ways]
        counting = {fact.position for fact in reader.at_positions(moved)}
        for fact in own:
            if fact.position in counting:
                for back in changed[fact.position]:
                    yield Later(fact, at, version.at, back=back)


def _moved(fact: Logged, pot: str, position: int, terms: TermsByPosition) -> Iterator[bool]:
    """Whether the terms published at a position reverse (True) what a fact moved, or book it
    (False). Where only the program changes: both, if the fact moves an asset of the program."""
    was, now = (terms.holder(pot, fact.at, known) for known in (position - 1, position))
    if was == now or (was and now and not fact.event.holds().against):
        return
    if was is not None:
        yield True
    if now is not None:
        yield False


def lifted_payments(connection: Connection, after: int, until: int) -> list[Later]:
    """Payment facts that a span of the log withdraws, if recorded before their withdrawal."""
    w = withdrawn.c
    query = (
        select(w.target, w.position)
        .join_from(withdrawn, events, events.c.position == w.target)
        .where(w.position > after, w.position <= until, w.target < w.position)
        .where(events.c.topic.in_([fact.TOPIC for fact in (*catalogue.PAYING, *catalogue.HOLDING)]))
    )
    pairs = {target: position for target, position in connection.execute(query)}
    facts = {fact.position: fact for fact in read_positions(connection, pairs)}
    withdrawals = {fact.position: fact for fact in read_positions(connection, pairs.values())}
    return [
        Later(facts[target], position, withdrawals[position].recorded_at, back=True)
        for target, position in pairs.items()
    ]
