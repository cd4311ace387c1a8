"""The read models there are, by name."""

from difflib import get_close_matches

from ledger.kernel.errors import NoSuchReport
from projections.activity import Activity
from projections.base import View
from projections.exceptions import Exceptions
from projections.gmv import Gmv
from projections.partners import Partners
from projections.stores import Stores

VIEWS: dict[str, View] = {
    view.NAME: view for view in (Stores(), Partners(), Gmv(), Activity(), Exceptions())
}


def view_named(name: str) -> View:
    """The read model of that name. Raises `NoSuchReport` with the nearest one."""
    view = VIEWS.get(name)
    if view is None:
        near = get_close_matches(name, VIEWS, n=1)
        raise NoSuchReport(
            f"There is no report {name!r}.",
            f"Did you mean {near[0]}?" if near else f"Reports: {', '.join(VIEWS)}.",
        )
    return view
