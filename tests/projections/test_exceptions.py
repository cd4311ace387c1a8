"""The exceptions report: what does not fit shows until other facts resolve it, and only then."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.programs.edition import parse_toml
from ledger.programs.registry import program_of
from ledger.store.book import Book
from ledger.usecases.recording.record import record
from ledger.usecases.recording.withdraw import withdraw
from ledger.usecases.terms.publish import publish
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import rebuild

Record = Callable[..., Any]
Fact = dict[str, Any]
Codes = list[tuple[str, int]]
DEMO = Path(__file__).parents[2] / "fixtures" / "demo"
AT = "2026-02-01T08:00:00Z"
PROGRAM = "recruiting-eu-jp-2025q4"
CERTIFIED = {"type": "PartnerCertified", "at": AT, "partner": "P-1"}
ONBOARDED = {
    "type": "MerchantOnboarded",
    "at": "2026-01-10T01:00:00Z",
    "merchant": "M-1",
    "store": "S-1",
    "market": "EU",
}
VERIFIED = {"type": "StoreVerified", "at": AT, "store": "S-1"}
INTRODUCED = {**ONBOARDED, "partner": "P-1"}
GMV = {
    "type": "GMVRecorded",
    "at": AT,
    "store": "S-1",
    "day": "2026-01-31",
    "amount": "10.00",
    "currency": "CNY",
    "basis": "settled",
}


def exceptions(book: Book) -> Codes:
    """Code and position of each exception, caught up and the same when built anew."""
    live = report(book, "exceptions").rows
    rebuild(book, VIEWS["exceptions"])
    assert report(book, "exceptions").rows == live
    return [(row["code"], row["position"]) for row in live]


def withdraw_orders(book: Book, position: int, now: int) -> None:
    withdraw(book, position, reason="wrong", by="test", now=now)


def test_an_unknown_store_shows_until_it_is_onboarded(
    book: Book, record_facts: Record, now: int
) -> None:
    """It comes back when the onboarding is withdrawn."""
    place = record_facts(book, [VERIFIED]).position
    assert exceptions(book) == [("unknown_store", place)]
    onboarding = record_facts(book, [ONBOARDED]).position
    assert exceptions(book) == []
    withdraw_orders(book, onboarding, now)
    assert exceptions(book) == [("unknown_store", place)]


def test_a_store_that_is_withheld_is_known_by_its_onboarding(
    book: Book, record_facts: Record, now: int
) -> None:
    """A fact in the partner's stream hangs on a store's: that one's onboarding resolves it."""
    withheld = {
        "type": "IncentiveWithheld",
        "at": "2026-01-05T08:00:00Z",
        "program": "recruiting-eu-jp-2026q1",
        "partner": "P-1",
        "store": "S-1",
        "reason": "cheating",
    }
    place = record_facts(book, [CERTIFIED, withheld]).position
    assert exceptions(book) == [("unknown_store", place)]
    onboarding = record_facts(book, [ONBOARDED]).position
    assert exceptions(book) == []
    withdraw_orders(book, onboarding, now)
    assert exceptions(book) == [("unknown_store", place)]


@pytest.mark.parametrize(
    "fact",
    [
        INTRODUCED,
        {"type": "PartnerTerminated", "at": AT, "partner": "P-1", "reason": "behind"},
        {
            "type": "MerchantTargeted",
            "at": AT,
            "program": "recruiting-eu-jp-2026q1",
            "merchant": "M-1",
            "mode": "invited",
            "partner": "P-1",
        },
    ],
    ids=["introduces a store", "is terminated", "is invited for"],
)
def test_an_unknown_partner_shows_until_certified_and_again_when_that_is_withdrawn(
    book: Book, record_facts: Record, now: int, fact: Fact
) -> None:
    """Whoever names the partner, in whatever stream; one of two certifications is enough."""
    place = record_facts(book, [fact]).position
    expected = [("unknown_partner", place)]
    assert exceptions(book) == expected
    first = record_facts(book, [CERTIFIED]).position
    assert exceptions(book) == []
    second = record_facts(book, [{**CERTIFIED, "name": "again"}]).position
    withdraw_orders(book, first, now)
    assert exceptions(book) == []
    withdraw_orders(book, second, now)
    assert exceptions(book) == expected


def test_an_unknown_program_shows_until_it_is_published(
    book: Book, record_facts: Record, tmp_path: Path
) -> None:
    """The row names the program, as the contract has it."""
    targeted = {"type": "MerchantTargeted", "at": AT, "program": PROGRAM, "merchant": "M-1"}
    place = record_facts(book, [{**targeted, "mode": "targeted"}]).position
    (row,) = report(book, "exceptions").rows
    assert {**row, "since": "", "sentence": ""} == {
        "code": "unknown_program",
        "position": place,
        "sentence": "",
        "since": "",
        "program": PROGRAM,
        "stream": "merchant:M-1",
    }
    text = (DEMO / "terms-governance.toml").read_text(encoding="utf-8")
    for old, new in [
        ("recruiting-eu-jp-2026q1", PROGRAM),
        ("from = 2026-01-01", "from = 2025-10-01"),
        ("to = 2026-03-31", "to = 2025-12-31"),
    ]:
        text = text.replace(old, new)
    edition = parse_toml(text, "mine.toml")
    publish(book, program_of(edition.rules).check(edition), "test")
    assert exceptions(book) == []


def test_a_fact_before_the_onboarding_shows_until_an_earlier_one_is_told(
    book: Book, record_facts: Record
) -> None:
    """The later onboarding is the surprise from then on."""
    early = {**VERIFIED, "at": "2026-01-09T08:00:00Z"}
    record_facts(book, [ONBOARDED])
    place = record_facts(book, [early]).position
    onboarding = place - 2
    assert exceptions(book) == [("before_onboarding", place)]
    record_facts(book, [{**ONBOARDED, "at": "2026-01-08T08:00:00Z"}])
    assert exceptions(book) == [("onboarded_twice", onboarding)]


def test_onboarded_twice_shows_until_one_is_withdrawn(
    book: Book, record_facts: Record, now: int
) -> None:
    """It is said of the one that does not count; without it nothing is left to say."""
    first = record_facts(book, [ONBOARDED]).position
    second = record_facts(book, [{**ONBOARDED, "at": "2026-01-12T01:00:00Z"}]).position
    assert exceptions(book) == [("onboarded_twice", second)]
    withdraw_orders(book, first, now)
    assert exceptions(book) == []


def test_two_feeds_show_on_every_fact_of_the_day_until_one_is_withdrawn(
    book: Book, record_facts: Record, now: int
) -> None:
    """Another day, another basis and the same source are no second feed."""
    record_facts(
        book,
        [ONBOARDED, GMV, {**GMV, "basis": "placed", "source": "erp"}],
        [{**GMV, "day": "2026-01-30", "source": "erp"}, {**GMV, "amount": "-1.00"}],
    )
    assert exceptions(book) == []
    other = record_facts(book, [{**GMV, "source": "erp"}]).position
    codes = exceptions(book)
    assert [code for code, _ in codes] == ["two_feeds"] * 3
    assert codes[-1] == ("two_feeds", other)
    withdraw_orders(book, other, now)
    assert exceptions(book) == []


def test_a_withdrawal_of_nothing_shows_until_its_fact_comes(
    book: Book, record_facts: Record, now: int
) -> None:
    """A withdrawal by id waits; one by a position that never counts stays."""
    waiting = {"type": "FactWithdrawn", "at": AT, "id": "c-1", "source": "crm", "reason": "wrong"}
    place = record_facts(book, [waiting]).position
    assert exceptions(book) == [("unknown_fact", place)]
    lost = record_facts(book, [{**waiting, "id": None, "source": None, "position": 1}]).position
    assert exceptions(book) == [("unknown_fact", place), ("unknown_fact", lost)]
    record_facts(book, [{**CERTIFIED, "id": "c-1", "source": "crm"}])
    assert exceptions(book) == [("unknown_fact", lost)]


FACTS: list[Fact] = [
    VERIFIED,
    {**INTRODUCED, "store": "S-2"},
    {**INTRODUCED, "store": "S-2", "at": "2026-01-11T01:00:00Z"},
    {**VERIFIED, "store": "S-2", "at": "2026-01-09T01:00:00Z"},
    {"type": "MerchantUntargeted", "at": AT, "program": "nowhere", "merchant": "M-1"},
    {**GMV, "store": "S-2", "source": "erp"},
    {**GMV, "store": "S-2", "source": "hand"},
    {"type": "FactWithdrawn", "at": AT, "position": 1, "reason": "wrong"},
]


def test_exceptions_are_what_record_warned_of(book: Book, record_facts: Record) -> None:
    """One judgement serves both: the same codes of the same facts, in the same sentences."""
    answer = record_facts(book, FACTS)
    start = answer.position - len(FACTS)
    warned = sorted((start + one.line, one.code, one.error) for one in answer.warnings)
    rows = report(book, "exceptions").rows
    shown = sorted((row["position"], row["code"], row["sentence"]) for row in rows)
    assert shown == warned
    assert {code for _, code, _ in shown} == {
        *("unknown_store", "unknown_partner", "unknown_program", "before_onboarding"),
        *("onboarded_twice", "two_feeds", "unknown_fact"),
    }


def test_the_demos_exceptions_are_its_warnings(book: Book, now: int) -> None:
    """Recorded in one call, the example leaves those exceptions that it was warned of."""
    files = [str(path) for path in sorted(DEMO.glob("0*"))]
    answer = record(book, files, now=now, by="test")
    warned = sorted((one.code, one.error) for one in answer.warnings)
    rows = report(book, "exceptions").rows
    assert sorted((row["code"], row["sentence"]) for row in rows) == warned
    assert warned
