"""Reading back what is published: the terms in force at a known-at."""

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, select

from ledger.aggregates.base import Recorded
from ledger.kernel.errors import LogBroken, UnknownProgram
from ledger.kernel.near import did_you_mean
from ledger.programs.edition import Edition
from ledger.programs.periods import month_meant
from ledger.store.published import terms_events
from ledger.store.schema import refs

PROGRAMS = select(refs.c.name).where(refs.c.kind == "program").distinct()
"""The ids of all programs that were ever published, from the index."""


def published(
    connection: Connection, known_at: int, program: str | None = None
) -> Sequence[Recorded]:
    """Every `TermsPublished` up to a position, in the order of the log."""
    return terms_events(connection, known_at, program)


def edition_at(connection: Connection, program: str, known_at: int) -> tuple[Edition, int]:
    """The last published version of a program up to a position, and its own position.

    Raises `UnknownProgram`, with the programs that are published.
    """
    facts = published(connection, known_at, program)
    if not facts:
        known = sorted({fact.event.program for fact in published(connection, known_at)})
        hint = f"Published: {', '.join(known)}." if known else "Publish some: duebook publish FILE"
        raise UnknownProgram(
            f"No terms of {program!r} are published at position {known_at}.",
            _meant(program, known) + hint,
        )
    return edition_from(facts[-1]), facts[-1].position


def _meant(typed: str, known: Collection[str]) -> str:
    """What to write instead, where that is clear."""
    program, slash, rest = typed.partition("/")
    if slash and program in known:
        month = month_meant(rest)
        more = f"{program} {month}" if month else f"{program}. A line: duebook explain {typed}"
        return f"Write {more}. "
    if month_meant(typed):
        return f"{typed!r} reads as a month; the program comes before it. "
    return did_you_mean(typed, known)


def program_meant(connection: Connection, typed: str) -> str | None:
    """The program whose id begins with what is typed, ignoring case; None where none does, and
    for a whole id.

    Raises `UnknownProgram` for the beginning of several.
    """
    names = [name for (name,) in connection.execute(PROGRAMS)]
    if typed in names:
        return None
    begun = sorted(name for name in names if name.casefold().startswith(typed.casefold()))
    if len(begun) > 1:
        raise UnknownProgram(
            f"{typed!r} is the beginning of {len(begun)} programs.",
            f"Write more of one: {', '.join(begun)}.",
        )
    return begun[0] if begun else None


def edition_from(recorded: Recorded) -> Edition:
    """The edition that an event published. Raises `LogBroken` if it no longer fits its digest."""
    event = recorded.event
    edition = Edition.from_data(event.edition, f"position {recorded.position}")
    if edition.digest != event.digest:
        raise LogBroken(
            f"The terms of {event.program} at position {recorded.position} do not match their "
            "digest."
        )
    return edition


def last_editions(
    connection: Connection, known_at: int, rules: Collection[str]
) -> Iterator[Edition]:
    """The last published version of every edition that uses one of these rules, in order of ids."""
    if rules:
        last = {fact.event.program: fact for fact in published(connection, known_at)}
        for _, fact in sorted(last.items()):
            if fact.event.edition["rules"] in rules:
                yield Edition.from_data(fact.event.edition, f"position {fact.position}")
