"""Links in live carts: an exception while the terms of their day forbid them, and no longer."""

from collections.abc import Callable
from itertools import permutations
from random import Random
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.programs.registry import shipped
from ledger.store.book import Book
from ledger.usecases.init import init
from ledger.usecases.recording.withdraw import withdraw
from ledger.usecases.settling.settle import settle
from ledger.usecases.terms.publish import publish
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import rebuild
from tests.marks import decision, examples

Record = Callable[..., Any]
Fact = dict[str, Any]
PROGRAM = "star-map-2020"
(EDITION,) = (one for one in shipped() if one.program == PROGRAM)
ONBOARDED = {
    "type": "MerchantOnboarded",
    "at": "2020-03-01T10:00:00+08:00",
    "merchant": "M-1",
    "store": "S-1",
    "market": "CN",
}
TASK = {
    "type": "LiveTaskOrdered",
    "at": "2020-08-21T20:00:00+08:00",
    "task": "T-1",
    "store": "S-1",
    "creator": "C-1",
    "category": "cosmetics",
    "link": "third_party",
    "price": "100.00",
    "currency": "CNY",
}
LISTED = {
    "type": "LinkListed",
    "at": "2020-08-22T20:00:00+08:00",
    "store": "S-1",
    "creator": "C-1",
    "media": "live",
    "link": "third_party",
    "category": "cosmetics",
    "task": "T-1",
}
NOT_YET = ["link_not_allowed", "unknown_task"]


def exceptions(book: Book) -> list[str]:
    """Codes, caught up and the same when built anew."""
    live = report(book, "exceptions").rows
    rebuild(book, VIEWS["exceptions"])
    assert report(book, "exceptions").rows == live
    return sorted(row["code"] for row in live)


def codes(answer: Any) -> list[str]:
    return sorted(one.code for one in answer.warnings)


@pytest.mark.parametrize(
    "facts",
    list(permutations([ONBOARDED, TASK, LISTED])),
    ids=lambda facts: ", ".join(one["type"] for one in facts),
)
def test_a_listing_with_its_task_fits_in_any_order_of_arrival(
    book: Book, record_facts: Record, facts: tuple[Fact, ...]
) -> None:
    """What is missing shows meanwhile; in one call nothing does."""
    told: set[str] = set()
    for fact in facts:
        answer = record_facts(book, [fact])
        told.add(fact["type"])
        expected = NOT_YET if "LinkListed" in told and "LiveTaskOrdered" not in told else []
        if "MerchantOnboarded" not in told:
            expected = [*expected, *["unknown_store"] * len(told)]
        assert exceptions(book) == sorted(expected)
        assert set(codes(answer)) <= set(expected)
    assert exceptions(book) == []


def test_the_sentence_has_the_clause_and_the_row_its_program(
    book: Book, record_facts: Record
) -> None:
    """The same sentence as warning and as exception."""
    answer = record_facts(book, [ONBOARDED, {**LISTED, "at": "2020-10-09T00:00:00+08:00"}, TASK])
    (warning,) = answer.warnings
    (row,) = report(book, "exceptions").rows
    assert row["sentence"] == warning.error
    assert (row["code"], row["program"], row["stream"]) == (
        "link_not_allowed",
        PROGRAM,
        "store:S-1",
    )
    assert (
        "third party links for cosmetics are not allowed in live from 2020-10-09" in row["sentence"]
    )
    assert EDITION.cite["access"] in row["sentence"]


def test_a_withdrawn_task_takes_its_listing_with_it_until_another_report(
    book: Book, record_facts: Record, now: int
) -> None:
    """Of two reports the earliest names the store; without it the other does."""
    other = {**TASK, "at": "2020-08-21T21:00:00+08:00", "store": "S-2"}
    record_facts(book, [ONBOARDED, {**ONBOARDED, "store": "S-2", "merchant": "M-2"}, LISTED])
    assert exceptions(book) == NOT_YET
    first = record_facts(book, [TASK]).position
    assert exceptions(book) == []
    second = record_facts(book, [other]).position
    assert exceptions(book) == ["ordered_twice"]
    withdraw(book, first, reason="wrong", by="test", now=now)
    assert exceptions(book) == ["link_not_allowed"], "the task is another store's"
    withdraw(book, second, reason="wrong", by="test", now=now)
    assert exceptions(book) == NOT_YET
    record_facts(book, [{**TASK, "category": "books"}])
    assert exceptions(book) == []


@decision
@pytest.mark.parametrize("later", [False, True], ids=["as sent", "the other way round"])
@pytest.mark.parametrize("other", ["S-2", "S-3", "S-4", "S-5"])
def test_of_two_reports_of_one_instant_the_same_counts_in_any_order(
    book: Book, record_facts: Record, other: str, later: bool
) -> None:
    """The store that owes the fee is the one whose listing the task opens the way for."""
    stores = [{**ONBOARDED, "store": store} for store in ("S-1", other)]
    record_facts(book, [*stores, LISTED, {**LISTED, "store": other}])
    for store in (other, "S-1") if later else ("S-1", other):
        record_facts(book, [{**TASK, "store": store}])
    assert exceptions(book) == ["link_not_allowed", "ordered_twice"]
    with book.reading() as connection:
        clocks = Clocks(parse_instant("2020-12-01T00:00:00Z"), book.head().position)
        (line,) = settle(connection, EDITION, clocks).lines
    rows = report(book, "exceptions").rows
    (shut,) = (row["stream"] for row in rows if row["code"] == "link_not_allowed")
    assert {line.payee, shut} == {"store:S-1", f"store:{other}"}


def test_a_withdrawn_listing_is_no_exception(book: Book, record_facts: Record, now: int) -> None:
    """Nothing is left to say."""
    place = record_facts(book, [ONBOARDED, LISTED]).position
    assert exceptions(book) == NOT_YET
    withdraw(book, place, reason="wrong", by="test", now=now)
    assert exceptions(book) == []


def test_what_is_withdrawn_in_the_same_call_opens_nothing(book: Book, record_facts: Record) -> None:
    """Neither as a warning nor as an exception."""
    taken = {"type": "FactWithdrawn", "at": TASK["at"], "id": "t-1", "reason": "wrong"}
    answer = record_facts(book, [ONBOARDED, LISTED, {**TASK, "id": "t-1"}, taken])
    assert codes(answer) == exceptions(book) == NOT_YET


def test_an_unknown_store_of_a_task_shows_until_it_is_onboarded(
    book: Book, record_facts: Record, now: int
) -> None:
    """And again when that is withdrawn; a task before the onboarding is none."""
    record_facts(book, [TASK])
    assert exceptions(book) == ["unknown_store"]
    place = record_facts(book, [{**ONBOARDED, "at": "2020-09-01T10:00:00+08:00"}]).position
    assert exceptions(book) == []
    withdraw(book, place, reason="wrong", by="test", now=now)
    assert exceptions(book) == ["unknown_store"]


def test_a_new_version_of_the_terms_judges_every_listing_again(
    book: Book, record_facts: Record
) -> None:
    """Rows that open what was closed, and close what was open; then the old ones again."""
    books = {**LISTED, "category": "books", "task": "T-2"}
    record_facts(book, [ONBOARDED, TASK, {**LISTED, "task": "T-1"}])
    record_facts(book, [{**TASK, "task": "T-2"}, books])
    assert exceptions(book) == []
    row = {"from": "2020-08-22", "link": "third_party"}
    shut = {**row, "access": "closed", "categories": ["books"]}
    _publish(book, 2, [*EDITION.terms["access"], shut])
    assert exceptions(book) == ["link_not_allowed"]
    _publish(book, 3, [*EDITION.terms["access"], {**row, "access": "closed"}])
    assert exceptions(book) == ["link_not_allowed"] * 2
    _publish(book, 4, [{**row, "access": "open"}])
    assert exceptions(book) == []


def _publish(book: Book, version: int, access: list[Fact]) -> None:
    terms = {**EDITION.terms, "access": access}
    publish(book, EDITION.model_copy(update={"terms": terms, "version": version}), "test")


def _story(chance: Random) -> list[list[Fact]]:
    """Calls of tasks, listings, onboardings and withdrawals of any of them, in any order."""
    facts: list[Fact] = []
    for number in range(chance.randint(8, 20)):
        day = chance.choice(["2020-07-30", "2020-08-22", "2020-09-06", "2020-10-09"])
        at = {"at": f"{day}T{chance.choice(['00:00:00', '12:00:00'])}+08:00"}
        store, task = f"S-{chance.randint(1, 2)}", f"T-{chance.randint(1, 3)}"
        named: Fact = chance.choice([{}, {"task": task}, {"task": task}])
        bare = {name: value for name, value in LISTED.items() if name != "task"}
        media = chance.choice(["live", "live", "live", "short_video"])
        link = chance.choice(["third_party", "third_party", "shop"])
        about = {"store": store, "category": chance.choice(["cosmetics", "books"])}
        one: Fact = chance.choice(
            [
                *[{**TASK, **at, **about, "task": task}] * 2,
                *[{**bare, **at, **about, **named, "media": media, "link": link}] * 3,
                {**ONBOARDED, "at": "2020-03-01T10:00:00+08:00", "store": store},
            ]
        )
        facts.append({**one, "id": f"f-{number}"})
        if chance.random() < 0.25:
            taken = {"id": f"f-{number}", "reason": "wrong"}
            facts.append({"type": "FactWithdrawn", **at, **taken})
    chance.shuffle(facts)
    size = chance.randint(1, 6)
    return [facts[start : start + size] for start in range(0, len(facts), size)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@examples(3, 15)
def test_exceptions_do_not_depend_on_the_order_of_arrival(
    new_location: Callable[[], str], record_facts: Record, examples: int
) -> None:
    """Call by call they are those that a rebuild finds, and those of one call of everything."""
    seen: set[str] = set()
    for seed in range(examples):
        calls = _story(Random(seed))
        one, _ = init(new_location(), "platform")
        other, _ = init(new_location(), "platform")
        for call in calls:
            record_facts(one, call)
            found = exceptions(one)
        answer = record_facts(other, [fact for call in calls for fact in call])
        assert exceptions(other) == found, seed
        assert codes(answer) == found, seed
        seen |= set(found)
        one.close()
        other.close()
    assert {*NOT_YET, "ordered_twice", "unknown_store"} <= seen


def test_exceptions_are_told_as_they_were_known(book: Book, record_facts: Record) -> None:
    """Before the task was reported the listing did not fit."""
    early = record_facts(book, [ONBOARDED, LISTED]).position
    record_facts(book, [TASK])
    clocks = Clocks(parse_instant("2020-12-01T00:00:00Z"), early)
    rows = report(book, "exceptions", clocks=clocks).rows
    assert sorted(row["code"] for row in rows) == NOT_YET
