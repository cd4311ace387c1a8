"""The same facts of the star-map in any order and split: the same lines."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.marks import examples

Fact = dict[str, Any]
PROGRAM = "star-map-2020"
INSTANTS = [
    "2020-07-30T23:59:59+08:00",
    "2020-07-31T00:00:00+08:00",
    "2020-07-30T16:00:00Z",  # the same instant, written otherwise
    "2020-08-19T23:59:59+08:00",
    "2020-08-20T00:00:00+08:00",
    "2020-08-21T12:00:00+08:00",
]
AS_OF = ["2020-08-20T12:00:00+08:00", *["2020-12-01T00:00:00+08:00"] * 3]
STORES = ["S-1", "S-2", "S-3"]
CHANGED: list[dict[str, Any]] = [*[{}] * 3, {"payer": "creator"}, {"rate_max_age_days": 0}]


def _task(chance: Random) -> Fact:
    """A task, now and then without what a row takes its share of, or in another currency."""
    amounts = {
        name: chance.choice([None, "0", "0.49", "0.50", "1234.50", "3.00", "500.00"])
        for name in ("price", "creator_fee", "gmv")
    }
    return {
        "type": "LiveTaskOrdered",
        "at": chance.choice(INSTANTS),
        "task": f"T-{chance.randint(1, 8)}",
        "store": chance.choice(STORES),
        "creator": chance.choice(["C-1", "C-2"]),
        "category": chance.choice(["cosmetics", "cosmetics", "books"]),
        "link": chance.choice(["shop", "third_party"]),
        "currency": chance.choice(["CNY", "CNY", "USD"]),
        **amounts,
    }


def _another(chance: Random) -> Fact:
    """A listing, an onboarding or a rate."""
    at = chance.choice(INSTANTS)
    about = {"at": at, "store": chance.choice(STORES)}
    listed = {"creator": "C-1", "media": "live", "link": "third_party", "category": "books"}
    onboarded = {"merchant": "M-1", "market": "CN"}
    day = chance.choice(["2020-08-12", "2020-08-13", "2020-08-20"])
    quoted = {"base": "USD", "quote": "CNY", "rate": chance.choice(["6.9", "7"]), "day": day}
    kinds = [
        {"type": "LinkListed", **about, **listed, "task": chance.choice([None, "T-1", "T-2"])},
        {"type": "MerchantOnboarded", **about, **onboarded},
        *[{"type": "RateQuoted", "at": at, **quoted}] * 3,
    ]
    return chance.choice(kinds)


def _tie(chance: Random) -> list[Fact]:
    """Two reports of one task at one instant, of which one counts."""
    one = {**_task(chance), "at": chance.choice(INSTANTS[1:])}
    return [one, {**one, "store": chance.choice(STORES), "price": "777.77"}]


def story_of(chance: Random, told: Callable[..., Any], edition_with: Callable[..., Any]) -> Any:
    """Tasks around the days on which rows begin, whatever else may happen, and ties."""
    facts = [_task(chance) for _ in range(chance.randint(3, 10))]
    facts += [_another(chance) for _ in range(chance.randint(0, 8))]
    facts += [fact for _ in range(chance.randint(0, 3)) for fact in _tie(chance)]
    edition = edition_with(PROGRAM, chance.choice(CHANGED))
    return told(chance, facts, INSTANTS, AS_OF, edition)


@examples(12, 60)
def test_facts_in_any_order_and_split_give_the_same_lines(
    sqlite_scene: Any, told: Callable[..., Any], edition_with: Callable[..., Any], examples: int
) -> None:
    """With ties, tasks ordered twice, withdrawals, missing bases and rates."""
    sqlite_scene.check_many(lambda chance: story_of(chance, told, edition_with), examples)
    assert set(sqlite_scene.outcomes) == {"payable", "held"}, "the stories say much"
    assert set(sqlite_scene.codes) == {"base_missing", "fx_rate_missing"}


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@examples(2, 6)
def test_facts_in_any_order_give_the_same_lines_on_postgresql(
    postgresql_scene: Any,
    told: Callable[..., Any],
    edition_with: Callable[..., Any],
    examples: int,
) -> None:
    """The same stories, a few of them, where another database sorts and joins."""
    postgresql_scene.check_many(lambda chance: story_of(chance, told, edition_with), examples)
    assert postgresql_scene.outcomes
