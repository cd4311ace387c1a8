"""The commission of every order as one table expression, for any engine that Ibis compiles to.

The tables: `orders` (the lines that count), `stores` (the edition's stores), and those of
`tables.py`. All numbers are whole, so that no engine rounds in its own way. Joins are on equal
values; the row in force at the order's instant is then chosen by its span.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.kernel.money import Rounding
from ledger.programs.affiliate_commission import tables
from ledger.programs.affiliate_commission.plans import LEVELS
from ledger.programs.by_order import exact_share_of, net_of, whole_of
from ledger.programs.order_questions import compiled

if TYPE_CHECKING:
    import ibis.expr.types as ir

ROW = ("file", "source_file", "source_row")
"""Where an order's row came from: its identity in three small numbers."""
ORDERS = {
    **dict.fromkeys(("store", "order_id", "item", "product", "creator", "currency"), "string"),
    **dict.fromkeys(("created_at", "amount_minor", "refunded_minor", *ROW), "int64"),
}
"""Columns of the order lines that are read; instants in microseconds, amounts in minor units."""
NONE = -1
"""The score of an order without an offer."""
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
    """How many versions of plans the scores distinguish."""
    deduct_refunds: bool = True
    declines_unapproved: bool = True
    own_earn: bool = False
    met: frozenset[str] = frozenset()
    """Conditions that are taken as met."""
    instead: int | None = None
    """For a what-if: use the plan of this rank (0: the first) among those that cover an order."""
    neighbour: str | None = None
    """For a what-if: the plan's rate `before` or `after` instead of its own."""
    rounding: Rounding = "half_up"
    """For a what-if: another rounding."""
    once: bool = False
    """For a what-if: an order's rounding difference is kept as `rest`, and the sum of a line is
    rounded once."""


def per_order(setting: Setting) -> "ir.Table":
    """Every affiliate order with its plan, its conditions, and its commission.

    Commission = (amount - refunded) x rate, rounded once, half up to the minor unit; null where it
    earns none.
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
    """The orders summed per store and creator: the commission, and how many fail each condition."""
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
    """The orders summed per store, creator, plan, and conditions met."""
    lines = per_order(setting)
    keys = ("store", "creator", "score", "eligible", "covered", "approved", "not_own", "foreign")
    return lines.group_by([lines[key] for key in keys]).aggregate(
        orders=lines.count(), net_sum=lines.net.sum(), due_sum=lines.due.sum()
    )


def least_nets(setting: Setting) -> "ir.Table":
    """The least amount that a commission is calculated on, per store with affiliate orders."""
    import ibis

    orders = ibis.table(ORDERS, name="orders")
    orders = orders.filter(orders.creator != tables.NOBODY)
    net = net_of(orders, deduct_refunds=setting.deduct_refunds)
    return orders.group_by("store").aggregate(least=net.min())


def _orders() -> Any:
    """The affiliate orders of the edition's stores."""
    import ibis

    orders = ibis.table(ORDERS, name="orders")
    orders = orders.filter(orders.creator != tables.NOBODY)
    stores = _table("stores")
    return orders.semi_join(stores, orders.store == stores.shop)


def columns_of(name: str) -> dict[str, str]:
    """The columns of a small table, with their types."""
    texts = tables.TEXTS | {"shop"}
    return {column: "string" if column in texts else "int64" for column in COLUMNS[name]}


def _table(name: str) -> Any:
    import ibis

    return ibis.table(columns_of(name), name=name)


def _offered(orders: Any, name: str, *, for_some: bool) -> Any:
    """The offers of `to_some`, or of `to_all`, that cover each order."""
    offers = _table(name)
    product = offers.of_product
    same = [orders.store == offers.of_store]
    if name == "to_all":  # a shop plan names no product
        offered = orders.join(offers, same)
        offered = offered.filter(
            (offered.of_product == offered.product) | (offered.of_product == "")
        )
    else:
        offered = orders.join(offers, [*same, orders.product == product])
    offered = offered.filter(
        (offered.starts <= offered.created_at) & (offered.created_at < offered.ends)
    )
    if for_some:
        audience = _table("audience").rename(of_group="group")
        offered = offered.join(
            audience, [offered.group == audience.of_group, offered.creator == audience.member]
        )
        offered = offered.filter(
            (offered.since <= offered.created_at) & (offered.created_at < offered.until)
        )
    return offered


def _best_to_some(orders: Any) -> Any:
    """The best offers for an order's creator in particular: of targeted plans, and of open plans
    that approved the creator."""
    offered = _offered(orders, "to_some", for_some=True)
    return offered.group_by(list(ROW)).aggregate(
        targeted=offered.score.max(where=offered.level == LEVELS["targeted"]),
        approved_for=offered.score.max(where=offered.level == LEVELS["open"]),
    )


def _ranked(orders: Any, setting: Setting) -> Any:
    """The offer for each order that has the rank `setting.instead`."""
    import ibis

    columns = [*ROW, "score", "level"]
    some = _offered(orders, "to_some", for_some=True).select(*columns)
    offered = some.union(_offered(orders, "to_all", for_some=False).select(*columns))
    place = ibis.row_number().over(
        group_by=list(ROW), order_by=[ibis.desc("level"), ibis.desc("score")]
    )
    ranked = offered.mutate(place=place)
    ranked = ranked.filter(ranked.place == setting.instead)
    none = ibis.literal(None, type="int64")
    return ranked.select(*ROW, targeted=ranked.score, approved_for=none)


def _with_plan(orders: Any, setting: Setting) -> Any:
    """The best offer that covers an order: targeted before open before shop."""
    import ibis

    shop = _table("shop_plans").rename(
        shop_store="of_store", shop_starts="starts", shop_ends="ends", shop_best="best",
        shop_product="of_product", shop_asks="asks",
    )  # fmt: skip
    offer = _table("open_plans").rename(
        open_store="of_store", open_product="of_product", open_starts="starts", open_ends="ends",
        open_best="best", open_asks="asks",
    )  # fmt: skip
    joined = orders.left_join(shop, orders.store == shop.shop_store)
    joined = _in_span(joined, joined.shop_starts, joined.shop_ends)
    same = [joined.store == offer.open_store, joined.product == offer.open_product]
    joined = joined.left_join(offer, same)
    joined = _in_span(joined, joined.open_starts, joined.open_ends)
    targeted, approved = joined.targeted.fill_null(NONE), joined.approved_for.fill_null(NONE)
    free, of_shop = joined.open_best.fill_null(NONE), joined.shop_best.fill_null(NONE)
    asks = joined.open_asks.fill_null(0) == 1
    if setting.instead is not None:
        return joined.mutate(score=targeted, covered=targeted > NONE, approved=ibis.literal(True))
    of_open = ibis.greatest(approved, free)
    lacks_approval = (targeted == NONE) & (of_open == NONE) & asks
    score = ibis.cases(
        (targeted > NONE, targeted),
        (of_open > NONE, of_open),
        (lacks_approval & ibis.literal(setting.declines_unapproved), NONE),
        else_=of_shop,
    )
    return joined.mutate(
        score=score,
        covered=(score > NONE) | lacks_approval,
        approved=(score > NONE) | ~lacks_approval,
    )


def _with_creator(orders: Any, setting: Setting) -> Any:
    """Whether the creator may sell at the order's instant, and is not an account of the store."""
    import ibis

    creators = _table("creators").rename(known_from="starts", known_to="ends")
    own = _table("own_accounts").rename(own_store="of_store", own_from="starts", own_to="ends")
    joined = orders.left_join(creators, orders.creator == creators.registered)
    joined = _in_span(joined, joined.known_from, joined.known_to)
    same = [joined.store == own.own_store, joined.creator == own.account]
    joined = joined.left_join(own, same)
    joined = _in_span(joined, joined.own_from, joined.own_to)
    true = ibis.literal(True)
    eligible = true if "creator_eligible" in setting.met else joined.may_sell.fill_null(0) == 1
    not_own = joined.bound.fill_null(0) == 0
    if setting.own_earn or "not_own_account" in setting.met:
        not_own = true
    return joined.mutate(eligible=eligible, not_own=not_own)


def _in_span(joined: Any, starts: Any, ends: Any) -> Any:
    """The row whose span the order was created in; orders without any row are kept."""
    return joined.filter(
        starts.isnull() | ((starts <= joined.created_at) & (joined.created_at < ends))
    )


def _with_due(orders: Any, setting: Setting) -> Any:
    """The commission of each order that earns one; null for every other."""
    import ibis

    priced = orders.mutate(ppm=(orders.score - orders.score % setting.versions) // setting.versions)
    earns = (
        priced.eligible & priced.covered & priced.approved & priced.not_own & (priced.score > NONE)
    )
    priced = priced.mutate(earns=earns & (priced.net >= 0))
    if setting.neighbour is not None:
        priced = _with_neighbour(priced, setting)
        priced = priced.mutate(ppm=priced[setting.neighbour])
        priced = priced.mutate(earns=priced.earns & priced.ppm.notnull())
    share = exact_share_of(priced.net, priced.ppm, setting.rounding)
    due = ibis.ifelse(priced.earns, share.minor, None)
    if setting.once:
        priced = priced.mutate(rest=ibis.ifelse(priced.earns, share.rest, None))
    return priced.mutate(due=due)


def _with_neighbour(orders: Any, setting: Setting) -> Any:
    """The rates that the plan of each order paid before and after; shop plans name no product."""
    import ibis

    number = setting.versions - 1 - orders.score % setting.versions
    of_shop = orders.score == orders.shop_best.fill_null(NONE)
    product = ibis.ifelse(of_shop, tables.NOBODY, orders["product"])
    mine = orders.mutate(number_of=number, product_of=product)
    rates = _table("neighbours").rename(rated="of_product")
    return mine.left_join(rates, [mine.number_of == rates.number, mine.product_of == rates.rated])


EXPRESSIONS = {"lines": by_line, "totals": totals, "orders": per_order, "least": least_nets}
"""Summed by store and creator, in detail, order by order; and the least amounts per store."""


def sql_of(kind: str, setting: Setting) -> str:
    """The expression of a name in `EXPRESSIONS`, as SQL of DuckDB."""
    return compiled(EXPRESSIONS[kind], setting)
