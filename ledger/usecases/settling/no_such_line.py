"""The refusal of a line id that names no line, with what may have been meant."""

import re

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoSuchLine, WrongPeriod
from ledger.kernel.near import near
from ledger.programs.edition import Edition
from ledger.programs.periods import MONTH, month_meant, month_of
from ledger.programs.registry import program_of
from ledger.store.near_streams import names_near

PARTS = re.compile("[/:]")
TRIED_MAX = 5
"""How many subjects with similar names are searched for lines."""


def refuse_wrong_period(line: str, edition: Edition, period: str | None, subject: str) -> None:
    """Raises `NoSuchLine` for a line of a program that settles by month if the line names no month,
    or something else in its place."""
    program, first = edition.program, month_of(edition.first)
    try:
        program_of(edition.rules).days_of(edition, period)
    except WrongPeriod as refusal:
        if period is None and MONTH.fullmatch(subject):
            raise NoSuchLine(
                f"{line!r} is a month of {program}, and no line of it.",
                f"List its lines: duebook settle {program} {subject}",
            ) from None
        if period is None:
            raise NoSuchLine(
                f"{line!r} names no month; {program} settles by month.",
                f"Name it: {program}/{first}/{subject}",
            ) from None
        if MONTH.fullmatch(subject) and not MONTH.fullmatch(period):
            raise NoSuchLine(
                f"{line!r} names {period!r} where its month belongs.",
                f"The month comes first: {program}/{subject}/{period}",
            ) from None
        meant = f"{program}/{month_meant(period) or first}/{subject}"
        raise NoSuchLine(refusal.sentence, f"Write the line as {meant}") from None


def no_line(
    edition: Edition, period: str | None, subject: str, near_lines: list[str]
) -> NoSuchLine:
    """The refusal for a subject without a line, with lines of subjects with similar names."""
    sentence, hint = program_of(edition.rules).no_line(edition, period, subject)
    meant = f"Did you mean {' or '.join(near_lines)}? " if near_lines else ""
    spelt = [line for line in near_lines if line.casefold().endswith(f"/{subject.casefold()}")]
    if spelt:
        sentence = (
            f"{edition.program} has no line for {subject!r}: capital and small letters differ."
        )
    return NoSuchLine(sentence, meant + hint)


def subjects_near(connection: Connection, subject: str, clocks: Clocks) -> frozenset[str]:
    """Subjects whose names are similar to it or to a part of it: `store:S-1`, `2026-01/S-1`."""
    parts = [subject, *reversed(PARTS.split(subject))]
    names = names_near(connection, dict.fromkeys(filter(None, parts)), clocks.known_at)
    return frozenset(names[:TRIED_MAX]) - {subject}


def lines_near(line: str, lines: list[str]) -> list[str]:
    """The most similar of these lines, or the first three where none is similar enough."""
    return near(line, lines) or sorted(lines)[:3]
