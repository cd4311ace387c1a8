"""Our side of a reconciliation by order: the expression, its tables, and its variants."""

from collections.abc import Iterator
from typing import NamedTuple

from ledger.aggregates.settlement import period_id
from ledger.kernel.period import Window
from ledger.programs.affiliate_commission.expression import Setting, sql_of
from ledger.programs.affiliate_commission.gather import Month, month_of_orders
from ledger.programs.affiliate_commission.parameters import parameters_of
from ledger.programs.affiliate_commission.tables import (
    everyone_tables,
    neighbour_tables,
    plan_tables,
)
from ledger.programs.by_order import month_window, once_per_order
from ledger.programs.contract import Asked, OrderChange, OrderReader, OrderTables
from ledger.programs.edition import Edition
from ledger.programs.periods import month
from ledger.programs.variants import ROUNDINGS

NOTHING = (
    "SELECT store, order_id, 0 AS due, currency, false AS \"foreign\", '' AS line, '' AS payee"
    " FROM orders WHERE false"
)
PLACES = ("first", "second", "third", "fourth", "fifth")


class CommissionSide(NamedTuple):
    """Our side for a month: an `OrderSide`."""

    edition: Edition
    period: str | None
    window: Window
    month: Month | None

    @property
    def sql(self) -> str:
        """The commission of every order, with its line and payee."""
        return NOTHING if self.month is None else self._sql(self.month.setting)

    @property
    def tables(self) -> OrderTables:
        """The small tables that the expression joins the orders with."""
        return {} if self.month is None else self.month.tables()

    def variants(self) -> Iterator[OrderChange]:
        """Each condition taken as met, the rate of each plan that lost, the plan's rate before and
        after, refunds treated the other way, another rounding."""
        if self.month is None:
            return
        month, setting, plain = self.month, self.month.setting, self.month.tables()
        for code in ("creator_eligible", "not_own_account"):
            met = setting._replace(met=setting.met | {code})
            yield OrderChange(code, "taken as met", self._sql(met), plain)
        approved = {**plain, **plan_tables(month.plans, all_approved=True)}
        yield OrderChange("creator_approved", "taken as met", self._sql(setting), approved)
        ended = {**plain, **plan_tables(month.plans, "never_ended")}
        yield OrderChange("plan_in_force", "as if no plan had ended", self._sql(setting), ended)
        early = {**plain, **plan_tables(month.plans, "from_first")}
        detail = "as if plans had held before they were first set"
        yield OrderChange("plan_in_force", detail, self._sql(setting), early)
        everyone = {**plain, **everyone_tables(month.plans)}
        for place in range(month.plans.overlapping_max):
            other = self._sql(setting._replace(instead=place))
            yield OrderChange(
                "plan", f"the {_ordinal(place)} of the plans in rank", other, everyone
            )
        neighbours = {**plain, **neighbour_tables(month.plans)}
        for word in ("before", "after"):
            other = self._sql(setting._replace(neighbour=word))
            yield OrderChange("rate", f"the plan's rate {word} this one", other, neighbours)
        other = self._sql(setting._replace(deduct_refunds=not setting.deduct_refunds))
        if setting.deduct_refunds:
            yield OrderChange("refund_ignored", "taken of the whole amount", other, plain)
        else:
            yield OrderChange("refund_deducted", "taken less refunds", other, plain)
        for rounding, detail in ROUNDINGS.items():
            other = self._sql(setting._replace(rounding=rounding))
            yield OrderChange("rounding", detail, other, plain)
        once = once_per_order(sql_of("orders", setting._replace(once=True)), "due")
        yield OrderChange("rounding", "once per order instead of per item", once, plain)

    @property
    def rates(self) -> None:
        """None: rates depend on the plan, not on the category."""

    def _sql(self, setting: Setting) -> str:
        """Every order with the line of its store, creator and month."""
        prefix = period_id(self.edition.program, self.period)
        return (
            f'SELECT store, order_id, due, currency, "foreign",'
            f" '{prefix}/' || store || '/' || creator AS line, 'creator:' || creator AS payee"
            f" FROM ({sql_of('orders', setting)})"
        )


def _ordinal(place: int) -> str:
    return PLACES[place] if place < len(PLACES) else f"{place + 1}th"


def order_side(reader: OrderReader, asked: Asked) -> CommissionSide:
    """Our side for a month. Raises `WrongPeriod`."""
    edition = asked.edition
    parameters = parameters_of(edition)
    window = month_window(month(edition, asked.period).window, reader.clocks.as_of)
    orders = month_of_orders(reader, edition, parameters, window, None)
    return CommissionSide(edition, asked.period, window, orders)
