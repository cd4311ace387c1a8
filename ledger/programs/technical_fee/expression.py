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
    **dict.fromkeys(("store", "order_id", "item"), "string"),
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
    net = joined.amount_minor
    if setting.deduct_refunds:
        net = net - joined.refunded_minor
    rated = joined.mutate(
        scene=scene, base=base, net=net, foreign=joined.currency != setting.currency
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
    """Half up to the minor unit, in whole numbers that fit into 64 bits.

    The net amount is split at a million, so that no product passes the limit; a division is
    only ever of a multiple of its divisor. Exact in DuckDB for every order that a book takes;
    in engines whose remainder or quotient is a double (SQLite) below 2^53 minor units.
    """
    small = rated.net % MILLION
    large = ((rated.net - small) / MILLION).cast("int64")
    doubled = small * rated.ppm * 2 + MILLION
    rounded = ((doubled - doubled % (2 * MILLION)) / (2 * MILLION)).cast("int64")
    return rated.mutate(fee=large * rated.ppm + rounded)


@lru_cache(maxsize=64)
def sql_of(kind: str, setting: Setting, dialect: str = "duckdb") -> str:
    """The expression as SQL of an engine: `stores`, `totals`, or `orders` one by one."""
    import ibis

    expression = {"totals": totals, "stores": by_store, "orders": per_order}[kind](setting)
    return str(ibis.to_sql(expression, dialect=dialect))
