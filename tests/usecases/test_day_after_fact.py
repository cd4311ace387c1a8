"""A day that had not come when it was reported, or was over for more than a year: it is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.store.book import Book
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import rebuild
from tests.quarter import Quarter, amount_of, certified, store

Record = Callable[..., Any]
CODE = "day_after_fact"
AT = "2026-01-27T02:00:00+08:00"


def gmv(day: str, at: str = AT) -> dict[str, Any]:
    """What a store sold on a day, as reported at an instant."""
    amount = {"amount": "1.00", "currency": "EUR", "basis": "settled"}
    return {"type": "GMVRecorded", "at": at, "store": "S-1", "day": day, **amount}


def told(book: Book) -> list[str]:
    """The days with the exception, caught up and the same when built anew."""
    live = report(book, "exceptions").rows
    rebuild(book, VIEWS["exceptions"])
    assert report(book, "exceptions").rows == live
    return [row["sentence"].split()[2].rstrip(",") for row in live if row["code"] == CODE]


@pytest.mark.parametrize(
    ("day", "is_odd"),
    [
        ("2026-01-26", False),
        ("2026-01-27", False),  # has begun where clocks are ahead
        ("2026-01-28", True),
        ("2026-12-01", True),  # day and month changed about
        ("2024-12-23", False),
        ("2024-12-22", True),
    ],
)
def test_a_day_far_from_its_report_is_told(
    book: Book, record_facts: Record, day: str, is_odd: bool
) -> None:
    """At 18:00 UTC of the 26th it is the 27th in the easternmost zone; 400 days are allowed."""
    answer = record_facts(book, [*store(1), gmv(day)])
    assert answer.recorded == len([*store(1), 1])
    assert [one.code for one in answer.warnings if one.code == CODE] == [CODE] * is_odd
    assert told(book) == [day] * is_odd


def test_a_commission_of_a_day_to_come_is_told(book: Book, record_facts: Record) -> None:
    """As of every fact that reports of a day."""
    fact = {"type": "CommissionEarned", "at": AT, "creator": "C-8", "day": "2026-02-27"}
    answer = record_facts(book, [{**fact, "amount": "1.00", "currency": "CNY"}])
    assert [one.code for one in answer.warnings] == [CODE]


def test_it_keeps_no_period_open(book: Book, tmp_path: Path) -> None:
    """It is advice: the quarter is closed without a reason."""
    quarter = Quarter(book, tmp_path)
    late = amount_of("S-1", "1.00") | {"day": "2026-02-25"}
    quarter.tell([*certified("P-1"), *store(1), late])
    assert told(book) == ["2026-02-25"]
    assert quarter.close()["exceptions"] == 0
