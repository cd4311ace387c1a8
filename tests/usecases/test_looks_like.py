"""Ids that people cannot tell apart: the book says so, and settles as if it had not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ledger.store.book import Book, open_book
from ledger.usecases.recording.withdraw import withdraw
from ledger.usecases.verifying.upgrade import bring_index_up
from projections.catalogue import VIEWS
from projections.reading import report
from projections.runner import rebuild
from tests.quarter import Quarter, certified, store

Record = Callable[..., Any]
CYRILLIC = "\u0420-01"
WIDE = "P-0\uff11"


def looks(book: Book) -> list[str]:
    """The ids with the exception, caught up and the same when built anew."""
    live = report(book, "exceptions").rows
    rebuild(book, VIEWS["exceptions"])
    assert report(book, "exceptions").rows == live
    return [row["stream"] for row in live if row["code"] == "looks_like"]


def warned(answer: Any) -> list[str]:
    """What looks like something else, without how it is spelt."""
    assert not answer.rejected
    return [
        one.error.partition(" looks like ")[0].partition(" (")[0]
        for one in answer.warnings
        if one.code == "looks_like"
    ]


@pytest.mark.parametrize("order", [("P-01", CYRILLIC), (CYRILLIC, "P-01"), (CYRILLIC, WIDE)])
def test_two_ids_that_look_alike_are_told_in_any_order(
    book: Book, record_facts: Record, order: tuple[str, str]
) -> None:
    """At the second report, and on both from then on."""
    first, second = order
    assert warned(record_facts(book, certified(first))) == []
    assert looks(book) == []
    assert warned(record_facts(book, certified(second))) == [f"partner {second}"]
    assert looks(book) == [f"partner:{first}", f"partner:{second}"]


def test_in_one_call_each_is_told(book: Book, record_facts: Record) -> None:
    """Of a kind of its own: a store is no partner."""
    answer = record_facts(
        book, [*certified("P-01"), *certified(CYRILLIC), *certified("Q"), *store(1)]
    )
    assert warned(answer) == ["partner P-01", f"partner {CYRILLIC}"]
    onboarded = [one for one in store(1) if one["type"] == "MerchantOnboarded"]
    alike = [{**one, "store": "\u0405-1"} for one in onboarded]
    assert warned(record_facts(book, alike)) == ["store \u0405-1"]
    assert looks(book) == [
        *("partner:P-01", f"partner:{CYRILLIC}", "store:S-1", "store:\u0405-1"),
    ]


def test_words_of_another_script_look_like_nothing_else(book: Book, record_facts: Record) -> None:
    """A book may be kept in any script."""
    names = ["СТОРА-1", "店铺-1", "СТОРА-2", "٣-a", "Ünal", "e\u0301"]
    facts = [one for name in names for one in certified(name)]
    assert warned(record_facts(book, facts)) == []
    assert looks(book) == []


def test_the_withdrawal_of_one_ends_it_for_both(book: Book, record_facts: Record, now: int) -> None:
    """And a report again begins it again."""
    record_facts(book, certified("P-01"))
    answer = record_facts(book, certified(CYRILLIC))
    assert len(looks(book)) == 2
    withdraw(book, answer.position, reason="typed on another keyboard", by="test", now=now)
    assert looks(book) == []
    again = {**certified(CYRILLIC)[0], "at": "2025-12-02T09:00:00+08:00"}
    assert warned(record_facts(book, [again])) == [f"partner {CYRILLIC}"]
    assert len(looks(book)) == 2


def test_it_keeps_no_period_open(book: Book, tmp_path: Path) -> None:
    """It is advice: the quarter is closed without a reason."""
    quarter = Quarter(book, tmp_path)
    quarter.tell([*certified("P-1"), *store(1), *certified("\u0420-1")])
    assert looks(book) == ["partner:P-1", "partner:\u0420-1"]
    assert quarter.close()["exceptions"] == 0
    assert quarter.failing() == {}


def test_an_older_book_learns_what_its_ids_look_like_when_it_is_written(
    book: Book, tmp_path: Path, assert_whole: Callable[[Book], object], record_facts: Record
) -> None:
    """Until then it verifies without."""
    quarter = Quarter(book, tmp_path)
    quarter.tell([*certified("P-2"), *certified(CYRILLIC), *certified(WIDE)])
    with book.engine.begin() as connection:
        connection.execute(
            text("DELETE FROM refs WHERE kind = 'looks' AND detail <> :d"), {"d": WIDE}
        )
        connection.execute(text("DELETE FROM duebook_meta WHERE key = 'looks'"))
    assert "refs" not in quarter.failing()
    older = open_book(book.location)
    assert not older.lists_looks
    bring_index_up(older)
    bring_index_up(older)
    older.close()
    assert_whole(book)
    assert warned(record_facts(book, certified("P-01"))) == ["partner P-01"]
    with book.engine.begin() as connection:
        connection.execute(text("DELETE FROM refs WHERE kind = 'looks'"))
    assert "refs" in quarter.failing()
