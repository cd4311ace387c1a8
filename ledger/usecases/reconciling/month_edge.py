"""Orders at a month's edge: in one month by days of our zone, in another by days in UTC."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import WrongPeriod
from ledger.kernel.instants import Instant, day_of, format_instant, local
from ledger.kernel.money import Money
from ledger.kernel.period import Window
from ledger.programs.edition import Edition
from ledger.programs.periods import month_of
from ledger.programs.registry import program_of
from ledger.usecases.reconciling.accepted_figures import StatedOrders
from ledger.usecases.reconciling.order_causes import Named, OrderCauses
from ledger.usecases.reconciling.our_orders import OurMonth, our_month

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

UTC = "UTC"
BECAUSE = "zone"
Terms = Callable[[str], tuple[Edition, Clocks, StatedOrders | None]]
"""The terms of another month, its clocks, and how its orders were stated if it is closed."""


class _Elsewhere(NamedTuple):
    """Our order that lies in another month."""

    store: str
    order_id: str
    line: str
    minor: int
    currency: str
    created_at: Instant


def name_edges(
    causes: OrderCauses,
    connection: Connection,
    edition: Edition,
    period: str,
    terms: Terms,
) -> None:
    """Names days in UTC as the cause for orders that lie in this month in one zone and in another
    month in the other, where the amounts are the same."""
    if edition.zone == UTC:
        return
    utc = edition.model_copy(update={"zone": UTC})
    days_of = program_of(edition.rules).days_of
    own, theirs = days_of(edition, period).window, days_of(utc, period).window
    _name_theirs_elsewhere(causes, edition, theirs)
    for edge in (Window(theirs.start, own.start), Window(own.end, theirs.end)):
        if edge.start < edge.end and _has(causes.database, "missing_ours"):
            _name_ours_elsewhere(causes, connection, edition, edge, terms)


def _has(database: "DuckDBPyConnection", kind: str) -> bool:
    row = database.execute("SELECT 1 FROM breaks WHERE kind = ? LIMIT 1", [kind]).fetchone()
    return row is not None


def _name_ours_elsewhere(
    causes: OrderCauses, connection: Connection, edition: Edition, edge: Window, terms: Terms
) -> None:
    """Names orders that they have in this month, and we in another with the same amount."""
    period = month_of(day_of(edge.start, edition.zone))
    try:
        other, clocks, stated = terms(period)
        ours = {
            (order.store, order.order_id): order
            for order in _ours_of(connection, OurMonth(other, period, clocks, stated), edge)
        }
    except WrongPeriod:
        return
    rows = causes.database.execute(
        "SELECT store, order_id, theirs, currency FROM breaks WHERE kind = 'missing_ours'"
    ).fetchall()
    named = []
    for store, order_id, minor, currency in rows:
        elsewhere = ours.get((store, order_id))
        if elsewhere is not None and (elsewhere.minor, elsewhere.currency) == (minor, currency):
            detail = (
                f"{_zones(edition)}: the order is ours, of {period}, in {elsewhere.line} "
                f"({_created(elsewhere.created_at, edition)}), {Money(minor, currency).text}"
            )
            named.append(Named(store, order_id, detail))
    causes.name(BECAUSE, f"{_zones(edition)}: ours of {period}", named)


def _ours_of(connection: Connection, month: OurMonth, edge: Window) -> Iterator[_Elsewhere]:
    """Our orders of a month whose items were all created within the edge."""
    with our_month(connection, month) as ours:
        ours.keep_created(edge)
        ours.make_mine()
        rows = ours.database.execute(
            "SELECT m.store, m.order_id, m.line, m.minor, m.currency, min(o.created_at),"
            " max(o.created_at) FROM mine m JOIN orders o USING (store, order_id) GROUP BY ALL"
        ).fetchall()
    for *columns, last in rows:
        elsewhere = _Elsewhere(*columns)
        if elsewhere.created_at in edge and last in edge:
            yield elsewhere


def _name_theirs_elsewhere(causes: OrderCauses, edition: Edition, theirs: Window) -> None:
    """Names our orders of this month that they do not have, and that lie in another in UTC."""
    rows = causes.database.execute(
        "SELECT b.store, b.order_id, b.line, b.ours, b.currency, min(o.created_at) AS first,"
        " max(o.created_at) AS last FROM breaks b JOIN orders o USING (store, order_id)"
        " WHERE b.kind IN ('amount_differs', 'missing_theirs') AND coalesce(b.theirs, 0) = 0"
        " GROUP BY ALL ORDER BY b.store, b.order_id"
    ).fetchall()
    by_period: dict[str, list[Named]] = {}
    for store, order_id, line, minor, currency, first, last in rows:
        period = month_of(day_of(first, UTC))
        if first in theirs or last in theirs or month_of(day_of(last, UTC)) != period:
            continue
        detail = (
            f"{_zones(edition)}: theirs of {period}; ours is in {line} "
            f"({_created(first, edition)}), {Money(minor, currency).text}"
        )
        by_period.setdefault(period, []).append(Named(store, order_id, detail))
    for period, named in sorted(by_period.items()):
        causes.name(BECAUSE, f"{_zones(edition)}: theirs of {period}", named)


def _zones(edition: Edition) -> str:
    return f"days in UTC instead of {edition.zone}"


def _created(instant: Instant, edition: Edition) -> str:
    return f"created {local(instant, edition.zone)}; {format_instant(instant)} in UTC"
