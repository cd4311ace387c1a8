"""Approvals of samples and payouts: exceptions come and go with what they rest on, wherever that is
recorded."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.programs.registry import shipped
from ledger.store.book import Book
from ledger.usecases.recording.withdraw import withdraw
from ledger.usecases.terms.publish import publish
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import rebuild

Record = Callable[..., Any]
Fact = dict[str, Any]
(EDITION,) = (one for one in shipped() if one.program == "samples-us-2024")
STORE = {"store": "S-1"}
ONBOARDED = {"type": "MerchantOnboarded", "at": "2023-06-01T00:00:00Z", "merchant": "M-1"}
ASKED = {"creator": "C-1", "product": "K-1", **STORE}
DECLINED = "approved_though_declined"


def fact(kind: str, day: str, **fields: Any) -> Fact:
    return {"type": kind, "at": f"2024-05-{day}T12:00:00+08:00", **fields}


def money(kind: str, day: str, amount: str) -> Fact:
    return fact(kind, day, **STORE, amount=amount, currency="USD")


def submitted(day: str, free: int) -> Fact:
    price = {"floor_price": "1.00", "currency": "USD", "auto_approve": 0}
    return fact("ProductSubmitted", day, **STORE, product="K-1", free_samples=free, **price)


def registered(day: str, followers: int, creator: str = "C-1") -> Fact:
    known = {"creator": creator, "country": "US", "age": 24}
    return fact("CreatorRegistered", day, **known, followers=followers)


REQUESTED = fact("SampleRequested", "10", request="R-1", **ASKED)
APPROVED = fact("SampleApproved", "11", request="R-1", by="merchant")
OTHER = fact("SampleRequested", "02", request="R-2", **ASKED)
THRESHOLD = fact("SampleThresholdSet", "01", **STORE, followers_min=5000)
BEFORE = [{**ONBOARDED, **STORE, "market": "US"}, REQUESTED, APPROVED]


def exceptions(book: Book) -> list[str]:
    """Codes, caught up and the same when built anew."""
    live = report(book, "exceptions").rows
    rebuild(book, VIEWS["exceptions"])
    assert report(book, "exceptions").rows == live
    return sorted(row["code"] for row in live)


@pytest.mark.parametrize(
    ("known", "late"),
    [
        ([], money("SampleFreightAdvanced", "09", "0.01")),
        ([THRESHOLD], registered("09", 4999)),
        ([registered("09", 4999)], THRESHOLD),
        ([], submitted("09", 0)),
        ([OTHER, submitted("01", 1)], fact("SampleApproved", "03", request="R-2", by="platform")),
        ([submitted("01", 1), fact("SampleApproved", "03", request="R-2", by="platform")], OTHER),
    ],
    ids=["balance", "registration", "threshold", "submission", "another approval", "its request"],
)
def test_what_is_learned_late_declines_an_approved_request_and_its_withdrawal_does_not(
    book: Book, record_facts: Record, now: int, known: list[Fact], late: Fact
) -> None:
    """Recorded in a stream of the store, of the creator, or of another request."""
    record_facts(book, [*BEFORE, *known])
    before = exceptions(book)
    assert DECLINED not in before
    place = record_facts(book, [late]).position
    assert [one for one in exceptions(book) if one == DECLINED] == [DECLINED]
    early = Clocks(now, place - 1)
    assert sorted(one["code"] for one in report(book, "exceptions", clocks=early).rows) == before
    withdraw(book, place, reason="wrong", by="test", now=now)
    assert exceptions(book) == before


def test_the_exception_says_why_and_names_the_program(book: Book, record_facts: Record) -> None:
    """As the warning of `record` does."""
    answer = record_facts(book, [*BEFORE, money("SampleFreightAdvanced", "09", "0.01")])
    (warning,) = answer.warnings
    (row,) = report(book, "exceptions").rows
    assert (row["code"], row["program"], row["stream"]) == (
        *(DECLINED, EDITION.program, "request:R-1"),
    )
    assert row["sentence"] == warning.error
    assert "R-1 is approved by the merchant but declined: balance_not_negative" in row["sentence"]


def test_an_approval_waits_for_its_request_and_only_the_first_is_told(
    book: Book, record_facts: Record
) -> None:
    """An earlier one that comes later takes its place."""
    record_facts(book, [{**APPROVED, "id": "a"}, fact("SampleApproved", "12", **_by("R-1"))])
    (row,) = report(book, "exceptions").rows
    assert row["code"] == "unknown_request"
    record_facts(book, [fact("SampleApproved", "09", **_by("R-1"))])
    assert exceptions(book) == ["unknown_request"]
    (moved,) = report(book, "exceptions").rows
    assert moved["position"] > row["position"]
    record_facts(book, [BEFORE[0], REQUESTED])
    assert exceptions(book) == []


def _by(request: str) -> Fact:
    return {"request": request, "by": "platform"}


def test_a_payout_beyond_the_balance_goes_with_proceeds_and_with_another_currency(
    book: Book, record_facts: Record, now: int
) -> None:
    """An amount that cannot be added up leaves nothing to be told but itself."""
    record_facts(book, [BEFORE[0], money("PayoutMade", "05", "5.00")])
    assert exceptions(book) == ["payout_beyond_balance"]
    foreign = money("ProceedsSettled", "20", "1.00") | {"currency": "EUR"}
    place = record_facts(book, [foreign]).position
    assert exceptions(book) == ["currency_differs"]
    withdraw(book, place, reason="wrong", by="test", now=now)
    assert exceptions(book) == ["payout_beyond_balance"]
    record_facts(book, [money("ProceedsSettled", "05", "5.00")])
    assert exceptions(book) == []


def test_terms_that_begin_earlier_take_up_what_lay_before_the_program(
    book: Book, record_facts: Record
) -> None:
    """And judge the requests of those days."""
    at = "2023-12-05T12:00:00+08:00"
    early = [{**one, "at": at} for one in (REQUESTED, APPROVED)]
    freight = money("SampleFreightAdvanced", "09", "0.01") | {"at": at}
    record_facts(book, [BEFORE[0], *early, freight])
    assert exceptions(book) == ["before_program"]
    changed = {"version": 2, "publisher": "acme", "first": EDITION.first.replace(year=2023)}
    publish(book, EDITION.model_copy(update=changed), "test")
    assert exceptions(book) == [DECLINED]
