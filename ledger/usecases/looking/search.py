"""Searching a book by any id: programs, statements, things, lines, orders, facts."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, LargeBinary, func, literal, select
from sqlalchemy.sql.elements import ColumnElement

from ledger.aggregates.catalogue import STATES
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import Refusal
from ledger.store.head import head_of
from ledger.store.log import read_positions
from ledger.store.schema import events
from ledger.usecases.closing.every_statement import names_of_statements
from ledger.usecases.looking.short_names import all_meanings, sales_of
from ledger.usecases.terms.editions import published

HITS_MAX = 20
"""Hits of a kind."""


class Hit(NamedTuple):
    """Something that has the id: what it is, its whole id, and what tells it from others."""

    kind: str
    id: str
    about: str


def search(connection: Connection, sought: str, clocks: Clocks) -> Iterator[Hit]:
    """What has an id that is what is looked for, or begins with it: a position of the log, a
    program, a statement, a thing, a line, an order; then facts by their sender's id. At most 20
    of a kind. Capitals and small letters differ only for things, orders and facts."""
    if sought.isascii() and sought.isdigit() and len(sought) < 19:
        number = int(sought)
        if 1 <= number <= min(head_of(connection).position, clocks.known_at):
            yield from _facts(connection, [number])
    folded = sought.casefold()
    for name in sorted({fact.event.program for fact in published(connection, clocks.known_at)}):
        if folded in name.casefold():
            yield Hit("program", name, "")
    statements = names_of_statements(connection, clocks)
    for name in [name for name in statements if folded in name.casefold()][:HITS_MAX]:
        yield Hit("statement", name, "")
    for stream in _streams(connection, sought, clocks.known_at):
        yield Hit(stream.partition(":")[0], stream, "")
    yield from _lines(connection, sought, clocks)
    yield from _orders(connection, sought, clocks)
    yield from _sent_as(connection, sought, clocks.known_at)


def _streams(connection: Connection, sought: str, known_at: int) -> list[str]:
    """The streams of things whose name, with or without its kind, begins so."""
    c = events.c
    own, colon, _ = sought.partition(":")
    begun = [sought] if colon and own in STATES else [f"{kind}:{sought}" for kind in sorted(STATES)]
    there: list[str] = []
    for start in begun:
        # Up to the greatest character: a range that the index of streams answers.
        within = (c.stream >= start, c.stream < f"{start}\U0010ffff", c.position <= known_at)
        query = select(c.stream).where(*within).distinct().order_by(c.stream)
        there += connection.execute(query.limit(HITS_MAX)).scalars()
    return there[:HITS_MAX]


def _lines(connection: Connection, sought: str, clocks: Clocks) -> Iterator[Hit]:
    try:
        meanings = all_meanings(connection, sought, clocks)
    except Refusal:  # what is no id of a line, such as the beginning of several programs
        return
    for meant in meanings[:HITS_MAX]:
        yield Hit("line", meant.line, f"by its order {meant.order}" if meant.order else "")


def _orders(connection: Connection, sought: str, clocks: Clocks) -> Iterator[Hit]:
    stores = dict.fromkeys(store for store, _ in sales_of(connection, sought, clocks))
    for store in list(stores)[:HITS_MAX]:
        yield Hit("order", f"{store}/{sought}", "")


def _sent_as(connection: Connection, sought: str, known_at: int) -> Iterator[Hit]:
    """Facts that their sender gave this id, by reading what every fact says."""
    from json import dumps

    said = f'"id":{dumps(sought, ensure_ascii=False)}'.encode()
    c = events.c
    wanted = literal(said, LargeBinary)
    place: ColumnElement[int] = func.instr(c.state, wanted)
    if connection.dialect.name != "sqlite":
        place = func.position(wanted.op("IN")(c.state))
    query = select(c.position).where(c.position <= known_at, place > 0).order_by(c.position)
    yield from _facts(connection, list(connection.execute(query.limit(HITS_MAX)).scalars()))


def _facts(connection: Connection, positions: list[int]) -> Iterator[Hit]:
    for event in read_positions(connection, positions):
        about = f"{type(event.event).__name__} of {event.stream}"
        yield Hit("fact", str(event.position), about)
