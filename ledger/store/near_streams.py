"""Streams that a person may have meant who typed a name that does not exist."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from ledger.kernel.near import near
from ledger.store.schema import events

LOOKED_AT = 20_000
"""The most streams that are compared with what was typed; in a book with more, the first ones."""


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
    names = [name for text in typed for name in near(text, tails)]
    return list(dict.fromkeys(names))


def _existing(connection: Connection, streams: set[str], known_at: int) -> list[str]:
    c = events.c
    query = select(c.stream).where(c.stream.in_(sorted(streams)), c.position <= known_at)
    return list(connection.scalars(query.distinct()))
