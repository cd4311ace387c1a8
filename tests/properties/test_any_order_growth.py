"""The same facts of the growth service in any order and split: the same lines and obligations."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.marks import examples

Fact = dict[str, Any]
PROGRAM = "growth-2026-05"
MERCHANTS = {"M-1": "S-1", "M-2": "S-2", "M-3": "S-3"}
INSTANTS = [
    "2026-04-20T09:00:00+08:00",
    "2026-05-01T00:00:00+08:00",
    "2026-04-30T16:00:00Z",  # the same instant, written otherwise
    "2026-06-10T09:00:00+08:00",
    "2026-07-31T23:59:59+08:00",
    "2026-08-01T00:00:00+08:00",
    "2026-09-11T23:59:59+08:00",
    "2026-09-12T00:00:00+08:00",
]
AS_OF = [
    "2026-06-20T00:00:00+08:00",
    *["2026-09-01T00:00:00+08:00", "2026-10-01T00:00:00+08:00"] * 2,
]
MID = {"creator_tier": "mid"}
KINDS = ["aigc", "creator_video"]
COUNTS = [0, 1, 9, 10, 11]
PROMISED = [
    None,
    {},
    {"aigc": 10},
    *[{"aigc": 10, "creator_video": 1}, {"aigc": 1, "creator_video": 10}] * 3,
]
CHANGED: list[dict[str, Any]] = [
    *[{}] * 5,
    {"counts_when": "approved"},
    {"gmv_refunds": "ignore"},
    {"roas_cost": "fixed"},
    {"compensation_waits_for_fee": False},
    {"invited_when": "enrolment"},
    {"gmv_basis": "settled"},
    {"creator_tiers": ["mid", "head"]},
]


def _about(chance: Random, type_: str, merchant: str, *, at: str = "", **fields: Any) -> Fact:
    at = at or chance.choice(INSTANTS)
    return {"type": type_, "at": at, "program": PROGRAM, "merchant": merchant, **fields}


def _enrolled(chance: Random, merchant: str, at: str) -> Fact:
    """With its own store, or now and then with another's."""
    store = MERCHANTS[merchant if chance.random() < 0.8 else "M-1"]
    promised = chance.choice(PROMISED)
    return _about(chance, "MerchantEnrolled", merchant, at=at, store=store, promised=promised)


def _delivered(chance: Random, merchant: str) -> Fact:
    how: Fact = {"kind": chance.choice(KINDS), "count": chance.choice(COUNTS)}
    approved = None if chance.random() < 0.8 else False
    how["creator_tier"] = {1: "waist", 10: "mid", 11: "head"}.get(how["count"])
    return _about(chance, "ContentDelivered", merchant, **how, approved=approved)


def _gmv(chance: Random, store: str) -> Fact:
    return {
        "type": "GMVRecorded",
        "at": chance.choice(INSTANTS),
        "store": store,
        "day": chance.choice(["2026-04-30", "2026-05-01", "2026-06-10", "2026-07-31"]),
        "amount": chance.choice(["9000.00", "10000.00", "19999.99", "20000.00", "-0.01", "-500"]),
        "currency": chance.choice(["USD", "USD", "EUR"]),
        "basis": chance.choice(["placed", "placed", "settled"]),
    }


def _quoted(chance: Random, day: str, at: str, rate: str) -> Fact:
    pair = {"base": "EUR", "quote": chance.choice(["USD", "USD", "CNY"])}
    return {"type": "RateQuoted", "at": at, **pair, "rate": rate, "day": day}


def _joining(chance: Random, merchant: str) -> list[Fact]:
    """An invited merchant that enrols, pays and is given content, some of its facts missing."""
    store = MERCHANTS[merchant]
    delivered = [
        _about(chance, "ContentDelivered", merchant, at=at, kind=kind, count=count, **MID)
        for at in (INSTANTS[3], *chance.sample(INSTANTS[5:], 2))
        for kind, count in zip(KINDS, chance.choices([1, 5, 9], k=2), strict=True)
    ]
    facts = [
        _about(chance, "MerchantInvited", merchant, at=chance.choice(INSTANTS[:4])),
        _enrolled(chance, merchant, chance.choice([*INSTANTS[:4] * 2, *INSTANTS[4:6]])),
        _about(chance, "FixedFeePaid", merchant, amount="6000.00", currency="USD"),
        {**_gmv(chance, store), "day": "2026-06-10", "basis": "placed"},
        {**_gmv(chance, store), "day": "2026-07-31", "basis": "placed", "currency": "USD"},
        *delivered,
    ]
    dropped = chance.randrange(2 * len(facts))
    return [fact for number, fact in enumerate(facts) if number != dropped]


def _another(chance: Random) -> Fact:
    """Anything else that may happen, before the enrolment, within the term and after it."""
    merchant = chance.choice([*MERCHANTS])
    at = chance.choice(INSTANTS)
    promise = {"kind": chance.choice(KINDS), "count": chance.choice(COUNTS)}
    payment = {"amount": chance.choice(["-0.01", "5999.99", "0.01", "-6000"]), "currency": "USD"}
    onboarded = {"type": "MerchantOnboarded", "at": at, "merchant": merchant, "market": "US"}
    kinds = [
        _about(chance, "MerchantInvited", merchant, at=at),
        _enrolled(chance, merchant, at),
        _about(chance, "ContentPromised", merchant, at=at, **promise),
        _about(chance, "ContentPromised", merchant, at=at, **promise),
        _delivered(chance, merchant),
        _delivered(chance, merchant),
        _about(chance, "FixedFeePaid", merchant, at=at, **payment),
        _gmv(chance, MERCHANTS[merchant]),
        _quoted(chance, chance.choice(["2026-06-04", "2026-06-10"]), at, "1.1"),
        {**onboarded, "store": MERCHANTS[merchant]},
    ]
    return chance.choice(kinds)


def _tie(chance: Random) -> list[Fact]:
    """Facts of one instant of which, for a rule, only one can be the last, or the first."""
    merchant, at, kind = chance.choice([*MERCHANTS]), chance.choice(INSTANTS), chance.choice(KINDS)
    store = MERCHANTS[merchant]
    one = _about(chance, "MerchantEnrolled", merchant, at=INSTANTS[0], store=store)
    sale = {**_gmv(chance, store), "day": "2026-06-10", "currency": "EUR", "amount": "10000.00"}
    day = chance.choice(["2026-06-03", "2026-06-10"])
    ties = [
        [_about(chance, "ContentPromised", merchant, at=at, kind=kind, count=n) for n in (1, 10)],
        [{**one, "promised": {kind: n}} for n in (1, 10)],
        [one, {**one, "store": MERCHANTS["M-1"]}, {**one, "store": MERCHANTS["M-2"]}],
        [{**sale, "basis": "placed"}, *(_quoted(chance, day, at, rate) for rate in ("0.9", "1.9"))],
    ]  # fmt: skip
    return chance.choice(ties)


def story_of(chance: Random, told: Callable[..., Any], edition_with: Callable[..., Any]) -> Any:
    """Merchants that mostly join as they should, whatever else may happen, and ties."""
    facts = [fact for merchant in MERCHANTS for fact in _joining(chance, merchant)]
    facts += [_another(chance) for _ in range(chance.randint(0, 8))]
    facts += [fact for _ in range(chance.randint(0, 3)) for fact in _tie(chance)]
    edition = edition_with(PROGRAM, chance.choice(CHANGED))
    return told(chance, facts, INSTANTS, AS_OF, edition)


MANY = 60
RARE = {"no_commitment_missed", "two_feeds", "fulfilled_late"}
CODES = RARE | {
    *("invited", "enrolled_in_time", "promised_counts_missing", "fixed_fee_unpaid"),
    *("fx_rate_missing", "window_open", "open", "fulfilled", "overdue"),
}
"""Why lines were declined or held, and how obligations stood; some only in many stories."""


@examples(15, MANY)
def test_facts_in_any_order_and_split_give_the_same_lines_and_obligations(
    sqlite_scene: Any, told: Callable[..., Any], edition_with: Callable[..., Any], examples: int
) -> None:
    """With ties, second enrolments, promises before the enrolment, withdrawals and rates."""
    sqlite_scene.check_many(lambda chance: story_of(chance, told, edition_with), examples)
    assert set(sqlite_scene.outcomes) == {"payable", "declined", "held"}, "the stories say much"
    codes = set(sqlite_scene.codes)
    assert CODES - (RARE if examples < MANY else set()) <= codes <= CODES


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@examples(2, 6)
def test_facts_in_any_order_give_the_same_lines_and_obligations_on_postgresql(
    postgresql_scene: Any,
    told: Callable[..., Any],
    edition_with: Callable[..., Any],
    examples: int,
) -> None:
    """The same stories, a few of them, where another database sorts and joins."""
    postgresql_scene.check_many(lambda chance: story_of(chance, told, edition_with), examples)
    assert postgresql_scene.outcomes
