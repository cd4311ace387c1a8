"""The balance as a pot in the books: its accounts from sums, and what a statement shows of it.

Proceeds, payments in and payouts are booked as they are reported; freight is charged by issued
lines. Both are added up over all months and editions.
"""

from collections.abc import Collection, Mapping

from ledger.accounting.chart import RECEIVABLE, Account
from ledger.aggregates.store_balance import BALANCE
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money
from ledger.programs.contract import Reader, in_chunks
from ledger.programs.edition import Edition
from ledger.programs.program import Pot
from ledger.programs.store_samples.balance import balances, terms_of


def accounts(party: str, sums: Mapping[str, int]) -> dict[Account, int]:
    """What the platform holds for a store or, where the balance is below zero, claims from it."""
    balance = sums.get("proceeds", 0) + sums.get("paid", 0)
    balance -= sums.get("freight", 0) + sums.get("payouts", 0)
    if not balance:
        return {}
    kept = ("Liabilities", "Balance") if balance > 0 else ("Assets", RECEIVABLE)
    return {Account(*kept, party): -balance}


def stands(
    reader: Reader, edition: Edition, stores: Collection[str], instant: Instant
) -> dict[str, dict[str, Money]]:
    """The balance of each store right after an instant, and how far it is below zero; none for a
    store with an amount in another currency, as it is not known."""
    terms, currency = terms_of(reader, edition), edition.currency
    figures: dict[str, dict[str, Money]] = {}
    for chunk in in_chunks(store.removeprefix("store:") for store in stores):
        for balance in balances(reader, chunk, terms):
            if not balance.foreign_by(instant):
                minor = balance.at(instant)
                figures[f"store:{balance.store}"] = {
                    "balance": Money(minor, currency),
                    "uncovered": Money(max(0, -minor), currency),
                }
    return figures


POT = Pot(
    name=BALANCE,
    party="store",
    lines={"freight": ("freight", -1)},
    accounts=accounts,
    stands=stands,
)
