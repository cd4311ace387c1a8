"""A random story told in another order, and one that is closed half way: the same for every
program."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from ledger.kernel.clocks import Clocks
from ledger.programs.edition import Edition
from ledger.store.book import Book
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.closing.replay import replay
from ledger.usecases.recording.withdraw import withdraw
from ledger.usecases.settling.settle import settle
from ledger.usecases.statements.closed_period import closed_period

Fact = dict[str, Any]
Record = Callable[..., Any]


def some_gone(chance: Random, facts: list[Fact]) -> set[str]:
    """The ids of facts that are withdrawn: a fifth of them, never the first."""
    return {fact["id"] for fact in facts[1:] if chance.random() < 0.2}


def told_otherwise(
    book: Book,
    record_facts: Record,
    chance: Random,
    facts: list[Fact],
    gone: set[str],
    *,
    now: int,
    look: Callable[[Book], object],
    largest_call: int = 1,
) -> None:
    """Tells the facts in another order, in calls of up to so many, and withdraws those that are
    gone as soon as they were told; looks at the book after every step."""
    left = chance.sample(facts, len(facts))
    while left:
        size = chance.randint(1, largest_call)
        call, left = left[:size], left[size:]
        first = record_facts(book, call).position - len(call) + 1
        look(book)
        for position, fact in enumerate(call, start=first):
            if fact["id"] in gone:
                withdraw(book, position, reason="wrong", by="test", now=now)
                look(book)


def closed_half_way(
    book: Book,
    record_facts: Record,
    chance: Random,
    facts: list[Fact],
    edition: Edition,
    months: Iterable[str],
    *,
    as_of: int,
    now: int,
) -> None:
    """Months closed over part of the facts, then told the rest and adjusted: what stands are the
    lines of a fresh run, and each month replays."""
    told, months = chance.randint(1, len(facts)), list(months)
    first = record_facts(book, facts[:told]).position - told + 1
    program, own = edition.program, {"by": "test", "now": now}
    for month in months:
        close(book, program, month, **own, as_of=as_of, leave_open="so be it")
    if facts[told:]:
        record_facts(book, facts[told:])
    if chance.random() < 0.5:
        withdraw(book, first, reason="wrong", **own)
    for month in months:
        adjust(book, program, month, **own)
        head = book.head().position
        with book.reading() as connection:
            stands = closed_period(connection, program, month, head).current
            fresh = settle(connection, edition, Clocks(now, head), period=month).lines
            assert {one.line.said() for one in stands.values()} == {one.said() for one in fresh}
            assert replay(connection, program, month, known_at=head).identical
