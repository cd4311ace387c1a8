"""Breaks with the platform's files: open or resolved, since when, and for how many days."""

from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.base import Logged
from ledger.aggregates.reconciliation import BreakResolved, ReconciliationRun
from ledger.aggregates.settlement import period_id
from ledger.kernel.clocks import Clocks
from ledger.kernel.instants import Instant, format_instant
from ledger.usecases.reconciling.resolve import reconciliations

ABOUT = "breaks with the platform's files, their age and what became of them"
DAY = 24 * 3600 * 1_000_000
AGES = ((8, "0-7"), (31, "8-30"), (91, "31-90"))
SHOWN = (
    *("break", "kind", "line", "count", "ours", "theirs", "difference", "currency"),
    *("likely", "state", "resolution", "by", "since", "days", "age"),
)


Key = tuple[str, str | None, str]
"""The period, the store where a file covers only one, and the break."""


def rows(connection: Connection, clocks: Clocks) -> list[dict[str, Any]]:
    """One row per break that any run has found: open, resolved, or gone from the last run."""
    return [_shown(row) for row in breaks(connection, clocks)]


def breaks(connection: Connection, clocks: Clocks) -> list[dict[str, Any]]:
    """The same rows with all that is known about each, such as the last run that found it."""
    by_key: dict[Key, dict[str, Any]] = {}
    stores: dict[int, str | None] = {}
    for recorded in reconciliations(connection, clocks.known_at):
        event = recorded.event
        name = period_id(event.program, event.period)
        if isinstance(event, ReconciliationRun):
            stores[recorded.position] = event.store
            _take(by_key, event, recorded)
        elif isinstance(event, BreakResolved):
            row = by_key.get((name, stores.get(event.run), event.id))
            if row is not None:
                row |= {"state": "resolved", "resolution": event.resolution, "by": recorded.by}
                row["resolved_of"] = (event.theirs, event.currency)
                row["reason"] = event.reason
    ordered = sorted(by_key.items(), key=lambda pair: (pair[0][2], pair[0][0], pair[0][1] or ""))
    return [_aged(row, clocks.as_of) for _, row in ordered]


def _take(by_key: dict[Key, dict[str, Any]], run: ReconciliationRun, recorded: Logged) -> None:
    """Marks the breaks that the run found, and those that it no longer found."""
    at: Instant = recorded.recorded_at
    scope = (period_id(run.program, run.period), run.store)
    here = {break_.id for break_ in run.breaks}
    for (*of, identity), row in by_key.items():
        if tuple(of) == scope and identity not in here and row["state"] == "open":
            row["state"] = "gone"
    for break_ in run.breaks:
        row = by_key.setdefault((*scope, break_.id), {"first": at, "state": "open"})
        same = row.get("resolved_of") == (break_.theirs, break_.currency)
        if row["state"] != "resolved" or not same:
            row |= {"state": "open", "resolution": None, "reason": None}
        row |= {
            "program": run.program,
            "period": run.period,
            "store": run.store,
            "kept_at": recorded.position,
            "break": break_.id,
            "kind": break_.kind,
            "line": break_.line,
            "count": break_.count,
            "ours": break_.ours,
            "theirs": break_.theirs,
            "difference": break_.difference,
            "currency": break_.currency,
            "likely": ", ".join(dict.fromkeys(cause.because for cause in break_.likely)),
            "last": at,
        }


def _aged(row: dict[str, Any], as_of: Instant) -> dict[str, Any]:
    until = as_of if row["state"] == "open" else row["last"]
    days = max(until - row["first"], 0) // DAY
    return (
        {"resolution": None, "reason": None}
        | row
        | {
            "by": row.get("by") if row["state"] == "resolved" else None,
            "since": format_instant(row["first"]),
            "days": days,
            "age": next((word for limit, word in AGES if days < limit), "over 90"),
        }
    )


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in SHOWN}
