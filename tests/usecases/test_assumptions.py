"""`settle --assumptions`: what an argument about the text is worth."""

from pathlib import Path

import pytest

from ledger.kernel.clocks import Clocks
from ledger.store.book import Book
from ledger.usecases.settling.assumptions import moved_by_assumptions
from ledger.usecases.settling.settle import settle
from ledger.usecases.terms.editions import edition_at
from tests.marks import decision
from tests.quarter import GROWTH, NOW, PROGRAM, Quarter, certified, store

pytestmark = decision


@pytest.fixture
def quarter(book: Book, tmp_path: Path) -> Quarter:
    """Two payable stores; the partner was terminated after their onboarding, one lies in Japan
    and has no stock in Europe."""
    quarter = Quarter(book, tmp_path)
    gone = {"type": "PartnerTerminated", "at": "2026-03-01T00:00:00Z", "partner": "P-1"}
    japan = [one for one in store(3) if one["type"] != "StockListed"]
    japan = [one | {"market": "JP"} if "market" in one else one for one in japan]
    quarter.tell([*certified("P-1"), *store(1), *store(2), *japan, gone | {"reason": "behind"}])
    return quarter


Moved = dict[tuple[str, str | None], tuple[object, ...]]


def rows(quarter: Quarter, program: str = PROGRAM) -> Moved:
    with quarter.book.reading() as connection:
        clocks = Clocks(NOW, quarter.book.head().position)
        edition, _ = edition_at(connection, program, clocks.known_at)
        found = moved_by_assumptions(connection, settle(connection, edition, clocks))
    return {
        (row["parameter"], row["reading"]): (
            row["changed_lines"],
            row["difference"],
            row["currency"],
        )
        for row in found
    }


def test_each_other_value_says_how_many_lines_and_how_much_money_it_moves(quarter: Quarter) -> None:
    """Seen from the payees: what they would be due more."""
    found = rows(quarter)
    forfeits = ("later_termination_forfeits", "yes instead of no")
    assert found[forfeits] == (3, "-4000.00", "CNY")
    assert found["stock_asked_in", "EU in place of the edition's"] == (1, "2000.00", "CNY")
    assert found["first_scope", "term instead of ever"] == (0, None, None)


def test_every_assumption_is_listed_also_where_nothing_else_can_be_tried(quarter: Quarter) -> None:
    """With no reading, no lines and no amount."""
    assert rows(quarter)["stock_countries", None] == (None, None, None)
    with quarter.book.reading() as connection:
        edition, _ = edition_at(connection, GROWTH, quarter.book.head().position)
    assert {name for name, _ in rows(quarter, GROWTH)} == set(edition.assumed)


def test_of_a_closed_period_its_own_terms_are_asked_with_what_is_known_now(
    quarter: Quarter,
) -> None:
    """What was issued does not count as moved."""
    before = rows(quarter)
    quarter.close(PROGRAM)
    assert rows(quarter) == before
