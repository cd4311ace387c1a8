"""Bindings of accounts and links of pids: the same exceptions however the facts arrive."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.programs.registry import shipped
from ledger.store.book import Book
from ledger.usecases.recording.withdraw import withdraw
from ledger.usecases.terms.publish import publish
from projections.reading import report
from tests.marks import examples as stories
from tests.projections.judged import exceptions, in_any_order

Record = Callable[..., Any]
Fact = dict[str, Any]
PROGRAM = "account-binding-us-2024"
(EDITION,) = (one for one in shipped() if one.program == PROGRAM)
NOW = parse_instant("2026-11-21T12:00:00Z")
DAYS = ["2023-12-30", "2024-01-01", "2024-01-02", "2024-01-09"]
CHANGED: list[dict[str, Any]] = [
    {},
    {"unfit_binding": "refused"},
    {"unfit_binding": "refused", "one_store_per_account": True},
    {"unfit_binding": "refused", "unbind_scope": "account"},
    {"one_store_per_account": True, "probation_default": "regular", "bindings_max": 2},
]
LOW = {"channel_max": 2, "official_unbinds_max": 1, "bindings_max": 4}
CODES = {
    *("bound_twice", "official_already_bound", "rebound_after_limit", "both_roles"),
    *("bound_elsewhere", "channel_limit", "bind_rate_limit", "followers_unknown"),
    *("too_few_followers", "not_bound", "unbound_too_early", "unbind_limit", "name_differs"),
    "pid_accounts_over",
}


def _fact(chance: Random) -> Fact:
    """A fact about one of two stores, four accounts and one pid."""
    store = {"store": f"S-{chance.randint(1, 2)}"}
    account = {"account": f"A-{chance.randint(1, 3)}"}
    role = {"role": chance.choice(["official", "channel"])}
    name = {"name": chance.choice(["Glow", "Shine"])}
    pid = {"pid": "mm_1", "account": f"A-{chance.randint(1, 8)}"}
    kinds: list[Fact] = [
        *[{"type": "AccountBound", **store, **account, **role}] * 6,
        *[{"type": "AccountUnbound", **store, **account, **role}] * 3,
        {"type": "ProbationEnded", **store},
        {"type": "ProbationStarted", **store},
        {"type": "StoreNamed", **store, **name},
        {"type": "AccountNamed", **account, **name},
        {"type": "FollowersCounted", **account, "followers": chance.choice([1000, 1001])},
        {"type": "FollowersCounted", **account, "followers": 1001},
        *[{"type": "PidLinked", **pid}] * 4,
        {"type": "PidUnlinked", **pid},
    ]
    at = f"{chance.choice(DAYS)}T{chance.choice(['00:00:00', '12:00:00'])}+08:00"
    return {**chance.choice(kinds), "at": at}


def _story(chance: Random) -> list[list[Fact]]:
    """Calls of facts and withdrawals of any of them, in any order."""
    facts: list[Fact] = [
        {"type": "MerchantOnboarded", "at": "2023-01-01T00:00:00Z", "merchant": "M-1"}
        | {"market": "US", "store": f"S-{number}"}
        for number in (1, 2)
    ]
    for number in range(chance.randint(30, 70)):
        fact = _fact(chance)
        facts.append({**fact, "id": f"f-{number}"})
        if chance.random() < 0.2:
            taken = {"id": f"f-{number}", "reason": "wrong"}
            facts.append({"type": "FactWithdrawn", "at": fact["at"], **taken})
    chance.shuffle(facts)
    size = chance.randint(2, 8)
    return [facts[start : start + size] for start in range(0, len(facts), size)]


def _publish(book: Book, changed: dict[str, Any]) -> None:
    terms = {**EDITION.terms, **LOW, **changed}
    publish(book, EDITION.model_copy(update={"terms": terms, "version": 2}), "test")


def _bindings(book: Book) -> list[dict[str, Any]]:
    return report(book, "bindings", clocks=Clocks(NOW, book.head().position)).rows


@pytest.mark.parametrize("changed", CHANGED, ids=str)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@stories(1, 3)
def test_exceptions_do_not_depend_on_the_order_of_arrival(
    new_location: Callable[[], str], record_facts: Record, changed: dict[str, Any], examples: int
) -> None:
    """Call by call they are those that a rebuild finds, and in the end those of one call of
    everything, of its warnings, and of the calls the other way round; so are the bonds."""
    seen: set[str] = set()
    for seed in range(examples):
        calls = _story(Random(f"{seed} {changed}"))
        found = in_any_order(
            *(new_location, record_facts, calls),
            prepare=lambda book: _publish(book, changed),
            same=_bindings,
        )
        seen |= {code for code, _ in found}
    asked = CODES if "one_store_per_account" in changed else CODES - {"bound_elsewhere"}
    assert len(seen & asked) >= 2 * examples, asked - seen


def test_a_count_that_comes_late_takes_its_exception_away(
    book: Book, record_facts: Record, now: int
) -> None:
    """And the report of bindings shows it; before it was known both said otherwise."""
    onboarded = {"type": "MerchantOnboarded", "at": "2023-01-01T00:00:00Z", "merchant": "M-1"}
    bound = {"type": "AccountBound", "at": "2024-03-01T12:00:00Z", "store": "S-1"}
    counted = {"type": "FollowersCounted", "at": "2024-02-01T12:00:00Z", "account": "A-1"}
    answer = record_facts(
        book,
        [
            {**onboarded, "market": "US", "store": "S-1"},
            {**bound, "account": "A-1", "role": "channel"},
        ],
    )
    assert [one.code for one in answer.warnings] == ["followers_unknown"]
    (row,) = report(book, "exceptions").rows
    assert (row["code"], row["program"]) == ("followers_unknown", PROGRAM)
    assert row["sentence"] == answer.warnings[0].error
    assert EDITION.cite["followers_over"] in row["sentence"]
    assert not record_facts(book, [{**counted, "followers": 1001}]).warnings
    assert exceptions(book) == []
    (bond,) = _bindings(book)
    assert (bond["followers"], bond["since"]) == (1001, "2024-03-01T12:00:00Z")
    early = Clocks(now, answer.position)
    assert [one["code"] for one in report(book, "exceptions", clocks=early).rows] == [
        "followers_unknown"
    ]
    assert report(book, "bindings", clocks=early).rows[0]["followers"] is None


def test_a_renamed_store_is_asked_of_its_accounts_names(book: Book, record_facts: Record) -> None:
    """The name's exception lies with the account, what decides it with the store."""
    onboarded = {"type": "MerchantOnboarded", "at": "2023-01-01T00:00:00Z", "merchant": "M-1"}
    bound = {"type": "AccountBound", "at": "2024-03-01T12:00:00Z", "store": "S-1"}
    named = {"type": "AccountNamed", "at": "2024-03-05T12:00:00Z", "account": "A-1"}
    store = {"type": "StoreNamed", "at": "2024-03-02T12:00:00Z", "store": "S-1"}
    record_facts(book, [{**onboarded, "market": "US", "store": "S-1"}, {**named, "name": "Shine"}])
    assert exceptions(book) == []
    record_facts(book, [{**store, "name": "Glow"}])
    assert exceptions(book) == []
    record_facts(book, [{**bound, "account": "A-1", "role": "official"}])
    assert [code for code, _ in exceptions(book)] == ["name_differs"]
    record_facts(book, [{**store, "at": "2024-03-04T12:00:00Z", "name": "Shine"}])
    assert exceptions(book) == []


def test_a_withdrawn_binding_takes_what_rested_on_it_along(
    book: Book, record_facts: Record, now: int
) -> None:
    """Nothing leads from the store to the account any more; before the withdrawal it did."""
    onboarded = {"type": "MerchantOnboarded", "at": "2023-01-01T00:00:00Z", "merchant": "M-1"}
    bound = {"type": "AccountBound", "at": "2024-03-01T12:00:00Z", "store": "S-1"}
    named = {"type": "AccountNamed", "at": "2024-03-05T12:00:00Z", "account": "A-1"}
    store = {"type": "StoreNamed", "at": "2024-02-01T12:00:00Z", "store": "S-1", "name": "Glow"}
    record_facts(book, [{**onboarded, "market": "US", "store": "S-1"}, store])
    place = record_facts(book, [{**bound, "account": "A-1", "role": "official"}]).position
    record_facts(book, [{**named, "name": "Shine"}])
    assert [code for code, _ in exceptions(book)] == ["name_differs"]
    withdraw(book, place, reason="wrong", by="test", now=now)
    assert exceptions(book) == []
