"""Agreements in stories: what does not fit, what arrives late, what is shared to the last cent."""

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from functools import partial
from itertools import permutations
from random import Random
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import BadTerms, LeftOpen, WrongPeriod
from ledger.kernel.instants import parse_instant
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of, shipped
from ledger.programs.service_agreement.pools import WHOLE, allocate
from ledger.programs.variants import with_terms
from ledger.store.book import Book
from ledger.usecases.closing.adjust import adjust
from ledger.usecases.closing.close import close
from ledger.usecases.closing.replay import replay
from ledger.usecases.recording.withdraw import withdraw
from ledger.usecases.settling.explain import explain
from ledger.usecases.settling.settle import settle
from ledger.usecases.statements.closed_period import closed_period
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import catch_up
from tests.marks import decision, drawn
from tests.programs.stories import some_gone, told_otherwise
from tests.projections import judged

pytestmark = decision
Record = Callable[..., Any]
Fact = dict[str, Any]
PROGRAM = "service-agreements-2022"
WHO = {"unknown_partner", "unknown_store"}
"""Of partners and stores that are no matter of these stories."""
MONTHS = ("2026-05", "2026-06")
(EDITION,) = (one for one in shipped() if one.program == PROGRAM)


def at(text: str) -> str:
    return f"2026-{text}+08:00"


def signed(name: str = "A-1", when: str = "05-01T10:00:00", **fields: Any) -> Fact:
    """With a creator; other fields changed, or as None left out."""
    usual = {"type": "AgreementSigned", "at": at(when), "agreement": name, "partner": "P-1"}
    usual |= {"creator": "C-1", "share": "0.3", "of": "commission", "currency": "CNY"}
    found = {**usual, "from": "2026-05-01", **fields}
    return {field: value for field, value in found.items() if value is not None}


def shop(name: str = "A-1", **fields: Any) -> Fact:
    """With a merchant, for a share of GMV."""
    usual = {"creator": None, "merchant": "M-1", "stores": ["S-1"], "of": "gmv"}
    return signed(name, **{**usual, **fields})


def ended(name: str = "A-1", on: str | None = "2026-05-19", when: str = "06-10T10:00:00") -> Fact:
    fact = {"type": "AgreementEnded", "at": at(when), "agreement": name}
    return fact | ({"on": on} if on else {})


def earned(day: str, amount: str, when: str = "06-20T10:00:00", **fields: Any) -> Fact:
    usual = {"type": "CommissionEarned", "at": at(when), "creator": "C-1", "currency": "CNY"}
    return {**usual, "day": f"2026-{day}", "amount": amount, **fields}


def gmv(day: str, amount: str, when: str = "06-20T10:00:00", **fields: Any) -> Fact:
    usual = {"type": "GMVRecorded", "at": at(when), "store": "S-1", "currency": "CNY"}
    usual["basis"] = "settled"
    return {**usual, "day": f"2026-{day}", "amount": amount, **fields}


def certified(kind: str | None = None, when: str = "04-01T10:00:00", partner: str = "P-1") -> Fact:
    fact = {"type": "PartnerCertified", "at": at(when), "partner": partner}
    return fact | ({"kind": kind} if kind else {})


def granted(name: str = "G-1", when: str = "05-29T10:00:00", **fields: Any) -> Fact:
    usual = {"type": "IncentiveGranted", "at": at(when), "grant": name, "program": PROGRAM}
    return {**usual, "partner": "P-1", "amount": "5", "commodity": "TRAFFIC", **fields}


def exceptions(book: Book) -> list[str]:
    """Codes, caught up and the same when built anew."""
    return [code for code, _ in judged.exceptions(book, WHO)]


def codes(answer: Any) -> list[str]:
    return sorted(one.code for one in answer.warnings if one.code not in WHO)


def lines(book: Book, edition: Edition = EDITION, **asked: Any) -> dict[str, Any]:
    """What the lines of two months say, by line; every subject alone says the same."""
    clocks = Clocks(parse_instant("2026-11-01T00:00:00Z"), book.head().position)
    found: dict[str, Any] = {}
    with book.reading() as connection:
        for month in MONTHS:
            run = settle(connection, edition, clocks, period=month, **asked).lines
            found |= {one.line.partition("/")[2]: one.said() for one in run}
    return found


TWO = ["two_agencies", "two_agencies"]
FITS_OR_NOT: dict[str, tuple[list[Fact], list[str]]] = {
    "two partners with one creator": ([signed(), signed("A-2", partner="P-2")], TWO),
    "three of them: one exception each": (
        [signed(), signed("A-2", partner="P-2"), signed("A-3", partner="P-3")],
        ["two_agencies"] * 3,
    ),
    "the first ends before the second begins": (
        [signed(), ended(), signed("A-2", partner="P-2", **{"from": "2026-05-20"})],
        [],
    ),
    "it ends on the second's first day": (
        [signed(), ended(on="2026-05-20"), signed("A-2", partner="P-2", **{"from": "2026-05-20"})],
        TWO,
    ),
    "an agency with a creator": ([certified("agency"), signed()], ["kind_differs"]),
    "certified otherwise since": (
        [certified("agency"), signed(), certified("reach", "06-10T10:00:00")],
        [],
    ),
    "a reach partner with a merchant": ([certified("reach"), shop()], ["kind_differs"]),
    "signed twice, by two partners": (
        [signed(), signed(when="05-02T10:00:00", partner="P-2")],
        ["signed_twice"],
    ),
    "ended without a signing": ([ended("A-9")], ["unknown_agreement"]),
    "granted twice": (
        [certified(), granted(), granted(when="05-30T10:00:00", amount="7")],
        ["granted_twice"],
    ),
    "granted under a program that nobody has published": (
        [certified(), granted(program="no-such-program")],
        ["unknown_program"],
    ),
}


@pytest.mark.parametrize("name", FITS_OR_NOT)
def test_what_fits_and_what_does_not(book: Book, record_facts: Record, name: str) -> None:
    """As warnings of one call, and as exceptions."""
    facts, expected = FITS_OR_NOT[name]
    assert codes(record_facts(book, facts)) == expected
    assert exceptions(book) == expected


SEVERAL = [name for name, (facts, _) in FITS_OR_NOT.items() if facts[1:]]


@pytest.mark.parametrize("name", drawn(SEVERAL, 9))
def test_any_order_of_arrival_comes_to_the_same(
    new_book: Callable[[], Book], record_facts: Record, name: str
) -> None:
    """Fact by fact, the report brought up to date after each, as when built anew."""
    facts, expected = FITS_OR_NOT[name]
    for order in permutations(facts):
        book = new_book()
        for fact in order:
            record_facts(book, [fact])
            catch_up(book, VIEWS["exceptions"])
        assert exceptions(book) == expected


def test_who_is_not_known_shows_until_somebody_tells_of_it_and_again_without(
    book: Book, record_facts: Record, now: int
) -> None:
    """Partners of agreements and grants, stores of commissions: they lie in other streams."""
    onboarded = {"type": "MerchantOnboarded", "merchant": "M-1", "store": "S-1", "market": "CN"}
    facts = [signed(), granted(), earned("05-20", "1.00", store="S-1")]
    told = [row.code for row in record_facts(book, facts).warnings]
    assert sorted(told) == ["unknown_partner", "unknown_partner", "unknown_store"]

    def unknown() -> list[str]:
        catch_up(book, VIEWS["exceptions"])
        return sorted(row["code"] for row in report(book, "exceptions").rows)

    assert unknown() == sorted(told)
    first = record_facts(book, [certified()]).position
    second = record_facts(book, [{**onboarded, "at": at("01-01T10:00:00")}]).position
    assert unknown() == []
    for position in (first, second):
        withdraw(book, position, reason="wrong", by="test", now=now)
    assert unknown() == sorted(told)


def test_an_end_resolves_two_agencies_and_its_withdrawal_brings_them_back(
    book: Book, record_facts: Record, now: int
) -> None:
    """The end lies in the stream of one, and resolves both."""
    later = signed("A-2", partner="P-2", **{"from": "2026-05-20"})
    record_facts(book, [signed(), later])
    assert exceptions(book) == TWO
    end = record_facts(book, [ended()]).position
    assert exceptions(book) == []
    withdraw(book, end, reason="wrong", by="test", now=now)
    assert exceptions(book) == TWO
    rows = [one for one in report(book, "exceptions").rows if one["code"] == TWO[0]]
    row = rows[0]
    assert row["program"] == PROGRAM
    assert (
        "agreement A-1 of P-1 with creator C-1 is in force on days of A-2 of P-2"
        in (row["sentence"])
    )


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_of_two_equal_reports_the_same_one_is_judged_whichever_came_first(
    book: Book, record_facts: Record, order: tuple[str, str]
) -> None:
    """They differ in their senders' ids alone."""
    places = {one: record_facts(book, [signed(id=one, source="crm")]).position for one in order}
    record_facts(book, [signed("A-2", partner="P-2")])
    rows = report(book, "exceptions").rows
    assert places["a"] in {one["position"] for one in rows if one["code"] == TWO[0]}
    assert places["b"] not in {one["position"] for one in rows if one["code"] == TWO[0]}


def test_a_judged_agreement_touches_the_close_of_its_own_month_alone(
    book: Book, record_facts: Record, now: int
) -> None:
    """Both were signed in May: that month is not closed without a reason, June is."""
    both = [signed(), signed("A-2", partner="P-2", share="0.2")]
    record_facts(book, [certified("reach"), certified("reach", partner="P-2"), *both])
    with pytest.raises(LeftOpen):
        close(book, PROGRAM, "2026-05", by="lin", now=now)
    assert close(book, PROGRAM, "2026-06", by="lin", now=now)["lines"] == 2


def test_an_end_of_nothing_keeps_its_month_open(book: Book, record_facts: Record, now: int) -> None:
    """No line rests on it, and somebody must look at it."""
    record_facts(book, [ended("A-9", when="05-19T10:00:00")])
    with pytest.raises(LeftOpen):
        close(book, PROGRAM, "2026-05", by="lin", now=now)
    assert close(book, PROGRAM, "2026-06", by="lin", now=now)["lines"] == 0


LATE: dict[str, list[Fact]] = {
    "an earlier end": [ended(when="05-19T10:00:00")],
    "an end before it began: the line is gone": [ended(on="2026-04-30")],
    "a commission taken back": [earned("05-20", "-30.00", when="07-01T10:00:00")],
    "a commission in another currency": [earned("05-20", "1.00", currency="USD")],
    "another agency that makes the shares exceed the whole": [signed("A-9", share="0.9")],
    "GMV of the month": [gmv("05-20", "300.00")],
    "a second feed": [gmv("05-21", "300.00", source="erp")],
    "an earlier report of the agreement": [signed(when="04-20T10:00:00", share="0.4")],
    "one that names another partner and creator": [
        signed(when="04-20T10:00:00", partner="P-2", creator="C-2")
    ],
    "a termination before the grant": [
        {"type": "PartnerTerminated", "at": at("05-20T10:00:00"), "partner": "P-1"}
        | {"reason": "behind"}
    ],
    "a withholding": [
        {"type": "IncentiveWithheld", "at": at("07-01T10:00:00"), "partner": "P-1"}
        | {"program": PROGRAM, "reason": "cheating"}
    ],
}
TOLD = [
    *(certified(), signed(), earned("05-20", "100.01"), granted()),
    *(shop("A-2", flat="10.00", per="month"), gmv("05-21", "1000.00")),
]


@pytest.mark.parametrize("name", drawn(LATE, 3))
def test_closed_and_adjusted_is_what_all_told_at_once_comes_to(
    book: Book, record_facts: Record, now: int, name: str
) -> None:
    """The close replays to the digest, and an adjustment names what caused it."""
    record_facts(book, TOLD)
    close(book, PROGRAM, "2026-05", by="lin", now=now, leave_open="so be it")
    position = record_facts(book, LATE[name]).position
    found, _ = adjust(book, PROGRAM, "2026-05", by="lin", now=now)
    assert found.corrections
    assert {one for row in found.corrections for one in row.because} == {position}
    fresh = {line: said for line, said in lines(book).items() if line.startswith("2026-05")}
    with book.reading() as connection:
        known_at = book.head().position
        stands = closed_period(connection, PROGRAM, "2026-05", known_at).current
        assert {one.line.said() for one in stands.values()} == set(fresh.values())
        assert replay(connection, PROGRAM, "2026-05", known_at=known_at).identical


def test_a_line_is_explained_with_every_fact_that_it_rests_on(
    book: Book, record_facts: Record
) -> None:
    """The pool shows everybody's exact part, and the creator's."""
    facts = [signed(share="0.3333"), signed("A-2", share="0.3333"), earned("05-20", "100.01")]
    head = record_facts(book, facts).position
    clocks = Clocks(parse_instant("2026-11-01T00:00:00Z"), head)
    with book.reading() as connection:
        _, answer = explain(connection, f"{PROGRAM}/2026-05/A-1/commission_split", clocks)
    cited = {one["position"] for one in answer["facts"]}
    assert cited == {head - 2, head - 1, head}
    pool = answer["explanation"]["parts"][1]
    assert [(one["label"], one["amount"], one["observed"]) for one in pool["parts"]] == [
        ("creator C-1", "33.35", "exactly 33.343334 CNY"),
        ("agreement A-1", "33.33", "exactly 33.333333 CNY"),
        ("agreement A-2", "33.33", "exactly 33.333333 CNY"),
    ]


def test_a_grant_is_explained_by_its_line(book: Book, record_facts: Record) -> None:
    """Its line has its own id; what it is about is the partner."""
    head = record_facts(book, [certified(), granted(), granted("G-2")]).position
    clocks = Clocks(parse_instant("2026-11-01T00:00:00Z"), head)
    with book.reading() as connection:
        _, answer = explain(connection, f"{PROGRAM}/2026-05/G-1/incentive", clocks)
    assert (answer["amount"], answer["currency"], answer["subject"]) == (
        *("5", "TRAFFIC", "partner:P-1"),
    )


def test_only_months_are_settled() -> None:
    """A fee is due again each month: all months together are no period."""
    with pytest.raises(WrongPeriod):
        program_of("service_agreement").days_of(EDITION, None)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"gmv_basis": "paid"}, "gmv_basis: "),
        ({"proration": "weeks"}, "proration: "),
        ({"end_day": True}, "end_day: "),
        ({"negative_months": "carry"}, "negative_months: "),
        ({"needs_certified": "yes"}, "needs_certified: "),
        ({"rate_max_age_days": -1}, "rate_max_age_days: "),
        ({"share": "0.05"}, "share: unknown key"),
    ],
)
def test_terms_that_make_no_sense_are_refused(changed: dict[str, Any], named: str) -> None:
    """With the key that is wrong."""
    with pytest.raises(BadTerms) as refused:
        program_of("service_agreement").check(with_terms(EDITION, **changed))
    assert named in refused.value.sentence


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"merchant": "M-1"}, "creator: found 'C-1'"),
        ({"creator": None}, "creator: found 'None'"),
        ({"flat": "10.00"}, "per: found 'None'"),
        ({"per": "month"}, "per: found 'month'"),
        ({"flat": "0.00", "per": "once"}, "flat: found '0.00', expected: an amount above zero"),
        ({"flat": "1.001", "per": "once"}, "flat: "),
        ({"flat": 10, "per": "once"}, "flat: "),
        ({"flat": "ten", "per": "once", "currency": None}, "currency"),
        ({"share": None}, "of: found 'commission'"),
        ({"of": None}, "of: found 'None'"),
        ({"of": "gmv"}, "of: found 'gmv', expected: with gmv a merchant and its stores"),
        ({"creator": None, "merchant": "M-1"}, "of: found 'commission', expected: with commi"),
        ({"creator": None, "merchant": "M-1", "of": "gmv", "stores": []}, "of: found 'gmv'"),
        ({"basis": "placed"}, "basis: found 'placed'"),
        ({"share": "1.01"}, "share: found '1.01', expected: a share from 0 to 1"),
        ({"share": "-0.1"}, "share: found '-0.1'"),
        ({"share": 0.3}, "share: "),
        ({"share": "30 %"}, "share: "),
        ({"from": None}, "'from'"),
        ({"from": 20260501}, "from: found 20260501, expected a day"),
        ({"first": "2026-05-01"}, "no field 'first'"),
        ({"to": "2026-04-30"}, "to: found '2026-04-30', expected: 2026-05-01 (from) or later"),
    ],
)
def test_terms_of_an_agreement_that_contradict_each_other_are_refused_at_the_border(
    book: Book, record_facts: Record, changed: Fact, named: str
) -> None:
    """With the field, what was found and what was expected."""
    (refused,) = record_facts(book, [signed(**changed)]).rejected
    assert named in refused.error


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"commodity": None}, "commodity: found 'None'"),
        ({"currency": "CNY"}, "commodity: found 'TRAFFIC'"),
        ({"commodity": "GOLD"}, "commodity: found 'GOLD'"),
        ({"amount": "0"}, "amount: found '0', expected: an amount above zero"),
        ({"amount": "-5"}, "amount: found '-5'"),
        ({"amount": "0.5"}, "amount: found '0.5'"),
        ({"amount": "much"}, "amount: found 'much'"),
        ({"amount": "1.001", "commodity": "USD.AD"}, "amount: found '1.001'"),
        ({"amount": "1.001", "commodity": None, "currency": "CNY"}, "amount: "),
    ],
)
def test_a_grant_is_of_a_currency_or_of_a_commodity_and_exact(
    book: Book, record_facts: Record, changed: Fact, named: str
) -> None:
    """Traffic comes in whole units, ad credit in cents."""
    fact = {name: value for name, value in granted(**changed).items() if value is not None}
    (refused,) = record_facts(book, [fact]).rejected
    assert named in refused.error


def test_a_share_written_otherwise_is_the_same_share(book: Book, record_facts: Record) -> None:
    """Sent again with a zero behind, the fact is known."""
    assert record_facts(book, [signed(share="0.30", to="2026-12-31")]).recorded == 1
    assert record_facts(book, [signed(share="0.3", to="2026-12-31")]).recorded == 0


@pytest.mark.parametrize("seed", drawn(range(40), 4))
def test_parts_sum_to_the_pool_and_none_is_a_unit_off(seed: int) -> None:
    """Against fractions: each part is the exact one cut off, or a unit more, the largest
    remainders first."""
    chance = Random(seed)
    for _ in range(50):
        pool = chance.randint(-2000, 2000)
        shares = [Fraction(chance.randint(0, 40), 100) for _ in range(chance.randint(0, 5))]
        exact = [share * (pool + chance.randint(-3, 3)) for share in shares]
        parts = allocate(pool, [int(part * WHOLE) for part in exact])
        whole = [pool - sum(exact), *exact]
        more = [part - (one // 1) for part, one in zip(parts, whole, strict=True)]
        assert sum(parts) == pool
        assert set(more) <= {0, 1}
        rest = [(-(one % 1), place) for place, one in enumerate(whole)]
        assert [place for _, place in sorted(rest)[: sum(more)]] == sorted(
            (place for place, one in enumerate(more) if one), key=lambda place: rest[place]
        )


def test_the_examples_of_the_text_to_the_cent() -> None:
    """Down towards minus infinity, also below zero."""
    third = int(Decimal("0.3333") * WHOLE)
    assert allocate(10001, [third * 10001] * 2) == [3335, 3333, 3333]
    assert allocate(1, [WHOLE // 2]) == [1, 0]
    assert allocate(-735, [-735 * 3 * WHOLE // 10]) == [-514, -221]
    assert allocate(-735, [-735 * 3 * WHOLE // 10], half_up=True) == [-515, -221]
    assert Decimal("-220.5").to_integral_value(ROUND_FLOOR) == -221


OURS = [signed(share="0.5"), earned("05-20", "0.05"), earned("05-31", "0.02")]
LIKELY: list[tuple[str, str, list[Fact], str, str | None, str]] = [
    ("partner_certified", "met", [granted()], "G-1/incentive", "0", "5"),
    (
        *("not_withheld", "met"),
        [certified(), granted(), *LATE["a withholding"]],
        *("G-1/incentive", "0", "5"),
    ),
    (
        *("share", "another agreement"),
        [shop(), shop("A-2", share="0.05", stores=["S-2"]), gmv("05-20", "100.00")],
        *("A-1/gmv_share", "30.00", "5.00"),
    ),
    (
        *("share", "another agreement"),
        [*OURS, signed("A-2", partner="P-2", share="0.25", **{"from": "2026-05-31"})],
        *("A-1/commission_split", "0.04", "0.02"),
    ),
    (
        *("days_in_force", "a day longer at its first day"),
        [shop(**{"from": "2026-05-21"}), gmv("05-20", "100.00")],
        *("A-1/gmv_share", "0.00", "30.00"),
    ),
    (
        *("days_in_force", "a day shorter at its first day"),
        [shop(**{"from": "2026-05-20"}), gmv("05-20", "100.00")],
        *("A-1/gmv_share", "30.00", "0.00"),
    ),
    (
        *("days_in_force", "a day longer at its last day"),
        [shop(), ended(on="2026-05-19"), gmv("05-20", "100.00")],
        *("A-1/gmv_share", "0.00", "30.00"),
    ),
    (
        *("days_in_force", "a day shorter at its last day"),
        [shop(to="2026-05-20"), gmv("05-20", "100.00")],
        *("A-1/gmv_share", "30.00", "0.00"),
    ),
    (
        *("zone", "UTC"),
        [certified(), granted(when="06-01T07:59:59")],
        *("G-1/incentive", None, "5"),
    ),
    (
        *("refund_ignored", "not deducted"),
        [shop(), gmv("05-20", "100.00"), gmv("05-21", "-40.00")],
        *("A-1/gmv_share", "18.00", "30.00"),
    ),
    ("rounding", "half up", OURS, "A-1/commission_split", "0.03", "0.04"),
    (
        *("gmv_basis", "placed"),
        [shop(), gmv("05-20", "100.00", basis="placed")],
        *("A-1/gmv_share", "0.00", "30.00"),
    ),
    (
        *("proration", "days"),
        [shop(flat="31.00", per="month", **{"from": "2026-05-31"})],
        *("A-1/flat_fee", "31.00", "1.00"),
    ),
    (
        *("end_day", "outside"),
        [shop(), ended(on="2026-05-20"), gmv("05-20", "100.00")],
        *("A-1/gmv_share", "30.00", "0.00"),
    ),
    (
        *("negative_months", "claw_back"),
        [shop(), gmv("05-20", "-100.00")],
        *("A-1/gmv_share", "0.00", "-30.00"),
    ),
    ("needs_certified", "yes", OURS, "A-1/commission_split", "0.03", "0.00"),
]


@pytest.mark.parametrize(("because", "detail", "facts", "line", "ours", "theirs"), LIKELY)
def test_what_the_platform_may_have_done_otherwise(
    book: Book,
    record_facts: Record,
    because: str,
    detail: str,
    facts: list[Fact],
    line: str,
    ours: str | None,
    theirs: str,
) -> None:
    """One change alone gives exactly their amount."""
    head = record_facts(book, facts).position
    clocks = Clocks(parse_instant("2026-11-01T00:00:00Z"), head)
    variants = program_of("service_agreement").variants(EDITION)
    asked = [one for one in variants if one.because == because and detail in one.detail]

    def amount(edition: Edition, **changed: Any) -> str | None:
        with book.reading() as connection:
            run = settle(connection, edition, clocks, period="2026-05", **changed)
        found = {one.line.removeprefix(f"{PROGRAM}/2026-05/"): one for one in run.lines}
        return found[line].amount_text if line in found else None

    assert amount(EDITION) == ours
    first = asked[0]
    assert amount(first.edition, assume=first.assume, keep=first.keep) == theirs


def test_likely_causes_come_in_the_contracts_order() -> None:
    """Each changes one thing, and its terms can be published."""
    declared = program_of("service_agreement")
    found = list(declared.variants(EDITION))
    named = list(dict.fromkeys(one.because for one in found))
    assert named == [
        *("partner_certified", "not_withheld", "share", "days_in_force", "zone"),
        *("refund_ignored", "rounding", "gmv_basis", "proration", "end_day"),
        *("negative_months", "needs_certified"),
    ]
    for one in found:
        assert declared.check(one.edition)


INSTANTS = [
    *("04-30T23:59:59", "05-01T00:00:00", "05-15T00:00:00", "05-31T23:59:59"),
    *("06-01T00:00:00", "06-20T10:00:00"),
]
DAYS = ["04-30", "05-01", "05-15", "05-31", "06-01", "06-30"]
CHANGED: list[dict[str, Any]] = [
    *[{}] * 2,
    {"proration": "days", "end_day": "outside"},
    {"gmv_basis": "placed", "negative_months": "claw_back"},
    {"needs_certified": True},
]


def _agreement(chance: Random) -> Fact:
    """Of few partners with few creators and stores, so that much meets."""
    day = chance.choice(DAYS)
    who = {"partner": chance.choice(["P-1", "P-2"]), "from": f"2026-{day}"}
    who["currency"] = chance.choice(["CNY", "CNY", "CNY", "USD"])
    who["to"] = chance.choice([None, None, f"2026-{max(day, chance.choice(DAYS))}"])
    fee = chance.choice([{}, {"flat": "100.01", "per": chance.choice(["month", "once"])}])
    name, when = f"A-{chance.randint(1, 6)}", chance.choice(INSTANTS)
    share = {"share": chance.choice(["0.3333", "0.5", "0.05", "0.6667"])}
    if chance.random() < 0.4:
        stores = chance.choice([["S-1"], ["S-2"], ["S-1", "S-2"]])
        basis = chance.choice([None, None, "placed"])
        return shop(name, when=when, stores=stores, basis=basis, **who, **fee, **share)
    creator = chance.choice(["C-1", "C-1", "C-2"])
    return signed(name, when, creator=creator, **who, **fee, **share)


def _another(chance: Random) -> Fact:
    """Whatever else bears on lines and exceptions."""
    when, day = chance.choice(INSTANTS), chance.choice(DAYS)
    partner = chance.choice(["P-1", "P-2"])
    amount = chance.choice(["0.01", "100.01", "-7.35", "33.33"])
    currency = {"currency": chance.choice(["CNY", "CNY", "CNY", "USD"])}
    ended_on = chance.choice([None, f"2026-{day}"])
    quoted = {"type": "RateQuoted", "at": at(when), "day": f"2026-{day}"}
    quoted |= chance.choice([{"base": "USD", "quote": "CNY"}, {"base": "CNY", "quote": "USD"}])
    sold = {**currency, "store": chance.choice(["S-1", "S-2"])}
    sold |= {"basis": chance.choice(["settled", "settled", "placed"])}
    source = chance.choice([{}, {}, {}, {"source": "erp"}])
    withheld = {"type": "IncentiveWithheld", "at": at(when), "program": PROGRAM}
    terminated = {"type": "PartnerTerminated", "at": at(when), "reason": "behind"}
    return chance.choice(
        [
            *[earned(day, amount, when, **currency, creator=chance.choice(["C-1", "C-2"]))] * 4,
            *[gmv(day, amount, when, **sold, **source)] * 3,
            *[ended(f"A-{chance.randint(1, 6)}", ended_on, when)] * 2,
            *[granted(f"G-{chance.randint(1, 3)}", when, partner=partner)] * 2,
            *[certified(chance.choice([None, "agency", "reach"]), when, partner)] * 2,
            {**quoted, "rate": chance.choice(["7", "0.14"])},
            {**withheld, "partner": partner, "reason": "violation"},
            {**terminated, "partner": partner},
        ]
    )


def _story(chance: Random) -> list[Fact]:
    facts = [_agreement(chance) for _ in range(chance.randint(3, 7))]
    facts += [_another(chance) for _ in range(chance.randint(5, 16))]
    return [{**fact, "id": f"f-{number}"} for number, fact in enumerate(facts)]


@pytest.mark.parametrize("seed", drawn(range(48), 12))
def test_any_order_late_facts_and_withdrawals_give_the_same_lines_and_exceptions(
    new_book: Callable[[], Book], record_facts: Record, now: int, seed: int
) -> None:
    """At once, or in another order, one by one, some withdrawn: the report follows, and each
    subject alone says what it says among all."""
    chance = Random(seed)
    facts, edition = _story(chance), with_terms(EDITION, **chance.choice(CHANGED))
    gone = some_gone(chance, facts)
    at_once, one_by_one = new_book(), new_book()
    record_facts(at_once, [one for one in facts if one["id"] not in gone])
    look = partial(catch_up, view=VIEWS["exceptions"])
    told_otherwise(one_by_one, record_facts, chance, facts, gone, now=now, look=look)
    assert exceptions(one_by_one) == exceptions(at_once)
    found = lines(one_by_one, edition)
    assert found == lines(at_once, edition)
    split = program_of("service_agreement").subject_of
    for month, subject in {split(line) for line in found}:
        asked = {"subjects": frozenset({subject})}
        alone = lines(at_once, edition, **asked)
        own = {line: said for line, said in found.items() if split(line)[0] == month}
        about = {said[4] for line, said in own.items() if split(line)[1] == subject}
        wanted = {line: said for line, said in own.items() if said[4] in about}
        assert {line: said for line, said in alone.items() if split(line)[0] == month} == wanted
