"""The entries of the star-map: what the platform earns on tasks that stores order."""

ACCOUNTS = {"service_fee": ("Income", "ServiceFee")}
"""Per kind of line the account on the platform's side: what is due to a payee debits it."""
