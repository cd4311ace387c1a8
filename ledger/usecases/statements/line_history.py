"""What a line of a closed period was told to its payee: beside what a fresh run says of it."""

from typing import NamedTuple

from sqlalchemy import Connection

from ledger.programs.line import Line
from ledger.usecases.statements.closed_period import Stated, closed_period, find_closed


class IssuedLine(NamedTuple):
    """A line as it was issued, as it stands by now, and what moved it last."""

    closed: int
    by: str
    payee: str
    issued: Line | None
    stands: Stated | None
    moved: int | None
    """The position of its last adjustment."""
    reason: str | None
    """Why the platform's figure was accepted, where it was."""


def issued_line(
    connection: Connection, program: str, period: str | None, line: str, known_at: int
) -> list[IssuedLine]:
    """One entry per payee that was told about the line; none while its period is open."""
    if find_closed(connection, program, period, known_at) is None:
        return []
    known = closed_period(connection, program, period, known_at)
    issued = {one.payee: one for one in known.as_issued if one.line == line}
    stands = {one.line.payee: one for one in known.current.values() if one.line.line == line}
    moved = {
        recorded.event.payee: recorded
        for recorded in known.adjusted
        if any(row.line == line and row.payee is None for row in recorded.event.lines)
    }
    return [
        IssuedLine(
            *(known.closed.position, known.closed.by, payee),
            *(issued.get(payee), stands.get(payee)),
            moved[payee].position if payee in moved else None,
            moved[payee].event.reason if payee in moved else None,
        )
        for payee in sorted({*issued, *stands, *moved})
    ]
