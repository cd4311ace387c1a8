"""Rows of `query` that depend on the call and are stored nowhere: worked out when they are named.

Breaks age. The lines of an open period are those of a fresh run, as `settle` gives them.
"""

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Integer

from ledger.kernel.clocks import Clocks
from ledger.store.schema import TEXT
from projections.amounts import minor_of

BREAKS, LINES = "breaks", "lines"
_Long = BigInteger().with_variant(Integer, "sqlite")
Rows = list[dict[str, Any]]


class OpenPeriod(NamedTuple):
    """A period whose lines are asked for as settled now; it has none if it is closed by then."""

    program: str
    period: str | None = None


def breaks_columns() -> list[Column[Any]]:
    """The columns of the table `breaks`."""
    texts = ("break", "program", "period", "store", "kind", "line")
    amounts = ("ours_minor", "theirs_minor", "difference_minor")
    said = ("currency", "ours_outcome", "theirs_outcome", "likely", "state", "resolution")
    return [
        *(Column(name, TEXT) for name in texts),
        Column("count", _Long),
        *(Column(name, _Long) for name in amounts),
        *(Column(name, TEXT) for name in (*said, "reason", "by", "since")),
        Column("days", _Long),
        Column("age", TEXT),
        Column("kept_at", _Long),
    ]


def breaks_rows(connection: Connection, clocks: Clocks) -> Rows:
    """The rows of `report reconciliation`: money in minor units, decisions as their outcomes."""
    from projections.reports.reconciliation import breaks

    return [_of_money(row) if row["currency"] else _of_decision(row)
            for row in breaks(connection, clocks)]  # fmt: skip


def _of_money(row: dict[str, Any]) -> dict[str, Any]:
    amounts = {
        f"{name}_minor": minor_of(row[name], row["currency"])
        for name in ("ours", "theirs", "difference")
    }
    return row | amounts


def _of_decision(row: dict[str, Any]) -> dict[str, Any]:
    return row | {f"{name}_outcome": row[name] for name in ("ours", "theirs")}


def fresh_lines(
    connection: Connection, asked: OpenPeriod, clocks: Clocks, views_at: Clocks
) -> Rows:
    """The lines of a period at the clocks, unless it is closed at the clocks of the read models,
    which then have its lines. Raises `UnknownProgram`, `WrongPeriod`."""
    from ledger.usecases.settling.settle import published_edition, settle
    from ledger.usecases.statements.closed_period import find_closed
    from projections.lines import fresh_rows

    edition = published_edition(connection, asked.program, clocks)
    if find_closed(connection, *asked, views_at.known_at, views_at.as_of) is not None:
        return []
    run = settle(connection, edition, clocks, period=asked.period)
    return list(fresh_rows(run))
