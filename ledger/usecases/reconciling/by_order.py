"""Reconciling order by order: a join of millions of rows, and the causes of what differs."""

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.reconciliation import Break, Cause, OrderBreak
from ledger.aggregates.settlement import period_id
from ledger.intake.platform.orderfile import Load, OrderFile
from ledger.kernel.clocks import Clocks
from ledger.programs.contract import Asked, OrderSide
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of
from ledger.store.order_lines import OrderLines, load_tables
from ledger.store.reader import LogReader
from ledger.usecases.reconciling.accepted_figures import StatedOrders
from ledger.usecases.reconciling.order_breaks import grouped

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class OrderOutcome(NamedTuple):
    """What the comparison of a month's orders came to, in minor units per currency."""

    file: OrderFile
    matched: int
    ours: dict[str, int]
    theirs: dict[str, int]
    breaks: list[Break]
    orders: list[OrderBreak]


def compare_orders(
    connection: Connection,
    edition: Edition,
    period: str,
    load: Load,
    clocks: Clocks,
    *,
    stated: StatedOrders,
    store: str | None = None,
) -> OrderOutcome:
    """Every order of the month beside the platform's row; each row claims one order, once.

    `stated` says which of our orders are not what the rule gives. With a store the file is of
    that one store: only its orders are compared, and breaks carry its name. Breaks of one kind
    and cause make one group. Raises `BadPlatformFile`, `WrongPeriod`, and refusals of an
    altered archive.
    """
    reader = LogReader(connection, clocks)
    by_order = program_of(edition.rules).orders
    assert by_order is not None, f"{edition.rules} works by order"
    side = by_order.order_side(reader, Asked(edition, period))
    lines = OrderLines.at(connection, clocks)
    with lines.opened(side.window, None if store is None else [store]) as database:
        file = load(database)
        name = period_id(edition.program, period)
        _mine(database, side, stated, name, items=any(one.file.items for one in lines.files))
        _join(database, name)
        matched, ours, theirs = _sums(database, edition.currency)
        causes = _causes(database, side)
        breaks, orders = grouped(database, edition, (period, store), causes)
    return OrderOutcome(file, matched, ours, theirs, breaks, orders)


def _mine(
    database: "DuckDBPyConnection", side: OrderSide, stated: StatedOrders, name: str, *, items: bool
) -> None:
    """The table `mine`: what is due of each order, as the rule gives it and as it was stated. An
    order in items is the sum of them; one whose items belong to several lines is of none."""
    load_tables(database, side.tables)
    due = 'CASE WHEN "foreign" THEN 0 ELSE coalesce(due, 0) END'
    database.execute(
        "CREATE TEMP TABLE mine AS SELECT store, order_id, line, payee,"
        f" {due}::BIGINT AS ruled, {due}::BIGINT AS minor, currency FROM ({side.sql})"
    )
    if stated.nothing:
        load_tables(database, {"nothing": {"line": list(stated.nothing)}})
        database.execute("UPDATE mine SET minor = 0 WHERE line IN (SELECT line FROM nothing)")
    if items:
        alone = f"CASE WHEN min(line) = max(line) THEN min(line) ELSE '{name}/' || store END"
        database.execute(
            f"CREATE OR REPLACE TEMP TABLE mine AS SELECT store, order_id, {alone} AS line,"
            " min(payee) AS payee, sum(ruled)::BIGINT AS ruled, sum(minor)::BIGINT AS minor,"
            " currency FROM mine GROUP BY store, order_id, currency"
        )
    if stated.accepted:
        columns: dict[str, list[object]] = {
            "store": [store for store, _ in stated.accepted],
            "order_id": [name for _, name in stated.accepted],
            "minor": list(stated.accepted.values()),
        }
        load_tables(database, {"accepted": columns})
        database.execute(
            "UPDATE mine SET minor = a.minor FROM accepted a"
            " WHERE mine.store = a.store AND mine.order_id = a.order_id"
        )


def _join(database: "DuckDBPyConnection", name: str) -> None:
    """The table `breaks`: what does not agree. Each row of theirs claims one of `mine`, once."""
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
    """The table `breaks`: what does not agree, with every order that only one side has.

    An order that we do not have belongs to no line of ours; it is shown under its store.
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
    """Whether two of their rows name one order.

    Then more of their rows than of ours found a partner, or some that found none are alike.
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
    """How many orders agree, and both sides' totals."""
    row = database.execute(
        "SELECT (SELECT count(*) FROM mine) -"
        " (SELECT count(*) FROM breaks WHERE ours IS NOT NULL),"
        " (SELECT coalesce(sum(minor), 0)::HUGEINT FROM mine)"
    ).fetchone()
    assert row is not None
    found = database.execute(
        "SELECT currency, sum(minor)::HUGEINT FROM theirs GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return row[0], {currency: int(row[1])}, {code: int(total) for code, total in found}


def _causes(database: "DuckDBPyConnection", side: OrderSide) -> list[Cause]:
    """Asks the same expression of the broken orders under every variant.

    Leaves in the table `likely` the number of each variant that gives exactly their amount.
    """
    database.execute(
        "CREATE TEMP TABLE broken AS SELECT o.* FROM orders o SEMI JOIN breaks b"
        " ON o.store = b.store AND o.order_id = b.order_id"
    )
    database.execute("DROP VIEW orders")
    database.execute("ALTER TABLE broken RENAME TO orders")
    database.execute("CREATE TEMP TABLE likely (store VARCHAR, order_id VARCHAR, cause INTEGER)")
    causes = []
    for number, variant in enumerate(side.variants()):
        causes.append(Cause(because=variant.because, detail=variant.detail, gives="0"))
        for name in variant.tables:
            database.execute(f'DROP TABLE IF EXISTS "{name}"')
        load_tables(database, variant.tables)
        database.execute(
            f"INSERT INTO likely SELECT b.store, b.order_id, {number} FROM breaks b"
            ' JOIN (SELECT store, order_id, sum(due) AS due, bool_or("foreign") AS "foreign"'
            f" FROM ({variant.sql}) GROUP BY ALL) v"
            " ON v.store = b.store AND v.order_id = b.order_id"
            " WHERE b.kind IN ('amount_differs', 'missing_theirs') AND NOT v.\"foreign\""
            " AND v.due = coalesce(b.theirs, 0) AND v.due <> coalesce(b.ruled, 0)"
        )
    return causes
