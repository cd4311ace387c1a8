"""Orders that differ, grouped: one break per kind, causes and currency, with an example."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.aggregates.reconciliation import Break, BreakKind, Cause, OrderBreak
from ledger.aggregates.settlement import period_id
from ledger.kernel.money import Money
from ledger.programs.edition import Edition
from ledger.store.order_lines import load_tables
from ledger.usecases.reconciling.tolerance import NO_TOLERANCE, Tolerance, within_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KINDS: tuple[BreakKind, ...] = (
    *("amount_differs", "missing_theirs", "missing_ours", "duplicate_theirs"),
    "currency_differs",
)
Scope = tuple[str, str | None]
"""The month, and the store where a file is of one store alone."""
ORDERS_MAX = 100_000
"""At most this many broken orders are listed and recorded one by one."""


class _Group(NamedTuple):
    """Breaks of one kind, causes and currency: how many, both sums in minor units, and the first
    of them."""

    kind: BreakKind
    causes: str
    currency: str
    within: bool
    orders: int
    ours: int
    theirs: int
    first: dict[str, Any]

    @property
    def cause_numbers(self) -> tuple[int, ...]:
        """The numbers of its causes."""
        return tuple(map(int, self.causes.split(","))) if self.causes else ()


def grouped(
    database: "DuckDBPyConnection",
    edition: Edition,
    scope: Scope,
    causes: list[Cause],
    tolerance: Tolerance = NO_TOLERANCE,
) -> tuple[list[Break], list[OrderBreak]]:
    """One break per kind, causes and currency, with its first order as the example; differences
    within the tolerance are grouped apart from the others.

    The orders of the smallest groups are listed, up to `ORDERS_MAX`: with a file of another
    month or sign every order breaks, and nobody reads them one by one.
    """
    database.execute(
        "CREATE TEMP TABLE named AS SELECT b.*, CASE WHEN kind IN ('amount_differs',"
        " 'missing_theirs', 'missing_ours') THEN coalesce(l.found, '') ELSE '' END AS causes,"
        f" coalesce(l.details, []) AS details, {within_sql(tolerance)} AS within FROM breaks b"
        " LEFT JOIN (SELECT store, order_id, string_agg(cause, ',' ORDER BY cause) AS found,"
        " list({'cause': cause, 'detail': detail}) FILTER (detail IS NOT NULL) AS details"
        " FROM likely GROUP BY 1, 2) l USING (store, order_id)"
    )
    rows = database.execute(
        "SELECT kind, causes, currency, within, count(*), sum(coalesce(ours, 0))::HUGEINT,"
        " sum(coalesce(theirs, 0))::HUGEINT, min({'store': store, 'order_id': order_id,"
        " 'place': place, 'theirs': theirs, 'line': line, 'payee': payee, 'details': details})"
        " FROM named GROUP BY 1, 2, 3, 4"
    ).fetchall()
    groups = sorted(
        (_Group(*row) for row in rows),
        key=lambda group: str(
            (KINDS.index(group.kind), group.cause_numbers, group.currency, group.within)
        ),
    )
    breaks = [_break(edition, scope, group, causes, tolerance) for group in groups]
    return breaks, list(_listed(database, groups, causes))


def _listed(
    database: "DuckDBPyConnection", groups: list[_Group], causes: list[Cause]
) -> Iterator[OrderBreak]:
    room, kept = ORDERS_MAX, []
    for number in sorted(range(len(groups)), key=lambda number: groups[number].orders):
        room -= groups[number].orders
        if room >= 0:
            kept.append(number)
    if not kept:
        return
    columns: dict[str, list[object]] = {
        name: [getattr(groups[number], name) for number in kept]
        for name in ("kind", "causes", "currency")
    }
    columns["within"] = [int(groups[number].within) for number in kept]
    load_tables(database, {"listed": {"number": list(kept), **columns}})
    rows = database.execute(
        "SELECT number, store, order_id, ours, theirs, currency, line, payee, details FROM named"
        " JOIN listed l USING (kind, causes, currency) WHERE named.within = (l.within = 1)"
        " ORDER BY number, store, order_id, place"
    ).fetchall()
    for number, store, order_id, ours, theirs, currency, line, payee, details in rows:
        own = _own_causes(groups[number], causes, theirs, details) if details else None
        yield OrderBreak.model_construct(
            group=number,
            store=store,
            order_id=order_id,
            ours=None if ours is None else Money(ours, currency).text,
            theirs=None if theirs is None else Money(theirs, currency).text,
            line=line,
            payee=payee,
            likely=own,
        )


def _own_causes(
    group: _Group, causes: list[Cause], theirs: int | None, details: list[dict[str, Any]]
) -> tuple[Cause, ...]:
    """The causes of one order of a group, with the details that are its own."""
    gives = Money(theirs or 0, group.currency).text
    own = {detail["cause"]: {"detail": detail["detail"]} for detail in details}
    return tuple(
        causes[number].model_copy(update={"gives": gives, **own.get(number, {})})
        for number in group.cause_numbers
    )


def _break(
    edition: Edition, scope: Scope, group: _Group, causes: list[Cause], tolerance: Tolerance
) -> Break:
    kind, currency = group.kind, group.currency
    own = [causes[number] for number in group.cause_numbers]
    named = "+".join(f"{cause.because}:{cause.detail}" for cause in own).replace(" ", "_")
    within = "within_tolerance" if group.within else ""
    period, only = scope
    name = period_id(edition.program, period)
    of_file = f"{name}/{only}" if only else name
    alone = kind in ("missing_ours", "duplicate_theirs")
    differs = kind != "currency_differs"
    return Break(
        id="#".join(filter(None, (f"{of_file}#{kind}#{currency}", named, within))),
        kind=kind,
        line=group.first["line"],
        payee=group.first["payee"],
        order_id=group.first["order_id"],
        ours=None if alone else Money(group.ours, currency).text,
        theirs=Money(group.theirs, currency).text if kind != "missing_theirs" else None,
        difference=Money(group.ours - group.theirs, currency).text if differs else None,
        currency=currency,
        place=group.first["place"],
        likely=_own_causes(group, causes, group.first["theirs"], group.first["details"]),
        count=group.orders,
        within=tolerance[currency].text if group.within else None,
    )
