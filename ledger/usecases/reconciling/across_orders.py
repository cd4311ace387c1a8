"""Causes that span several orders: amounts exchanged, one row for several orders."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from ledger.kernel.money import Money
from ledger.usecases.reconciling.order_causes import Named, OrderCauses

SUBSETS_OF = 5
"""Up to this many missing orders of a store, any subset may be what a row sums; of more, only
all of them together: among many sums one fits by chance."""
EXCHANGED = "the amount of another order, and that one has this order's"
SUMMED = "one row stands for several orders"


def name_exchanged(causes: OrderCauses) -> None:
    """Names pairs of orders where each has our amount of the other. Each must have only one such
    partner, and at least one of them no other cause."""
    rows = causes.database.execute(
        "WITH one AS (SELECT b.*, (b.store, b.order_id) IN (SELECT (store, order_id) FROM unnamed)"
        " AS free FROM breaks b WHERE kind = 'amount_differs'), pairs AS (SELECT a.store,"
        " a.order_id, a.theirs, a.currency, b.store AS other_store, b.order_id AS other,"
        " a.free OR b.free AS free, count(*) OVER (PARTITION BY a.store, a.order_id) AS mine,"
        " count(*) OVER (PARTITION BY b.store, b.order_id) AS others FROM one a JOIN one b"
        " ON a.theirs = b.ours AND b.theirs = a.ours AND a.currency = b.currency"
        " AND (a.store, a.order_id) <> (b.store, b.order_id))"
        " SELECT store, order_id, theirs, currency, other_store, other FROM pairs"
        " WHERE free AND mine = 1 AND others = 1 ORDER BY store, order_id"
    ).fetchall()
    named = [
        Named(
            store,
            order_id,
            f"{EXCHANGED}: exchanged with {other} of {other_store}, whose amount is ours "
            f"{Money(theirs, currency).text}",
        )
        for store, order_id, theirs, currency, other_store, other in rows
    ]
    causes.name("exchanged", EXCHANGED, named)


class _Order(NamedTuple):
    store: str
    order_id: str
    kind: str
    ours: int
    theirs: int
    currency: str

    @property
    def surplus(self) -> int:
        """Theirs minus ours."""
        return self.theirs - self.ours


class _Sum(NamedTuple):
    """A platform row, and the orders missing on their side that it includes."""

    row: _Order
    parts: tuple[_Order, ...]


def name_sums(causes: OrderCauses) -> None:
    """Names rows that are the exact sum of several orders of a store for which the platform has
    no other row, where exactly one combination fits."""
    rows = causes.database.execute(
        "SELECT u.store, order_id, kind, coalesce(ours, 0), coalesce(theirs, 0), currency"
        " FROM unnamed u SEMI JOIN (SELECT store FROM unnamed WHERE kind = 'missing_theirs') m"
        " ON u.store = m.store WHERE kind IN ('amount_differs', 'missing_theirs', 'missing_ours')"
        " ORDER BY 1, 2"
    ).fetchall()
    by_store: dict[tuple[str, str], list[_Order]] = defaultdict(list)
    for row in rows:
        order = _Order(*row)
        by_store[order.store, order.currency].append(order)
    sums = [sum_ for orders in by_store.values() for sum_ in _sums(orders)]
    causes.name("sum_of_orders", SUMMED, (named for sum_ in sums for named in _named(sum_)))


def _sums(orders: list[_Order]) -> list[_Sum]:
    """A store's rows that include missing orders; none at all where two rows claim the same one."""
    lacking = [order for order in orders if order.kind == "missing_theirs"]
    sums = []
    for row in orders:
        if row.kind != "missing_theirs":
            least = 1 if row.kind == "amount_differs" else 2
            ways = [
                parts
                for parts in _ways(lacking, least)
                if sum(part.ours for part in parts) == row.surplus
            ]
            if len(ways) == 1:
                sums.append(_Sum(row, ways[0]))
    claimed = [part for sum_ in sums for part in sum_.parts]
    if len(set(claimed)) < len(claimed):
        return []
    return sums


def _ways(lacking: list[_Order], least: int) -> Iterator[tuple[_Order, ...]]:
    """The combinations of missing orders that a row may include."""
    if len(lacking) > SUBSETS_OF:
        yield tuple(lacking)
        return
    for size in range(least, len(lacking) + 1):
        yield from combinations(lacking, size)


def _named(sum_: _Sum) -> Iterator[Named]:
    """The row and its orders, each with a detail that names all of them."""
    row = sum_.row
    own = [row.order_id] if row.kind == "amount_differs" else []
    names = [*own, *(part.order_id for part in sum_.parts)]
    text = Money(row.theirs, row.currency).text
    detail = f"{SUMMED}: that of {row.order_id}, {text}, is the sum of ours of {', '.join(names)}"
    for part in (row, *sum_.parts):
        yield Named(part.store, part.order_id, detail)
