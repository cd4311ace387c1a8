"""Facts of the growth service: how they come in, and what does not fit, until it does."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import pytest

from ledger.aggregates.store import GMVRecorded
from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import BadTerms, NoSuchStream
from ledger.kernel.instants import parse_instant
from ledger.store.book import Book
from ledger.usecases.looking.show import show
from ledger.usecases.settling.settle import published_edition, settle
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import rebuild
from tests.marks import decision, drawn
from tests.quarter import GROWTH, edition

Record = Callable[..., Any]
ReadFacts = Callable[[Book], list[Any]]
Fact = dict[str, Any]
NOW = parse_instant("2026-11-21T12:00:00Z")
PROGRAM = "growth-2026-05"
AT = {"at": "2026-05-03T10:00:00+08:00"}
LATER = {"at": "2026-05-04T10:00:00+08:00"}
PLACE = {"program": PROGRAM, "merchant": "M-7"}
INVITED = {"type": "MerchantInvited", "at": "2026-04-20T09:00:00+08:00", **PLACE}
ENROLLED = {"type": "MerchantEnrolled", **AT, **PLACE, "store": "S-1001"}
ONBOARDED = {
    "type": "MerchantOnboarded",
    "at": "2026-05-20T09:00:00+08:00",
    "merchant": "M-7",
    "store": "S-1001",
    "market": "US",
}
PROMISED = {"type": "ContentPromised", **AT, **PLACE, "kind": "aigc", "count": 60}
DELIVERED = {"type": "ContentDelivered", **AT, **PLACE, "kind": "creator_video", "count": 2}
PAID = {"type": "FixedFeePaid", **AT, **PLACE, "amount": "6000.00", "currency": "USD"}
JOINED = [INVITED, ONBOARDED, ENROLLED]
ABOUT = [PROMISED, DELIVERED, PAID]


def codes(answer: Any) -> list[str]:
    return [one.code for one in answer.warnings]


def exceptions(book: Book) -> list[tuple[str, int]]:
    """Code and position of each exception, caught up and the same when built anew."""
    live = report(book, "exceptions").rows
    rebuild(book, VIEWS["exceptions"])
    assert report(book, "exceptions").rows == live
    return [(row["code"], row["position"]) for row in live]


PLAIN = f"MerchantEnrolled,{AT['at']},{PROGRAM},M-7,S-1001"
CELLS: dict[str, tuple[str, Fact]] = {
    "both": (f"{PLAIN},50,12", {**ENROLLED, "promised": {"aigc": 50, "creator_video": 12}}),
    "one": (f"{PLAIN},,12", {**ENROLLED, "promised": {"creator_video": 12}}),
    "zero": (f"{PLAIN},0,", {**ENROLLED, "promised": {"aigc": 0}}),
    "none": (f"{PLAIN},,", ENROLLED),
}


@pytest.mark.parametrize(("row", "fact"), CELLS.values(), ids=CELLS)
@decision
def test_promised_columns_of_a_csv_file_say_what_ndjson_says(
    book: Book, record_facts: Record, read_facts: ReadFacts, row: str, fact: Fact
) -> None:
    """The same enrolment, so that the second file is known; an empty cell promises nothing."""
    header = "type,at,program,merchant,store,promised.aigc,promised.creator_video\n"
    assert record_facts(book, f"{header}{row}\n", name="facts.csv").rejected == []
    answer = record_facts(book, [fact])
    assert (answer.recorded, answer.known) == (0, 1)
    (stored,) = read_facts(book)
    said = stored.event.promised
    assert (said and said.model_dump(exclude_none=True)) == fact.get("promised")


def test_counts_and_approvals_are_read_from_csv_too(book: Book, record_facts: Record) -> None:
    """Whole numbers and truth values as a spreadsheet writes them; left out, it is approved."""
    text = (
        "type,at,program,merchant,kind,count,approved,amount,currency\n"
        f"ContentPromised,{AT['at']},{PROGRAM},M-7,aigc,60,,,\n"
        f"ContentDelivered,{AT['at']},{PROGRAM},M-7,creator_video,2,,,\n"
        f"ContentDelivered,{AT['at']},{PROGRAM},M-7,creator_video,2,FALSE,,\n"
        f"FixedFeePaid,{AT['at']},{PROGRAM},M-7,,,,6000,USD\n"
    )
    assert record_facts(book, text, name="facts.csv").rejected == []
    answer = record_facts(book, [*ABOUT, {**DELIVERED, "approved": False}])
    assert (answer.recorded, answer.known) == (0, 4)


@pytest.mark.parametrize(
    ("fact", "named"),
    [
        ({**ENROLLED, "promised": {"aigc": -1}}, "promised.aigc"),
        ({**ENROLLED, "promised": {"aigc": 1.5}}, "promised.aigc"),
        ({**ENROLLED, "promised": {"aigc": True}}, "promised.aigc"),
        ({**ENROLLED, "promised": {"livestream": 1}}, "promised.livestream"),
        ({**ENROLLED, "promised": 50}, "promised"),
        ({**PROMISED, "kind": "livestream"}, "kind"),
        ({**PROMISED, "count": -1}, "count"),
        ({**PAID, "amount": "6000.001"}, "amount"),
        ({**PAID, "amount": 6000.5}, "amount"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@decision
def test_what_is_no_count_and_no_amount_is_refused(
    book: Book, record_facts: Record, fact: Fact, named: str
) -> None:
    """With the field that is wrong; nothing is recorded."""
    (rejected,) = record_facts(book, [fact]).rejected
    assert rejected.code in ("invalid_field", "bad_amount")
    assert named in rejected.error


SURPRISES: dict[str, tuple[Fact, list[str]]] = {
    "enrols out of nowhere": (ENROLLED, ["unknown_store", "not_invited"]),
    "enrols in nothing": (
        {**ENROLLED, "program": "growth-2027-05"},
        ["unknown_store", "unknown_program", "not_invited"],
    ),
    "is invited to nothing": ({**INVITED, "program": "growth-2027-05"}, ["unknown_program"]),
    "is invited": (INVITED, []),
    **{f"{one['type']} before enrolling": (one, ["not_enrolled"]) for one in ABOUT},
}


@pytest.mark.parametrize(("fact", "expected"), SURPRISES.values(), ids=SURPRISES)
def test_what_does_not_fit_is_recorded_and_told(
    book: Book, record_facts: Record, fact: Fact, expected: list[str]
) -> None:
    """The same codes as warnings and as exceptions; sent again it is known and warns no more."""
    answer = record_facts(book, [fact])
    assert (answer.recorded, answer.rejected, codes(answer)) == (1, [], expected)
    assert all(one.line == 1 and one.error and one.hint for one in answer.warnings)
    shown = [(row["code"], row["sentence"]) for row in report(book, "exceptions").rows]
    assert sorted(shown) == sorted((one.code, one.error) for one in answer.warnings)
    again = record_facts(book, [fact])
    assert (again.recorded, again.known, codes(again)) == (0, 1, [])


@pytest.mark.parametrize("split", [True, False], ids=["call by call", "in one call"])
def test_what_fits_warns_of_nothing(book: Book, record_facts: Record, split: bool) -> None:
    """In one call the order of the lines does not matter; a store may be onboarded later."""
    facts = [*JOINED, *ABOUT]
    calls = [[one] for one in facts] if split else [facts[::-1]]
    answers = [record_facts(book, one) for one in calls]
    assert [code for one in answers for code in codes(one)] == []
    assert exceptions(book) == []


@pytest.mark.parametrize("first", [True, False], ids=["in order", "the earlier one comes late"])
def test_of_two_enrolments_the_later_one_is_the_surprise(
    book: Book, record_facts: Record, now: int, first: bool
) -> None:
    """Until one is withdrawn, whichever came first; the other store is no excuse."""
    second = {**ENROLLED, **LATER, "id": "e-2"}
    record_facts(book, [INVITED, ONBOARDED, {**ONBOARDED, "store": "S-1002"}])
    start = book.head().position
    told = [ENROLLED, {**second, "store": "S-1002"}]
    answers = [record_facts(book, [one]) for one in (told if first else told[::-1])]
    assert [codes(one) for one in answers] == [[], ["enrolled_twice"] if first else []]
    assert exceptions(book) == [("enrolled_twice", start + (4 if first else 2))]
    record_facts(book, [{"type": "FactWithdrawn", **AT, "id": "e-2", "reason": "wrong"}])
    assert exceptions(book) == []


@pytest.mark.parametrize("number", range(6))
@decision
def test_of_two_enrolments_at_one_instant_one_is_the_surprise(
    book: Book, record_facts: Record, number: int
) -> None:
    """The same one in every order of arrival: the content decides, as it does for the lines."""
    record_facts(book, [INVITED, ONBOARDED])
    start = book.head().position
    told = [ENROLLED, {**ENROLLED, "promised": {"aigc": number}}]
    answers = [record_facts(book, [one]) for one in told]
    with book.reading() as connection:
        edition = published_edition(connection, PROGRAM, Clocks(NOW, book.head().position))
        fee = settle(connection, edition, Clocks(NOW, book.head().position)).lines[-1]
    ((code, place),) = exceptions(book)
    assert (code, {place, *fee.explanation.events}) == ("enrolled_twice", {start + 2, start + 4})
    assert codes(answers[1]) == (["enrolled_twice"] if place == start + 4 else [])


def test_what_the_call_itself_withdraws_makes_nobody_known(
    book: Book, record_facts: Record
) -> None:
    """An invitation or an enrolment of the book, taken back in the call that rests on it."""
    record_facts(book, [{**INVITED, "id": "i"}, ONBOARDED])
    undone = {"type": "FactWithdrawn", **AT, "reason": "wrong"}
    answer = record_facts(book, [{**ENROLLED, "id": "e"}, {**undone, "id": "i"}])
    assert codes(answer) == ["not_invited"]
    assert codes(record_facts(book, [PROMISED, {**undone, "id": "e"}])) == ["not_enrolled"]


def test_under_strict_what_rests_on_a_refused_enrolment_is_refused_too(
    book: Book, record_facts: Record
) -> None:
    """Nothing is recorded; where the good facts are kept, those that fit are."""
    facts = [ONBOARDED, *ABOUT, ENROLLED]
    answer = record_facts(book, facts, strict=True)
    assert answer.recorded == 0
    expected = [*[(n, "not_enrolled") for n in (2, 3, 4)], (5, "not_invited")]
    assert [(one.line, one.code) for one in answer.rejected] == expected
    assert record_facts(book, facts, strict=True, keep_good=True).recorded == 1
    whole = record_facts(book, [INVITED, *facts], strict=True)
    assert (whole.recorded, whole.known, whole.rejected) == (len(facts), 1, [])


def test_everything_twice_is_known(book: Book, record_facts: Record) -> None:
    """Also in another order, with the content written otherwise."""
    facts = [*JOINED, *ABOUT]
    assert record_facts(book, facts).recorded == len(facts)
    otherwise = [{**DELIVERED, "approved": True}, {**PAID, "amount": "6000"}]
    answer = record_facts(book, [*otherwise, *JOINED[::-1], PROMISED])
    assert (answer.recorded, answer.known) == (0, len(facts))


def test_an_enrolment_is_shown_with_the_facts_that_it_follows_from(
    book: Book, record_facts: Record, now: int
) -> None:
    """In business order, and only those of this merchant in this program that count by then."""
    late = {**DELIVERED, "at": "2026-06-11T16:20:00+08:00"}
    other = {**ENROLLED, "merchant": "M-8"}
    wrong = {**PAID, **LATER, "id": "p-1"}
    undone = {"type": "FactWithdrawn", **AT, "id": "p-1", "reason": "wrong"}
    record_facts(book, [late, other, ENROLLED, INVITED, PROMISED, wrong, undone])
    clocks = Clocks(parse_instant("2026-06-01T00:00:00Z"), book.head().position)
    with book.reading() as connection:
        shown = show(connection, f"enrolment:{PROGRAM}/M-7", clocks)
        everything = show(connection, f"enrolment:{PROGRAM}/M-7", clocks._replace(as_of=now))
        with pytest.raises(NoSuchStream):
            show(connection, f"enrolment:{PROGRAM}/M-9", clocks)
    types = ["MerchantInvited", "MerchantEnrolled", "ContentPromised"]
    assert [one["type"] for one in shown["facts"]] == types
    assert len(shown["not_counted"]) == 2
    assert [one["type"] for one in everything["facts"]] == [*types, "ContentDelivered"]


def _wanted(known: Iterable[Fact]) -> set[tuple[str, str]]:
    """Id and code of each exception, from the words of the contract."""
    gone = {one["id"] for one in known if one["type"] == "FactWithdrawn"}
    facts = [one for one in known if one["type"] != "FactWithdrawn" and one["id"] not in gone]

    def of(type_: str) -> list[Fact]:
        return [one for one in facts if one["type"] == type_]

    missing = gone - {one["id"] for one in known if one["type"] != "FactWithdrawn"}
    found = {(f"without {one}", "unknown_fact") for one in missing}
    found |= {(one["id"], "unknown_program") for one in facts if one.get("program") == "nowhere"}
    stores = {one["store"] for one in of("MerchantOnboarded")}
    invited = {(one["program"], one["merchant"]) for one in of("MerchantInvited")}
    first: dict[tuple[str, str], Fact] = {}
    for one in sorted(of("MerchantEnrolled"), key=lambda one: one["at"]):
        place = (one["program"], one["merchant"])
        found |= {(one["id"], "not_invited")} if place not in invited else set()
        found |= {(one["id"], "unknown_store")} if one["store"] not in stores else set()
        found |= {(one["id"], "enrolled_twice")} if first.setdefault(place, one) != one else set()
    waiting = [one for kind in ABOUT for one in of(kind["type"])]
    lost = [one for one in waiting if (one["program"], one["merchant"]) not in first]
    return found | {(one["id"], "not_enrolled") for one in lost}


TOLD: list[Fact] = [
    {**INVITED, "id": "invited"},
    {**INVITED, **LATER, "id": "invited again"},
    {**ONBOARDED, "id": "onboarded"},
    {**ENROLLED, "id": "enrolled"},
    {**ENROLLED, **LATER, "id": "enrolled again"},
    *({**one, "id": one["type"]} for one in ABOUT),
    {**ENROLLED, "program": "nowhere", "id": "enrolled nowhere"},
    {**PROMISED, "merchant": "M-8", "id": "promised to another"},
    *(
        {"type": "FactWithdrawn", **AT, "id": one, "reason": "wrong"}
        for one in ("invited", "onboarded", "enrolled", "FixedFeePaid", "nobody")
    ),
]


@pytest.mark.parametrize("seed", drawn(range(6), 2))
def test_exceptions_come_and_go_as_facts_and_withdrawals_arrive_in_any_order(
    book: Book, record_facts: Record, read_facts: ReadFacts, seed: int
) -> None:
    """After every call the report says exactly what the facts known by then leave open."""
    chance = Random(seed)
    told = chance.sample(TOLD, len(TOLD))
    while told:
        call, told = told[: (size := chance.randint(1, 3))], told[size:]
        record_facts(book, call)
        said = {one.position: one.event for one in read_facts(book)}
        known = [
            next(f for f in TOLD if (f["type"], f["id"]) == (type(e).__name__, e.id))
            for e in said.values()
        ]
        found = {
            (f"without {e.id}" if type(e).__name__ == "FactWithdrawn" else e.id, code)
            for code, position in exceptions(book)
            for e in [said[position]]
        }
        assert found == _wanted(known)


def test_credit_in_another_currency_than_the_fee_is_refused() -> None:
    """There is no rate at which half of a fee in yen would be credit in dollars."""
    with pytest.raises(BadTerms, match=r"credit: found USD\.AD, expected credit in JPY"):
        edition(GROWTH, currency="JPY", fixed_fee="600000", publisher="acme")


@pytest.mark.parametrize(
    ("source", "amount", "orders", "is_refund"),
    [
        ("crm", "-1.00", None, True),
        ("orders", "-1.00", 0, True),
        ("orders", "-1.00", None, False),
        ("orders", "1.00", 1, False),
    ],
)
def test_what_takes_orders_off_is_no_refund(
    source: str, amount: str, orders: int | None, is_refund: bool
) -> None:
    """A version of an order that another one supersedes takes itself off again."""
    fact = GMVRecorded.model_validate(
        {"source": source, "store": "S-1", "day": "2026-01-05", "amount": amount}
        | {"currency": "CNY", "basis": "placed", "orders": orders}
    )
    assert fact.is_refund == is_refund
