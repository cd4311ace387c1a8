"""What was stated to the payee of a closed line, to be shown next to a fresh run of it."""

from typing import NamedTuple

from sqlalchemy import Connection

from ledger.programs.line import Line, line_now
from ledger.usecases.statements.closed_period import Stated, closed_period, find_closed, told_as


class IssuedLine(NamedTuple):
    """A line as issued and as current, and what moved it last."""

    closed: int
    by: str
    payee: str
    issued: Line | None
    stands: Stated | None
    moved: int | None
    """The position of its last adjustment."""
    reason: str | None
    """Why the platform's figure was accepted, if it was."""


def issued_line(
    connection: Connection, program: str, period: str | None, line: str, known_at: int
) -> list[IssuedLine]:
    """One entry per payee and payer that the line was stated to; none while its period is open."""
    if find_closed(connection, program, period, known_at) is None:
        return []
    known = closed_period(connection, program, period, known_at)
    issued = {told_as(own): own for own in known.as_issued if own.line == line}
    current = [stated for stated in known.current.values() if stated.line.line == line]
    current_by_key = {told_as(stated.line): stated for stated in current}
    moved = {
        told_as(line_now(row, recorded.event.payee)): recorded
        for recorded in known.adjusted
        for row in recorded.event.lines
        if row.line == line and row.payee is None
    }
    return [
        IssuedLine(
            *(known.closed.position, known.closed.by, key[1]),
            *(issued.get(key), current_by_key.get(key)),
            moved[key].position if key in moved else None,
            moved[key].event.reason if key in moved else None,
        )
        for key in sorted({*issued, *current_by_key, *moved})
    ]
