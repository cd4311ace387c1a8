"""The deposit as a pot: which facts move it, and the accounts that its sums come to."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger.accounting.chart import Account
from ledger.aggregates.base import Held, Reference
from ledger.aggregates.catalogue import FACTS
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.instants import parse_instant
from ledger.kernel.money import Money
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of, shipped
from ledger.store.book import Book
from ledger.store.reader import LogReader
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from ledger.usecases.settling.settle import settle
from tests.marks import decision

PROGRAM = program_of("store_deposit")
SHOP = "store:S-1"


def fact(kind: str, amount: str = "2000.00", **more: str) -> Any:
    said = {"store": "S-1", "amount": amount, "currency": "CNY", **more}
    return FACTS[kind].model_validate(said)


@pytest.mark.parametrize(
    ("kind", "sum_"), [("DepositPaid", "paid_in"), ("DepositReturned", "returned")]
)
def test_money_that_comes_and_goes_moves_the_pot_at_once(kind: str, sum_: str) -> None:
    """And the index leads from the pot to it."""
    moved = fact(kind)
    held = moved.holds()
    assert held == Held("deposit", SHOP, sum_, Money(200_000, "CNY"), held.narration)
    assert moved.references() == (
        Reference("deposit", "S-1"),
        Reference("pot", "deposit/store:S-1"),
    )


@pytest.mark.parametrize(
    ("kind", "more"),
    [("DepositCompensated", {}), ("DepositDeducted", {"reason": "other"}), ("DepositRequired", {})],
)
def test_uses_move_it_by_the_lines_that_are_issued(kind: str, more: dict[str, str]) -> None:
    """So that nothing is booked twice."""
    assert fact(kind, **more).holds() is None
    assert fact(kind, **more).references() == (Reference("deposit", "S-1"),)


@pytest.mark.parametrize("kind", ["DepositPaid", "DepositCompensated", "DepositReturned"])
@pytest.mark.parametrize("amount", ["0.00", "-1.00"])
def test_what_moves_it_is_above_zero(kind: str, amount: str) -> None:
    """What is required may be zero, never less."""
    with pytest.raises(ValueError, match="above zero"):
        fact(kind, amount)
    if amount == "0.00":
        assert fact("DepositRequired", amount).amount == amount
    else:
        with pytest.raises(ValueError, match="zero or more"):
            fact("DepositRequired", amount)


def accounts(**sums: int) -> dict[str, int]:
    pot = PROGRAM.pot
    assert pot is not None
    return {account.text: amount for account, amount in pot.accounts(SHOP, sums).items()}


def test_the_accounts_of_a_deposit_from_payment_to_return() -> None:
    """Held, used, used beyond it, released, given back."""
    assert accounts() == {}
    assert accounts(paid_in=2000) == {"Liabilities:Deposit:store:S-1": -2000}
    assert accounts(paid_in=2000, used=500) == {"Liabilities:Deposit:store:S-1": -1500}
    assert accounts(paid_in=2000, used=2500) == {"Assets:Receivable:store:S-1": 500}
    due = {"Liabilities:Payable:store:S-1": -1500}
    assert accounts(paid_in=2000, used=500, released=1500) == due
    assert accounts(paid_in=2000, used=500, released=1500, returned=1500) == {}


def test_what_is_given_back_early_counts_towards_what_is_released() -> None:
    """Each deposit goes back once."""
    early = accounts(paid_in=2000, returned=500)
    assert early == {"Liabilities:Deposit:store:S-1": -1500}
    assert accounts(paid_in=2000, returned=500, released=2000) == {
        "Liabilities:Payable:store:S-1": -1500
    }
    assert accounts(paid_in=2000, returned=2500) == {"Assets:Receivable:store:S-1": 500}


def test_the_accounts_of_any_sums_balance_with_the_other_sides() -> None:
    """Cash in and out, and what was used; a store never has a deposit and owes at once."""
    chance = Random(7)
    for _ in range(300):
        paid_in, used, released, returned = (chance.randint(0, 9) for _ in range(4))
        sums = {"paid_in": paid_in, "used": used, "released": released, "returned": returned}
        found = accounts(**sums)
        assert sum(found.values()) == used + returned - paid_in
        assert len({one for one in found if "Payable" not in one}) <= 1
        assert all(found.values())


def test_lines_move_the_sums_that_the_pot_names() -> None:
    """Uses are negative lines, a return is a positive one."""
    pot = PROGRAM.pot
    assert pot is not None
    assert pot.name == "deposit"
    assert pot.lines == {
        "compensation": ("used", -1),
        "deduction": ("used", -1),
        "return": ("released", 1),
    }
    assert set(pot.lines) == set(PROGRAM.accounts)
    booked = {kind: one.account("deposit-2020") for kind, one in PROGRAM.accounts.items()}
    assert booked["compensation"] == Account("Liabilities", "BuyerCompensation", "deposit-2020")
    assert booked["deduction"] == Account("Income", "DepositDeductions", "deposit-2020")


@decision
def test_a_top_up_without_a_day_has_none(book: Book, record_facts: Any) -> None:
    """Nobody has published within how many days; the answer says null."""
    at = {"at": "2020-05-07T10:00:00+08:00", "store": "S-1"}
    record_facts(book, [{"type": "DepositRequired", **at, "amount": "3000", "currency": "CNY"}])
    edition: Edition = next(one for one in shipped() if one.rules == "store_deposit")
    clocks = Clocks(parse_instant("2020-06-01T00:00:00+08:00") - 1, book.head().position)
    with book.reading() as connection:
        (owed,) = settle(connection, edition, clocks, period="2020-05").obligations
    assert owed.as_json() == {
        "obligation": "deposit-2020/2020-05/S-1/top_up",
        "owed_to": "platform",
        "owed_by": "store:S-1",
        "amount": "3000.00",
        "currency": "CNY",
        "due": None,
        "state": "open",
        "events": [clocks.known_at],
        "repeated_in": None,
    }


def test_categories_are_a_list_in_csv_too(tmp_path: Path) -> None:
    """Written with semicolons, like any list; this one may not be left out."""
    book, _ = init(str(tmp_path / "book.db"), "platform")
    file = tmp_path / "categories.csv"
    rows = ["type,at,store,categories", "2020-05-06T10:00:00+08:00,S-1,apparel;美妆个护"]
    file.write_text(f"{rows[0]}\nStoreCategoriesSet,{rows[1]}\n", encoding="utf-8")
    answer = record(book, [str(file)], now=parse_instant("2026-11-21T12:00:00Z"), by="test")
    assert (answer.recorded, answer.rejected) == (1, [])
    with book.reading() as connection:
        reader = LogReader(connection, Clocks(FOREVER, book.head().position))
        (one,) = reader.facts(["store:S-1"])
    assert one.event.categories == ("apparel", "美妆个护")
    book.close()
