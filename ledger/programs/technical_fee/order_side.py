"""Our side of a reconciliation by order: the expression, its tables, and its variants."""

from collections.abc import Iterator
from typing import NamedTuple

from ledger.kernel.period import Window
from ledger.programs.contract import Asked, OrderChange, OrderReader, OrderTables
from ledger.programs.edition import Edition
from ledger.programs.periods import month
from ledger.programs.technical_fee import variants
from ledger.programs.technical_fee.expression import sql_of
from ledger.programs.technical_fee.gather import (
    Shop,
    month_of_orders,
    month_window,
    setting_of,
    tables,
)
from ledger.programs.technical_fee.parameters import Parameters, parameters_of


class FeeSide(NamedTuple):
    """Our side for a month: an `OrderSide`."""

    edition: Edition
    parameters: Parameters
    window: Window
    shops: dict[str, Shop]

    @property
    def sql(self) -> str:
        """The fee of every order."""
        return sql_of("orders", setting_of(self.edition, self.parameters))

    @property
    def tables(self) -> OrderTables:
        """What the expression joins the orders with."""
        return tables(self.parameters, self.shops.values())

    def variants(self) -> Iterator[OrderChange]:
        """Each single change, in the contract's order."""
        for one in variants.of_orders(self.edition, self.parameters, self.shops):
            yield OrderChange(one.because, one.detail, sql_of("orders", one.setting), one.tables)


def order_side(reader: OrderReader, asked: Asked) -> FeeSide:
    """Our side for a month. Raises `WrongPeriod`."""
    edition = asked.edition
    parameters = parameters_of(edition)
    window = month_window(month(edition, asked.period).window, reader.clocks.as_of)
    found = month_of_orders(reader, edition, parameters, window, None)
    return FeeSide(edition, parameters, window, found.shops if found else {})
