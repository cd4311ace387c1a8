"""Affiliate plans that do not fit: the same exceptions however the facts arrive."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.marks import examples as stories
from tests.projections.judged import in_any_order

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


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@stories(3, 25)
def test_exceptions_of_plans_do_not_depend_on_the_order_of_arrival(
    new_location: Callable[[], str], record_facts: Record, examples: int
) -> None:
    """Call by call, at once and the other way round; as the warnings of the call say."""
    seen: set[str] = set()
    for seed in range(examples):
        calls = _story(Random(f"plans {seed}"))
        seen |= {code for code, _ in in_any_order(new_location, record_facts, calls)}
    assert len(seen & CODES) >= 4, CODES - seen
