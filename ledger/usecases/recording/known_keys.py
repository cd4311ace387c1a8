"""What the book holds under the keys of facts: the idempotency of recording, looked up."""

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection, select

from ledger.aggregates.catalogue import FACTS, TOPICS
from ledger.store.codec import decoder
from ledger.store.head import Head
from ledger.store.keys import content_digest
from ledger.store.schema import events, refs, withdrawn

KEYS_AT_ONCE = 500
_ANY_KEY = select(events.c.key).where(events.c.key.is_not(None)).limit(1)
"""A book without facts knows no key, so its first call has nothing to look up."""


class Stored(NamedTuple):
    """What the book holds under a key."""

    position: int
    content: bytes
    topic: str
    state: bytes
    withdrawn_at: int | None


def look_up(connection: Connection, keys: Iterable[bytes], head: Head) -> dict[bytes, Stored]:
    """What the book holds under these keys."""
    if not head.position or not holds_facts(connection):
        return {}
    stored: dict[bytes, Stored] = {}
    sqlite = connection.dialect.name == "sqlite"
    remaining = iter(keys)
    while chunk := list(islice(remaining, KEYS_AT_ONCE)):
        # Raw SQL: building a statement with so long a list costs more than running it.
        if sqlite:
            marks = ",".join("?" * len(chunk))
            result = connection.exec_driver_sql(_STORED + f"IN ({marks})", tuple(chunk))
        else:
            result = connection.exec_driver_sql(_STORED + "= ANY(%s)", (chunk,))
        for key, position, topic, at, state, withdrawn_at in result:
            digest = _digest(topic, at, bytes(state))
            stored[bytes(key)] = Stored(position, digest, topic, state, withdrawn_at)
    return stored


def holds_facts(connection: Connection) -> bool:
    """Whether the book has any fact: one without knows no key and no name."""
    return connection.execute(_ANY_KEY).first() is not None


_STORED = (
    "SELECT e.key, e.position, e.topic, e.at, e.state, w.position FROM events e"
    " LEFT JOIN withdrawn w ON w.target = e.position WHERE e.key "
)


def _digest(topic: str, at: int, state: bytes) -> bytes:
    """The digest of a stored fact's content; an old version is first upgraded to today's."""
    kind = TOPICS.get(topic)
    if kind is not None:
        return content_digest(kind.__name__, at, state)
    event = decoder(topic)(state)
    return content_digest(type(event).__name__, at, event.stored())


def can_be_lifted(connection: Connection, position: int, head: Head) -> bool:
    """Whether the position holds a fact that counts and is not itself a withdrawal."""
    c, w = events.c, withdrawn.c
    query = (
        select(c.topic, w.position)
        .select_from(events.outerjoin(withdrawn, w.target == c.position))
        .where(c.position == position, c.position <= head.position)
    )
    row = connection.execute(query).first()
    return row is not None and row[1] is None and is_fact(row[0])


def is_fact(topic: str) -> bool:
    """Whether events of a topic are facts that can be withdrawn."""
    event = TOPICS.get(topic)
    return event is not None and event.__name__ in FACTS and event.__name__ != "FactWithdrawn"


def pending_withdrawals(connection: Connection) -> dict[bytes, int]:
    """Withdrawals by id that still wait for their fact: from key as sent to position."""
    r, w = refs.c, withdrawn.c
    query = (
        select(r.name, r.position)
        .select_from(refs.outerjoin(withdrawn, w.position == r.position))
        .where(r.kind == "pending", w.position.is_(None))
        .order_by(r.position.desc())
    )
    return {bytes.fromhex(name): position for name, position in connection.execute(query)}
