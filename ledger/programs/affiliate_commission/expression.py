"""The commission of every order as one table expression, for any engine that Ibis compiles to.

The tables: `orders` (the lines that count), `stores` (those that it is about), and those of
`tables.py`. All whole numbers: no engine rounds in its own way. Joins are of equal values; what
holds at the order's instant is then chosen by its span.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.kernel.money import Rounding
from ledger.programs.affiliate_commission import tables
from ledger.programs.affiliate_commission.plans import LEVELS
from ledger.programs.by_order import exact_share_of, net_of, whole_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

ROW = ("file", "source_file", "source_row")
"""Where an order's row came from: what it is known by, in three small numbers."""
ORDERS = {
    **dict.fromkeys(("store", "order_id", "item", "product", "creator", "currency"), "string"),
    **dict.fromkeys(("created_at", "amount_minor", "refunded_minor", *ROW), "int64"),
}
"""Columns of the order lines that are asked for; instants in microseconds, minor units."""
NONE = -1
"""The score where nothing is offered."""
COLUMNS: dict[str, tuple[str, ...]] = {
    "stores": ("shop",),
    "shop_plans": tables.SPANS,
    "open_plans": tables.SPANS,
    "to_some": tables.OFFERS,
    "to_all": tables.OFFERS,
    "audience": tables.AUDIENCE,
    "neighbours": tables.NEIGHBOURS,
    "creators": tables.CREATORS,
    "own_accounts": tables.OWN,
}


class Setting(NamedTuple):
    """What the expression is built from."""

    currency: str
    versions: int
    """How many versions scores tell apart."""
    deduct_refunds: bool = True
    declines_unapproved: bool = True
    own_earn: bool = False
    met: frozenset[str] = frozenset()
    """Conditions that are taken as met."""
    instead: int | None = None
    """For a what-if the plan that comes so many places after the first, of those that cover it."""
    neighbour: str | None = None
    """For a what-if the plan's rate `before` or `after` instead of its own."""
    rounding: Rounding = "half_up"
    """For a what-if another one."""
    once: bool = False
    """For a what-if: what rounding leaves off an order is kept as `rest`, and the sum of a line is
    rounded once."""


def per_order(setting: Setting) -> "ir.Table":
    """Every affiliate order with its plan, what it meets, and its commission.

    Commission = (amount - refunded) x rate, half up to the minor unit, once; null where it earns
    none.
    """
    orders = _orders()
    best = _ranked(orders, setting) if setting.instead is not None else _best_to_some(orders)
    planned = _with_plan(orders.left_join(best, list(ROW), rname="{name}_r"), setting)
    known = _with_creator(planned, setting)
    known = known.mutate(
        net=net_of(known, deduct_refunds=setting.deduct_refunds),
        foreign=known.currency != setting.currency,
    )
    return _with_due(known, setting)


def by_line(setting: Setting) -> "ir.Table":
    """The orders summed per store and creator: what earns, and how many fail which condition."""
    lines = per_order(setting)
    due = lines.due.sum()
    if setting.once:
        due = due + whole_of(lines.rest.sum())
    return lines.group_by(["store", "creator"]).aggregate(
        orders=lines.count(),
        earning=lines.earns.sum(),
        due=due,
        foreign_orders=lines.foreign.sum(),
        not_eligible=(~lines.eligible).sum(),
        not_covered=(~lines.covered).sum(),
        not_approved=(~lines.approved).sum(),
        own=(~lines.not_own).sum(),
    )


def totals(setting: Setting) -> "ir.Table":
    """The orders summed per store, creator, plan, and what they meet."""
    lines = per_order(setting)
    keys = ("store", "creator", "score", "eligible", "covered", "approved", "not_own", "foreign")
    return lines.group_by([lines[key] for key in keys]).aggregate(
        orders=lines.count(), net_sum=lines.net.sum(), due_sum=lines.due.sum()
    )


def least_nets(setting: Setting) -> "ir.Table":
    """Per store with affiliate orders the least amount that any of them is charged on."""
    import ibis

    orders = ibis.table(ORDERS, name="orders")
    orders = orders.filter(orders.creator != tables.NOBODY)
    net = net_of(orders, deduct_refunds=setting.deduct_refunds)
    return orders.group_by("store").aggregate(least=net.min())


def _orders() -> Any:
    """The affiliate orders of the stores that the edition is about."""
    import ibis

    orders = ibis.table(ORDERS, name="orders")
    orders = orders.filter(orders.creator != tables.NOBODY)
    stores = _table("stores")
    return orders.semi_join(stores, orders.store == stores.shop)


def columns_of(name: str) -> dict[str, str]:
    """The columns of a small table, with their types."""
    texts = tables.TEXTS | {"shop"}
    return {one: "string" if one in texts else "int64" for one in COLUMNS[name]}


def _table(name: str) -> Any:
    import ibis

    return ibis.table(columns_of(name), name=name)


def _offered(orders: Any, name: str, *, for_some: bool) -> Any:
    """The offers of `to_some`, or of `to_all`, that cover each order."""
    offers = _table(name)
    product = offers.of_product
    same = [orders.store == offers.of_store]
    if name == "to_all":  # a shop plan names no product
        found = orders.join(offers, same)
        found = found.filter((found.of_product == found.product) | (found.of_product == ""))
    else:
        found = orders.join(offers, [*same, orders.product == product])
    found = found.filter((found.starts <= found.created_at) & (found.created_at < found.ends))
    if for_some:
        audience = _table("audience").rename(of_group="group")
        found = found.join(
            audience, [found.group == audience.of_group, found.creator == audience.member]
        )
        found = found.filter((found.since <= found.created_at) & (found.created_at < found.until))
    return found


def _best_to_some(orders: Any) -> Any:
    """Per order the best offers to its creator alone: targeted, and of open plans that approve."""
    found = _offered(orders, "to_some", for_some=True)
    return found.group_by(list(ROW)).aggregate(
        targeted=found.score.max(where=found.level == LEVELS["targeted"]),
        approved_for=found.score.max(where=found.level == LEVELS["open"]),
    )


def _ranked(orders: Any, setting: Setting) -> Any:
    """Per order the offer that comes so many places after the first."""
    import ibis

    columns = [*ROW, "score", "level"]
    some = _offered(orders, "to_some", for_some=True).select(*columns)
    found = some.union(_offered(orders, "to_all", for_some=False).select(*columns))
    place = ibis.row_number().over(
        group_by=list(ROW), order_by=[ibis.desc("level"), ibis.desc("score")]
    )
    ranked = found.mutate(place=place)
    ranked = ranked.filter(ranked.place == setting.instead)
    none = ibis.literal(None, type="int64")
    return ranked.select(*ROW, targeted=ranked.score, approved_for=none)


def _with_plan(orders: Any, setting: Setting) -> Any:
    """The best of what covers an order: targeted over open over shop."""
    import ibis

    shop = _table("shop_plans").rename(
        shop_store="of_store", shop_starts="starts", shop_ends="ends", shop_best="best",
        shop_product="of_product", shop_asks="asks",
    )  # fmt: skip
    offer = _table("open_plans").rename(
        open_store="of_store", open_product="of_product", open_starts="starts", open_ends="ends",
        open_best="best", open_asks="asks",
    )  # fmt: skip
    found = orders.left_join(shop, orders.store == shop.shop_store)
    found = _in_span(found, found.shop_starts, found.shop_ends)
    same = [found.store == offer.open_store, found.product == offer.open_product]
    found = found.left_join(offer, same)
    found = _in_span(found, found.open_starts, found.open_ends)
    targeted, approved = found.targeted.fill_null(NONE), found.approved_for.fill_null(NONE)
    free, of_shop = found.open_best.fill_null(NONE), found.shop_best.fill_null(NONE)
    asks = found.open_asks.fill_null(0) == 1
    if setting.instead is not None:
        return found.mutate(score=targeted, covered=targeted > NONE, approved=ibis.literal(True))
    of_open = ibis.greatest(approved, free)
    lacks_approval = (targeted == NONE) & (of_open == NONE) & asks
    score = ibis.cases(
        (targeted > NONE, targeted),
        (of_open > NONE, of_open),
        (lacks_approval & ibis.literal(setting.declines_unapproved), NONE),
        else_=of_shop,
    )
    return found.mutate(
        score=score,
        covered=(score > NONE) | lacks_approval,
        approved=(score > NONE) | ~lacks_approval,
    )


def _with_creator(orders: Any, setting: Setting) -> Any:
    """Whether the creator may sell at the order's instant, and is none of the store's accounts."""
    import ibis

    creators = _table("creators").rename(known_from="starts", known_to="ends")
    own = _table("own_accounts").rename(own_store="of_store", own_from="starts", own_to="ends")
    found = orders.left_join(creators, orders.creator == creators.registered)
    found = _in_span(found, found.known_from, found.known_to)
    same = [found.store == own.own_store, found.creator == own.account]
    found = found.left_join(own, same)
    found = _in_span(found, found.own_from, found.own_to)
    true = ibis.literal(True)
    eligible = true if "creator_eligible" in setting.met else found.may_sell.fill_null(0) == 1
    not_own = found.bound.fill_null(0) == 0
    if setting.own_earn or "not_own_account" in setting.met:
        not_own = true
    return found.mutate(eligible=eligible, not_own=not_own)


def _in_span(found: Any, starts: Any, ends: Any) -> Any:
    """The row of the span that the order was created in; an order without any stays."""
    return found.filter(
        starts.isnull() | ((starts <= found.created_at) & (found.created_at < ends))
    )


def _with_due(orders: Any, setting: Setting) -> Any:
    """The commission of each order that earns one; null of every other."""
    import ibis

    found = orders.mutate(ppm=(orders.score - orders.score % setting.versions) // setting.versions)
    earns = found.eligible & found.covered & found.approved & found.not_own & (found.score > NONE)
    found = found.mutate(earns=earns & (found.net >= 0))
    if setting.neighbour is not None:
        found = _with_neighbour(found, setting)
        found = found.mutate(ppm=found[setting.neighbour])
        found = found.mutate(earns=found.earns & found.ppm.notnull())
    share = exact_share_of(found.net, found.ppm, setting.rounding)
    due = ibis.ifelse(found.earns, share.minor, None)
    if setting.once:
        found = found.mutate(rest=ibis.ifelse(found.earns, share.rest, None))
    return found.mutate(due=due)


def _with_neighbour(orders: Any, setting: Setting) -> Any:
    """The rates that the plan of each order paid before and after; a shop's are of no product."""
    import ibis

    number = setting.versions - 1 - orders.score % setting.versions
    of_shop = orders.score == orders.shop_best.fill_null(NONE)
    product = ibis.ifelse(of_shop, tables.NOBODY, orders["product"])
    mine = orders.mutate(number_of=number, product_of=product)
    rates = _table("neighbours").rename(rated="of_product")
    return mine.left_join(rates, [mine.number_of == rates.number, mine.product_of == rates.rated])


EXPRESSIONS = {"lines": by_line, "totals": totals, "orders": per_order, "least": least_nets}
"""Summed by store and creator, in detail, one by one; and the least that any is taken of."""


@lru_cache(maxsize=64)
def sql_of(kind: str, setting: Setting, dialect: str = "duckdb") -> str:
    """The expression as SQL of an engine: by `EXPRESSIONS`' names."""
    import ibis

    return str(ibis.to_sql(EXPRESSIONS[kind](setting), dialect=dialect))
