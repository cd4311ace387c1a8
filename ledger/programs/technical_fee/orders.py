"""What the technical service fee answers order by order."""

from collections.abc import Iterable

from ledger.programs.contract import OrderKind
from ledger.programs.edition import Edition
from ledger.programs.technical_fee import rates
from ledger.programs.technical_fee.details import orders_of
from ledger.programs.technical_fee.order_side import order_side
from ledger.programs.technical_fee.parameters import parameters_of

__all__ = ["about", "order_side", "orders_of", "without_rate", "word"]

word = "fee"
"""What the amount of an order is called."""
about = "true"
"""The condition, in SQL, of the orders that it is about: every one."""


def without_rate(edition: Edition, sales: Iterable[OrderKind]) -> set[str]:
    """The categories that have no rate for some of these orders."""
    return rates.without_rate(parameters_of(edition), edition.zone, sales)
