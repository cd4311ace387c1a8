"""The entries of the technical service fee: what the platform earns per store and month."""

ACCOUNTS = {"technical_fee": ("Income", "TechnicalFee")}
"""Per kind of line the account on the platform's side: what is due to a payee debits it."""
