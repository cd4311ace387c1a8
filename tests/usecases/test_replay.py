"""Replaying a closed period: identical for ever, or every difference, payee by payee."""

from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NotClosed, WrongPeriod
from ledger.kernel.instants import parse_instant
from ledger.programs.registry import shipped
from ledger.usecases.terms.publish import publish
from tests.quarter import (
    GMV,
    GROWTH,
    NOW,
    PROGRAM,
    TERM_OVER,
    Quarter,
    amount_of,
    closure,
    edition,
    enrolled,
    fee_paid,
    held_quarter,
    on_sqlite,
    plain_quarter,
    store,
)

RATIOS = [{"from": 1, "ratio": "0.8"}]


@pytest.fixture
def quarter(book: Any, tmp_path: Path) -> Quarter:
    """P-1 with two lines of 2000.00, P-2 with a declined and a held one; closed."""
    made = Quarter(book, tmp_path)
    made.tell(held_quarter())
    made.close(as_of=TERM_OVER, leave_open="ratios come later")
    return made


def test_a_period_that_is_not_closed_cannot_be_replayed(book: Any, tmp_path: Path) -> None:
    """Nothing was said that could be compared; the next step is to close it."""
    quarter = Quarter(book, tmp_path)
    quarter.tell(plain_quarter())
    with quarter.refused(NotClosed) as raised:
        quarter.replay()
    assert f"duebook close {PROGRAM} --by NAME" in raised.value.hint
    before = book.head().position
    quarter.close()
    with quarter.refused(NotClosed) as raised, book.reading() as connection:
        from ledger.usecases.closing.replay import replay

        replay(connection, PROGRAM, None, known_at=before)
    assert f"is not closed at position {before}" in raised.value.sentence


def test_a_close_replays_to_the_cent_and_to_the_digest_whatever_came_later(
    quarter: Quarter,
) -> None:
    """Late facts, withdrawals, adjustments, payments and other terms change no word of it."""
    first = quarter.replay()
    assert first["identical"] is True
    assert (first["lines"], first["differences"], first["faults"]) == (4, [], [])
    assert first["digest"] == first["closed"]["digest"] == quarter.statement()["seal"]["digest"]
    quarter.tell([closure("S-1", "counterfeit"), *store(9)])
    quarter.adjust()
    quarter.pay("4000")
    quarter.withdraw(quarter.told[GMV])
    publish(quarter.book, edition(PROGRAM, publisher="a", version=2, award="1.00"), "x")
    quarter.adjust()
    assert quarter.replay() == first


def test_a_replay_stands_at_the_clocks_and_under_the_terms_of_the_close(quarter: Quarter) -> None:
    """Not at today's: the answer carries both, and where the close stands."""
    answer, closed = quarter.replay(), quarter.statement()["seal"]
    assert answer["as_of"] == closed["as_of"] == "2026-06-30T16:00:00Z"
    assert answer["known_at"] == closed["known_at"] == len(quarter.told) + 2 + len(shipped())
    assert (answer["terms"]["version"], answer["rules_version"]) == (2, 1)
    assert answer["closed"]["position"] == closed["position"]


def test_at_other_clocks_it_shows_how_the_period_looked_then(quarter: Quarter) -> None:
    """Each line that said something else, with both outcomes; nothing is called a fault."""
    (late,) = quarter.tell([closure("S-1")])
    answer = quarter.replay(clocks=Clocks(TERM_OVER, late))
    assert (answer["identical"], answer["faults"]) == (False, [])
    assert answer["differences"] == [
        {
            "line": f"{PROGRAM}/S-1",
            "payee": "partner:P-1",
            "was": "2000.00",
            "now": "0.00",
            "difference": "-2000.00",
            "currency": "CNY",
            "was_outcome": "payable",
            "now_outcome": "declined (store_open)",
        }
    ]
    assert quarter.replay(clocks=Clocks(NOW, late - 1))["identical"] is True
    early = quarter.replay(clocks=Clocks(parse_instant("2026-01-11T00:00:00Z"), late))
    assert {one["now_outcome"] for one in early["differences"]} == {"held (window_open)"}


@on_sqlite
def test_at_a_known_at_before_a_store_was_told_of_its_line_is_gone(quarter: Quarter) -> None:
    """`now` is null for a line that there was not."""
    answer = quarter.replay(clocks=Clocks(TERM_OVER, quarter.told[1]))
    first = answer["differences"][0]
    assert answer["lines"] == 0
    assert (first["was"], first["now"], first["now_outcome"]) == ("2000.00", None, None)
    assert first["difference"] == "-2000.00"


def test_a_draft_shows_what_other_terms_would_give_payee_by_payee_and_why(
    quarter: Quarter,
) -> None:
    """The what-if of a new policy: nothing is published by it."""
    head = quarter.book.head()
    draft = edition(PROGRAM, award="1000.00", governance_ratios=RATIOS)
    answer = quarter.replay(draft=draft)
    assert (answer["identical"], answer["draft"]) == (False, True)
    assert answer["payees"] == [
        {
            "payee": "partner:P-1",
            "was": "4000.00",
            "now": "2000.00",
            "difference": "-2000.00",
            "currency": "CNY",
            "changed_lines": 2,
        },
        {
            "payee": "partner:P-2",
            "was": "0.00",
            "now": "800.00",
            "difference": "800.00",
            "currency": "CNY",
            "changed_lines": 1,
        },
    ]
    whys = {one["line"][-3:]: one["why"] for one in answer["differences"]}
    assert whys["S-1"] == ["award: 1000.00 instead of 2000.00 CNY"]
    assert any("governance ratio: observed" in why and "ratio 0.8" in why for why in whys["S-5"])
    assert quarter.book.head() == head


@on_sqlite
def test_a_draft_that_changes_nothing_is_identical(quarter: Quarter) -> None:
    """Every payee is listed with no changed line."""
    answer = quarter.replay(draft=edition(PROGRAM))
    assert answer["identical"] is True
    assert [one["changed_lines"] for one in answer["payees"]] == [0, 0]


@on_sqlite
def test_a_draft_of_another_threshold_says_what_it_asked_instead(quarter: Quarter) -> None:
    """The condition that turned, with what is required now and was required then."""
    answer = quarter.replay(draft=edition(PROGRAM, gmv_over="1500.00"))
    whys = {one["line"][-3:]: one["why"] for one in answer["differences"]}
    assert len(whys["S-1"]) == 1
    assert "1500.00" in whys["S-1"][0]
    assert "1000.00" in whys["S-1"][0]
    assert "unmet instead of met" in whys["S-1"][0]


def test_a_growth_term_replays_too_after_payments_by_fact(book: Any, tmp_path: Path) -> None:
    """Three lines a merchant, in two commodities."""
    quarter = Quarter(book, tmp_path)
    quarter.tell([*enrolled(gmv="19999.99", aigc=50, creator_video=12), fee_paid("6000.00")])
    quarter.close(GROWTH, as_of=parse_instant("2026-08-15T00:00:00Z"))
    quarter.tell([fee_paid("-10.00", "2026-09-01T00:00:00Z")])
    quarter.adjust(GROWTH)
    answer = quarter.replay(GROWTH)
    assert answer["identical"] is True
    assert answer["totals"] == {"USD": "-10000.00", "USD.AD": "3000.00"}


@on_sqlite
def test_a_month_of_a_whole_term_is_refused(quarter: Quarter) -> None:
    """There was no such close."""
    from ledger.usecases.closing.replay import replay

    with quarter.book.reading() as connection, pytest.raises((NotClosed, WrongPeriod)):
        replay(connection, PROGRAM, "2026-01", known_at=quarter.book.head().position)


@on_sqlite
def test_facts_that_had_not_happened_by_the_as_of_of_the_close_stay_out(quarter: Quarter) -> None:
    """Although they were known: the close's own as-of decides, not today's."""
    late = "2026-08-01T09:00:00+08:00"
    (refund,) = quarter.tell([amount_of("S-1", "-1400.00", late)])
    assert quarter.replay(clocks=Clocks(TERM_OVER, refund))["identical"] is True
    assert quarter.replay(clocks=Clocks(NOW, refund))["identical"] is False
