"""Random small months of affiliate orders: two stores, three creators, three products."""

from itertools import count
from random import Random
from typing import Any

Fact = dict[str, Any]
Row = dict[str, str]
STORES, CREATORS, PRODUCTS = ("S-1", "S-2"), ("C-1", "C-2", "C-3"), ("K-1", "K-2", "")
USUAL = {"traffic": "ordinary", "channel": "other", "payment": "online", "category": "home"}
TERMS: list[dict[str, str]] = [
    {},
    {"eligible_when": "order"},
    {"unapproved": "next_plan"},
    {"own_accounts": "commission", "refunds": "ignore"},
]


def facts(chance: Random) -> list[Fact]:
    """Onboardings, registrations, plans and what is said of them, each at an instant of its own."""
    seconds = count(chance.randint(0, 5))

    def at(first: int = 4, last: int = 6) -> dict[str, str]:
        month, day = chance.randint(first, last), chance.randint(1, 28)
        hour, second = chance.choice((0, 12, 23)), next(seconds)
        return {"at": f"2024-{month:02d}-{day:02d}T{hour:02d}:00:{second:02d}+08:00"}

    found: list[Fact] = [
        {"type": "MerchantOnboarded", **at(1, 5), "merchant": f"M-{store}", "store": store}
        | {"market": chance.choice(["US", "US", "US", "GB"])}
        for store in STORES
        if chance.random() < 0.95
    ]
    for creator in CREATORS:
        for _ in range(chance.choice([0, 1, 1, 2])):
            limits = {"age": chance.choice([17, 18, 30]), "followers": chance.choice([4999, 5000])}
            found.append(
                {"type": "CreatorRegistered", **at(2, 5), "creator": creator, "country": "US"}
                | limits
            )
    kinds: dict[str, tuple[str, str]] = {}
    for number in range(chance.randint(2, 6)):
        kinds[f"P-{number}"] = (chance.choice(STORES), chance.choice(["shop", "open", "targeted"]))
    for plan, (store, kind) in kinds.items():
        for _ in range(chance.randint(1, 3)):
            found.append({**_plan(chance, plan, store, kind), **at()})
        if chance.random() < 0.4:
            found.append({"type": "AffiliatePlanEnded", **at(), "plan": plan})
        for creator in CREATORS:
            if chance.random() < 0.3:
                word = chance.choice(["CreatorApproved", "CreatorApproved", "CreatorDisapproved"])
                found.append({"type": word, **at(), "plan": plan, "creator": creator})
    for _ in range(chance.choice([0, 0, 1, 3])):
        bond = {"store": chance.choice(STORES), "account": chance.choice(CREATORS)}
        kind = chance.choice(["AccountBound", "AccountBound", "AccountUnbound"])
        found.append({"type": kind, **at(), **bond, "role": chance.choice(["official", "channel"])})
    return found


def _plan(chance: Random, plan: str, store: str, kind: str) -> Fact:
    if chance.random() < 0.05:
        store = chance.choice(STORES)
    rate = chance.choice(["0.05", "0.1", "0.123456", "1"])
    said: Fact = {"type": "AffiliatePlanSet", "plan": plan, "store": store, "kind": kind}
    if kind == "shop":
        return said | {"rate": rate}
    said |= {"rate": rate, "products": chance.sample(PRODUCTS[:2], chance.randint(1, 2))}
    if chance.random() < 0.3:
        said["rates"] = {chance.choice(PRODUCTS[:2]): chance.choice(["0.15", "0"])}
    if kind == "targeted":
        return said | {"creators": chance.sample(CREATORS, chance.randint(1, 3))}
    return said | {"approval": chance.random() < 0.5}


def orders(chance: Random) -> list[list[Row]]:
    """Orders of the months around May, each in one version or two: a refund that came later."""
    found = []
    for number in range(chance.randint(4, 14)):
        month, day = chance.choice([4, 5, 5, 5, 6]), chance.choice([1, 15, 28])
        second = chance.randint(0, 40)
        amount = chance.choice(["0.10", "33.33", "100.00", "99.99"])
        row = {
            **USUAL,
            "order_id": f"O-{number}",
            "store": chance.choice(STORES),
            "created_at": f"2024-{month:02d}-{day:02d}T12:00:{second:02d}+08:00",
            "amount": amount,
            "refunded": "0.00",
            "currency": "EUR" if chance.random() < 0.05 else "USD",
            "product": chance.choice(PRODUCTS),
            "creator": chance.choice([*CREATORS, *CREATORS, ""]),
            "updated_at": "2024-07-01T00:00:00Z",
        }
        versions = [row]
        if chance.random() < 0.3:
            later = {"refunded": chance.choice([amount, "0.05"])}
            versions.append({**row, **later, "updated_at": "2024-07-05T00:00:00Z"})
        found.append(versions)
    return found
