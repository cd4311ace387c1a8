"""How statements stand at a position: what is due on them and what was paid, per commodity."""

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, select

from ledger.accounting.chart import Standing
from ledger.aggregates.base import Logged
from ledger.aggregates.catalogue import PAYING
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import Instant
from ledger.programs.bookkeeping import BOOKED, Key, Move, moves_of
from ledger.store.log import chunks, read_positions
from ledger.store.reader import LogReader
from ledger.store.schema import events, withdrawn

MOVING = ("carried", "moves", "pays")
"""Kinds of the index that lead from a statement to events of other streams that move it."""
Moved = Iterator[tuple[Logged, Move]]


def moves(connection: Connection, statements: Collection[str], clocks: Clocks) -> Moved:
    """Everything that moved some statements, from their own events and no others.

    Those are the statement's stream, what the index says of other events: the statement that its
    balance was carried to, that of a payee to whom its lines are handed on, and facts that paid
    it, unless withdrawn by then. In the order of the log for up to 500 statements; beyond that
    piece by piece.
    """
    reader = LogReader(connection, clocks)
    for names in chunks(sorted(set(statements))):
        streams = [f"statement:{name}" for name in names]
        own = {one.position: one for one in reader.facts(streams, BOOKED)}
        others = {position for kind in MOVING for _, _, position in reader.located(kind, names)}
        own |= {one.position: one for one in read_positions(connection, others - set(own))}
        wanted = set(names)
        for position in sorted(own):
            for move in moves_of(own[position].event):
                if move.statement in wanted:
                    yield own[position], move


def standings(
    connection: Connection, statements: Collection[str], clocks: Clocks
) -> dict[Key, Standing]:
    """The standing of each statement and commodity: what its moves come to."""
    found: dict[Key, Standing] = {}
    for _, move in moves(connection, statements, clocks):
        key = (move.statement, move.amount.currency)
        found[key] = found.get(key, Standing()).moved(move.part, move.amount.minor)
    return found


class Lifted:
    """A fact that paid and was withdrawn: which, and when that became known."""

    def __init__(self, fact: Logged, position: int, at: Instant) -> None:
        self.fact = fact
        self.position = position
        self.at = at


def lifted_payments(connection: Connection, after: int, until: int) -> list[Lifted]:
    """Payments by fact, recorded before their withdrawal, that a span of the log withdraws."""
    w = withdrawn.c
    query = (
        select(w.target, w.position)
        .join_from(withdrawn, events, events.c.position == w.target)
        .where(w.position > after, w.position <= until, w.target < w.position)
        .where(events.c.topic.in_([fact.TOPIC for fact in PAYING]))
    )
    pairs = {target: position for target, position in connection.execute(query)}
    facts = {one.position: one for one in read_positions(connection, pairs)}
    lifts = {one.position: one for one in read_positions(connection, pairs.values())}
    return [
        Lifted(facts[target], position, lifts[position].recorded_at)
        for target, position in pairs.items()
    ]
