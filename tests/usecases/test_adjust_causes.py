"""Which facts made a line of a closed period say something else: exactly those are named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.quarter import (
    GMV,
    ONBOARDED,
    PROGRAM,
    SALE,
    TERM_OVER,
    VERIFIED,
    Facts,
    Quarter,
    amount_of,
    certified,
    changes,
    closure,
    on_sqlite,
    plain_quarter,
    store,
)

P_1, P_9 = "partner:P-1", "partner:P-9"
CLAWBACK = ("2000.00", "0.00", "-2000.00", "declined")
RELEASED = ("0.00", "2000.00", "2000.00", "payable")
UNCHANGED = ("0.00", "0.00", "0.00")


@pytest.fixture
def quarter(book: Any, tmp_path: Path) -> Quarter:
    """A book with the plain quarter, closed: S-1 and S-2 of P-1, 2000.00 each."""
    made = Quarter(book, tmp_path)
    made.tell(plain_quarter())
    made.close(as_of=TERM_OVER)
    return made


def test_an_earlier_onboarding_by_another_partner_moves_the_line(quarter: Quarter) -> None:
    """Two rows: the old payee's goes to zero and is void, the new one has it from nothing."""
    facts = [*certified("P-9"), store(1, "P-9")[1] | {"at": "2026-01-05T09:00:00+08:00"}]
    partner, onboarding = quarter.tell(facts)
    answer = quarter.adjust()
    voided, own = answer["adjustments"]
    assert (voided["payee"], voided["outcome"]) == (P_1, "void")
    assert (voided["was"], voided["now"], voided["difference"]) == CLAWBACK[:3]
    assert voided["because"] == [onboarding]
    assert (own["payee"], own["outcome"]) == (P_9, "payable")
    assert (own["was"], own["now"], own["difference"]) == (None, "2000.00", "2000.00")
    assert own["because"] == [partner, onboarding]
    assert (voided["line"], own["line"]) == (f"{PROGRAM}/S-1",) * 2
    quarter.unchanged()
    due = {one["payee"]: one["due"] for one in quarter.statement()["statements"]}
    assert due == {P_1: "2000.00", P_9: "2000.00"}


@on_sqlite
def test_a_payee_that_gets_its_line_back_is_told_because_of_the_withdrawal(
    quarter: Quarter,
) -> None:
    """Told void before, it has the line from nothing again; only what is new since is named."""
    facts = [*certified("P-9"), store(1, "P-9")[1] | {"at": "2026-01-05T09:00:00+08:00"}]
    _, onboarding = quarter.tell(facts)
    quarter.adjust()
    withdrawal = quarter.withdraw(onboarding)
    back, voided = quarter.adjust()["adjustments"]
    assert (back["payee"], back["was"], back["now"]) == (P_1, None, "2000.00")
    assert (voided["payee"], voided["outcome"], voided["now"]) == (P_9, "void", "0.00")
    assert voided["because"] == [withdrawal]
    assert back["because"] == [withdrawal]
    quarter.unchanged()


VANISHING: dict[str, Callable[[Quarter], int]] = {
    "onboarded before the term": lambda quarter: quarter.tell(
        [store(1)[1] | {"at": "2025-12-31T09:00:00+08:00"}]
    )[0],
    "its onboarding withdrawn": lambda quarter: quarter.withdraw(quarter.told[ONBOARDED]),
}


@on_sqlite
@pytest.mark.parametrize("how", VANISHING)
def test_a_line_that_is_no_more_goes_to_zero_and_is_void(quarter: Quarter, how: str) -> None:
    """With what took it away: the onboarding that counts now, or the withdrawal."""
    position = VANISHING[how](quarter)
    answer = quarter.adjust()
    assert changes(answer) == {("S-1", P_1): ("2000.00", "0.00", "-2000.00", "void", [position])}
    quarter.unchanged()


def test_a_line_that_was_not_there_appears(quarter: Quarter) -> None:
    """A store reported onboarded late: from nothing, because of all that it rests on."""
    facts = store(3, gmv="2500.00")
    positions = quarter.tell(facts)
    answer = quarter.adjust()
    row = (None, "2000.00", "2000.00", "payable", positions)
    assert changes(answer) == {("S-3", P_1): row}
    quarter.unchanged()


@on_sqlite
@pytest.mark.parametrize("index", [GMV, VERIFIED, SALE], ids=["gmv", "verified", "sale"])
def test_a_fact_withdrawn_late_is_named_by_its_withdrawal(quarter: Quarter, index: int) -> None:
    """Not by the fact, which the line no longer rests on."""
    position = quarter.told[index]
    withdrawal = quarter.withdraw(position)
    answer = quarter.adjust()
    assert changes(answer) == {("S-1", P_1): (*CLAWBACK, [withdrawal])}
    quarter.unchanged()


@on_sqlite
def test_a_refund_and_a_withdrawal_are_both_named_and_noise_is_not(quarter: Quarter) -> None:
    """Facts of other stores, merchants and partners are no cause."""
    listed = {"type": "StockListed", "at": "2026-01-16T09:00:00Z", "country": "DE"}
    noise: Facts = [{**listed, "store": "S-2"}, amount_of("S-2", "10.00"), *certified("P-7")]
    quarter.tell(noise)
    (refund,) = quarter.tell([amount_of("S-1", "-1200.00")])
    withdrawal = quarter.withdraw(quarter.told[SALE])
    answer = quarter.adjust()
    assert changes(answer) == {("S-1", P_1): (*CLAWBACK, sorted([refund, withdrawal]))}
    assert answer["adjustments"][0]["unmet"] == ["first_sale_in_time", "gmv_over_threshold"]


@on_sqlite
def test_another_reason_for_the_same_nothing_is_told_too(quarter: Quarter) -> None:
    """No amount moves, and no entry is made; the payee learns what it is declined for now."""
    quarter.tell([closure("S-1")])
    quarter.adjust()
    before = quarter.rows("entries")
    (refund,) = quarter.tell([amount_of("S-1", "-1200.00")])
    answer = quarter.adjust()
    assert changes(answer) == {("S-1", P_1): (*UNCHANGED, "declined", [refund])}
    assert answer["adjustments"][0]["unmet"] == ["gmv_over_threshold", "store_open"]
    assert quarter.rows("entries") == before
    quarter.unchanged()


def test_a_fact_that_was_known_and_had_not_happened_yet_is_a_cause(
    book: Any, tmp_path: Path
) -> None:
    """Recorded before the close, dated after its as-of; beside one that was told later."""
    quarter = Quarter(book, tmp_path)
    refund = amount_of("S-1", "-1200.00", "2026-08-01T09:00:00+08:00")
    *_, position = quarter.tell([*plain_quarter(), refund])
    quarter.close(as_of=TERM_OVER)
    assert quarter.adjust(as_of=TERM_OVER)["adjustments"] == []
    (late,) = quarter.tell([amount_of("S-1", "-10.00")])
    assert changes(quarter.adjust()) == {("S-1", P_1): (*CLAWBACK, [position, late])}
    quarter.unchanged()


def test_a_change_taken_back_is_adjusted_back(quarter: Quarter) -> None:
    """Each adjustment starts from what was last said, and names what is new since then."""
    (late,) = quarter.tell([closure("S-1")])
    quarter.adjust()
    withdrawal = quarter.withdraw(late)
    answer = quarter.adjust()
    assert changes(answer) == {("S-1", P_1): (*RELEASED, [withdrawal])}
    quarter.unchanged()
    whole = quarter.statement(P_1)
    assert [one["difference"] for one in whole["adjustments"]] == ["-2000.00", "2000.00"]
    assert whole["totals"] == {"CNY": "4000.00"}, "what was issued is not edited"


@on_sqlite
def test_only_what_changed_since_the_last_word_is_a_cause_of_a_line_that_comes_back(
    quarter: Quarter,
) -> None:
    """A fact that an earlier adjustment knew already made no difference this time."""
    onboarding = store(1, "P-9")[1] | {"at": "2026-01-05T09:00:00+08:00"}
    *_, late = quarter.tell([*certified("P-9"), amount_of("S-1", "10.00"), onboarding])
    quarter.adjust()
    withdrawal = quarter.withdraw(late)
    back, voided = quarter.adjust()["adjustments"]
    assert (voided["payee"], voided["because"]) == (P_9, [withdrawal])
    assert (back["payee"], back["because"]) == (P_1, [withdrawal])


@on_sqlite
def test_a_new_fact_that_made_no_difference_is_no_cause(quarter: Quarter) -> None:
    """Stock in a country that nobody asked for came beside the refund that declined the line."""
    listed = {"type": "StockListed", "at": "2026-01-16T09:00:00Z", "store": "S-1"}
    quarter.tell([{**listed, "country": "PL"}])
    (refund,) = quarter.tell([amount_of("S-1", "-1200.00")])
    assert changes(quarter.adjust()) == {("S-1", P_1): (*CLAWBACK, [refund])}
