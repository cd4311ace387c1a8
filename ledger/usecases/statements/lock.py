"""Locking days: nothing can be posted on them any more."""

from datetime import date
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.lock import PeriodLocked
from ledger.kernel.instants import DEFAULT_ZONE, Instant, day_of
from ledger.store.book import Book
from ledger.store.head import head_of
from ledger.usecases.record_decisions import (
    Agree,
    Decided,
    at_once,
    built,
    decided_in_turn,
    refuse_read_only,
)
from ledger.usecases.statements.locked_days import BadLock, lock_at


def lock(
    book: Book,
    through: date,
    *,
    by: str,
    now: Instant,
    reason: str | None = None,
    agree: Agree = at_once,
) -> dict[str, Any]:
    """Locks a day and all days before it, if `agree` approves; locking the same day again records
    nothing.

    Raises `BadLock` for a day that is not over or is before the locked days, `ReadOnlyBook`.
    """
    refuse_read_only(book, "lock")
    today = day_of(now, DEFAULT_ZONE)
    if through >= today:
        raise BadLock(
            f"The day {through} is not over: today is {today}.",
            "Nothing was recorded. Lock days that are over.",
        )

    def decide(connection: Connection) -> Decided:
        was = lock_at(connection, head_of(connection).position)
        if was is not None and through < (locked := date.fromisoformat(was.event.through)):
            raise BadLock(
                f"The days up to {locked} are locked already, by {was.by} at position "
                f"{was.position}; {through} is before that day.",
                "Nothing was recorded. A lock never goes back: post what belongs there on a later "
                "day, its own day is kept in the description.",
            )
        again = was is not None and through == date.fromisoformat(was.event.through)
        event = built(PeriodLocked, through=through.isoformat(), reason=reason)
        return Decided([] if again else [event], was)

    def answer(decided: Decided) -> dict[str, Any]:
        was = decided.seen
        return {
            "through": through.isoformat(),
            "was": None if was is None else was.event.through,
            "recorded": len(decided.events),
        }

    asked = None if agree is at_once else lambda decided: agree(answer(decided))
    decided, head = decided_in_turn(book, decide, by=by, agree=asked)
    if head is None:
        return answer(decided) | {"recorded": 0, "position": None, "receipt": None}
    return answer(decided) | {"position": head.position, "receipt": head.receipt}
