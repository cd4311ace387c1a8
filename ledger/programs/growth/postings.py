"""The entries of the growth service: what the platform earns, and spends when it falls short."""

from ledger.aggregates.enrolment import FixedFeePaid
from ledger.aggregates.settlement import statement_id
from ledger.kernel.money import Money

ACCOUNTS = {
    "fixed_fee": ("Income", "FixedFee"),
    "commission": ("Income", "Commission"),
    "compensation": ("Expenses", "Compensation"),
}
"""Per kind of line the account on the platform's side: what is due to a payee debits it."""


def _fee_paid(event: FixedFeePaid) -> tuple[str, str, Money, str]:
    """Statement, payee, amount and narration of a fact that pays; negative: the payee paid."""
    payee = f"merchant:{event.merchant}"
    amount = Money.parse(event.amount, event.currency).negated()
    return statement_id(event.program, None, payee), payee, amount, "fixed fee paid"


PAYMENTS = {FixedFeePaid: _fee_paid}
"""Facts that pay a statement."""
