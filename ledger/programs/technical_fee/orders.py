"""What the technical service fee answers order by order."""

from ledger.programs.technical_fee.details import orders_of
from ledger.programs.technical_fee.order_side import order_side

__all__ = ["order_side", "orders_of"]
