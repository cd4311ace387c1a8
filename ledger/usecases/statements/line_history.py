"""What a line of a closed period was told to its payee: beside what a fresh run says of it."""

from typing import NamedTuple

from sqlalchemy import Connection

from ledger.programs.line import Line, line_now
from ledger.usecases.statements.closed_period import Stated, closed_period, find_closed, told_as


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
    """One entry per statement that the line stood on; none while its period is open."""
    if find_closed(connection, program, period, known_at) is None:
        return []
    known = closed_period(connection, program, period, known_at)
    issued = {told_as(one): one for one in known.as_issued if one.line == line}
    current = [stated for stated in known.current.values() if stated.line.line == line]
    stands = {told_as(stated.line): stated for stated in current}
    moved = {
        told_as(line_now(row, recorded.event.payee)): recorded
        for recorded in known.adjusted
        for row in recorded.event.lines
        if row.line == line and row.payee is None
    }
    return [
        IssuedLine(
            *(known.closed.position, known.closed.by, told[1]),
            *(issued.get(told), stands.get(told)),
            moved[told].position if told in moved else None,
            moved[told].event.reason if told in moved else None,
        )
        for told in sorted({*issued, *stands, *moved})
    ]
