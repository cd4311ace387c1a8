"""Our side of a reconciliation by order: the expression, its tables, and its variants."""

from collections.abc import Iterator
from typing import NamedTuple

from ledger.aggregates.settlement import period_id
from ledger.kernel.period import Window
from ledger.programs.by_order import month_window, once_per_order, rate_text
from ledger.programs.contract import Asked, OrderChange, OrderRates, OrderReader, OrderTables
from ledger.programs.edition import Edition
from ledger.programs.periods import month
from ledger.programs.technical_fee import variants
from ledger.programs.technical_fee.expression import Setting, sql_of
from ledger.programs.technical_fee.gather import (
    Shop,
    month_of_orders,
    setting_of,
    tables,
)
from ledger.programs.technical_fee.parameters import Parameters, parameters_of


class FeeSide(NamedTuple):
    """Our side for a month: an `OrderSide`."""

    edition: Edition
    period: str | None
    parameters: Parameters
    window: Window
    shops: dict[str, Shop]

    @property
    def sql(self) -> str:
        """The fee of every order, with its line and payee."""
        return self._with_line(setting_of(self.edition, self.parameters))

    @property
    def tables(self) -> OrderTables:
        """The small tables that the expression joins the orders with."""
        return tables(self.edition, self.parameters, self.shops.values())

    def variants(self) -> Iterator[OrderChange]:
        """Each single change, in the contract's order."""
        for order in variants.of_orders(self.edition, self.parameters, self.shops):
            yield OrderChange(order.because, order.detail, self._asked(order.setting), order.tables)

    @property
    def rates(self) -> OrderRates:
        """The rate of every order, null where a discount replaced it."""
        setting = setting_of(self.edition, self.parameters)
        fixed = "0" if setting.spans is None else "fixed"
        sql = (
            f"SELECT store, order_id, category, net, {fixed} AS fixed,"
            " CASE WHEN ppm = base THEN base END AS was"
            f" FROM ({sql_of('orders', setting)})"
        )
        return OrderRates(sql, self._at_rate)

    def _at_rate(self, category: str, ppm: int) -> OrderChange:
        """Every order of a category at one rate, in millionths."""
        setting = setting_of(self.edition, self.parameters)._replace(instead=(category, ppm))
        detail = f"{rate_text(ppm)} for the whole category {category}"
        return OrderChange("rate", detail, self._with_line(setting), self.tables)

    def _asked(self, setting: Setting) -> str:
        """Every order under another setting; rounded once per order, where the setting says so."""
        if not setting.once:
            return self._with_line(setting)
        return once_per_order(sql_of("orders", setting), "fee", owed=True)

    def _with_line(self, setting: Setting) -> str:
        """Every order with the line of its store and month."""
        prefix = period_id(self.edition.program, self.period)
        return (
            f"SELECT *, -fee AS due, '{prefix}/' || store AS line, 'store:' || store AS payee"
            f" FROM ({sql_of('orders', setting)})"
        )


def order_side(reader: OrderReader, asked: Asked) -> FeeSide:
    """Our side for a month. Raises `WrongPeriod`."""
    edition = asked.edition
    parameters = parameters_of(edition)
    window = month_window(month(edition, asked.period).window, reader.clocks.as_of)
    orders = month_of_orders(reader, edition, parameters, window, None)
    return FeeSide(edition, asked.period, parameters, window, orders.shops if orders else {})
