"""Samples and balances in random stories: as worked out by hand, in any order, and closed and
adjusted."""

from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from random import Random
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.programs.registry import program_of, shipped
from ledger.store.book import Book
from ledger.store.log import read_log
from ledger.store.reader import LogReader
from ledger.usecases.settling.settle import settle
from ledger.usecases.terms.publish import publish
from projections.reading import report
from tests.marks import decision, drawn, more
from tests.programs.samples_by_hand import ByHand
from tests.programs.stories import closed_half_way, some_gone, told_otherwise
from tests.projections import judged

Record = Callable[..., Any]
Fact = dict[str, Any]
PROGRAM = "samples-us-2024"
(EDITION,) = (one for one in shipped() if one.program == PROGRAM)
DAYS = ["04-30", "05-01", "05-02", "05-03", "05-31", "06-01", "06-02"]
TIMES = ["00:00:00", "12:00:00", "12:00:00", "23:59:59"]
MONTHS = ["2024-01", "2024-04", "2024-05", "2024-06", "2024-07"]
STORES = ["S-1", "S-1", "S-2"]
SHOWN = [parse_instant(f"2024-{day}T{TIMES[-1]}+08:00") for day in ("05-01", "05-31", "06-05")]
ODD = ("unknown_store", "requested_twice")
KINDS = [
    *["ProceedsSettled"] * 4,
    *["SampleFreightAdvanced"] * 4,
    *("BalancePaid", "BalancePaid", "PayoutMade", "PayoutMade"),
    *["SampleThresholdSet"] * 3,
    *("ProductSubmitted", "ProductSubmitted", "CreatorRegistered", "CreatorRegistered"),
    *["SampleRequested"] * 8,
    *["SampleApproved"] * 7,
]


def _at(chance: Random, days: list[str] = DAYS) -> str:
    if chance.random() < 0.05:
        return chance.choice(["2023-12-31T23:59:59+08:00", "2024-01-01T00:00:00+08:00"])
    return f"2024-{chance.choice(days)}T{chance.choice(TIMES)}+08:00"


def _fact(chance: Random, foreign: float) -> Fact:
    kind = chance.choice(KINDS)
    early = kind in ("SampleThresholdSet", "CreatorRegistered")
    fact: Fact = {"type": kind, "at": _at(chance, DAYS[:4] if early else DAYS)}
    request = {"request": f"R-{chance.randint(1, 5)}"}
    store = {"store": chance.choice(STORES)}
    product = chance.choice(["K-1", "K-1", "K-2"])
    match kind:
        case "SampleThresholdSet":
            followers, beauty = {"followers_min": 5000}, {"categories": ["beauty"]}
            asked = [followers, {"followers_min": 10}, beauty, followers | beauty, {}]
            found = fact | store | chance.choice(asked)
            return found | chance.choice([{}, {"product": product}])
        case "ProductSubmitted":
            samples = {"free_samples": chance.randint(0, 2), "auto_approve": 0}
            price = {"floor_price": "1.00", "currency": "USD"}
            return fact | store | {"product": product} | samples | price
        case "CreatorRegistered":
            known = {"creator": "C-1", "country": "US", "age": 24}
            known |= {"followers": chance.choice([10, 4999, 5000])}
            return fact | known | {"categories": chance.choice([[], ["toys"], ["beauty"]])}
        case "SampleRequested":
            creator = {"creator": chance.choice(["C-1", "C-1", "C-2"])}
            return fact | request | store | {"product": product} | creator
        case "SampleApproved":
            return fact | request | {"by": chance.choice(["platform", "merchant"])}
    amount = chance.choice(["0.01", "10.00", "20.00", "30.00"])
    if kind == "ProceedsSettled" and chance.random() < 0.2:
        amount = f"-{amount}"
    currency = "EUR" if chance.random() < foreign else "USD"
    return fact | store | {"amount": amount, "currency": currency}


def story(chance: Random) -> list[Fact]:
    """Facts of few stores and requests at few instants, so that much meets, with ties."""
    foreign = chance.choice([0, 0, 0, 0.08])
    facts = [_fact(chance, foreign) for _ in range(chance.randint(8, 30))]
    return [{**one, "id": f"f-{number}"} for number, one in enumerate(facts)]


def instants(seed: int) -> Iterator[int]:
    """As-of at one of the instants, just before it, or long after all of them."""
    chance = Random(seed + 10**6)
    for _ in range(5):
        yield parse_instant(_at(chance)) - chance.choice([0, 0, 1])
    yield parse_instant("2024-07-15T00:00:00+08:00")


def answers(book: Book, as_of: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Lines and obligations of all months, without positions: month by month, and all at once."""
    lines: dict[str, Any] = {}
    owed: dict[str, Any] = {}
    clocks = Clocks(as_of, book.head().position)
    with book.reading() as connection:
        for month in MONTHS:
            run = settle(connection, EDITION, clocks, period=month)
            for one in run.lines:
                minor = one.amount.minor if one.amount else None
                name = one.line.removeprefix(f"{PROGRAM}/")
                lines[name] = (one.outcome, minor, one.unmet, one.held_for)
            for own in run.obligations:
                assert own.amount is not None
                assert own.due is None
                name = own.obligation.removeprefix(f"{PROGRAM}/")
                owed[name] = (own.amount.minor, own.state, own.repeated_in)
        whole = settle(connection, EDITION, clocks)
        assert {one.line for one in whole.lines} == {f"{PROGRAM}/{name}" for name in lines}
    return lines, owed


def by_hand(facts: list[Fact], as_of: int) -> tuple[Any, Any, Any]:
    """What the plain rules say of the same, and of what does not fit."""
    hand = ByHand(facts, as_of)
    lines: dict[str, Any] = {}
    owed: dict[str, Any] = {}
    for month in MONTHS:
        year, number = int(month[:4]), int(month[5:])
        days = date(year, number, 1), date(year, number, monthrange(year, number)[1])
        if parse_instant(f"{month}-01T00:00:00+08:00") > as_of:
            continue
        lines |= hand.lines(*days)
        for store in ("S-1", "S-2"):
            if (own := hand.owed(store, days[1])) is not None:
                owed[f"{month}/{store}/negative_balance"] = own
    strange = {
        one["id"]: codes
        for one in facts
        if parse_instant(one["at"]) <= as_of and (codes := hand.odd(one))
    }
    return lines, owed, strange


def odd(book: Book, as_of: int) -> dict[str, list[str]]:
    """Per fact what the terms find odd."""
    found: dict[str, list[str]] = {}
    with book.reading() as connection:
        reader = LogReader(connection, Clocks(as_of, book.head().position))
        for judging in program_of(EDITION.rules).judges:
            facts = read_log(connection, topics=[one.TOPIC for one in judging.facts])
            counting = reader.at_positions([one.position for one in facts])
            for one, surprise in judging.judge(reader, EDITION, list(counting)):
                found.setdefault(one.event.id, []).append(surprise.code)
    return found


def pots(book: Book, as_of: int) -> list[Any]:
    """What statements show of the balances of two stores, at some instants."""
    pot = program_of(EDITION.rules).pot
    assert pot is not None
    stores = ["store:S-1", "store:S-2"]
    with book.reading() as connection:
        reader = LogReader(connection, Clocks(as_of, book.head().position))
        shown = [pot.stands(reader, EDITION, stores, t) for t in SHOWN]
    return [
        {name: money.minor for name, money in one.get(store, {}).items()}
        for store in stores
        for one in shown
    ]


def pots_by_hand(facts: list[Fact], as_of: int) -> list[Any]:
    hand = ByHand(facts, as_of)
    return [
        {}
        if hand.foreign(store, t)
        else {"balance": hand.balance(store, t), "uncovered": max(0, -hand.balance(store, t))}
        for store in ("S-1", "S-2")
        for t in SHOWN
    ]


@pytest.mark.parametrize("seed", drawn(range(120), 12))
def test_a_story_comes_to_what_the_plain_rules_say(
    new_book: Callable[[], Book], record_facts: Record, seed: int
) -> None:
    """Lines, obligations, exceptions and what statements show, at several as-of."""
    book = new_book()
    facts = story(Random(seed))
    record_facts(book, facts)
    for as_of in instants(seed):
        lines, owed, strange = by_hand(facts, as_of)
        found, own = answers(book, as_of)
        assert found == lines
        assert {name: one for name, (*one, _) in own.items()} == {
            name: [*one] for name, one in owed.items()
        }
        assert odd(book, as_of) == strange
        assert pots(book, as_of) == pots_by_hand(facts, as_of)
    book.close()


@more
def test_the_stories_say_much() -> None:
    """Every outcome, every code, both states of an obligation, and every exception."""
    said: Counter[str] = Counter()
    for seed in range(0, 120, 4):
        facts = story(Random(seed))
        for as_of in instants(seed):
            lines, owed, strange = by_hand(facts, as_of)
            for name, (outcome, _, unmet, held) in lines.items():
                said.update([f"{name.rpartition('/')[2][:2]} {outcome}", *unmet, *held])
            said.update(state for _, state in owed.values())
            said.update(code for codes in strange.values() for code in codes)
    assert {
        *("fr payable", "fr held", "R- granted", "R- declined", "R- held"),
        *("balance_not_negative", "followers_reached", "category_fits", "samples_left"),
        *("currency_differs", "creator_unknown", "open", "fulfilled", "before_program"),
        *("payout_beyond_balance", "approved_though_declined", "unknown_request"),
    } <= said.keys()


def exceptions(book: Book) -> list[tuple[str, str]]:
    """Codes and sentences, caught up and the same when built anew."""
    return judged.exceptions(book, ODD)


@pytest.mark.parametrize("seed", drawn(range(24), 6))
def test_any_order_late_facts_and_withdrawals_come_to_the_same(
    new_book: Callable[[], Book], record_facts: Record, now: int, seed: int
) -> None:
    """At once, or in another order and split, some withdrawn: the report follows each step."""
    chance = Random(seed)
    facts = story(chance)
    gone = some_gone(chance, facts)
    at_once, piece_by_piece = new_book(), new_book()
    kept = [one for one in facts if one["id"] not in gone]
    answer = record_facts(at_once, kept)
    told_otherwise(
        piece_by_piece, record_facts, chance, facts, gone, now=now, look=exceptions, largest_call=5
    )
    found = exceptions(at_once)
    assert exceptions(piece_by_piece) == found
    assert sorted((w.code, w.error) for w in answer.warnings if w.code not in ODD) == found
    for as_of in instants(seed):
        assert answers(piece_by_piece, as_of) == answers(at_once, as_of)


@pytest.mark.parametrize("seed", drawn(range(24), 8))
def test_closed_and_adjusted_is_what_one_call_comes_to(
    new_book: Callable[[], Book], record_facts: Record, now: int, seed: int
) -> None:
    """Months closed over part of the facts, then told the rest: the lines of a fresh run."""
    chance = Random(seed)
    facts, book = story(chance), new_book()
    asked = parse_instant("2024-07-15T00:00:00+08:00")
    closed_half_way(book, record_facts, chance, facts, EDITION, MONTHS[1:4], as_of=asked, now=now)


@decision
def test_a_second_edition_goes_on_with_the_balances_of_the_first(
    book: Book, record_facts: Record
) -> None:
    """What was advanced under the first counts; each charges and judges its own days."""
    first = EDITION.model_copy(
        update={"publisher": "acme", "version": 2, "last": date(2024, 5, 31)}
    )
    head = {"program": "samples-2024b", "version": 1, "first": date(2024, 6, 1), "last": None}
    second = first.model_copy(update=head)
    for one in (first, second):
        publish(book, one, by="test")
    at = {"store": "S-1", "currency": "USD"}
    own = {"request": "R-1", "by": "platform"}
    record_facts(
        book,
        [
            {"type": "PayoutMade", "at": "2023-12-31T09:00:00+08:00", **at, "amount": "70.00"},
            {"type": "SampleFreightAdvanced", "at": "2024-05-31T23:59:59+08:00", **at}
            | {"amount": "5.00"},
            {"type": "PayoutMade", "at": "2024-05-31T23:59:59+08:00", **at, "amount": "1.00"},
            {"type": "SampleRequested", "at": "2024-06-01T00:00:00+08:00", "request": "R-1"}
            | {"store": "S-1", "product": "K-1", "creator": "C-1"},
            {"type": "SampleApproved", "at": "2024-06-02T00:00:00+08:00", **own},
            {"type": "PayoutMade", "at": "2024-06-03T00:00:00+08:00", **at, "amount": "0.01"},
        ],
    )
    clocks = Clocks(parse_instant("2024-06-30T00:00:00+08:00"), book.head().position)
    with book.reading() as connection:
        may = settle(connection, first, clocks, period="2024-05")
        june = settle(connection, second, clocks, period="2024-06")
    lines = {
        one.line: (one.outcome, one.amount_text, one.unmet) for one in (*may.lines, *june.lines)
    }
    assert lines == {
        "samples-us-2024/2024-05/S-1/freight": ("payable", "-5.00", ()),
        "samples-2024b/R-1": ("declined", None, ("balance_not_negative",)),
    }
    owed = [one.as_json() for one in (*may.obligations, *june.obligations)]
    assert [(one["obligation"], one["amount"]) for one in owed] == [
        ("samples-us-2024/2024-05/S-1/negative_balance", "6.00"),
        ("samples-2024b/2024-06/S-1/negative_balance", "6.01"),
    ]
    rows = report(book, "exceptions").rows
    found = [(one["code"], one["program"]) for one in rows if one["code"] not in ODD]
    assert sorted(found) == [
        ("approved_though_declined", "samples-2024b"),
        ("before_program", "samples-2024b"),
        ("payout_beyond_balance", "samples-2024b"),
        ("payout_beyond_balance", "samples-us-2024"),
    ]
