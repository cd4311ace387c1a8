"""The same facts in any order and any split give the same lines, and twice is once."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.marks import examples

Fact = dict[str, Any]
PROGRAM = "recruiting-eu-jp-2026q1"
STORES, MERCHANTS, BRANDS = ["S-1", "S-2", "S-3"], ["M-1", "M-2"], ["B-1", "B-2", None]
PARTNERS = ["P-1", "P-2"]
INSTANTS = [
    "2026-01-10T09:00:00+08:00",
    "2026-01-20T09:00:00+08:00",
    "2026-01-20T01:00:00Z",  # the same instant, written otherwise
    "2026-02-09T23:59:59+08:00",
    "2026-02-10T00:00:00+08:00",
    "2026-03-31T23:59:59+08:00",
    "2026-04-01T00:00:00+08:00",
    "2026-04-20T12:00:00+08:00",
]
AS_OF = ["2026-02-01T00:00:00+08:00", "2026-04-15T00:00:00+08:00", "2026-06-01T00:00:00+08:00"]
RATIOS = [{"from": 1, "ratio": "0.8"}, {"from": 2, "ratio": "0.5"}]


def _onboarded(chance: Random, store: str, instants: list[str]) -> Fact:
    return {
        "type": "MerchantOnboarded",
        "at": chance.choice(instants),
        "merchant": chance.choice(MERCHANTS),
        "store": store,
        "market": chance.choice(["EU", "EU", "JP", "US"]),
        "brand": chance.choice(BRANDS),
        "partner": chance.choice(PARTNERS),
        "via": chance.choice(["exclusive_link", "other"]),
    }


def _gmv(chance: Random, store: str) -> Fact:
    return {
        "type": "GMVRecorded",
        "at": chance.choice(INSTANTS),
        "store": store,
        "day": chance.choice(["2026-01-20", "2026-02-09", "2026-02-10"]),
        "amount": chance.choice(["1000.00", "1000.01", "125.00", "125.01", "-0.01", "-500"]),
        "currency": chance.choice(["CNY", "EUR"]),
        "basis": chance.choice(["settled", "settled", "placed"]),
    }


def _qualifying(chance: Random, store: str) -> list[Fact]:
    """What a store needs for its incentive, with up to two of its facts missing."""
    start = "2026-01-05T10:00:00+08:00"
    at = {"at": "2026-01-22T09:00:00+08:00", "store": store}
    onboarded = _onboarded(chance, store, INSTANTS[:3])
    targeting = {"program": PROGRAM, "merchant": onboarded["merchant"], "mode": "targeted"}
    facts = [
        onboarded,
        {"type": "PartnerCertified", "at": start, "partner": onboarded["partner"]},
        {"type": "MerchantTargeted", "at": start, **targeting},
        {"type": "StoreVerified", **at, "at": chance.choice(INSTANTS[1:4])},
        *({"type": "StockListed", **at, "country": name} for name in ("DE", "ES", "FR", "IT")),
        {"type": "FirstSale", **at, "at": "2026-02-01T12:00:00+08:00"},
        {**_gmv(chance, store), "amount": "1500.00", "currency": "CNY", "basis": "settled"},
    ]
    dropped = {chance.randrange(3 * len(facts)) for _ in range(2)}
    return [fact for number, fact in enumerate(facts) if number not in dropped]


def _another(chance: Random) -> Fact:
    """Anything else that may happen, often at the instant of something else."""
    at, store = chance.choice(INSTANTS), chance.choice(STORES)
    merchant, partner = chance.choice(MERCHANTS), chance.choice(PARTNERS)
    targeting = {"at": at, "program": PROGRAM, "merchant": merchant}
    rate = chance.choice(["7.99", "8", "8.01"])
    reason = chance.choice(["counterfeit", "voluntary"])
    country = chance.choice(["DE", "IT"])
    kinds: list[Fact] = [
        {"type": "StoreClosed", "at": at, "store": store, "reason": reason},
        {"type": "StoreReopened", "at": at, "store": store},
        {"type": "StoreSuspended", "at": at, "store": store},
        {"type": "StockListed", "at": at, "store": store, "country": country},
        {"type": "StockDelisted", "at": at, "store": store, "country": country},
        {"type": "StoreVerified", "at": at, "store": store},
        {"type": "FirstSale", "at": at, "store": store},
        {"type": "PartnerCertified", "at": at, "partner": partner},
        {"type": "PartnerTerminated", "at": at, "partner": partner, "reason": "behind"},
        {"type": "MerchantTargeted", **targeting, "mode": "targeted"},
        {"type": "MerchantTargeted", **targeting, "mode": "invited", "partner": partner},
        {"type": "MerchantUntargeted", **targeting},
        {
            "type": "IncentiveWithheld",
            "at": at,
            "program": PROGRAM,
            "partner": partner,
            "store": chance.choice([store, None]),
            "reason": "cheating",
        },
        {
            "type": "RateQuoted",
            "at": at,
            "base": "EUR",
            "quote": "CNY",
            "rate": rate,
            "day": chance.choice(["2026-01-19", "2026-02-09"]),
        },
        _gmv(chance, store),
        _onboarded(chance, store, INSTANTS),
    ]
    return chance.choice(kinds)


def _tie(chance: Random) -> list[Fact]:
    """Two facts of one instant of which, for a rule, only one can be the last, or the first."""
    at, store = chance.choice(INSTANTS[:4]), chance.choice(STORES)
    merchant, partner = chance.choice(MERCHANTS), chance.choice(PARTNERS)
    one = {"at": at, "store": store}
    targeting = {"at": at, "program": PROGRAM, "merchant": merchant, "mode": "invited"}
    quoted = {"type": "RateQuoted", "at": at, "base": "EUR", "quote": "CNY"}
    quoted = {**quoted, "day": chance.choice(["2026-01-19", "2026-01-20"])}
    sale = {**_gmv(chance, store), "day": "2026-01-20", "currency": "EUR", "amount": "125.00"}
    pairs = [
        [{"type": "StoreSuspended", **one}, {"type": "StoreReopened", **one}],
        [{"type": name, **one, "country": "DE"} for name in ("StockListed", "StockDelisted")],
        [{"type": "MerchantTargeted", **targeting, "partner": name} for name in PARTNERS],
        [{**quoted, "rate": rate} for rate in ("7.99", "8.01")] + [{**sale, "basis": "settled"}],
        [{**_onboarded(chance, store, [at]), "partner": name} for name in PARTNERS],
        [
            {"type": "PartnerCertified", "at": INSTANTS[0], "partner": partner, "name": "Again"},
            {"type": "PartnerTerminated", "at": INSTANTS[0], "partner": partner, "reason": "other"},
        ],
    ]  # fmt: skip
    return chance.choice(pairs)


def story_of(chance: Random, told: Callable[..., Any], edition_with: Callable[..., Any]) -> Any:
    """Stores that nearly qualify, whatever else may happen to them, and ties."""
    facts = [fact for store in STORES for fact in _qualifying(chance, store)]
    facts += [_another(chance) for _ in range(chance.randint(0, 6))]
    facts += [fact for _ in range(chance.randint(0, 3)) for fact in _tie(chance)]
    changed = {"governance_ratios": RATIOS} if chance.random() < 0.5 else {}
    return told(chance, facts, INSTANTS, AS_OF, edition_with(PROGRAM, changed))


@examples(10, 50)
def test_facts_in_any_order_and_split_give_the_same_lines(
    sqlite_scene: Any, told: Callable[..., Any], edition_with: Callable[..., Any], examples: int
) -> None:
    """With ties, late onboardings, rates, refunds and withdrawals, in files and calls."""
    sqlite_scene.check_many(lambda chance: story_of(chance, told, edition_with), examples)
    assert set(sqlite_scene.outcomes) == {"payable", "declined", "held"}, "the stories say much"


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
