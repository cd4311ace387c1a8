"""Our side of a reconciliation by order: the expression, its tables, and its variants."""

from collections.abc import Iterator
from typing import NamedTuple

from ledger.kernel.period import Window
from ledger.programs.contract import Asked, OrderReader, OrderTables
from ledger.programs.edition import Edition
from ledger.programs.periods import month
from ledger.programs.technical_fee import variants
from ledger.programs.technical_fee.expression import Setting, sql_of
from ledger.programs.technical_fee.gather import (
    Shop,
    month_of_orders,
    month_window,
    setting_of,
    tables,
)
from ledger.programs.technical_fee.parameters import Parameters, parameters_of
from ledger.programs.technical_fee.variants import OrderVariant


class OrderSide(NamedTuple):
    """A month's orders with their fees, and how to ask again with one thing changed."""

    edition: Edition
    parameters: Parameters
    window: Window
    shops: dict[str, Shop]

    @property
    def sql(self) -> str:
        """The fee of every order."""
        return self.sql_of(setting_of(self.edition, self.parameters))

    @staticmethod
    def sql_of(setting: Setting) -> str:
        """The fee of every order, built from another setting."""
        return sql_of("orders", setting)

    @property
    def tables(self) -> OrderTables:
        """What the expression joins the orders with."""
        return tables(self.parameters, self.shops.values())

    def variants(self) -> Iterator[OrderVariant]:
        """Each single change, in the contract's order."""
        return variants.of_orders(self.edition, self.parameters, self.shops)


def order_side(reader: OrderReader, asked: Asked) -> OrderSide:
    """Our side for a month. Raises `WrongPeriod`."""
    edition = asked.edition
    parameters = parameters_of(edition)
    window = month_window(month(edition, asked.period).window, reader.clocks.as_of)
    found = month_of_orders(reader, edition, parameters, window, None)
    return OrderSide(edition, parameters, window, found.shops if found else {})
