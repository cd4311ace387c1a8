"""The fee of every order as one table expression, which any engine that Ibis compiles to can run.

The tables: `orders` (the lines that count), `rates` (category and a column of millionths per
scene), `stores` (store and per discount the instants from and until which it runs). All whole
numbers: no engine rounds in its own way.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.programs.technical_fee.parameters import MILLION, SCENES

if TYPE_CHECKING:
    import ibis.expr.types as ir

ORDERS = {
    **dict.fromkeys(("store", "order_id"), "string"),
    **dict.fromkeys(("created_at", "amount_minor", "refunded_minor"), "int64"),
    **dict.fromkeys(("currency", "traffic", "channel", "category"), "string"),
}
"""Columns of the order lines that the fee asks for; instants in microseconds, minor units."""
NONE = -1
"""The discount of an order that has none."""


class Shape(NamedTuple):
    """What of a discount decides how the expression reads; its instants are data."""

    ppm: int
    traffic: str | None
    categories: tuple[str, ...] | None


class Setting(NamedTuple):
    """What the expression is built from."""

    discounts: tuple[Shape, ...]
    currency: str
    deduct_refunds: bool


def rates_columns() -> dict[str, str]:
    """The columns of the table `rates`."""
    return {"category": "string", **dict.fromkeys(SCENES, "int64")}


def stores_columns(discounts: int) -> dict[str, str]:
    """The columns of the table `stores`."""
    names = [f"{word}_{n}" for n in range(discounts) for word in ("starts", "ends")]
    return {"store": "string", **dict.fromkeys(names, "int64")}


def per_order(setting: Setting) -> "ir.Table":
    """Every order with its scene, rates, discount and fee.

    Fee = (amount - refunded) x rate, half up to the minor unit, once per order. Of several
    discounts the lowest rate wins, the first of equal ones; never above the rate without.
    """
    import ibis

    orders = ibis.table(ORDERS, name="orders")
    rates = ibis.table(rates_columns(), name="rates").rename(rated="category")
    stores = ibis.table(stores_columns(len(setting.discounts)), name="stores").rename(shop="store")
    joined = orders.inner_join(stores, orders.store == stores.shop)
    joined = joined.left_join(rates, joined.category == rates.rated)
    scene = ibis.ifelse(joined.traffic == "ad", "ad", joined.channel)
    base = ibis.cases(*((scene == name, joined[name]) for name in SCENES))
    rated = joined.mutate(
        scene=scene,
        base=base,
        net=_net(joined, setting),
        foreign=joined.currency != setting.currency,
    )
    return _with_fee(_with_discount(rated, setting.discounts))


def totals(setting: Setting) -> "ir.Table":
    """The orders summed per store, scene, category, rate and discount."""
    lines = per_order(setting)
    keys = ("store", "scene", "category", "base", "ppm", "discount", "foreign")
    return lines.group_by([lines[key] for key in keys]).aggregate(
        orders=lines.count(), net=lines.net.sum(), fee=lines.fee.sum()
    )


def by_store(setting: Setting) -> "ir.Table":
    """The orders summed per store: fees, those without a rate, those of another currency."""
    lines = per_order(setting)
    return lines.group_by("store").aggregate(
        orders=lines.count(),
        fee=lines.fee.sum(),
        unrated=lines.base.isnull().sum(),
        foreign=lines.foreign.sum(),
    )


def least_nets(setting: Setting) -> "ir.Table":
    """Per store with orders the least amount that any of them is charged on.

    Intake refuses refunds above the amount and amounts below zero; whoever asks for fees asserts
    here that none is below zero, because the fee of such an order would be no figure of ours.
    """
    import ibis

    orders = ibis.table(ORDERS, name="orders")
    return orders.group_by("store").aggregate(least=_net(orders, setting).min())


def _net(orders: Any, setting: Setting) -> Any:
    """What the fee is taken of."""
    net = orders.amount_minor
    return net - orders.refunded_minor if setting.deduct_refunds else net


def _with_discount(rated: Any, discounts: Sequence[Shape]) -> Any:
    """The lowest rate that applies, and which discount gives it."""
    import ibis

    offered = [_offered(rated, number, one) for number, one in enumerate(discounts)]
    ppm = ibis.least(rated.base, *offered) if offered else rated.base
    best = rated.mutate(ppm=ppm)
    which = ibis.literal(NONE)
    for number in reversed(range(len(discounts))):
        mine = _offered(best, number, discounts[number])
        wins = (mine == best.ppm) & (mine < best.base)
        which = ibis.ifelse(wins.fill_null(False), number, which)
    return best.mutate(discount=which)


def _offered(table: Any, number: int, one: Shape) -> Any:
    """The discount's rate where it runs for an order, else the rate without it."""
    import ibis

    runs = (table.created_at >= table[f"starts_{number}"]) & (
        table.created_at < table[f"ends_{number}"]
    )
    if one.traffic is not None:
        runs = runs & (table.traffic == one.traffic)
    if one.categories is not None:
        runs = runs & table.category.isin(list(one.categories))
    # Without a rate there is no fee, discount or not; engines differ in the least of a null.
    runs = runs.fill_null(False) & table.base.notnull()
    return ibis.ifelse(runs, one.ppm, table.base)


def _with_fee(rated: Any) -> Any:
    """Half up to the minor unit, in whole numbers that fit into 64 bits, alike in every engine.

    The net amount is split at a million, so that no product passes the limit. Which million it
    is split at does not matter, only that the rest is small: a quotient is a double, and engines
    cut or round it in their own ways. The rest's fee is rounded a quarter of a unit above the
    exact quotient, so that a half goes up, no quotient is ever a half, and all of it lies far
    below 2^53. An order with a negative net has no fee: see `least_nets`.
    """
    large = (rated.net / MILLION).round().cast("int64")
    small = rated.net - large * MILLION
    rounded = ((small * rated.ppm * 4 + 1) / (4 * MILLION)).round().cast("int64")
    fee = large * rated.ppm + rounded
    return rated.mutate(fee=(rated.net >= 0).ifelse(fee, None))


EXPRESSIONS = {"totals": totals, "stores": by_store, "orders": per_order, "least": least_nets}
"""Orders in detail, summed by store, one by one; and what none of them may be below zero in."""


@lru_cache(maxsize=64)
def sql_of(kind: str, setting: Setting, dialect: str = "duckdb") -> str:
    """The expression as SQL of an engine: by `EXPRESSIONS`' names."""
    import ibis

    return str(ibis.to_sql(EXPRESSIONS[kind](setting), dialect=dialect))
