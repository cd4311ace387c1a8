"""The entries of the star-map: what the platform earns on tasks that stores order."""

from typing import Any

ACCOUNTS = {"service_fee": ("Income", "ServiceFee")}
"""Per kind of line the account on the platform's side: what is due to a payee debits it."""
PAYMENTS: dict[type[Any], Any] = {}
"""Facts that pay a statement: none."""
