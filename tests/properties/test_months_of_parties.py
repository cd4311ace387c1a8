"""A month that was closed and adjusted says what a book says that was told everything at once, and
the books of all its parties agree to the cent."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book
from ledger.usecases.closing.standing_lines import explain_standing, standing
from ledger.usecases.init import init
from ledger.usecases.settling.settle import settle
from ledger.usecases.statements.closed_period import closed_period
from ledger.usecases.statements.pay import pay
from ledger.usecases.terms.editions import edition_at
from ledger.usecases.terms.publish import publish
from tests.marks import decision
from tests.marks import examples as stories
from tests.properties.month_stories import (
    ADMISSIONS,
    AGREEMENTS,
    DEPOSITS,
    SAMPLES,
    Facts,
    Subject,
)
from tests.quarter import NOW, Quarter, edition
from tests.stories.test_books_of_all_parties import assert_mirrored, owed, sum_of

SUBJECTS = pytest.mark.parametrize(
    "subject", [AGREEMENTS, DEPOSITS, ADMISSIONS, SAMPLES], ids=lambda one: one.program
)
ROUNDS = 3
LATER = parse_instant("2027-12-31T00:00:00Z")
"""After every close, whose own instant is the machine's."""

pytestmark = decision


class Told:
    """A story dealt into calls: what is told before the close, and in each round after it."""

    def __init__(self, chance: Random, facts: Facts) -> None:
        self.facts = [{**fact, "id": f"f-{number}"} for number, fact in enumerate(facts)]
        taken = [fact["id"] for fact in self.facts if chance.random() < 0.15]
        told = [
            *self.facts,
            *(
                {"type": "FactWithdrawn", "at": "2026-07-01T00:00:00Z", "id": one, "reason": "x"}
                for one in taken
            ),
        ]
        chance.shuffle(told)
        before = chance.randint(len(told) // 3, len(told))
        self.calls = [told[:before], *(told[before + i :: ROUNDS] for i in range(ROUNDS))]
        self.left = [fact for fact in self.facts if fact["id"] not in taken]


def opened(new_book: Callable[[str], Book], folder: Path, party: str, subject: Subject) -> Quarter:
    book = new_book(party)
    own = folder / f"{party.replace(':', '-')}-{len(list(folder.iterdir()))}"
    own.mkdir()
    if subject is DEPOSITS:
        changed = {"return_after_days": 3, "top_up_within_days": 7}
        publish(book, edition(subject.program, publisher="acme", version=2, **changed), "test")
    return Quarter(book, own)


def said(connection: Any, subject: Subject, position: int) -> set[tuple[Any, ...]]:
    published, _ = edition_at(connection, subject.program, position)
    clocks = Clocks(NOW, position)
    found = settle(connection, published, clocks, period=subject.period)
    return {line.said() for line in found.lines}


def play(quarter: Quarter, subject: Subject, told: Told, chance: Random) -> set[tuple[Any, ...]]:
    """Tells, closes, tells more, pays and adjusts; answers what the lines say in the end."""
    program, period = subject.program, subject.period
    first, *later = told.calls
    quarter.tell(first)
    quarter.close(program, period=period, leave_open="more comes")
    for facts in later:
        if facts:
            quarter.tell(facts)
        _pay(quarter, chance)
        quarter.adjust(program, period=period)
        if chance.random() < 0.3:
            quarter.catch_up()
    assert quarter.adjust(program, period=period)["adjustments"] == []
    quarter.catch_up()
    assert quarter.failing() == {}
    assert sum_of(quarter) == {}
    with quarter.book.reading() as connection:
        known = closed_period(connection, program, period, quarter.book.head().position)
        _assert_explained(connection, quarter, subject)
    return {one.line.said() for one in known.current.values()}


def _assert_explained(connection: Any, quarter: Quarter, subject: Subject) -> None:
    """What `settle` and `explain` say of the closed month is what stands, to the tree."""
    clocks = Clocks(LATER, quarter.book.head().position)
    stands = standing(connection, subject.program, subject.period, clocks)
    assert stands is not None
    for line in stands.lines[:3]:
        assert line.explanation.amount == line.amount
        _, told = explain_standing(connection, line.line, clocks)
        assert told == told | line.as_json() | {"stands": "issued"}


def _pay(quarter: Quarter, chance: Random) -> None:
    """Something on a statement that may be paid; the same in every party's book."""
    open_ = [row for row in quarter.rows("statements") if (row["open"] or "").strip("-0.")]
    if open_:
        row = chance.choice(open_)
        amount = {"currency": row["currency"], "ref": f"pay-{len(open_)}-{chance.random()}"}
        pay(quarter.book, row["statement"], amount=row["open"], by="lin", now=NOW, **amount)


@SUBJECTS
@stories(1, 12)
def test_closed_and_adjusted_is_everything_at_once_in_all_books(
    new_location: Callable[[], str], tmp_path: Path, subject: Subject, examples: int
) -> None:
    """In any order and split, with withdrawals, in three rounds; payments between."""

    def new_book(party: str) -> Book:
        return init(new_location(), party)[0]

    something = False
    for seed in range(examples):
        told = Told(chance := Random(f"{subject.program} {seed}"), subject.story(chance))
        luck = chance.random()
        books = {party: opened(new_book, tmp_path, party, subject) for party in subject.parties}
        found = [play(one, subject, told, Random(luck)) for one in books.values()]
        fresh = opened(new_book, tmp_path, "platform", subject)
        fresh.tell(told.left)
        with fresh.book.reading() as connection:
            at_once = said(connection, subject, fresh.book.head().position)
        assert found == [at_once] * len(found)
        assert_mirrored(books)
        something = something or bool(owed(books))
        for quarter in (*books.values(), fresh):
            quarter.book.close()
    assert something or subject is ADMISSIONS
