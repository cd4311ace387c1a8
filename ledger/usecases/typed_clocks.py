"""From what a person types to the two clocks of a run."""

from sqlalchemy import Connection, text

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import BadInstant, BadKnownAt
from ledger.kernel.instants import DEFAULT_ZONE, Instant, format_instant, parse_day_end_or_instant
from ledger.store.head import head_of


def clocks_at(
    connection: Connection,
    *,
    now: Instant,
    as_of: str | None = None,
    known_at: str | None = None,
    zone: str = DEFAULT_ZONE,
    position: int | None = None,
) -> Clocks:
    """The clocks of a run: as-of defaults to now, known-at to the head, or to a position that
    was looked up before.

    Raises `BadInstant`, `NoZone`, or `BadKnownAt`.
    """
    instant = now if as_of is None else parse_day_end_or_instant(as_of, zone, now)
    if position is None:
        position = known_position(connection, known_at, zone, now=now)
    return Clocks(instant, position)


def known_position(
    connection: Connection,
    known_at: str | None,
    zone: str = DEFAULT_ZONE,
    *,
    now: Instant,
    named: str = "known-at",
    before_all: bool = False,
) -> int:
    """A position, or the last one recorded by an instant; `named` is what was typed. Raises
    `BadKnownAt`; not for an instant from before the first event with `before_all`: that is 0."""
    head = head_of(connection).position
    if known_at is None:
        return head
    if known_at.isascii() and known_at.isdigit():
        position = int(known_at)
        if not 1 <= position <= head:
            raise BadKnownAt(
                f"{named} {known_at}: the book's positions are 1 to {head}.",
                "Give a position of the log, or an instant.",
            )
        return position
    try:
        instant = parse_day_end_or_instant(known_at, zone, now)
    except BadInstant as refusal:
        hint = f"Give a position of the log, 1 to {head}, or an instant with its zone."
        raise BadKnownAt(f"{named}: {refusal.sentence}", hint) from None
    position = _last_recorded_by(connection, head, instant)
    if not position and not before_all:
        raise BadKnownAt(
            f"{named} {known_at}: the book recorded nothing by {format_instant(instant)}.",
            "Give a later instant, or a position of the log.",
        )
    return position


def _last_recorded_by(connection: Connection, head: int, instant: Instant) -> int:
    """Bisects the log in one query: positions have no gaps, recorded_at never runs backwards."""
    query = text(
        "WITH RECURSIVE bisected(low, high) AS ("
        " SELECT CAST(0 AS BIGINT), CAST(:head AS BIGINT) UNION ALL"
        " SELECT CASE WHEN middle.recorded_at <= :instant THEN middle.position ELSE low END,"
        " CASE WHEN middle.recorded_at <= :instant THEN high ELSE middle.position - 1 END"
        " FROM bisected JOIN events AS middle ON middle.position = (low + high + 1) / 2"
        " WHERE low < high"
        ") SELECT low FROM bisected WHERE low = high"
    )
    return int(connection.execute(query, {"head": head, "instant": instant}).scalar_one())
