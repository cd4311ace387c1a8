"""The entries of the technical service fee: what the platform earns per store and month."""

from typing import Any

ACCOUNTS = {"technical_fee": ("Income", "TechnicalFee")}
"""Per kind of line the account on the platform's side: what is due to a payee debits it."""
PAYMENTS: dict[type[Any], Any] = {}
"""Facts that pay a statement: none."""
