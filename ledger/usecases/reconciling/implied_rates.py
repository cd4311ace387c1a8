"""Rates that the platform's figures imply: tax included, another rate for a whole category."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ledger.programs.by_order import MILLION, rate_text
from ledger.programs.contract import OrderRates, OrderSide
from ledger.usecases.reconciling.order_causes import Named, OrderCauses, give_tables

GRIDS = (2, 3, 4)
"""Decimals that a rate may have: the fewest that fit are taken."""
TAX_ORDERS = 3
"""At least this many orders must fit the same rate of tax."""
TAX_SHARE_PERCENT = 20
"""And at least this percentage of the orders without another cause: of many figures some fit by
chance."""
TAX_PERCENT_MAX = 50
CATEGORY_ORDERS = 2
"""At least this many orders of a category must fit its rate."""
TELLING = 2
"""Differences of up to this many minor units tell nothing about a rate: any rate near ours gives
them."""


class Tax(NamedTuple):
    """A rate on top of ours, as a whole number of units of 10^-decimals."""

    decimals: int
    units: int

    @property
    def ppm(self) -> int:
        return self.units * int(10 ** (6 - self.decimals))

    @property
    def detail(self) -> str:
        factor = rate_text(MILLION + self.ppm)
        return f"tax of {rate_text(self.ppm)} included: ours x {factor}"

    @property
    def fits(self) -> str:
        """The SQL condition for orders whose amount it gives exactly, rounded half up."""
        scale = 10**self.decimals
        exact = f"abs(ours)::HUGEINT * {2 * (scale + self.units)} + {scale}"
        return (
            f"ours::HUGEINT * theirs > 0 AND abs(theirs)::HUGEINT * {2 * scale} <= {exact}"
            f" AND {exact} < (abs(theirs)::HUGEINT + 1) * {2 * scale}"
        )


def name_rates(causes: OrderCauses, side: OrderSide) -> None:
    """Names single rates that explain orders without another cause: a tax on top of orders of
    several categories, or one other rate for a whole category.

    Where a month has only one category, the two cannot be told apart: both are named.
    """
    rates = side.rates
    _gather(causes, side)
    several = rates is not None and _has_several_categories(causes)
    taxes = list(_taxes(causes))
    categories: list[tuple[str, int, str]] = []
    if rates is not None and not several:
        categories = list(_categories(causes))
    for tax in taxes:
        if not several or _spans_categories(causes, tax):
            _name_tax(causes, tax)
    if rates is None:
        return
    for category, ppm, was in categories or list(_categories(causes)):
        _name_category(causes, rates, category, ppm, was)


def _gather(causes: OrderCauses, side: OrderSide) -> None:
    """Makes the view `telling`: orders with both amounts and no cause, with the base of a rate."""
    database = causes.database
    give_tables(database, side.tables)
    rated = (
        side.rates.sql
        if side.rates
        else "SELECT store, order_id, '' AS category, 0 AS net, 0 AS fixed, NULL::BIGINT AS was"
        " FROM orders"
    )
    database.execute(
        "CREATE TEMP TABLE rated AS SELECT store, order_id, min(category) AS category,"
        " count(DISTINCT category) AS categories, sum(net)::HUGEINT AS net, count(*) AS items,"
        " sum(fixed)::HUGEINT AS fixed, min(was) AS was, bool_and(was IS NOT NULL) AS by_rate"
        f" FROM ({rated}) GROUP BY store, order_id"
    )
    database.execute(
        "CREATE TEMP VIEW telling AS SELECT u.*, category, categories, net, items, fixed, was,"
        " by_rate FROM unnamed u JOIN rated USING (store, order_id)"
        " WHERE kind = 'amount_differs' AND ours <> 0 AND theirs <> 0"
    )


def _has_several_categories(causes: OrderCauses) -> bool:
    """Whether the month has orders of more than one category."""
    row = causes.database.execute(
        "SELECT count(*) FROM (SELECT DISTINCT category FROM categories_of_month LIMIT 2)"
    ).fetchone()
    assert row is not None
    return bool(row[0] > 1)


def _taxes(causes: OrderCauses) -> Iterator[Tax]:
    """The one rate on top that fits all orders; failing that, the rates that enough orders fit,
    counting only orders large enough to determine a single rate."""
    database = causes.database
    row = database.execute(
        "SELECT max(ceil(((abs(theirs) - 0.5) / abs(ours) - 1) * 1000000)),"
        " min(floor(((abs(theirs) + 0.5) / abs(ours) - 1) * 1000000)), count(*)"
        " FROM telling HAVING bool_and(ours::HUGEINT * theirs > 0)"
    ).fetchone()
    if row is not None and row[2] >= TAX_ORDERS:
        ppm = _on_grid(int(row[0]), int(row[1]))
        if ppm is not None and 0 < ppm <= TAX_PERCENT_MAX * MILLION // 100:
            tax = Tax(4, ppm // 100)
            if _is_supported(causes, tax):
                yield tax
            return
    seen: set[int] = set()
    for decimals in GRIDS:
        scale = 10**decimals
        rows = database.execute(
            f"SELECT round((theirs / ours - 1) * {scale})::BIGINT AS units, count(*) AS orders"
            f" FROM telling WHERE abs(ours) > {2 * scale} AND theirs / ours > 1"
            f" AND theirs / ours <= {1 + TAX_PERCENT_MAX / 100}"
            f" GROUP BY 1 HAVING count(*) >= {TAX_ORDERS} ORDER BY orders DESC, units"
        ).fetchall()
        for units, _ in rows:
            tax = Tax(decimals, units)
            if units and tax.ppm not in seen and _is_supported(causes, tax):
                seen.add(tax.ppm)
                yield tax


def _is_supported(causes: OrderCauses, tax: Tax) -> bool:
    """Whether enough orders fit it, and some difference is large enough to tell."""
    row = causes.database.execute(
        f"SELECT count(*) FILTER ({tax.fits}), count(*),"
        f" coalesce(max(abs(ours - theirs)) FILTER ({tax.fits}), 0) FROM telling"
    ).fetchone()
    assert row is not None
    orders, of_all, most = row
    return bool(
        orders >= TAX_ORDERS and orders * 100 >= of_all * TAX_SHARE_PERCENT and most > TELLING
    )


def _spans_categories(causes: OrderCauses, tax: Tax) -> bool:
    row = causes.database.execute(
        f"SELECT count(DISTINCT category) FROM telling WHERE {tax.fits}"
    ).fetchone()
    return bool(row and row[0] > 1)


def _name_tax(causes: OrderCauses, tax: Tax) -> None:
    rows = causes.database.execute(
        f"SELECT store, order_id FROM telling WHERE {tax.fits} ORDER BY 1, 2"
    ).fetchall()
    causes.name("tax", tax.detail, [Named(store, order_id) for store, order_id in rows])


def _categories(causes: OrderCauses) -> Iterator[tuple[str, int, str]]:
    """Categories whose unexplained orders fit one rate: the category, that rate in millionths,
    and our rates in words.

    For an order of several items the bounds widen by half a minor unit per item.
    """
    rows = causes.database.execute(
        "SELECT category, list(DISTINCT was ORDER BY was),"
        " max(ceil((abs(theirs) - fixed - items / 2.0) * 1000000 / net)) FILTER (usable),"
        " min(floor((abs(theirs) - fixed + items / 2.0) * 1000000 / net)) FILTER (usable),"
        " count(DISTINCT net)"
        " FROM (SELECT *, by_rate AND net > 0 AND categories = 1 AS usable FROM telling)"
        " GROUP BY category"
        f" HAVING count(*) >= {CATEGORY_ORDERS} AND max(abs(ours - theirs)) > {TELLING}"
        " AND bool_and(categories = 1) ORDER BY category"
    ).fetchall()
    for category, was, low, high, nets in rows:
        grids = GRIDS if nets > 1 else GRIDS[:1]  # equal amounts are one observation
        ppm = None if low is None or high is None else _on_grid(int(low), int(high), grids)
        if ppm is not None and ppm not in was:
            before = " and ".join(rate_text(rate) for rate in was if rate is not None)
            yield category, ppm, before


def _on_grid(low: int, high: int, grids: Sequence[int] = GRIDS) -> int | None:
    """The only rate with the fewest decimals between two bounds, in millionths; None if several
    fit."""
    for decimals in grids:
        step = 10 ** (6 - decimals)
        first, last = -(-low // step), high // step
        if first <= last:
            return first * step if first == last and 0 <= first * step <= MILLION else None
    return None


def _name_category(
    causes: OrderCauses, rates: OrderRates, category: str, ppm: int, was: str
) -> None:
    """Names the rate if the rule with it gives all of the category's orders exactly."""
    database = causes.database
    change = rates.at(category, ppm)
    give_tables(database, change.tables)
    database.execute("CREATE OR REPLACE TEMP TABLE at_rate AS SELECT store, order_id,"
        f" sum(due)::HUGEINT AS due FROM ({change.sql}) GROUP BY ALL")  # fmt: skip
    row = database.execute(
        "SELECT count(*) FILTER (a.due IS DISTINCT FROM t.theirs) FROM telling t"
        " LEFT JOIN at_rate a USING (store, order_id) WHERE category = ?", [category],
    ).fetchone()  # fmt: skip
    if row is None or row[0]:
        return
    rows = database.execute(
        "SELECT b.store, b.order_id FROM breaks b JOIN at_rate a USING (store, order_id)"
        " JOIN rated r USING (store, order_id) WHERE b.kind = 'amount_differs'"
        " AND r.category = ? AND a.due = b.theirs AND a.due <> b.ruled ORDER BY 1, 2", [category],
    ).fetchall()  # fmt: skip
    said = f"{rate_text(ppm)} instead of {was} for the whole category {category}"
    detail = f"{said}: {len(rows):,} orders fit"
    causes.name(change.because, said, [Named(store, order_id, detail) for store, order_id in rows])
