"""Balances per account and commodity: the trial balance. Total debits equal total credits."""

from collections import defaultdict
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Integer, Table

from ledger.kernel.money import Money
from ledger.store.schema import TEXT
from projections.base import FoldView, Span
from projections.entries import entries_in
from projections.upsert import add_up

_Long = BigInteger().with_variant(Integer, "sqlite")


class Balances(FoldView):
    """Sums of debits and of credits; the balance is debits less credits."""

    NAME = "balances"
    REPORT = "trial-balance"
    ABOUT = "debits, credits and balance of every account"
    BATCH: ClassVar = 100_000
    AT_ONCE_AS_OF: ClassVar = True
    SHOWN: ClassVar = ("debit", "credit", "balance")

    def columns(self) -> list[Column[Any]]:
        return [
            Column("account", TEXT, primary_key=True),
            Column("currency", TEXT, primary_key=True),
            Column("debit_minor", _Long, nullable=False),
            Column("credit_minor", _Long, nullable=False),
            Column("postings", _Long, nullable=False),
        ]

    def take(self, span: Span, table: Table) -> None:
        sums: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
        for entry in entries_in(span):
            for account, amount in entry.postings:
                held = sums[account.text, amount.currency]
                held[amount.minor < 0] += abs(amount.minor)
                held[2] += 1
        add_up(span.target, table, sums, empty=not span.after)

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
