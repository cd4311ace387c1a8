"""The deposit as a pot in the books: its accounts from sums, and what a statement shows of it.

Money paid in and given back is booked as it is reported; uses and releases are booked by issued
lines. Both are added up over all months and editions.
"""

from collections.abc import Collection, Mapping

from ledger.accounting.chart import PAYABLE, RECEIVABLE, Account
from ledger.aggregates.deposit import DEPOSIT
from ledger.aggregates.deposit_state import DepositState
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money
from ledger.programs.contract import Reader, in_chunks
from ledger.programs.edition import Edition
from ledger.programs.program import Pot
from ledger.programs.store_deposit.course import Course, terms_of


def accounts(party: str, sums: Mapping[str, int]) -> dict[Account, int]:
    """What the platform holds for a store, claims from it, and still owes it of released amounts.
    Each deposit goes back once: early returns count towards later releases."""
    paid_in, returned = sums.get("paid_in", 0), sums.get("returned", 0)
    used, released = sums.get("used", 0), sums.get("released", 0)
    gone = max(released, returned)
    balances = {
        Account("Liabilities", "Deposit", party): -max(0, paid_in - used - gone),
        Account("Assets", RECEIVABLE, party): max(0, used + gone - paid_in),
        Account("Liabilities", PAYABLE, party): -max(0, released - returned),
    }
    return {account: amount for account, amount in balances.items() if amount}


def stands(
    reader: Reader, edition: Edition, stores: Collection[str], instant: Instant
) -> dict[str, dict[str, Money]]:
    """The balance and the uncovered amount of each store right after an instant; none for a store
    with an amount in another currency, as they are not known."""
    terms, currency = terms_of(reader, edition), edition.currency
    names = [store.removeprefix("store:") for store in stores]
    figures: dict[str, dict[str, Money]] = {}
    for chunk in in_chunks(names):
        states = reader.states("store", chunk, DepositState, DepositState.TOPICS)
        for store, state in states.items():
            course = Course(state, terms)
            if not course.foreign_by(instant):
                now = course.at(instant)
                figures[f"store:{store}"] = {
                    "balance": Money(now.balance, currency),
                    "uncovered": Money(now.uncovered, currency),
                }
    return figures


POT = Pot(
    name=DEPOSIT,
    party="store",
    lines={"compensation": ("used", -1), "deduction": ("used", -1), "return": ("released", 1)},
    accounts=accounts,
    stands=stands,
)
