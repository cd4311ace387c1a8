"""Taking a piece of the log into the tables of views: together where they are worked out from the
same, and without an event that one of them cannot take in, which is parked.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Table, insert, select
from sqlalchemy import exc as sa_exc

from ledger.kernel.errors import ServerLost
from ledger.store.schema import TEXT, has_table
from projections.base import Span, View
from projections.leftovers import PARKED, POSITIONS

_Long = BigInteger().with_variant(Integer, "sqlite")
own_tables = MetaData()
positions = Table(
    POSITIONS,
    own_tables,
    Column("view", TEXT, primary_key=True),
    Column("version", _Long, nullable=False),
    Column("position", _Long, nullable=False),
)
parked_events = Table(
    PARKED,
    own_tables,
    Column("view", TEXT, primary_key=True),
    Column("position", _Long, primary_key=True, autoincrement=False),
    Column("error", TEXT, nullable=False),
)
Tables = Sequence[tuple[View, Table]]
Piece = tuple[int, int]
"""After which position of the log, and up to which."""


class Parked(NamedTuple):
    """An event that a view could not take in, and why."""

    view: str
    position: int
    error: str


def parked_in(connection: Connection, name: str) -> list[Parked]:
    """The events that a view left out."""
    if not has_table(connection, parked_events.name):
        return []
    c = parked_events.c
    query = select(parked_events).where(c.view == name).order_by(c.position)
    return [Parked(*row) for row in connection.execute(query)]


def groups(tables: Tables) -> Iterator[Tables]:
    """The views that can be taken in together; each is in one group, perhaps alone."""
    by_source: dict[str, list[tuple[View, Table]]] = {}
    for view, table in tables:
        by_source.setdefault(view.READS or view.NAME, []).append((view, table))
    yield from by_source.values()


def batch_of(tables: Tables, as_of: int) -> int | None:
    """How many events a group takes in at a time; None: all at once, because one of it does."""
    batches = [view.batch_at(as_of) for view, _ in tables]
    return None if None in batches else min(batch for batch in batches if batch)


def take_together(
    source: Connection, target: Connection, tables: Tables, piece: Piece, as_of: int
) -> None:
    """Takes a piece of the log into the tables of a group. Where one of them cannot take it, or has
    something parked already, each takes it by itself."""
    after, until = piece
    if len(tables) > 1 and not any(parked_in(target, table.name) for _, table in tables):
        savepoint = target.begin_nested()
        try:
            tables[0][0].take_all(Span(source, target, after, until, as_of), tables)
            savepoint.commit()
        except (sa_exc.OperationalError, ServerLost):
            raise  # the database, not the event
        except Exception:  # whatever a handler raises: below it is parked
            savepoint.rollback()
        else:
            return
    for view, table in tables:
        take(source, target, view, table, piece, as_of)


def take(
    source: Connection, target: Connection, view: View, table: Table, piece: Piece, as_of: int
) -> None:
    """Takes in a piece of the log; halves it to isolate an event that cannot be taken in."""
    after, until = piece
    savepoint = target.begin_nested()
    try:
        left_out = frozenset(parked.position for parked in parked_in(target, table.name))
        view.take(Span(source, target, after, until, as_of, left_out), table)
        savepoint.commit()
    except (sa_exc.OperationalError, ServerLost):
        raise  # the database, not the event
    except Exception as error:  # whatever a handler raises parks the event
        savepoint.rollback()
        if until - after == 1:
            row = {
                "view": table.name,
                "position": until,
                "error": f"{type(error).__name__}: {error}"[:500],
            }
            target.execute(insert(parked_events), [row])
            return
        middle = (after + until) // 2
        take(source, target, view, table, (after, middle), as_of)
        take(source, target, view, table, (middle, until), as_of)
