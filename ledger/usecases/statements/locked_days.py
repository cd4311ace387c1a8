"""Locking days, and the days on which decisions are posted."""

from datetime import date, timedelta

from sqlalchemy import Connection

from ledger.accounting.locks import Lock, Locks
from ledger.aggregates.base import Logged
from ledger.aggregates.lock import LOCK_STREAM
from ledger.kernel.errors import Refusal
from ledger.store.log import read_log


class DayLocked(Refusal):
    """A decision that would be posted on a day that is locked."""


class BadLock(Refusal):
    """Days that cannot be locked: they are not over, or are before the locked days."""


class BadPostingDate(Refusal):
    """A posting date that no entry of the decision can have."""


def locks_until(connection: Connection, position: int) -> Locks:
    """The locks that were recorded by a position."""
    return Locks([_lock(event) for event in _recorded(connection, position)])


def lock_at(connection: Connection, position: int) -> Logged | None:
    """The lock in force at a position: the last one, which locks the most days."""
    return next(iter(reversed(_recorded(connection, position))), None)


def _recorded(connection: Connection, position: int) -> list[Logged]:
    return list(read_log(connection, until=position, stream=LOCK_STREAM))


def _lock(recorded: Logged) -> Lock:
    return Lock(recorded.position, date.fromisoformat(recorded.event.through))


def refuse_posting(
    connection: Connection,
    position: int,
    day: date,
    *,
    option: str,
    first: date | None,
    today: date,
) -> None:
    """Raises `BadPostingDate` for a day still to come, or before the `first` day of what is
    decided, and `DayLocked` for a locked day.

    `option` is the command line option for another day, named in the hint.
    """
    if day > today:
        raise BadPostingDate(
            f"The day {day} is still to come: today is {today}.",
            f"Nothing was recorded. Give a day that has begun: {option} {today}",
        )
    if first is not None and day < first:
        raise BadPostingDate(
            f"The day {day} is before {first}, the first day of what is decided.",
            f"Nothing was recorded. Give a later day: {option} {first}",
        )
    lock = lock_at(connection, position)
    if lock is None or day > (through := date.fromisoformat(lock.event.through)):
        return
    raise DayLocked(
        f"{day} is locked: {lock.by} locked the days up to {through} at position {lock.position}.",
        f"Nothing was recorded. Give a later day: {option} {through + timedelta(days=1)}",
    )
