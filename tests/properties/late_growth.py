"""What may become known about the growth service after its close, and what was known before."""

from datetime import date, timedelta
from random import Random
from typing import Any

from tests.properties import test_any_order_growth as any_order
from tests.properties.late_stories import Fact, Later, Subject

PROGRAM = any_order.PROGRAM
STORES = {**any_order.MERCHANTS, "M-4": "S-4", "M-5": "S-5"}
INVITED, ENROLLED = "2026-04-20T09:00:00+08:00", "2026-05-03T10:00:00+08:00"
WITHIN, LATER = "2026-06-10T09:00:00+08:00", "2026-08-25T09:00:00+08:00"
EARLIER = ["2026-04-25T09:00:00+08:00", "2026-05-01T00:00:00+08:00", "2026-05-02T09:00:00+08:00"]
FEES = ["6000.00", "6500.00", "3000.00", "-3000.00"]
TIERS = [
    {"tiers": {}},
    {"tiers": {"aigc_short": "0.10", "creator_video_short": "0.25", "roas_short": "0.50"}},
    {"tiers": {"aigc_short": "0.90"}, "fixed_fee": "1.00"},
]


def _about(type_: str, merchant: str, at: str, **fields: Any) -> Fact:
    return {"type": type_, "at": at, "program": PROGRAM, "merchant": merchant, **fields}


def _gmv(chance: Random, store: str, amount: str, currency: str = "USD") -> Fact:
    return {
        "type": "GMVRecorded",
        "at": chance.choice([WITHIN, LATER]),
        "store": store,
        "day": chance.choice(["2026-06-10", "2026-07-31"]),
        "amount": amount,
        "currency": currency,
        "basis": "placed",
    }


def _paid(chance: Random, merchant: str, amount: str) -> Fact:
    at = chance.choice([ENROLLED, LATER])
    return _about("FixedFeePaid", merchant, at, amount=amount, currency="USD")


def _joined(chance: Random, merchant: str) -> list[Fact]:
    """A merchant that was invited, enrolled, paid, was sold for and given content."""
    promised = chance.choice(any_order.PROMISED)
    currency = "USD" if chance.random() < 0.8 else "EUR"
    given = {"kind": chance.choice(any_order.KINDS), "count": chance.choice([1, 9, 10])}
    return [
        _about("MerchantEnrolled", merchant, ENROLLED, store=STORES[merchant], promised=promised),
        _about("MerchantInvited", merchant, INVITED),
        _paid(chance, merchant, chance.choice(["6000.00", *FEES])),
        _gmv(chance, STORES[merchant], chance.choice(["19999.99", "20000.00", "50000"]), currency),
        _about("ContentDelivered", merchant, WITHIN, **given),
        _about("ContentDelivered", merchant, WITHIN, kind="aigc", count=10),
    ]


def _first(chance: Random) -> list[Fact]:
    """Merchants that join, each but for a piece, and whatever else may happen."""
    facts = []
    for merchant in any_order.MERCHANTS:
        pieces = _joined(chance, merchant)
        dropped = chance.randrange(2 * len(pieces))
        facts += [one for number, one in enumerate(pieces) if number != dropped]
    for _ in range(chance.randint(0, 3)):
        facts.append(any_order._another(chance))
    return facts + (any_order._tie(chance) if chance.random() < 0.3 else [])


def _another(chance: Random, merchant: str) -> Fact:
    """What mostly turns a line round."""
    store, kind = STORES[merchant], chance.choice(any_order.KINDS)
    earlier = {"store": chance.choice([store, "S-1", "S-2"])}
    earlier |= {"promised": chance.choice(any_order.PROMISED)}
    quoted = {"type": "RateQuoted", "at": WITHIN, "base": "EUR", "quote": "USD"}
    count = {"kind": kind, "count": chance.choice(any_order.COUNTS)}
    kinds: list[Fact] = [
        _about("MerchantInvited", merchant, chance.choice([INVITED, LATER])),
        _about("MerchantEnrolled", merchant, chance.choice(EARLIER), **earlier),
        _gmv(chance, store, chance.choice(["-0.01", "-40000", "0.01", "12345.67"])),
        _gmv(chance, store, chance.choice(["9000.00", "-0.01"]), "EUR"),
        {**quoted, "rate": chance.choice(["1.1", "0.9"]), "day": "2026-06-09"},
        {**quoted, "rate": chance.choice(["1.2", "0.8"]), "day": "2026-07-30"},
        *[_paid(chance, merchant, chance.choice(FEES))] * 2,
        _about("ContentPromised", merchant, chance.choice([INVITED, WITHIN]), **count),
        _about("ContentDelivered", merchant, chance.choice([WITHIN, LATER]), **count),
    ]
    return dict(chance.choice(kinds))


def _late(chance: Random) -> list[Fact]:
    """Corrections, a merchant that nobody had reported, pieces that were missing."""
    facts = []
    for _ in range(chance.choice([0, 1, 2, 4])):
        facts.append(_another(chance, chance.choice([*STORES])))
    if chance.random() < 0.4:
        facts.append(any_order._another(chance))
    if chance.random() < 0.4:
        pieces = _joined(chance, chance.choice([*STORES]))
        facts += pieces[1:] if chance.random() < 0.3 else pieces
    if chance.random() < 0.1:
        facts += any_order._tie(chance)
    return facts


GROWTH = Subject(
    PROGRAM,
    ["2026-08-01T00:00:00+08:00", "2026-08-20T00:00:00+08:00", "2026-10-01T00:00:00+08:00"],
    ["2026-08-01T00:00:00+08:00", "2026-09-12T00:00:00+08:00", *["2026-11-20T00:00:00+08:00"] * 3],
    _first,
    _late,
    [one for one in any_order.CHANGED if one],
    TIERS,
    Later(
        "growth-2026-08",
        (date(2026, 8, 1), date(2026, 10, 31)),
        timedelta(days=92),
        ["2026-11-01T00:00:00+08:00", "2026-11-20T00:00:00+08:00"],
        (),
        {"make_up_due": "2026-12-11"},
    ),
)
