"""Campaigns, plans and samples of enrolled stores: the same exceptions however facts arrive."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from ledger.programs.registry import shipped
from ledger.store.book import Book
from ledger.usecases.recording.withdraw import withdraw
from ledger.usecases.terms.publish import publish
from projections.reading import report
from tests.marks import examples as stories
from tests.projections.judged import exceptions, in_any_order
from tests.quarter import GROWTH

Record = Callable[..., Any]
Fact = dict[str, Any]
(EDITION,) = (one for one in shipped() if one.program == GROWTH)
ENROLLED_AT = "2026-05-03T10:00:00+08:00"
INSTANTS = [
    "2026-04-20T09:00:00+08:00",
    "2026-05-01T00:00:00+08:00",
    ENROLLED_AT,
    "2026-06-10T09:00:00+08:00",
    "2026-06-10T01:00:00Z",  # the same instant, written otherwise
    "2026-07-31T23:59:59+08:00",
    "2026-08-01T00:00:00+08:00",
]
CHANGED: list[dict[str, Any]] = [
    {},
    {"frozen_from": "term_start", "frozen_kinds": ["flash_sale", "affiliate_plan"]},
    {"invited_when": "enrolment"},
    {"frozen_from": None},
]
MANY = 4
CODES = {
    *("tools_frozen", "promotion_unconfirmed", "product_not_submitted", "below_floor_price"),
    *("auto_approval_exceeded", "samples_exhausted"),
}


def _fact(chance: Random) -> Fact:
    """A fact about one of two merchants, with mostly their own store, and three requests."""
    number = chance.randint(1, 2)
    own = {"program": GROWTH, "merchant": f"M-{number}"}
    store = {"store": f"S-{number if chance.random() < 0.9 else 3 - number}"}
    product = {"product": chance.choice(["K-1"] * 4 + ["K-2"])}
    request = {"request": f"R-{chance.randint(1, 8)}"}
    by = chance.choice(["platform", "platform", "merchant"])
    entry = {"type": "CampaignEntered", "campaign": "MID-YEAR", **store, "by": by}
    entry["level"] = chance.choice(["routine", "major"])
    price = {
        "price": chance.choice(["19.89", "19.90"]),
        "currency": chance.choice(["USD"] * 3 + ["EUR"]),
    }
    offered = {"free_samples": chance.randint(1, 2), "auto_approve": chance.randint(0, 1)}
    floor = {"floor_price": chance.choice(["19.90", "20.00"]), "currency": "USD"}
    campaign = {"campaign": "C-1", "kind": chance.choice(["flash_sale", "coupon"])}
    plan = {"plan": chance.choice(["PL-1", "PL-2"]), "rate": "0.15", "products": ["K-1"]}
    kind = {"kind": "open"}
    if chance.random() < 0.3:
        kind, plan = {"kind": "shop"}, {name: plan[name] for name in ("plan", "rate")}
    kinds: list[Fact] = [
        {"type": "MerchantInvited", **own},
        {"type": "MerchantEnrolled", **own, **store},
        *[{"type": "CampaignCreated", **store, **campaign, "created_by": "merchant"}] * 2,
        {"type": "CampaignCreated", **store, **campaign, "created_by": "platform"},
        {"type": "PromotionConfirmed", **store, "campaign": "MID-YEAR"},
        entry,
        {**entry, **product},
        *[{**entry, **product, **price}] * 3,
        *[{"type": "AffiliatePlanSet", **store, **plan, **kind, "created_by": "merchant"}] * 2,
        {"type": "ProductSubmitted", **store, **product, **floor, **offered},
        *[{"type": "SampleRequested", **request, **store, **product, "creator": "C-1"}] * 5,
        *[{"type": "SampleApproved", **request, "by": by}] * 7,
    ]
    return {**chance.choice(kinds), "at": chance.choice(INSTANTS)}


def _onboarded(number: int) -> Fact:
    fact = {"type": "MerchantOnboarded", "at": "2025-06-01T00:00:00Z", "merchant": f"M-{number}"}
    return {**fact, "store": f"S-{number}", "market": "US"}


def _submitted(at: str = "2026-05-04T10:00:00+08:00", auto: int = 0) -> Fact:
    fact = {"type": "ProductSubmitted", "at": at, "store": "S-1", "product": "K-1"}
    floor = {"floor_price": "19.90", "currency": "USD"}
    return {**fact, **floor, "free_samples": 5, "auto_approve": auto}


def _story(chance: Random) -> list[list[Fact]]:
    """Calls of facts and withdrawals of some of them, in any order."""
    facts = [_onboarded(1), _onboarded(2)]
    for number in (1, 2):
        own = {"program": GROWTH, "merchant": f"M-{number}", "at": INSTANTS[number]}
        facts.append({"type": "MerchantInvited", **own})
        facts.append({"type": "MerchantEnrolled", **own, "store": f"S-{number}"})
        facts.append(_submitted(INSTANTS[0], 1) | {"store": f"S-{number}", "free_samples": 2})
    for number in range(chance.randint(60, 90)):
        fact = _fact(chance)
        facts.append({**fact, "id": f"f-{number}"})
        if chance.random() < 0.15:
            taken = {"id": f"f-{number}", "reason": "wrong"}
            facts.append({"type": "FactWithdrawn", "at": fact["at"], **taken})
    chance.shuffle(facts)
    size = chance.randint(1, 4)
    return [facts[start : start + size] for start in range(0, len(facts), size)]


def _publish(book: Book, changed: dict[str, Any]) -> None:
    terms = {key: value for key, value in (EDITION.terms | changed).items() if value is not None}
    publish(book, EDITION.model_copy(update={"terms": terms, "version": 3}), "test")


def _codes(book: Book) -> list[str]:
    """Of the edition's own exceptions."""
    return [code for code, _ in exceptions(book) if code in CODES]


@pytest.mark.parametrize("changed", CHANGED, ids=str)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@stories(1, MANY)
def test_exceptions_do_not_depend_on_the_order_of_arrival(
    new_location: Callable[[], str], record_facts: Record, changed: dict[str, Any], examples: int
) -> None:
    """Call by call they are those that a rebuild finds, and in the end those of one call of
    everything, of its warnings, and of the calls the other way round."""
    seen: set[str] = set()
    for seed in range(examples):
        calls = _story(Random(f"{seed} {changed}"))
        found = in_any_order(
            *(new_location, record_facts, calls),
            prepare=lambda book: _publish(book, changed),
        )
        seen |= {code for code, _ in found}
    judges = changed.get("frozen_from", "enrolment") is not None
    wanted = 5 if examples == MANY else 2
    assert (len(seen & CODES) >= wanted) if judges else not seen & CODES, seen


def _joined(at: str = ENROLLED_AT) -> list[Fact]:
    """S-1 of M-1, invited and enrolled."""
    own = {"program": GROWTH, "merchant": "M-1"}
    invited = {"type": "MerchantInvited", "at": "2026-04-10T10:00:00+08:00", **own}
    return [invited, {"type": "MerchantEnrolled", "at": at, **own, "store": "S-1"}]


CAMPAIGN = {"type": "CampaignCreated", "at": "2026-06-01T10:00:00+08:00", "campaign": "C-1"}
CAMPAIGN |= {"store": "S-1", "kind": "coupon", "created_by": "merchant"}
PLAN = {"type": "AffiliatePlanSet", "at": "2026-06-01T10:00:00+08:00", "plan": "PL-1"}
PLAN |= {"store": "S-1", "kind": "shop", "rate": "0.15"}


def _sample(number: int, at: str) -> list[Fact]:
    """A request and the platform's approval of it."""
    request = {"request": f"R-{number}", "at": at}
    said = {"store": "S-1", "product": "K-1", "creator": "C-1"}
    approved = {"type": "SampleApproved", **request, "by": "platform"}
    return [{"type": "SampleRequested", **request, **said}, approved]


def test_an_enrolment_that_comes_late_is_asked_of_every_stream(
    book: Book, record_facts: Record, now: int
) -> None:
    """Campaign, plan and approval lie in streams of their own; withdrawn, all fit again."""
    sample = _sample(1, "2026-06-01T10:00:00+08:00")
    record_facts(book, [_onboarded(1), CAMPAIGN, PLAN, *sample])
    assert _codes(book) == []
    invited, enrolled = _joined()
    record_facts(book, [enrolled])
    assert _codes(book) == []
    place = record_facts(book, [invited]).position
    found = ["product_not_submitted", "tools_frozen", "tools_frozen"]
    assert _codes(book) == found
    rows = [row for row in report(book, "exceptions").rows if row["code"] in CODES]
    assert {row["program"] for row in rows} == {GROWTH}
    assert {row["stream"] for row in rows} == {"store:S-1", "plan:PL-1", "request:R-1"}
    withdraw(book, place, reason="wrong", by="test", now=now)
    assert _codes(book) == []


def test_an_earlier_enrolment_of_another_store_sets_the_first_one_free(
    book: Book, record_facts: Record, now: int
) -> None:
    """It is the merchant's first then; withdrawn, the later one counts again."""
    warned = record_facts(book, [_onboarded(1), _onboarded(2), *_joined(), CAMPAIGN, PLAN])
    assert [one.code for one in warned.warnings] == ["tools_frozen", "tools_frozen"]
    assert _codes(book) == ["tools_frozen", "tools_frozen"]
    enrolled = _joined("2026-05-01T10:00:00+08:00")[1] | {"store": "S-2"}
    place = record_facts(book, [enrolled]).position
    assert _codes(book) == []
    withdraw(book, place, reason="wrong", by="test", now=now)
    assert _codes(book) == ["tools_frozen", "tools_frozen"]


def test_another_approval_of_the_product_takes_the_place_of_one(
    book: Book, record_facts: Record, now: int
) -> None:
    """Told late and dated before, it is one too many for another request; withdrawn, no more."""
    first, second = (_sample(n, f"2026-06-0{n}T10:00:00+08:00") for n in (1, 2))
    record_facts(book, [_onboarded(1), *_joined(), _submitted(auto=1), *second])
    assert _codes(book) == []
    place = record_facts(book, first).position
    assert _codes(book) == ["auto_approval_exceeded"]
    (row,) = (row for row in report(book, "exceptions").rows if row["code"] in CODES)
    assert row["stream"] == "request:R-2"
    withdraw(book, place, reason="wrong", by="test", now=now)
    assert _codes(book) == []


def test_a_submission_and_a_confirmation_that_come_late_resolve_what_they_lacked(
    book: Book, record_facts: Record
) -> None:
    """The one lies with the store, the approval with its request; one dated later does not."""
    entry = {"type": "CampaignEntered", "at": "2026-06-01T10:00:00+08:00", "campaign": "MID-YEAR"}
    entry |= {"store": "S-1", "level": "major", "by": "platform"}
    sample = _sample(1, "2026-06-01T10:00:00+08:00")
    record_facts(book, [_onboarded(1), *_joined(), entry, *sample])
    both = ["product_not_submitted", "promotion_unconfirmed"]
    assert _codes(book) == both
    confirmed = {"type": "PromotionConfirmed", "campaign": "MID-YEAR", "store": "S-1"}
    late = "2026-06-01T10:00:01+08:00"
    record_facts(book, [{**confirmed, "at": late}, _submitted(late, auto=1)])
    assert _codes(book) == both
    record_facts(book, [{**confirmed, "at": entry["at"]}, _submitted(auto=1)])
    assert _codes(book) == []


def test_another_version_of_the_terms_judges_anew(book: Book, record_facts: Record) -> None:
    """Without `frozen_from` nothing is judged; with the other value from the term's start on."""
    early = CAMPAIGN | {"at": "2026-04-25T10:00:00+08:00", "campaign": "C-0"}
    joined = _joined("2026-04-20T10:00:00+08:00")
    record_facts(book, [_onboarded(1), *joined, early, CAMPAIGN, PLAN])
    assert _codes(book) == ["tools_frozen"] * 3
    _publish(book, {"frozen_from": "term_start"})
    assert _codes(book) == ["tools_frozen"] * 2
    none = {key: value for key, value in EDITION.terms.items() if key != "frozen_from"}
    publish(book, EDITION.model_copy(update={"terms": none, "version": 4}), "test")
    assert _codes(book) == []
