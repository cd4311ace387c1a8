"""Streams of the log that somebody may have meant who typed the name of none."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from ledger.kernel.near import near
from ledger.store.schema import events

LOOKED_AT = 20_000
"""Streams that are compared with what was typed: of a book with more, the first of them."""


def streams_of(connection: Connection, known_at: int, kind: str = "") -> list[str]:
    """The names of streams up to a position, of one kind or of all, the first `LOOKED_AT`."""
    c = events.c
    query = select(c.stream).where(c.position <= known_at).distinct()
    if kind:
        query = query.where(c.stream >= f"{kind}:", c.stream < f"{kind};")
    return list(connection.scalars(query.order_by(c.stream).limit(LOOKED_AT)))


def streams_near(connection: Connection, typed: str, known_at: int) -> list[str]:
    """The streams that are most like what was typed, which may lack its kind: `S-1001`."""
    kind, colon, name = typed.rpartition(":")
    spelt = {f"{kind.lower()}{colon}{each}" for each in (name, name.upper(), name.lower())}
    return near(typed, {*_existing(connection, spelt, known_at), *streams_of(connection, known_at)})


def names_near(connection: Connection, typed: Iterable[str], known_at: int) -> list[str]:
    """The names of things, without their kinds, that are most like one of those typed."""
    tails = {
        stream.partition(":")[2].rpartition("/")[2] for stream in streams_of(connection, known_at)
    }
    found = [name for one in typed for name in near(one, tails)]
    return list(dict.fromkeys(found))


def _existing(connection: Connection, streams: set[str], known_at: int) -> list[str]:
    c = events.c
    query = select(c.stream).where(c.stream.in_(sorted(streams)), c.position <= known_at)
    return list(connection.scalars(query.distinct()))
