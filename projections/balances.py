"""Balances per account and commodity: the trial balance. Total debits equal total credits."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Integer, Table

from ledger.accounting.entry import Entry
from ledger.kernel.money import Money
from ledger.store.schema import TEXT
from projections.base import Span
from projections.entries import EntryView
from projections.upsert import add_up

_Long = BigInteger().with_variant(Integer, "sqlite")


class Balances(EntryView):
    """Sums of debits and of credits; the balance is debits less credits."""

    NAME = "balances"
    REPORT = "trial-balance"
    ABOUT = "debits, credits and balance of every account"
    SHOWN: ClassVar = ("debit", "credit", "balance")

    def columns(self) -> list[Column[Any]]:
        return [
            Column("account", TEXT, primary_key=True),
            Column("currency", TEXT, primary_key=True),
            Column("debit_minor", _Long, nullable=False),
            Column("credit_minor", _Long, nullable=False),
            Column("postings", _Long, nullable=False),
        ]

    def take_entries(self, span: Span, table: Table, entries: Sequence[Entry]) -> None:
        sums: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
        for entry in entries:
            for account, amount in entry.postings:
                held = sums[account.text, amount.currency]
                held[amount.minor < 0] += abs(amount.minor)
                held[2] += 1
        add_up(span.target, table, sums)

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        currency, debit, credit = row["currency"], row["debit_minor"], row["credit_minor"]
        return {
            "account": row["account"],
            "debit": Money(debit, currency).text,
            "credit": Money(credit, currency).text,
            "balance": Money(debit - credit, currency).text,
            "currency": currency,
            "postings": row["postings"],
        }
