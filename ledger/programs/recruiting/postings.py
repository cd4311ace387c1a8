"""The entries of the recruiting incentive: what the platform spends on merchants brought."""

ACCOUNTS = {"incentive": ("Expenses", "Incentive")}
"""Per kind of line the account on the platform's side: what is due to a payee debits it."""
