"""The technical service fee order by order."""

from collections.abc import Iterable

from ledger.programs.contract import OrderKind
from ledger.programs.edition import Edition
from ledger.programs.technical_fee import rates
from ledger.programs.technical_fee.details import orders_of
from ledger.programs.technical_fee.order_side import order_side
from ledger.programs.technical_fee.parameters import parameters_of

__all__ = ["about", "order_side", "orders_of", "without_rate", "word"]

word = "fee"
"""The column name of an order's amount."""
about = "true"
"""The SQL condition of the orders that the program is about: all of them."""


def without_rate(edition: Edition, sales: Iterable[OrderKind]) -> set[str]:
    """The categories that have no rate for some of these orders."""
    return rates.without_rate(parameters_of(edition), edition.zone, sales)
