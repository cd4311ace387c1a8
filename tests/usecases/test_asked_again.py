"""What somebody agreed to is what is recorded: where it changes meanwhile they are asked again."""

from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import ConcurrentWrite
from ledger.store.book import Book
from tests.quarter import Quarter, certified, plain_quarter

Plans = list[dict[str, Any]]


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    """A closed quarter: P-1 is due 4000.00."""
    made = Quarter(book, tmp_path)
    made.tell(plain_quarter())
    made.close()
    return made


def test_a_payment_that_comes_between_is_shown_before_somebody_agrees(quarter: Quarter) -> None:
    """The second question tells what is open after both."""
    shown: Plans = []

    def agree(plan: dict[str, Any]) -> bool:
        if not shown:
            quarter.pay("1000.00", ref="theirs")
        shown.append(plan)
        return True

    answer = quarter.pay("500.00", ref="mine", agree=agree)
    assert [one["open"] for one in shown] == ["3500.00", "2500.00"]
    assert (answer["recorded"], answer["open"]) == (True, "2500.00")


def test_what_changes_nothing_of_it_is_not_asked_about_again(quarter: Quarter) -> None:
    """A fact that comes between moves no balance."""
    shown: Plans = []

    def agree(plan: dict[str, Any]) -> bool:
        if not shown:
            quarter.tell(certified("P-9"))
        shown.append(plan)
        return True

    assert quarter.pay("500.00", ref="mine", agree=agree)["recorded"]
    assert len(shown) == 1


def test_whoever_says_no_to_the_second_question_has_recorded_nothing(quarter: Quarter) -> None:
    """Having agreed to the first one binds nobody."""
    shown: Plans = []

    def agree(plan: dict[str, Any]) -> bool:
        if not shown:
            quarter.pay("1000.00", ref="theirs")
        shown.append(plan)
        return len(shown) == 1

    answer = quarter.pay("500.00", ref="mine", agree=agree)
    assert (len(shown), answer["recorded"]) == (2, False)
    assert [one["ref"] for one in quarter.statement()["payments"]] == ["theirs"]


def test_a_close_that_was_agreed_to_is_not_made_over_what_came_between(
    book: Book, tmp_path: Path
) -> None:
    """It is safe to repeat, and shown anew then."""
    quarter = Quarter(book, tmp_path)
    quarter.tell(plain_quarter())

    def agree(_plan: dict[str, Any]) -> bool:
        quarter.tell(certified("P-9"))
        return True

    with pytest.raises(ConcurrentWrite):
        quarter.close(agree=agree)
    assert quarter.close()["recorded"] == 2
