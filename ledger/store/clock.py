"""Doubts about the clock of the machine that writes: what a wrong clock records stays wrong."""

from sqlalchemy import Connection

from ledger.aggregates.writing import ClockTrusted
from ledger.kernel.errors import ClockDoubted
from ledger.kernel.instants import Instant, format_instant
from ledger.store.head import Head

MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
BEHIND = 5 * MINUTE
"""How far a clock may be behind the last event: machines of one office differ by seconds."""
AHEAD = 40 * DAY
"""How long a book may go without a write: a monthly close falls within it."""
APART = 5 * MINUTE
"""How far a clock may differ from that of the database server, either way."""


def trusted(
    connection: Connection, head: Head, now: Instant, reason: str | None
) -> ClockTrusted | None:
    """What is recorded with a write whose clock is doubted, where a `reason` says that it is right.

    None where there is nothing to doubt. Raises `ClockDoubted` where nobody gave a reason.
    """
    last = head.recorded_at if head.position else None
    server = _server_clock(connection)
    apart = server is not None and abs(now - server) > APART
    if not apart and (last is None or last - BEHIND <= now <= last + AHEAD):
        return None
    if reason is None:
        raise ClockDoubted(
            _said(now, server, "the database server's says")
            if apart and server is not None
            else _said(now, last or 0, "the book's last event was recorded at")
        )
    return ClockTrusted(
        reason=reason,
        clock=format_instant(now),
        head=None if last is None else format_instant(last),
        server=format_instant(server) if apart and server else None,
    )


def _said(now: Instant, other: Instant, whose: str) -> str:
    away = abs(now - other)
    far = f"{away // DAY:,} days" if away >= 2 * DAY else f"{away // MINUTE:,} minutes"
    side = "before" if now < other else "after"
    return (
        f"This machine's clock says {format_instant(now)}; {whose} {format_instant(other)}: "
        f"the clock is {far} {side} it."
    )


def _server_clock(connection: Connection) -> Instant | None:
    """The database server's clock; None of a file, which has none."""
    if connection.dialect.name == "sqlite":
        return None
    sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    return int(connection.exec_driver_sql(sql).scalar_one())
