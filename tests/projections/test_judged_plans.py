"""Affiliate plans that do not fit: the same exceptions however the facts arrive."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from ledger.store.book import Book
from ledger.usecases.init import init
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import rebuild
from tests.marks import examples as stories

Record = Callable[..., Any]
Fact = dict[str, Any]
CODES = {
    *("plan_differs", "two_shop_plans", "rate_below_minimum", "rate_below_suggested"),
    *("unknown_plan", "unknown_store"),
}


def _fact(chance: Random) -> Fact:
    """A fact about one of two stores and three plans."""
    plan, store = {"plan": f"P-{chance.randint(1, 3)}"}, {"store": f"S-{chance.randint(1, 2)}"}
    shop = {"type": "AffiliatePlanSet", **plan, **store, "kind": "shop"}
    shop |= {"rate": chance.choice(["0.05", "0.1", "0.2"])}
    market = {"market": chance.choice(["US", "US", "GB"])}
    kinds: list[Fact] = [
        *[shop] * 5,
        shop | {"kind": "open", "products": ["K-1"]},
        {"type": "AffiliatePlanEnded", **plan},
        {"type": "CreatorApproved", **plan, "creator": "C-1"},
        {"type": "MerchantOnboarded", "merchant": "M-1", **store, **market},
    ]
    at = f"2024-0{chance.randint(1, 3)}-01T0{chance.randint(0, 2)}:00:00Z"
    return {**chance.choice(kinds), "at": at}


def _story(chance: Random) -> list[list[Fact]]:
    """Calls of facts and withdrawals of any of them, in any order."""
    facts: list[Fact] = []
    for number in range(chance.randint(8, 20)):
        fact = _fact(chance)
        facts.append({**fact, "id": f"f-{number}"})
        if chance.random() < 0.2:
            taken = {"id": f"f-{number}", "reason": "wrong"}
            facts.append({"type": "FactWithdrawn", "at": fact["at"], **taken})
    chance.shuffle(facts)
    size = chance.randint(2, 8)
    return [facts[start : start + size] for start in range(0, len(facts), size)]


def _exceptions(book: Book) -> list[tuple[str, str]]:
    """Codes and sentences, caught up and the same when built anew."""
    live = report(book, "exceptions").rows
    rebuild(book, VIEWS["exceptions"])
    assert report(book, "exceptions").rows == live
    return sorted((row["code"], row["sentence"]) for row in live)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@stories(3, 25)
def test_exceptions_of_plans_do_not_depend_on_the_order_of_arrival(
    new_location: Callable[[], str], record_facts: Record, examples: int
) -> None:
    """Call by call they are those that a rebuild finds, and in the end those of one call of
    everything, of its warnings, and of the calls the other way round."""
    seen: set[str] = set()
    for seed in range(examples):
        calls = _story(Random(f"plans {seed}"))
        books = [init(new_location(), "platform")[0] for _ in range(3)]
        for call in calls:
            record_facts(books[0], call)
            found = _exceptions(books[0])
        answer = record_facts(books[1], [fact for call in calls for fact in call])
        assert sorted((one.code, one.error) for one in answer.warnings) == found, seed
        for call in reversed(calls):
            record_facts(books[2], call)
        assert [_exceptions(one) for one in books[1:]] == [found, found], seed
        seen |= {code for code, _ in found}
        for book in books:
            book.close()
    assert len(seen & CODES) >= 4, CODES - seen
