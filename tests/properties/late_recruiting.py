"""What may become known about recruiting after its close, and what was known before."""

from datetime import date, timedelta
from random import Random

from tests.properties import test_any_order as any_order
from tests.properties.late_stories import Fact, Later, Subject

PROGRAM = any_order.PROGRAM
BEFORE, START = "2025-12-20T09:00:00+08:00", "2026-01-05T10:00:00+08:00"
ONBOARDED = ["2026-01-10T09:00:00+08:00", "2026-01-20T09:00:00+08:00"]
EARLIER = [BEFORE, *["2026-01-02T09:00:00+08:00", "2026-01-08T09:00:00+08:00"] * 2]
AFTER = ["2026-05-10T09:00:00+08:00", "2026-07-01T09:00:00+08:00"]
RISKY = ["counterfeit", "fake_fulfilment", "voluntary"]
PIECES = 10
RATIOS = [
    {"governance_ratios": None},
    {"governance_ratios": [{"from": 1, "ratio": "0.8"}, {"from": 2, "ratio": "0.5"}]},
    {"governance_ratios": [{"from": 1, "ratio": "0.3"}], "award": "900.00"},
]


def _onboarded(chance: Random, store: str, at: str, partner: str | None) -> Fact:
    """Mostly of a merchant of its own, so that not all stores are rivals."""
    merchant = f"M-{store}" if chance.random() < 0.7 else chance.choice(any_order.MERCHANTS)
    return {
        "type": "MerchantOnboarded",
        "at": at,
        "merchant": merchant,
        "store": store,
        "market": "US" if chance.random() < 0.1 else "EU",
        "brand": chance.choice([None, None, None, *any_order.BRANDS]),
        "partner": partner,
        "via": chance.choice(["exclusive_link", "other"]),
    }


def _gmv(store: str, amount: str, currency: str = "CNY") -> Fact:
    return {
        "type": "GMVRecorded",
        "at": "2026-02-20T09:00:00+08:00",
        "store": store,
        "day": "2026-01-21",
        "amount": amount,
        "currency": currency,
        "basis": "settled",
    }


def _qualifying(chance: Random, store: str) -> list[Fact]:
    """All that a store needs for its incentive, and the certification of its partner."""
    partner = chance.choice(["P-1", "P-1", "P-2"])
    onboarded = _onboarded(chance, store, chance.choice(ONBOARDED), partner)
    targeting = {"program": PROGRAM, "merchant": onboarded["merchant"], "mode": "targeted"}
    at = {"at": "2026-01-22T09:00:00+08:00", "store": store}
    sale = _gmv(store, "1500.00") if chance.random() < 0.8 else _gmv(store, "150.00", "EUR")
    facts = [
        onboarded,
        {"type": "PartnerCertified", "at": BEFORE, "partner": partner},
        {"type": "MerchantTargeted", "at": START, **targeting},
        {"type": "StoreVerified", **at, "at": chance.choice(any_order.INSTANTS[1:4])},
        *({"type": "StockListed", **at, "country": name} for name in ("DE", "ES", "FR", "IT")),
        {"type": "FirstSale", **at, "at": "2026-02-01T12:00:00+08:00"},
        sale,
    ]
    assert len(facts) == PIECES
    return facts


def _first(chance: Random) -> list[Fact]:
    """Stores that qualify but for a piece, and whatever else may happen to them."""
    facts = []
    for store in any_order.STORES:
        pieces = _qualifying(chance, store)
        dropped = chance.randrange(3 * PIECES)
        facts += [one for number, one in enumerate(pieces) if number != dropped]
        if chance.random() < 0.3:
            facts.append(_another(chance, store))
    if chance.random() < 0.5:
        at = {"at": "2026-03-05T15:00:00+08:00", "store": chance.choice(any_order.STORES)}
        facts.append({"type": "StoreClosed", **at, "reason": "counterfeit"})
    for _ in range(chance.choice([0, 0, 1, 2])):
        facts.append(any_order._another(chance))
    return facts + (any_order._tie(chance) if chance.random() < 0.3 else [])


def _another(chance: Random, store: str) -> Fact:
    """What mostly turns a line round."""
    at = {"at": chance.choice([*any_order.INSTANTS[2:6], *AFTER]), "store": store}
    partner = chance.choice(any_order.PARTNERS)
    merchant = {"program": PROGRAM, "merchant": f"M-{store}"}
    quoted = {"type": "RateQuoted", "at": START, "base": "EUR", "quote": "CNY"}
    kinds: list[Fact] = [
        *[_onboarded(chance, store, chance.choice(EARLIER), chance.choice([*"12", None]))] * 2,
        *[{"type": "StoreClosed", **at, "reason": chance.choice(RISKY)}] * 2,
        {"type": "StoreReopened", **at},
        {**quoted, "rate": chance.choice(["6.00", "8.00"]), "day": "2026-01-20"},
        _gmv(store, chance.choice(["-600.00", "600.00", "0.01"])),
        _gmv(store, chance.choice(["-20.00", "100.00"]), "EUR"),
        {"type": "MerchantUntargeted", **at, **merchant},
        {"type": "MerchantTargeted", **at, **merchant, "mode": "targeted"},
        {**at, "type": "IncentiveWithheld", "program": PROGRAM, "partner": partner},
        {"type": "StoreVerified", **at},
    ]
    found = dict(chance.choice(kinds))
    if found["type"] == "IncentiveWithheld":
        found |= {"reason": "cheating", "store": chance.choice([store, store, None])}
    elif found["type"].startswith("Merchant") and found["type"].endswith("argeted"):
        del found["store"]
    elif found["type"] == "MerchantOnboarded" and found["partner"]:
        found["partner"] = f"P-{found['partner']}"
    return found


def _late(chance: Random) -> list[Fact]:
    """Corrections, a store that nobody had reported, pieces that were missing."""
    facts = []
    for _ in range(chance.choice([0, 1, 2, 4])):
        facts.append(_another(chance, chance.choice([*any_order.STORES, "S-4", "S-5"])))
    if chance.random() < 0.4:
        facts.append(any_order._another(chance))
    if chance.random() < 0.4:
        pieces = _qualifying(chance, chance.choice([*any_order.STORES, "S-4", "S-5"]))
        facts += pieces[1:] if chance.random() < 0.5 else pieces
    if chance.random() < 0.1:
        facts += any_order._tie(chance)
    return facts


RECRUITING = Subject(
    PROGRAM,
    ["2026-05-01T00:00:00+08:00", "2026-05-05T00:00:00+08:00", "2026-08-01T00:00:00+08:00"],
    ["2026-05-01T00:00:00+08:00", "2026-06-01T00:00:00+08:00", *["2026-11-20T00:00:00+08:00"] * 3],
    _first,
    _late,
    [
        {"governance_ratios": RATIOS[1]["governance_ratios"]},
        {"store_open_test": "at_as_of", "high_risk_when": "at_as_of"},
        {"later_termination_forfeits": True, "store_open_test": "throughout"},
        {"first_scope": "term", "high_risk_cured_by_reopening": False, "award": "100.01"},
        {"gmv_window": "term", "rate_day": "settlement", "targeted_when": "onboarding"},
    ],
    RATIOS,
    Later(
        "recruiting-eu-jp-2026q2",
        (date(2026, 4, 1), date(2026, 6, 30)),
        timedelta(days=91),
        ["2026-07-31T00:00:00+08:00", "2026-11-20T00:00:00+08:00"],
        ("store", "merchant", "brand"),
        {},
    ),
)
