"""All read models by name; each is imported when it is asked for."""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import Connection

from ledger.kernel.clocks import Clocks
from ledger.kernel.errors import NoSuchReport
from projections.base import View

Computed = Callable[[Connection, Clocks], list[dict[str, Any]]]
TABLES = (
    *("stores", "partners", "gmv", "activity", "exceptions"),
    *("lines", "statements", "adjustments", "payments", "entries", "balances"),
)
"""The read models, each in a file of its name."""
BY_REPORT = {"trial-balance": "balances"}
"""The read model of each report that has another name."""
WORKED_OUT = ("audit", "obligations", "reconciliation")
"""Built-in reports that are worked out when they are shown, because they depend on as-of or are few
rows of a long log. Each is in a file of its name. Programs add others."""


class Views(Mapping[str, View]):
    """The read models by the name of their table."""

    def __getitem__(self, name: str) -> View:
        if name not in TABLES:
            raise KeyError(name)
        return _view(name)

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES)

    def __len__(self) -> int:
        return len(TABLES)


VIEWS: Mapping[str, View] = Views()


@cache
def _view(name: str) -> View:
    view = getattr(import_module(f"projections.{name}"), name.capitalize())()
    assert isinstance(view, View), name
    return view


def computed(name: str) -> Computed | None:
    """The function that works out a report's rows; None for a report of a read model."""
    if name in WORKED_OUT:
        rows: Computed = import_module(f"projections.reports.{name}").rows
        return rows
    if name in TABLES or name in BY_REPORT:
        return None
    from projections.reports import own_reports

    own = own_reports.of_programs().get(name)
    return own[0] if own else None


def reports() -> dict[str, str]:
    """Every report with what it shows."""
    from projections.reports import own_reports

    all_reports = {view.REPORT or name: view.ABOUT for name, view in VIEWS.items()}
    for name in WORKED_OUT:
        all_reports[name] = import_module(f"projections.reports.{name}").ABOUT
    return all_reports | {name: about for name, (_, about) in own_reports.of_programs().items()}


def view_named(name: str) -> View:
    """The read model of that name, or of that report. Raises `NoSuchReport` with the nearest."""
    view = VIEWS.get(BY_REPORT.get(name, name))
    if view is None:
        known = reports()
        near = get_close_matches(name, known, n=1)
        raise NoSuchReport(
            f"There is no report {name!r}.",
            f"Did you mean {near[0]}?" if near else f"Reports: {', '.join(known)}.",
        )
    return view
