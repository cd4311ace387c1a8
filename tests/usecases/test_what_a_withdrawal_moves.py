"""What is shown before a withdrawal is what comes of it, whatever kind of fact it takes back."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger.aggregates.base import Fact
from ledger.kernel.clocks import Clocks
from ledger.store.book import Book
from ledger.store.log import read_log
from ledger.usecases.closing.what_moves import moved, moved_without, open_periods, settled
from ledger.usecases.terms.editions import last_editions
from tests.marks import more
from tests.quarter import NOW, PROGRAM, Quarter, enrolled, fee_paid, held_quarter

WITHHELD = {"type": "IncentiveWithheld", "at": "2026-03-20T09:00:00+08:00", "program": PROGRAM} | {
    "partner": "P-1",
    "reason": "cheating",
}
Lines = dict[str, dict[str | None, Any]]


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    """A quarter of which something is payable, declined, held and withheld, and a growth term."""
    made = Quarter(book, tmp_path)
    made.tell([*held_quarter(), WITHHELD, *enrolled(), fee_paid("6000.00")])
    return made


def lines(book: Book) -> Lines:
    """The lines of every open period, as they are worked out now."""
    with book.reading() as connection:
        clocks = Clocks(NOW, book.head().position)
        return {
            one.program: settled(
                *(connection, one, clocks), open_periods(connection, one, clocks).periods
            )
            for one in last_editions(connection, clocks.known_at, ["recruiting", "growth"])
        }


def shown(book: Book, position: int) -> list[dict[str, Any]]:
    """What a withdrawal is said to move."""
    with book.reading() as connection:
        head = book.head().position
        found = moved_without(connection, position, head, now=NOW)
        assert moved_without(connection, position, head, now=NOW) == found
    return list(found["moves"])


def facts(book: Book) -> list[tuple[int, str]]:
    """Every fact of the book: its position and its type."""
    with book.reading() as connection:
        return [
            (one.position, type(one.event).__name__)
            for one in read_log(connection)
            if isinstance(one.event, Fact)
        ]


@pytest.mark.parametrize("seed", [1, *(pytest.param(one, marks=more) for one in (2, 3, 4))])
def test_what_is_shown_is_what_comes_of_it(quarter: Quarter, seed: int) -> None:
    """One fact of each type after the other, each withdrawn for good; nothing is left behind."""
    chance, book = Random(seed), quarter.book
    of_type: dict[str, list[int]] = {}
    for position, name in facts(book):
        of_type.setdefault(name, []).append(position)
    chosen = [chance.choice(places) for places in of_type.values()]
    chance.shuffle(chosen)
    assert of_type["IncentiveWithheld"][0] in chosen
    some = 0
    for position in chosen:
        expected, before = shown(book, position), lines(book)
        quarter.withdraw(position)
        after = lines(book)
        found = [
            one.as_json()
            for program in before
            for one in moved(program, before[program], after[program])
        ]
        assert expected == found, position
        some += bool(found)
    assert some > 2
    assert quarter.failing() == {}


def test_a_look_leaves_nothing_behind(quarter: Quarter) -> None:
    """Neither in the book nor for whoever asks afterwards on the same connection."""
    book, position = quarter.book, quarter.told[-1]
    before, head = lines(book), book.head()
    shown(book, position)
    with book.reading() as connection:
        moved_without(connection, position, head.position, now=NOW)
        found = connection.exec_driver_sql("SELECT count(*) FROM withdrawn").scalar()
    assert (found, book.head()) == (0, head)
    assert {name: list(one) for name, one in lines(book).items()} == {
        name: list(one) for name, one in before.items()
    }
