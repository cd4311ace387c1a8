"""Reconciling order by order: a join of millions of rows, and the causes of differences."""

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.reconciliation import Break, OrderBreak
from ledger.intake.platform.orderfile import Load, OrderFile
from ledger.usecases.reconciling.across_orders import name_exchanged, name_sums
from ledger.usecases.reconciling.implied_rates import name_rates
from ledger.usecases.reconciling.month_edge import Terms, name_edges
from ledger.usecases.reconciling.order_breaks import grouped
from ledger.usecases.reconciling.order_causes import OrderCauses, ask_again, narrow_to_broken
from ledger.usecases.reconciling.our_orders import OurMonth, OurOrders, our_month
from ledger.usecases.reconciling.signs import Turned
from ledger.usecases.reconciling.tolerance import NO_TOLERANCE, Tolerance

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class OrderOutcome(NamedTuple):
    """The result of comparing a month's orders; totals are minor units per currency."""

    file: OrderFile
    matched: int
    ours: dict[str, int]
    theirs: dict[str, int]
    breaks: list[Break]
    orders: list[OrderBreak]
    turned: Turned | None = None
    """How many amounts agree except for the sign, if most do; then no cause is looked for."""


def compare_orders(
    connection: Connection,
    month: OurMonth,
    load: Load,
    elsewhere: Terms,
    tolerance: Tolerance = NO_TOLERANCE,
) -> OrderOutcome:
    """Compares every order of the month with the platform's row; each order is claimed once.

    If the month names a store, the file is of that store alone: only its orders are compared,
    and breaks carry its name. Breaks of one kind and cause make one group. `elsewhere` gives the
    terms of other months; differences within the tolerance are marked. Raises
    `BadPlatformFile`, `WrongPeriod`, and refusals of an altered archive.
    """
    with our_month(connection, month) as ours:
        database = ours.database
        file = load(database)
        ours.make_mine()
        _join(database, month.name)
        matched, own, theirs = _sums(database, month.edition.currency)
        turned = _turned(database)
        causes = OrderCauses(database)
        if turned is None:
            _name_causes(causes, connection, ours, elsewhere)
        scope = (month.period, month.store)
        passing = tolerance if turned is None else NO_TOLERANCE
        breaks, orders = grouped(database, month.edition, scope, causes.found, passing)
    return OrderOutcome(file, matched, own, theirs, breaks, orders, turned)


def _name_causes(
    causes: OrderCauses, connection: Connection, ours: OurOrders, elsewhere: Terms
) -> None:
    """Names the likely causes of each order that broke."""
    month = ours.month
    if causes.database.execute("SELECT 1 FROM breaks LIMIT 1").fetchone() is None:
        return
    narrow_to_broken(causes.database)
    ask_again(causes, ours.side)
    name_edges(causes, connection, month.edition, month.period, elsewhere)
    name_exchanged(causes)
    name_sums(causes)
    name_rates(causes, ours.side)


def _turned(database: "DuckDBPyConnection") -> Turned | None:
    """How many orders agree except for the sign, among those that are nonzero on both sides."""
    row = database.execute(
        "SELECT count(*) FILTER (m.minor = -t.minor), count(*) FROM mine m JOIN theirs t"
        " ON m.store = t.store AND m.order_id = t.order_id AND m.currency = t.currency"
        " WHERE m.minor <> 0 AND t.minor <> 0"
    ).fetchone()
    assert row is not None
    return Turned.most(*row)


def _join(database: "DuckDBPyConnection", name: str) -> None:
    """Makes the table `breaks` of what does not agree. Each of `mine` is claimed at most once."""
    _claimed(database, name, "SELECT *, 1 AS nth FROM theirs")
    if _doubled(database):
        database.execute("DROP TABLE breaks")
        numbered = "row_number() OVER (PARTITION BY store, order_id ORDER BY place) AS nth"
        _claimed(database, name, f"SELECT *, {numbered} FROM theirs")
    database.execute(
        "DELETE FROM breaks WHERE kind IN ('missing_ours', 'missing_theirs')"
        " AND coalesce(ours, theirs) = 0"
    )


def _claimed(database: "DuckDBPyConnection", name: str, claims: str) -> None:
    """Makes the table `breaks` of what does not agree, with every order that only one side has.

    An order that we do not have belongs to no line of ours; it is listed under its store.
    """
    database.execute(
        "CREATE TEMP TABLE breaks AS SELECT coalesce(m.store, t.store) AS store,"
        " coalesce(m.order_id, t.order_id) AS order_id,"
        f" coalesce(m.line, '{name}/' || t.store) AS line, m.payee, CASE"
        " WHEN m.store IS NULL THEN 'missing_ours' WHEN t.store IS NULL THEN 'missing_theirs'"
        " WHEN m.currency <> t.currency THEN 'currency_differs' ELSE 'amount_differs' END AS kind,"
        " m.ruled, m.minor AS ours, t.minor AS theirs,"
        " coalesce(t.currency, m.currency) AS currency, place"
        f" FROM mine m FULL JOIN (SELECT * FROM ({claims}) WHERE nth = 1) t"
        " ON m.store = t.store AND m.order_id = t.order_id"
        " WHERE m.store IS NULL OR t.store IS NULL OR m.minor <> t.minor"
        " OR (m.currency <> t.currency AND m.minor <> 0)"
        f" UNION ALL SELECT store, order_id, '{name}/' || store, NULL, 'duplicate_theirs',"
        " NULL, NULL, minor, currency, place"
        f" FROM ({claims}) WHERE nth > 1"
    )


def _doubled(database: "DuckDBPyConnection") -> bool:
    """Whether two of their rows name the same order.

    Then more of their rows than of ours have a partner, or two rows without one are alike.
    """
    row = database.execute(
        "SELECT (SELECT count(*) FROM theirs) - count(*) FILTER (kind = 'missing_ours')"
        " <> (SELECT count(*) FROM mine) - count(*) FILTER (kind = 'missing_theirs')"
        " OR count(*) FILTER (kind = 'missing_ours') <>"
        " (SELECT count(*) FROM (SELECT DISTINCT store, order_id FROM breaks"
        " WHERE kind = 'missing_ours')) FROM breaks"
    ).fetchone()
    assert row is not None
    return bool(row[0])


def _sums(
    database: "DuckDBPyConnection", currency: str
) -> tuple[int, dict[str, int], dict[str, int]]:
    """How many orders agree, and both sides' totals in minor units."""
    row = database.execute(
        "SELECT (SELECT count(*) FROM mine) -"
        " (SELECT count(*) FROM breaks WHERE ours IS NOT NULL),"
        " (SELECT coalesce(sum(minor), 0)::HUGEINT FROM mine)"
    ).fetchone()
    assert row is not None
    theirs = database.execute(
        "SELECT currency, sum(minor)::HUGEINT FROM theirs GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return row[0], {currency: int(row[1])}, {code: int(total) for code, total in theirs}
