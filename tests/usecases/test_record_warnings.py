"""What surprises the book is recorded all the same, told, and told no more once it fits."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.store.book import Book

Record = Callable[..., Any]
Fact = dict[str, Any]
PROGRAM = "recruiting-eu-jp-2026q1"
AT = "2026-02-01T08:00:00Z"
CERTIFIED = {"type": "PartnerCertified", "at": AT, "partner": "P-1"}
ONBOARDED = {
    "type": "MerchantOnboarded",
    "at": "2026-01-10T09:00:00+08:00",
    "merchant": "M-1",
    "store": "S-1",
    "market": "EU",
}
LATER = {**ONBOARDED, "at": "2026-01-12T09:00:00+08:00"}
VERIFIED = {"type": "StoreVerified", "at": AT, "store": "S-1"}
TERMINATED = {"type": "PartnerTerminated", "at": AT, "partner": "P-1", "reason": "behind"}
TARGETED = {"type": "MerchantTargeted", "at": AT, "merchant": "M-1", "mode": "targeted"}
WITHHELD = {
    "type": "IncentiveWithheld",
    "at": "2026-01-05T08:00:00Z",
    "program": PROGRAM,
    "partner": "P-1",
    "store": "S-1",
    "reason": "cheating",
}
GMV = {
    "type": "GMVRecorded",
    "at": AT,
    "store": "S-1",
    "day": "2026-01-31",
    "amount": "1000.00",
    "currency": "CNY",
    "basis": "settled",
}
WITHDRAWN = {"type": "FactWithdrawn", "at": AT, "reason": "wrong"}


def codes(answer: Any) -> list[str]:
    return [one.code for one in answer.warnings]


SURPRISES: dict[str, tuple[Fact, list[str], list[Fact]]] = {
    "unknown_store": (VERIFIED, ["unknown_store"], [ONBOARDED]),
    "unknown_partner": (TERMINATED, ["unknown_partner"], [CERTIFIED]),
    "a partner's store": ({**ONBOARDED, "partner": "P-1"}, ["unknown_partner"], [CERTIFIED]),
    "unknown_program": ({**TARGETED, "program": "recruiting-us"}, ["unknown_program"], []),
    "all at once": (
        {**WITHHELD, "program": "x"},
        ["unknown_store", "unknown_partner", "unknown_program"],
        [],
    ),
    "withheld": (WITHHELD, ["unknown_store", "unknown_partner"], [ONBOARDED, CERTIFIED]),
    "unknown_fact": ({**WITHDRAWN, "id": "c-1"}, ["unknown_fact"], [{**CERTIFIED, "id": "c-1"}]),
}


@pytest.mark.parametrize(("fact", "expected", "_by"), SURPRISES.values(), ids=SURPRISES)
def test_a_fact_that_does_not_fit_is_recorded_and_told(
    book: Book, record_facts: Record, fact: Fact, expected: list[str], _by: list[Fact]
) -> None:
    """The warning has the fact's place, a sentence and what to do; known facts warn no more."""
    answer = record_facts(book, [fact])
    assert (answer.recorded, answer.rejected, codes(answer)) == (1, [], expected)
    for warning in answer.warnings:
        assert warning.line == 1
        assert warning.file.endswith("facts.ndjson")
        assert warning.type == fact["type"]
        assert warning.error
        assert warning.hint
    assert codes(record_facts(book, [fact])) == []


RESOLVED = {name: one for name, one in SURPRISES.items() if one[2]}


@pytest.mark.parametrize("way", ["before", "after", "another file", "an earlier call"])
@pytest.mark.parametrize(("fact", "_expected", "by"), RESOLVED.values(), ids=RESOLVED)
def test_what_resolves_it_may_stand_anywhere(
    book: Book, record_facts: Record, fact: Fact, _expected: list[str], by: list[Fact], way: str
) -> None:
    """References look at the book and the whole call, whatever the order."""
    if way == "an earlier call":
        record_facts(book, by)
        answer = record_facts(book, [fact])
    elif way == "another file":
        answer = record_facts(book, [fact], by)
    else:
        answer = record_facts(book, [*by, fact] if way == "before" else [fact, *by])
    assert codes(answer) == []


def test_a_fact_before_its_stores_onboarding_is_told(book: Book, record_facts: Record) -> None:
    """At the very instant is in time; a withholding may be earlier."""
    early = {**VERIFIED, "at": "2026-01-10T08:59:59+08:00"}
    same = {**VERIFIED, "at": ONBOARDED["at"]}
    answer = record_facts(book, [CERTIFIED, early, same, WITHHELD, ONBOARDED])
    assert [(one.line, one.code) for one in answer.warnings] == [(2, "before_onboarding")]
    earlier = {**early, "at": "2026-01-10T08:59:58+08:00"}
    assert codes(record_facts(book, [earlier])) == ["before_onboarding"]


@pytest.mark.parametrize("split", [False, True], ids=["one call", "two calls"])
def test_the_earliest_onboarding_counts_and_the_other_is_told(
    book: Book, record_facts: Record, split: bool
) -> None:
    """Whichever is recorded first, it is the later one that does not fit."""
    if split:
        assert codes(record_facts(book, [ONBOARDED])) == []
        answer = record_facts(book, [LATER])
    else:
        answer = record_facts(book, [LATER, ONBOARDED])
    assert codes(answer) == ["onboarded_twice"]
    assert "the report of 2026-01-10T01:00:00Z is used" in answer.warnings[0].error


def test_two_systems_that_report_one_day_are_told(book: Book, record_facts: Record) -> None:
    """The same store, day and basis from two sources; every fact of the call is named."""
    first = record_facts(book, [ONBOARDED, {**GMV, "source": "erp"}, {**GMV, "source": "erp"}])
    assert codes(first) == []
    other = [
        {**GMV, "source": "shop"},
        {**GMV, "source": "shop", "day": "2026-01-30"},
        {**GMV, "source": "shop", "basis": "placed"},
        GMV,
    ]
    answer = record_facts(book, other)
    assert [(one.line, one.code) for one in answer.warnings] == [(1, "two_feeds"), (4, "two_feeds")]
    assert "by '' and 'erp' and 'shop'" in answer.warnings[0].error
    assert codes(record_facts(book, [{**GMV, "source": "erp", "amount": "1.00"}])) == ["two_feeds"]


def test_two_feeds_in_one_call_are_both_told(book: Book, record_facts: Record) -> None:
    """Neither of them may be preferred."""
    feeds = [{**GMV, "source": "erp"}, {**GMV, "source": "shop"}]
    assert codes(record_facts(book, [ONBOARDED, *feeds])) == ["two_feeds"] * 2


def test_two_feeds_end_with_a_withdrawal_in_the_same_call(book: Book, record_facts: Record) -> None:
    """Whether the withdrawn one is in the book or in the call."""
    erp = {**GMV, "source": "erp", "id": "1"}
    record_facts(book, [ONBOARDED, erp])
    lifted = {**WITHDRAWN, "source": "erp", "id": "1"}
    assert codes(record_facts(book, [lifted, {**GMV, "source": "shop"}])) == []
    third = {**GMV, "source": "third", "id": "1"}
    call = [third, {**WITHDRAWN, "source": "third", "id": "1"}]
    assert codes(record_facts(book, call)) == []


def test_a_feed_is_remembered_though_its_first_fact_was_refused(
    book: Book, record_facts: Record
) -> None:
    """Strict, with the good facts kept: the next source of that day is still the second one."""
    early = {**GMV, "source": "erp", "at": "2026-01-02T00:00:00Z"}
    call = [ONBOARDED, early, {**GMV, "source": "erp"}]
    assert record_facts(book, call, strict=True, keep_good=True).recorded == 2
    assert codes(record_facts(book, [{**GMV, "source": "shop"}])) == ["two_feeds"]


def test_a_store_whose_onboarding_is_withdrawn_is_unknown_again(
    book: Book, record_facts: Record
) -> None:
    """Withdrawn in the same call or before it, the onboarding introduces nothing."""
    record_facts(book, [{**ONBOARDED, "id": "o-1"}])
    lifted = {**WITHDRAWN, "id": "o-1"}
    assert codes(record_facts(book, [lifted, VERIFIED])) == ["unknown_store"]
    again = {**VERIFIED, "at": "2026-02-02T08:00:00Z"}
    assert codes(record_facts(book, [again])) == ["unknown_store"]


def test_a_certification_withdrawn_in_the_same_call_introduces_nobody(
    book: Book, record_facts: Record
) -> None:
    """A fact that never counted resolves nothing."""
    call = [{**CERTIFIED, "id": "c-1"}, {**WITHDRAWN, "id": "c-1"}, TERMINATED]
    assert codes(record_facts(book, call)) == ["unknown_partner"]
