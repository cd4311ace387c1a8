"""A month of commissions that was closed and adjusted says what everything at once says, which is
what the rules come to by hand; and the books of all parties agree."""

import csv
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from ledger.kernel.clocks import Clocks
from ledger.kernel.orderlines import COLUMNS
from ledger.usecases.archiving.archive_orders import record_orders
from ledger.usecases.init import init
from ledger.usecases.settling.settle import settle
from ledger.usecases.statements.closed_period import closed_period
from ledger.usecases.terms.editions import edition_at
from ledger.usecases.terms.publish import publish
from tests.marks import decision
from tests.marks import examples as stories
from tests.programs import commissions_by_hand as by_hand
from tests.properties import commission_stories as drawn
from tests.quarter import NOW, Quarter, edition
from tests.stories.test_books_of_all_parties import assert_mirrored, sum_of

PROGRAM, MONTH = "affiliate-us-2024", "2024-05"
PARTIES = ("platform", "store:S-1", "creator:C-1")
ROUNDS = 2
Row = dict[str, str]

pytestmark = decision


class Told:
    """A story dealt into calls of facts and of orders, with a few facts taken back."""

    def __init__(self, chance: Random) -> None:
        facts = [{**fact, "id": f"f-{n}"} for n, fact in enumerate(drawn.facts(chance))]
        taken = [fact["id"] for fact in facts if chance.random() < 0.1]
        lifts = [
            {"type": "FactWithdrawn", "at": "2024-07-01T00:00:00Z", "id": one, "reason": "wrong"}
            for one in taken
        ]
        self.facts = [*facts, *lifts]
        chance.shuffle(self.facts)
        self.left = [fact for fact in facts if fact["id"] not in taken]
        versions = drawn.orders(chance)
        self.rows = [row for own in versions for row in own]
        self.counting = [own[-1] for own in versions]
        chance.shuffle(self.rows)
        self.terms = chance.choice(drawn.TERMS)

    def dealt(self, chance: Random) -> list[tuple[list[Any], list[Row]]]:
        """What is told before the close, and in each round after it."""
        calls: list[tuple[list[Any], list[Row]]] = [([], []) for _ in range(ROUNDS + 1)]
        for fact in self.facts:
            calls[chance.choice([0, 0, 1, 2])][0].append(fact)
        for row in self.rows:
            calls[chance.choice([0, 0, 1, 2])][1].append(row)
        return calls


def opened(location: str, folder: Path, party: str, told: Told) -> Quarter:
    own = folder / f"{party.replace(':', '-')}-{len(list(folder.iterdir()))}"
    own.mkdir()
    book = init(location, party, str(own / "orders"))[0]
    if told.terms:
        publish(book, edition(PROGRAM, publisher="acme", version=2, **told.terms), "test")
    return Quarter(book, own)


def tell(quarter: Quarter, facts: list[Any], rows: list[Row]) -> None:
    if facts:
        quarter.tell(facts)
    if rows:
        path = quarter.folder / f"orders-{len(list(quarter.folder.iterdir()))}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="")
            writer.writeheader()
            writer.writerows(rows)
        assert not record_orders(quarter.book, [str(path)], now=NOW, by="test").rejected


def settled(quarter: Quarter) -> set[tuple[Any, ...]]:
    position = quarter.book.head().position
    with quarter.book.reading() as connection:
        published, _ = edition_at(connection, PROGRAM, position)
        found = settle(connection, published, Clocks(NOW, position), period=MONTH)
    return {line.said() for line in found.lines}


def play(quarter: Quarter, told: Told, chance: Random) -> set[tuple[Any, ...]]:
    """Tells, closes, tells more and adjusts; answers what the lines say in the end."""
    first, *later = told.dealt(chance)
    tell(quarter, *first)
    quarter.close(PROGRAM, period=MONTH, leave_open="more comes")
    for call in later:
        tell(quarter, *call)
        for one in quarter.adjust(PROGRAM, period=MONTH)["adjustments"]:
            assert one["because"], one
    assert quarter.adjust(PROGRAM, period=MONTH)["adjustments"] == []
    quarter.catch_up()
    assert quarter.failing() == {}
    assert sum_of(quarter) == {}
    with quarter.book.reading() as connection:
        known = closed_period(connection, PROGRAM, MONTH, quarter.book.head().position)
    return {one.line.said() for one in known.current.values()}


@stories(4, 80)
def test_a_month_comes_to_what_it_comes_to_by_hand(tmp_path: Path, examples: int) -> None:
    """Order by order in plain Python, over plans, approvals, registrations and bonds."""
    lines = 0
    for seed in range(examples):
        told = Told(Random(f"by hand {seed}"))
        fresh = opened(str(tmp_path / f"{seed}.db"), tmp_path, "platform", told)
        tell(fresh, told.left, told.rows)
        expected = by_hand.lines(told.left, told.counting, MONTH, told.terms)
        assert shortly(settled(fresh)) == expected, f"seed {seed}"
        lines += len(expected)
        fresh.book.close()
    assert lines


def shortly(lines: set[tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """Per store and creator what their line says."""
    return {
        name.removeprefix(f"{PROGRAM}/{MONTH}/"): (outcome, amount.text, unmet, held)
        for name, _, _, _, _, outcome, amount, unmet, held in lines
    }


@stories(1, 8)
def test_closed_and_adjusted_is_everything_at_once(
    new_location: Callable[[], str], tmp_path: Path, examples: int
) -> None:
    """In any order and split into calls, with facts taken back and refunds that came later."""
    lines = 0
    for seed in range(examples):
        chance = Random(f"stories {seed}")
        told, luck = Told(chance), chance.random()
        books = {party: opened(new_location(), tmp_path, party, told) for party in PARTIES}
        found = [play(one, told, Random(luck)) for one in books.values()]
        fresh = opened(new_location(), tmp_path, "platform", told)
        tell(fresh, told.left, told.rows)
        at_once = settled(fresh)
        assert found == [at_once] * len(found)
        assert_mirrored(books)
        lines += len(at_once)
        for quarter in (*books.values(), fresh):
            quarter.book.close()
    assert lines
