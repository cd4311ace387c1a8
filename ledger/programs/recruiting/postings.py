"""The entries of the recruiting incentive: what the platform spends on merchants brought."""

from typing import Any

ACCOUNTS = {"incentive": ("Expenses", "Incentive")}
"""Per kind of line the account on the platform's side: what is due to a payee debits it."""
PAYMENTS: dict[type[Any], Any] = {}
"""Facts that pay a statement: none."""
