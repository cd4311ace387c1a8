"""Deposits in random stories: as worked out by hand, in any order, and closed and adjusted."""

from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from random import Random
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import parse_instant
from ledger.programs.registry import checked, program_of, shipped
from ledger.store.book import Book
from ledger.store.reader import LogReader
from ledger.usecases.settling.settle import settle
from ledger.usecases.terms.publish import publish
from projections.reading import report
from tests.marks import decision, drawn, more
from tests.programs.deposit_by_hand import ByHand
from tests.programs.stories import closed_half_way, some_gone, told_otherwise
from tests.projections import judged

Record = Callable[..., Any]
Fact = dict[str, Any]
PROGRAM = "deposit-2020"
ROWS = [{"category": "apparel", "amount": "20.00"}, {"category": "beauty", "amount": "50.00"}]
DAYS = ["04-30", "05-01", "05-02", "05-03", "05-05", "05-30", "05-31", "06-01", "06-02", "06-05"]
TIMES = ["00:00:00", "00:00:00", "12:00:00", "23:59:59"]
MONTHS = ["2020-04", "2020-05", "2020-06", "2020-07", "2020-08", "2020-09"]
SHOWN = [parse_instant(f"2020-{day}T{TIMES[-1]}+08:00") for day in ("05-01", "05-31", "06-05")]
STORES = ["S-1", "S-1", "S-2"]
ODD = ("unknown_store", "before_onboarding")


def _at(chance: Random) -> str:
    if chance.random() < 0.05:
        return chance.choice(["2019-12-31T23:59:59+08:00", "2020-01-01T00:00:00+08:00"])
    return f"2020-{chance.choice(DAYS)}T{chance.choice(TIMES)}+08:00"


def _fact(chance: Random, foreign: float) -> Fact:
    kind = chance.choice(
        [
            *["DepositPaid"] * 5,
            *("DepositCompensated", "DepositDeducted", "DepositReturned", "DepositRequired"),
            *("StoreCategoriesSet", "StoreClosed", "StoreClosed", "StoreReopened", "StoreClosed"),
            *("StoreReopened", "StoreCategoriesSet"),
        ]
    )
    fact: Fact = {"type": kind, "at": _at(chance), "store": chance.choice(STORES)}
    if kind == "StoreCategoriesSet":
        rows = [["apparel"], ["beauty"], ["apparel", "beauty"], ["beauty", "beauty"], ["toys"], []]
        return fact | {"categories": chance.choice([*rows, *rows[:4]])}
    if kind == "StoreClosed":
        return fact | {"reason": "voluntary"}
    if kind == "StoreReopened":
        return fact
    fact["amount"] = chance.choice(["0.01", "10.00", "20.00", "30.00", "49.99", "60.00"])
    fact["currency"] = "USD" if chance.random() < foreign else "CNY"
    return fact | ({"reason": "other"} if kind == "DepositDeducted" else {})


def story(chance: Random) -> tuple[list[Fact], dict[str, Any]]:
    """Facts of few stores at few instants, so that much meets, with ties; and terms."""
    foreign = chance.choice([0, 0, 0, 0.08])
    facts = [_fact(chance, foreign) for _ in range(chance.randint(4, 16))]
    terms: dict[str, Any] = {"combination": chance.choice(["highest", "sum"])}
    if chance.random() < 0.9:
        terms["requirements"] = ROWS
    if chance.random() < 0.85:
        terms["return_after_days"] = chance.choice([0, 1, 1, 2, 30])
    if chance.random() < 0.8:
        terms["top_up_within_days"] = chance.choice([0, 2, 7])
    return [{**one, "id": f"f-{number}"} for number, one in enumerate(facts)], terms


def as_of_of(chance: Random) -> int:
    """At one of the instants, just before it, or long after all of them."""
    text = chance.choice([_at(chance), _at(chance), "2020-09-01T00:00:00+08:00"])
    return parse_instant(text) - chance.choice([0, 0, 1])


def edition_of(terms: dict[str, Any]) -> Any:
    (edition,) = (one for one in shipped() if one.program == PROGRAM)
    return checked(edition.model_copy(update={"version": 2, "terms": terms}))


def answers(book: Book, edition: Any, as_of: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Lines and obligations of all months, without positions."""
    lines, owed = {}, {}
    clocks = Clocks(as_of, book.head().position)
    with book.reading() as connection:
        for month in MONTHS:
            run = settle(connection, edition, clocks, period=month)
            for one in run.lines:
                minor = one.amount.minor if one.amount else None
                name = one.line.removeprefix(f"{PROGRAM}/")
                lines[name] = (one.outcome, minor, one.unmet, one.held_for)
            for own in run.obligations:
                assert (own.owed_to, own.owed_by) == ("platform", f"store:{_store(own.obligation)}")
                assert own.amount is not None
                what = (own.amount.minor, own.due, own.state)
                owed[own.obligation.removeprefix(f"{PROGRAM}/")] = (*what, own.repeated_in)
    return lines, owed


def _store(name: str) -> str:
    return name.split("/")[2]


def odd(book: Book, edition: Any, as_of: int) -> dict[str, list[str]]:
    """Per fact what its terms find odd."""
    found: dict[str, list[str]] = {}
    (judging,) = program_of(edition.rules).judges
    with book.reading() as connection:
        reader = LogReader(connection, Clocks(as_of, book.head().position))
        facts = [one for one in reader.facts(["store:S-1", "store:S-2"])]
        facts = [one for one in facts if isinstance(one.event, judging.facts)]
        for one, surprise in judging.judge(reader, edition, facts):
            found.setdefault(one.event.id, []).append(surprise.code)
    return found


def pots(book: Book, edition: Any, as_of: int) -> list[dict[str, int]]:
    """What statements show of each store's pot, at some instants of a run."""
    pot = program_of(edition.rules).pot
    assert pot is not None
    with book.reading() as connection:
        reader = LogReader(connection, Clocks(as_of, book.head().position))
        shown = [pot.stands(reader, edition, ["S-1", "S-2"], t) for t in SHOWN]
    return [
        {name: money.minor for name, money in one.get(f"store:{store}", {}).items()}
        for store in ("S-1", "S-2")
        for one in shown
    ]


def pots_by_hand(facts: list[Fact], terms: dict[str, Any], as_of: int) -> list[dict[str, int]]:
    """The same by the plain rules; nothing from an amount in another currency on."""
    hands = [ByHand(one, facts, terms, as_of) for one in ("S-1", "S-2")]
    return [
        {}
        if hand.foreign(t)
        else {"balance": max(0, hand.kept(t)), "uncovered": max(0, -hand.kept(t))}
        for hand in hands
        for t in SHOWN
    ]


def by_hand(facts: list[Fact], terms: dict[str, Any], as_of: int) -> tuple[Any, Any, Any]:
    """What the plain rules say of the same."""
    lines, owed, strange = {}, {}, {}
    for store in ("S-1", "S-2"):
        hand = ByHand(store, facts, terms, as_of)
        months = {}
        for month in MONTHS:
            year, number = int(month[:4]), int(month[5:])
            days = date(year, number, 1), date(year, number, monthrange(year, number)[1])
            for kind, line in hand.lines(*days).items():
                lines[f"{month}/{store}/{kind}"] = line
            if top_up := hand.top_up(*days):
                months[month] = top_up
        for month, top_up in months.items():
            later = [one for one in months if one > month]
            repeated = max(later) if later else None
            owed[f"{month}/{store}/top_up"] = (*top_up, repeated)
        for one in facts:
            counts = one["store"] == store and parse_instant(one["at"]) <= as_of
            if counts and (codes := hand.odd(one)):
                strange[one["id"]] = codes
    return lines, owed, strange


def drafts(seed: int) -> Iterator[tuple[Any, int]]:
    """Terms and as-of that a story is asked under."""
    chance = Random(seed + 10**6)
    for _ in range(6):
        _, terms = story(chance)
        yield edition_of(terms), as_of_of(chance)


@pytest.mark.parametrize("seed", drawn(range(120), 20))
def test_a_story_comes_to_what_the_plain_rules_say(
    new_book: Callable[[], Book], record_facts: Record, seed: int
) -> None:
    """Lines, obligations and exceptions, under several terms at several as-of."""
    book = new_book()
    facts, _ = story(Random(seed))
    record_facts(book, facts)
    for edition, as_of in drafts(seed):
        lines, owed, strange = by_hand(facts, edition.terms, as_of)
        assert answers(book, edition, as_of) == (lines, owed)
        assert odd(book, edition, as_of) == strange
        assert pots(book, edition, as_of) == pots_by_hand(facts, edition.terms, as_of)
    book.close()


@more
def test_the_stories_say_much() -> None:
    """Every outcome, every code, every state of a top-up, and every exception."""
    said: Counter[str] = Counter()
    for seed in range(0, 120, 4):
        facts, _ = story(Random(seed))
        for edition, as_of in drafts(seed):
            lines, owed, strange = by_hand(facts, edition.terms, as_of)
            for kind, (outcome, _, unmet, held) in lines.items():
                said.update([f"{kind.rpartition('/')[2]} {outcome}", *unmet, *held])
            said.update(one[2] for one in owed.values())
            said.update(code for codes in strange.values() for code in codes)
    assert {
        *("compensation payable", "deduction held", "return payable", "standing granted"),
        *("stayed_closed", "balance_left", "requirement_covered", "currency_differs"),
        *("requirement_unset", "return_after_unset", "window_open"),
        *("open", "overdue", "fulfilled", "fulfilled_late", "lapsed", "before_program"),
        *("deposit_uncovered", "returned_while_open", "returned_beyond_due"),
    } <= said.keys()


def exceptions(book: Book) -> list[tuple[str, str]]:
    """Codes and sentences, caught up and the same when built anew."""
    return judged.exceptions(book, ODD)


@pytest.mark.parametrize("seed", drawn(range(24), 12))
def test_any_order_late_facts_and_withdrawals_come_to_the_same(
    new_book: Callable[[], Book], record_facts: Record, now: int, seed: int
) -> None:
    """At once, or in another order and split, some withdrawn: the report follows each step."""
    chance = Random(seed)
    facts, terms = story(chance)
    gone = some_gone(chance, facts)
    edition = edition_of(terms)
    at_once, piece_by_piece = new_book(), new_book()
    for book in (at_once, piece_by_piece):
        publish(book, edition, by="test")
    record_facts(at_once, [one for one in facts if one["id"] not in gone])
    told_otherwise(
        piece_by_piece, record_facts, chance, facts, gone, now=now, look=exceptions, largest_call=5
    )
    assert exceptions(piece_by_piece) == exceptions(at_once)
    for _, as_of in drafts(seed):
        assert answers(piece_by_piece, edition, as_of) == answers(at_once, edition, as_of)


@pytest.mark.parametrize("seed", drawn(range(24), 8))
def test_closed_and_adjusted_is_what_one_call_comes_to(
    new_book: Callable[[], Book], record_facts: Record, now: int, seed: int
) -> None:
    """Months closed over part of the facts, then told the rest: the lines of a fresh run."""
    chance = Random(seed)
    facts, terms = story(chance)
    edition, book = edition_of(terms), new_book()
    publish(book, edition, by="test")
    asked = parse_instant("2020-07-15T00:00:00+08:00")
    closed_half_way(book, record_facts, chance, facts, edition, MONTHS[:3], as_of=asked, now=now)


@decision
def test_a_second_edition_goes_on_with_the_deposits_of_the_first(
    book: Book, record_facts: Record
) -> None:
    """What was paid in under the first counts; each judges the acts of its own days."""
    terms = {"requirements": ROWS, "return_after_days": 30}
    first = edition_of(terms).model_copy(update={"last": date(2020, 5, 31)})
    head = {"program": "deposit-2020b", "version": 1, "first": date(2020, 6, 1), "last": None}
    second = first.model_copy(update=head)
    for one in (first, second):
        publish(book, checked(one), by="test")
    at = {"store": "S-1", "currency": "CNY"}
    record_facts(
        book,
        [
            {"type": "StoreCategoriesSet", "at": "2020-05-02T09:00:00+08:00", "store": "S-1"}
            | {"categories": ["beauty"]},
            {"type": "DepositPaid", "at": "2019-12-31T09:00:00+08:00", **at, "amount": "70.00"},
            {"type": "DepositPaid", "at": "2020-05-03T09:00:00+08:00", **at, "amount": "50.00"},
            {"type": "DepositReturned", "at": "2020-05-31T23:59:59+08:00", **at, "amount": "1.00"},
            {"type": "DepositPaid", "at": "2020-06-01T00:00:00+08:00", **at, "amount": "1.00"},
            {"type": "DepositReturned", "at": "2020-06-01T00:00:00+08:00", **at, "amount": "0.01"},
            {"type": "DepositPaid", "at": "2020-06-02T00:00:00+08:00", **at, "amount": "0.01"},
        ],
    )
    clocks = Clocks(parse_instant("2020-09-01T00:00:00+08:00"), book.head().position)
    with book.reading() as connection:
        (line,) = settle(connection, second, clocks, period="2020-06").lines
    assert (line.line, line.outcome) == ("deposit-2020b/2020-06/S-1/standing", "granted")
    rows = report(book, "exceptions").rows
    found = [(one["code"], one["program"]) for one in rows if one["code"] not in ODD]
    assert sorted(found) == [
        ("before_program", "deposit-2020"),
        ("returned_beyond_due", "deposit-2020"),
        ("returned_beyond_due", "deposit-2020b"),
        ("returned_while_open", "deposit-2020"),
        ("returned_while_open", "deposit-2020b"),
    ]
