"""Acts around an admission that do not fit: they come and go with late and withdrawn facts."""

from collections.abc import Callable
from itertools import permutations
from random import Random
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import BadTerms, LeftOpen
from ledger.kernel.instants import parse_instant
from ledger.programs.program import Program
from ledger.programs.registry import program_of, shipped
from ledger.store.book import Book
from ledger.usecases.closing.adjust import adjust, adjustment
from ledger.usecases.closing.close import close
from ledger.usecases.closing.replay import replay
from ledger.usecases.recording.withdraw import withdraw
from ledger.usecases.settling.settle import settle
from ledger.usecases.terms.publish import publish
from projections.reading import report
from tests.marks import drawn
from tests.programs.stories import some_gone, told_otherwise
from tests.projections import judged

Record = Callable[..., Any]
Fact = dict[str, Any]
WHO = "unknown_partner"
"""Of a termination of who was never certified: no matter of an admission."""
PARTNERS, SHOPS = "partner-admission-2022", "shop-admission-2020"
APPLIED: Fact = {
    "type": "PartnerApplied",
    "at": "2026-03-10T10:00:00+08:00",
    "application": "A-1",
    "partner": "P-1",
    "kind": "agency",
    "region": "CN",
    "registered_on": "2023-05-04",
    "registered_capital": "1000000.00",
    "business_scope": ["broadcasting"],
    "services": ["broadcasting"],
    "team_size": 8,
    "fixed_office": True,
    "live_hardware": True,
}
SHOP: Fact = {
    "type": "ShopApplied",
    "at": "2020-03-10T10:00:00+08:00",
    "application": "B-1",
    "merchant": "M-1",
}


def applied(**changed: Any) -> Fact:
    """A sound application, with some fields changed or, as None, left out."""
    return {name: value for name, value in {**APPLIED, **changed}.items() if value is not None}


def at(text: str) -> str:
    return f"2026-{text}+08:00"


def record_of(on: str, found: str = "05-06T09:00:00") -> Fact:
    return {"type": "RiskRecordFound", "at": at(found), "partner": "P-1", "on": on} | {
        "kind": "litigation"
    }


def certified(when: str) -> Fact:
    return {"type": "PartnerCertified", "at": at(when), "partner": "P-1"}


def terminated(when: str) -> Fact:
    return {"type": "PartnerTerminated", "at": at(when), "partner": "P-1", "reason": "behind"}


def supplemented(application: str = "A-1", when: str = "03-12T10:00:00", **stated: Any) -> Fact:
    fact = {"type": "ApplicationSupplemented", "at": at(when), "application": application}
    return {**fact, **stated}


def exceptions(book: Book) -> list[str]:
    """Codes, caught up and the same when built anew."""
    return [code for code, _ in judged.exceptions(book, [WHO])]


def codes(answer: Any) -> list[str]:
    return sorted(one.code for one in answer.warnings if one.code != WHO)


def outcomes(book: Book, program: str = PARTNERS) -> dict[str, str]:
    (edition,) = (one for one in shipped() if one.program == program)
    clocks = Clocks(parse_instant("2026-11-01T00:00:00Z"), book.head().position)
    with book.reading() as connection:
        lines = settle(connection, edition, clocks).lines
    return {one.line.partition("/")[2]: one.outcome for one in lines}


AGAIN = applied(application="A-2", at=at("04-10T10:00:00"))
FITS_OR_NOT: dict[str, tuple[list[Fact], list[str]]] = {
    "a record of the application's day declines, and is no exception": (
        [APPLIED, record_of("2026-03-10")],
        [],
    ),
    "a record of the day after is one": (
        [APPLIED, record_of("2026-03-11")],
        ["risk_after_admission"],
    ),
    "of a declined application it is none": (
        [applied(team_size=4), record_of("2026-03-11")],
        [],
    ),
    "nor of a held one": ([applied(team_size=None), record_of("2026-03-11")], []),
    "nor after a termination up to the instant of the report": (
        [APPLIED, terminated("05-06T09:00:00"), record_of("2026-03-11")],
        [],
    ),
    "a termination a second after the report does not count": (
        [APPLIED, terminated("05-06T09:00:01"), record_of("2026-03-11")],
        ["risk_after_admission"],
    ),
    "nor one at the application's instant, which lies before it": (
        [APPLIED, terminated("03-10T10:00:00"), record_of("2026-03-11")],
        ["risk_after_admission"],
    ),
    "who stands admitted applies again": (
        [APPLIED, AGAIN],
        ["applied_while_admitted"],
    ),
    "who was refused applies again": (
        [applied(team_size=4), AGAIN],
        [],
    ),
    "who was terminated applies again": (
        [APPLIED, terminated("04-01T10:00:00"), AGAIN],
        [],
    ),
    "terminated at the instant of applying again": (
        [APPLIED, terminated("04-10T10:00:00"), AGAIN],
        [],
    ),
    "of two applications at one instant one comes first": (
        [APPLIED, applied(application="A-2")],
        ["applied_while_admitted"],
    ),
    "a second report is judged no further": (
        [APPLIED, applied(at=at("04-10T10:00:00"), team_size=9)],
        ["applied_twice"],
    ),
    "a certification after a granted application fits": (
        [APPLIED, certified("03-20T10:00:00")],
        [],
    ),
    "without any application it is not judged": ([certified("03-20T10:00:00")], []),
    "nor before the first application": ([APPLIED, certified("03-01T10:00:00")], []),
    "of a declined applicant it does not fit": (
        [applied(team_size=4), certified("03-20T10:00:00")],
        ["certified_not_admitted"],
    ),
    "of a held applicant neither": (
        [applied(team_size=None), certified("03-10T10:00:00")],
        ["certified_not_admitted"],
    ),
    "one that is terminated and not admitted again is not certified": (
        [APPLIED, terminated("03-20T10:00:00"), certified("03-20T10:00:00")],
        ["certified_not_admitted"],
    ),
    "one of several applications is enough": (
        [applied(team_size=4), AGAIN, certified("04-10T10:00:00")],
        [],
    ),
    "a supplement of nothing": ([supplemented(team_size=3)], ["unknown_application"]),
    "a supplement of a shop's application is known": (
        [SHOP, supplemented("B-1", quality_met=True)],
        [],
    ),
    "an application for a shop reported twice": (
        [SHOP, {**SHOP, "at": "2020-04-10T10:00:00+08:00"}],
        ["applied_twice"],
    ),
    "an application for a shop and one of a partner of the same id are two": (
        [SHOP, applied(application="B-1")],
        [],
    ),
}


@pytest.mark.parametrize("name", FITS_OR_NOT)
def test_what_fits_and_what_does_not(book: Book, record_facts: Record, name: str) -> None:
    """As warnings of one call, and as exceptions."""
    facts, expected = FITS_OR_NOT[name]
    assert codes(record_facts(book, facts)) == expected
    assert exceptions(book) == expected


SEVERAL = [name for name, (facts, _) in FITS_OR_NOT.items() if facts[1:]]


@pytest.mark.parametrize("name", drawn(SEVERAL, 5))
def test_any_order_of_arrival_comes_to_the_same(
    new_book: Callable[[], Book], record_facts: Record, name: str
) -> None:
    """Fact by fact, the report brought up to date after each, as when built anew."""
    facts, expected = FITS_OR_NOT[name]
    for order in permutations(facts):
        book = new_book()
        for fact in order:
            record_facts(book, [fact])
            exceptions(book)
        assert exceptions(book) == expected
        book.close()


def test_an_exception_names_its_program_and_says_why(book: Book, record_facts: Record) -> None:
    """The same sentence as warning and in the report."""
    answer = record_facts(book, [applied(team_size=4), certified("03-20T10:00:00")])
    (warning,) = answer.warnings
    (row,) = report(book, "exceptions").rows
    assert (row["code"], row["program"]) == ("certified_not_admitted", PARTNERS)
    assert row["sentence"] == warning.error
    assert "application A-1 of 2026-03-10 declined (team_of_five)" in row["sentence"]


def test_a_supplement_resolves_a_certification_and_its_withdrawal_brings_it_back(
    book: Book, record_facts: Record, now: int
) -> None:
    """The certification lies in another stream than what it rests on."""
    record_facts(book, [applied(team_size=None), certified("03-20T10:00:00")])
    assert exceptions(book) == ["certified_not_admitted"]
    supplement = record_facts(book, [supplemented(team_size=5)]).position
    assert exceptions(book) == []
    withdraw(book, supplement, reason="wrong", by="test", now=now)
    assert exceptions(book) == ["certified_not_admitted"]


def test_a_withdrawn_application_takes_what_was_judged_by_it_along(
    book: Book, record_facts: Record, now: int
) -> None:
    """Where it was the only one, nothing is left to judge."""
    first = record_facts(book, [APPLIED]).position
    later = applied(application="A-2", at=at("04-10T10:00:00"))
    record_facts(book, [later, record_of("2026-03-11")])
    assert exceptions(book) == ["applied_while_admitted", "risk_after_admission"]
    withdraw(book, first, reason="wrong", by="test", now=now)
    assert exceptions(book) == []


def test_a_late_quote_admits_and_so_resolves(book: Book, record_facts: Record) -> None:
    """A foreign capital rests on the rate of the application's day."""
    foreign = applied(registered_capital="80000.00", capital_currency="USD")
    record_facts(book, [foreign, certified("03-20T10:00:00")])
    assert exceptions(book) == ["certified_not_admitted"]
    quote = {"type": "RateQuoted", "at": at("03-10T18:00:00"), "base": "USD", "quote": "CNY"}
    record_facts(book, [{**quote, "rate": "7.1", "day": "2026-03-10"}])
    assert exceptions(book) == []


def test_other_terms_judge_the_same_facts_otherwise(book: Book, record_facts: Record) -> None:
    """Under a team of nine the partner was never admitted."""
    record_facts(book, [APPLIED, certified("03-20T10:00:00")])
    assert exceptions(book) == []
    (edition,) = (one for one in shipped() if one.program == PARTNERS)
    terms = {**edition.terms, "team_min": 9}
    stricter = edition.model_copy(update={"version": 2, "terms": terms})
    publish(book, stricter, "test")
    assert exceptions(book) == ["certified_not_admitted"]


def test_an_exception_touches_the_close_of_its_own_month_alone(
    book: Book, record_facts: Record, now: int
) -> None:
    """The record of May is no reason to leave March open."""
    record_facts(book, [APPLIED, record_of("2026-03-11")])
    closed = close(book, PARTNERS, "2026-03", by="lin", now=now)
    assert (closed["lines"], closed["exceptions"]) == (1, 0)
    with pytest.raises(LeftOpen):
        close(book, PARTNERS, "2026-05", by="lin", now=now)


def test_a_record_found_after_the_close_is_adjusted_and_the_close_replays(
    book: Book, record_facts: Record, now: int
) -> None:
    """The decision that was issued stays; what is known now is issued beside it."""
    record_facts(book, [APPLIED, applied(application="A-2", partner="P-2", region="DE")])
    close(book, PARTNERS, "2026-03", by="lin", now=now, leave_open="DE is being looked at")
    assert outcomes(book) == {"A-1": "granted", "A-2": "held"}
    record_facts(book, [record_of("2026-03-10")])
    found, _ = adjust(book, PARTNERS, "2026-03", by="lin", now=now)
    (row,) = found.as_json()["adjustments"]
    assert (row["line"], row["outcome_was"], row["outcome"]) == (
        f"{PARTNERS}/A-1",
        "granted",
        "declined",
    )
    assert row["unmet"] == ["no_risk_record"]
    with book.reading() as connection:
        known_at = book.head().position
        again = adjustment(connection, PARTNERS, "2026-03", Clocks(now, known_at))
        assert again.as_json()["adjustments"] == []
        assert replay(connection, PARTNERS, "2026-03", known_at=known_at).identical


@pytest.mark.parametrize(
    ("rules", "changed", "named"),
    [
        ("partner_admission", {"capital_min": "-1"}, "capital_min: -1 is below zero"),
        ("partner_admission", {"team_min": -1}, "team_min: "),
        ("partner_admission", {"listed_abroad": ["HK", "HK"]}, "listed_abroad: "),
        ("partner_admission", {"listed_abroad": ["CN"]}, "listed_abroad: CN is the mainland"),
        ("partner_admission", {"other_regions": "granted"}, "other_regions: "),
        ("shop_admission", {"open_categories": ["apparel", "apparel"]}, "open_categories: "),
        ("shop_admission", {"open_categories": []}, "open_categories: "),
        ("shop_admission", {"admitted_kinds": ["citizen"]}, "licensed_kinds: "),
        ("shop_admission", {"prize": 1}, "prize: unknown key"),
    ],
)
def test_terms_that_make_no_sense_are_refused(
    rules: str, changed: dict[str, Any], named: str
) -> None:
    """With the key that is wrong."""
    (edition,) = (one for one in shipped() if one.rules == rules)
    with pytest.raises(BadTerms) as refused:
        program_of(rules).check(edition.model_copy(update={"terms": {**edition.terms, **changed}}))
    assert named in refused.value.sentence


@pytest.mark.parametrize("program", [PARTNERS, SHOPS])
def test_likely_causes_are_conditions_then_days_then_other_readings(program: str) -> None:
    """Each changes one thing, and its terms can be published."""
    (edition,) = (one for one in shipped() if one.program == program)
    declared: Program = program_of(edition.rules)
    found = list(declared.variants(edition))
    named = [one.because for one in found]
    at_zone = named.index("zone")
    assert all(one.condition for one in found[:at_zone])
    assert named[at_zone : at_zone + 3] == ["zone", "day", "day"]
    readings = {
        PARTNERS: ["risk_when", "other_regions", "termination_bars"],
        SHOPS: ["licensed_kinds"],
    }
    assert named[at_zone + 3 :] == readings[program]
    for one in found:
        assert declared.check(one.edition)


@pytest.mark.parametrize(
    "row",
    [
        {"registered_capital": "0.00"},
        {"registered_capital": "-1.00"},
        {"registered_capital": "1.001"},
        {"registered_capital": "1.5", "capital_currency": "JPY"},
        {"registered_capital": 500000},
        {"registered_on": 1683158400},
        {"registered_on": "04.05.2023"},
        {"team_size": -1},
        {"region": "China"},
    ],
)
def test_what_is_no_statement_is_refused_at_the_border(
    book: Book, record_facts: Record, row: Fact
) -> None:
    """An amount not above zero or too fine, a day that is none, a team below nobody."""
    (refused,) = record_facts(book, [applied(**row)]).rejected
    assert next(iter(row)) in refused.error


def test_who_applies_need_not_be_known(book: Book, record_facts: Record) -> None:
    """A company applies before it is certified, and may be looked into before that."""
    assert codes(record_facts(book, [APPLIED, record_of("2020-01-01")])) == []


INSTANTS = ["03-09T23:59:59", "03-10T00:00:00", "03-10T10:00:00", "03-31T23:59:59"]


def _story(chance: Random) -> list[Fact]:
    """Applications of few partners at few instants, so that much meets, with ties."""
    facts: list[Fact] = []
    for _ in range(chance.randint(4, 10)):
        when = chance.choice(INSTANTS)
        team, capital = chance.choice([None, 4, 5]), chance.choice(["499999.99", "600000"])
        currency = chance.choice(["CNY", "USD"])
        who = {"partner": chance.choice(["P-1", "P-2"])}
        app = f"A-{chance.randint(1, 4)}"
        stated = {"team_size": team, "region": chance.choice(["CN", "HK", "DE", None])}
        money = {"registered_capital": capital, "capital_currency": currency}
        facts += chance.choice(
            [
                [applied(at=at(when), application=app, **who, **stated, **money)],
                [applied(at=at(when), application=app, **who)],
                [supplemented(app, when, **{k: v for k, v in stated.items() if v})],
                [supplemented(app, when, registered_capital=capital)],
                [{**record_of(chance.choice(["2026-03-09", "2026-03-11"]), when), **who}],
                [{**certified(when), **who}],
                [{**terminated(when), **who}],
                [
                    {"type": "RateQuoted", "at": at(when), "base": "USD", "quote": "CNY"}
                    | {"rate": chance.choice(["0.9", "7"]), "day": "2026-03-09"}
                ],
            ]
        )
    return [{**fact, "id": f"f-{number}"} for number, fact in enumerate(facts)]


@pytest.mark.parametrize("seed", drawn(range(12), 4))
def test_any_order_late_facts_and_withdrawals_give_the_same_lines_and_exceptions(
    new_book: Callable[[], Book], record_facts: Record, now: int, seed: int
) -> None:
    """At once, or in another order, one by one, some withdrawn: the report follows each step."""
    chance = Random(seed)
    facts = _story(chance)
    gone = some_gone(chance, facts)
    at_once, one_by_one = new_book(), new_book()
    record_facts(at_once, [one for one in facts if one["id"] not in gone])
    told_otherwise(one_by_one, record_facts, chance, facts, gone, now=now, look=exceptions)
    assert exceptions(one_by_one) == exceptions(at_once)
    assert outcomes(one_by_one) == outcomes(at_once)
