"""The fee of every order as one table expression, for any engine that Ibis compiles to.

The tables: `orders` (the lines that count), `rates` (category and a column of millionths per
scene), `stores` (store and, per discount, the instants from and until which it runs). Where rows
of rates have more than that, `rates` has a row per category, scene and span of days, and `spans`
the instants at which the spans begin (see `rates.py`). For sums by day `days` has the instants at
which the days begin. All numbers are whole, so that no engine
rounds in its own way. Joins are on equal values only, which every engine supports.
"""

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.kernel.money import Rounding
from ledger.programs.by_order import exact_share_of, net_of, whole_of
from ledger.programs.order_questions import compiled
from ledger.programs.technical_fee.parameters import SCENES
from ledger.programs.technical_fee.rates import PRICED, UNNAMED

if TYPE_CHECKING:
    import ibis.expr.types as ir

ORDERS = {
    **dict.fromkeys(("store", "order_id"), "string"),
    **dict.fromkeys(("created_at", "amount_minor", "refunded_minor"), "int64"),
    **dict.fromkeys(("currency", "traffic", "channel", "category", "item"), "string"),
}
"""Columns of the order lines that are read; instants in microseconds, amounts in minor units."""
NONE = -1
"""The discount number of an order without one, and the row number of a plain rate."""


class Shape(NamedTuple):
    """The part of a discount that shapes the expression; its instants are data."""

    ppm: int
    traffic: str | None
    categories: tuple[str, ...] | None


class Setting(NamedTuple):
    """What the expression is built from."""

    discounts: tuple[Shape, ...]
    currency: str
    deduct_refunds: bool
    spans: int | None = None
    """How many spans of days general rates have; None for plain ones."""
    rounding: Rounding = "half_up"
    """For a what-if: another rounding."""
    once: bool = False
    """For a what-if: an order's rounding difference is kept as `rest`, and a store's sum is
    rounded once."""
    days: int | None = None
    """For sums by day: how many days the table `days` has."""
    instead: tuple[str, int] | None = None
    """For a what-if: a category, and the rate in millionths for all of its orders."""


def rates_columns(spans: int | None = None) -> dict[str, str]:
    """The columns of the table `rates`."""
    if spans is not None:
        return PRICED
    return {"category": "string", **dict.fromkeys(SCENES, "int64")}


def spans_columns(spans: int) -> dict[str, str]:
    """The columns of the tables `spans` and `days`, which have one row each."""
    return {f"begins_{number}": "int64" for number in range(spans)}


def _numbered(orders: Any, table: str, count: int, name: str) -> Any:
    """The orders with the number, from 0, of the span of a one-row table in which each was
    created."""
    import ibis

    columns = spans_columns(count)
    joined = orders.cross_join(ibis.table(columns, name=table))
    begun = [(joined.created_at >= joined[column]).ifelse(1, 0) for column in columns]
    return joined.mutate(**{name: reduce(add, begun) - 1})


def stores_columns(discounts: int) -> dict[str, str]:
    """The columns of the table `stores`."""
    names = [f"{word}_{n}" for n in range(discounts) for word in ("starts", "ends")]
    return {"store": "string", **dict.fromkeys(names, "int64")}


def per_order(setting: Setting) -> "ir.Table":
    """Every order with its scene, rates, discount and fee.

    Fee = (amount - refunded) x rate, half up to the minor unit, once per order; with general rates
    plus `fixed`, at least `least`, at most `most`, and zero for a net amount of zero. Of several
    discounts the lowest rate wins, the first of equal ones, and never one above the plain rate.
    """
    import ibis

    orders = ibis.table(ORDERS, name="orders")
    stores = ibis.table(stores_columns(len(setting.discounts)), name="stores").rename(shop="store")
    joined = orders.inner_join(stores, orders.store == stores.shop)
    scene = ibis.ifelse(joined.traffic == "ad", "ad", joined.channel)
    rated = _with_rate(joined.mutate(scene=scene), setting)
    if setting.instead is not None:
        category, ppm = setting.instead
        asked = (rated.category == category) & rated.base.notnull()
        rated = rated.mutate(base=asked.ifelse(ppm, rated.base))
    rated = rated.mutate(
        net=net_of(rated, deduct_refunds=setting.deduct_refunds),
        foreign=rated.currency != setting.currency,
    )
    return _with_fee(_with_discount(rated, setting.discounts), setting)


def totals(setting: Setting) -> "ir.Table":
    """The orders summed per store, scene, category, rate and discount."""
    lines = per_order(setting)
    keys = ("store", "scene", "category", "base", "ppm", "discount", "foreign", "row")
    return lines.group_by([lines[key] for key in keys]).aggregate(
        orders=lines.count(), net=lines.net.sum(), fee=lines.fee.sum()
    )


def by_store(setting: Setting) -> "ir.Table":
    """The orders summed per store: fees, and how many lack a rate or are in another currency."""
    lines = per_order(setting)
    fee = lines.fee.sum()
    if setting.once:
        fee = fee + whole_of(lines.rest.sum())
    return lines.group_by("store").aggregate(
        orders=lines.count(),
        fee=fee,
        unrated=lines.base.isnull().sum(),
        foreign=lines.foreign.sum(),
    )


def by_day(setting: Setting) -> "ir.Table":
    """The fees summed per store and number of the day, from 0, of orders in the currency."""
    assert setting.days is not None, "the table of days has that many columns"
    lines = per_order(setting)
    charged = lines.filter(~lines.foreign & lines.fee.notnull())
    columns = {"store": charged.store, "created_at": charged.created_at, "fee": charged.fee}
    dated = _numbered(charged.select(**columns), "days", setting.days, "day")
    return dated.group_by(["store", "day"]).aggregate(fee=dated.fee.sum())


def least_nets(setting: Setting) -> "ir.Table":
    """The least amount that a fee is charged on, per store with orders.

    Intake refuses refunds above the amount and amounts below zero; callers check here that no
    order is below zero, because no fee is defined for such an order.
    """
    import ibis

    orders = ibis.table(ORDERS, name="orders")
    return orders.group_by("store").aggregate(
        least=net_of(orders, deduct_refunds=setting.deduct_refunds).min()
    )


def _with_rate(orders: Any, setting: Setting) -> Any:
    """Each order's rate before discounts, `base`, and the number of its row."""
    import ibis

    rates = ibis.table(rates_columns(setting.spans), name="rates")
    if setting.spans is None:
        plain = rates.rename(rated="category")
        joined = orders.left_join(plain, orders.category == plain.rated)
        base = ibis.cases(*((joined.scene == name, joined[name]) for name in SCENES))
        return joined.mutate(base=base, row=ibis.literal(NONE))
    dated = _numbered(orders, "spans", setting.spans, "span_of")
    named = rates.select(named="category").distinct()
    joined = dated.left_join(named, dated.category == named.named)
    joined = joined.mutate(rated_as=joined.named.fill_null(UNNAMED))
    rows = rates.rename(rated="category", rated_scene="scene")
    same = (
        joined.rated_as == rows.rated,
        joined.scene == rows.rated_scene,
        joined.span_of == rows.span,
    )
    return joined.left_join(rows, same)


def _with_discount(rated: Any, discounts: Sequence[Shape]) -> Any:
    """The lowest rate that applies, and the number of the discount that gives it."""
    import ibis

    offered = [_offered(rated, number, shape) for number, shape in enumerate(discounts)]
    ppm = ibis.least(rated.base, *offered) if offered else rated.base
    best = rated.mutate(ppm=ppm)
    which = ibis.literal(NONE)
    for number in reversed(range(len(discounts))):
        mine = _offered(best, number, discounts[number])
        wins = (mine == best.ppm) & (mine < best.base)
        which = ibis.ifelse(wins.fill_null(False), number, which)
    return best.mutate(discount=which)


def _offered(table: Any, number: int, shape: Shape) -> Any:
    """The discount's rate where it runs for an order, else the rate without it."""
    import ibis

    runs = (table.created_at >= table[f"starts_{number}"]) & (
        table.created_at < table[f"ends_{number}"]
    )
    if shape.traffic is not None:
        runs = runs & (table.traffic == shape.traffic)
    if shape.categories is not None:
        runs = runs & table.category.isin(list(shape.categories))
    # Without a rate there is no fee, discount or not; engines differ in the least of a null.
    runs = runs.fill_null(False) & table.base.notnull()
    return ibis.ifelse(runs, shape.ppm, table.base)


def _with_fee(rated: Any, setting: Setting) -> Any:
    """The fee of each order: the share of its net amount, half up; null for a negative net."""
    import ibis

    fee, rest = exact_share_of(rated.net, rated.ppm, setting.rounding)
    if setting.spans is not None:
        # All three are whole minor units, so that nothing is rounded a second time.
        plain = fee + rated.fixed
        bounded = ibis.least(ibis.greatest(plain, rated.least), rated.most)
        fee = (rated.net > 0).ifelse(bounded, 0)
        rest = _bounded_rest(rated, plain, rest)
    charged = (rated.net >= 0) & rated.base.notnull()
    priced = rated.mutate(fee=charged.ifelse(fee, None))
    return priced.mutate(rest=charged.ifelse(rest, None)) if setting.once else priced


def _bounded_rest(rated: Any, plain: Any, rest: Any) -> Any:
    """The rounding difference of a fee with bounds; zero for a fee beyond them."""
    import ibis

    above = (plain == rated.least).ifelse(ibis.greatest(rest, 0), rest)
    inside = (plain == rated.most).ifelse(ibis.least(above, 0), above)
    within = (rated.net > 0) & (plain >= rated.least) & (plain <= rated.most)
    return within.ifelse(inside, 0)


EXPRESSIONS = {
    "totals": totals,
    "stores": by_store,
    "days": by_day,
    "orders": per_order,
    "least": least_nets,
}
"""Orders in detail, summed by store, by store and day, one by one; the least amounts per store."""


def sql_of(kind: str, setting: Setting) -> str:
    """The expression of a name in `EXPRESSIONS`, as SQL of DuckDB."""
    return compiled(EXPRESSIONS[kind], setting)
