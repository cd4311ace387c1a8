"""The read models there are, by name."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoSuchReport
from projections.activity import Activity
from projections.adjustments import Adjustments
from projections.balances import Balances
from projections.base import View
from projections.entries import Entries
from projections.exceptions import Exceptions
from projections.gmv import Gmv
from projections.lines import Lines
from projections.partners import Partners
from projections.payments import Payments
from projections.reports import obligations, own_reports, reconciliation
from projections.statements import Statements
from projections.stores import Stores

VIEWS: dict[str, View] = {
    view.NAME: view
    for view in (
        *(Stores(), Partners(), Gmv(), Activity(), Exceptions()),
        *(Lines(), Statements(), Adjustments(), Payments(), Entries(), Balances()),
    )
}
"""By the name of their table."""

Computed = Callable[[Connection, Clocks], list[dict[str, Any]]]
COMPUTED: dict[str, tuple[Computed, str]] = {
    "obligations": (obligations.rows, obligations.ABOUT),
    "reconciliation": (reconciliation.rows, reconciliation.ABOUT),
    **own_reports.of_programs(),
}
"""Reports that ask the rules at the moment they are shown, because they depend on as-of."""

REPORTS: dict[str, str] = {
    **{view.REPORT or name: view.ABOUT for name, view in VIEWS.items()},
    **{name: about for name, (_, about) in COMPUTED.items()},
}
"""Every report with what it shows."""


def view_named(name: str) -> View:
    """The read model of that name, or of that report. Raises `NoSuchReport` with the nearest."""
    reports = {view.REPORT: view for view in VIEWS.values() if view.REPORT}
    view = VIEWS.get(name) or reports.get(name)
    if view is None:
        near = get_close_matches(name, REPORTS, n=1)
        raise NoSuchReport(
            f"There is no report {name!r}.",
            f"Did you mean {near[0]}?" if near else f"Reports: {', '.join(REPORTS)}.",
        )
    return view
