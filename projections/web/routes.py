"""Which view answers which address."""

from collections.abc import Callable
from importlib import import_module

from projections.web.addresses import SUFFIXES
from projections.web.looking import Looking
from projections.web.page import Answer

VIEWS = "projections.web.views"
PLAIN = {
    "": "programs:home",
    "status": "lists:status",
    "exceptions": "lists:exceptions",
    "breaks": "lists:breaks",
    "obligations": "lists:obligations",
    "audit": "lists:audit",
    "log": "lists:log",
    "verify": "lists:verify",
    "compare": "asking:compare",
    "query": "asking:query",
    "search": "asking:search",
}
"""Addresses without an id."""
WHOLE = {
    "facts": "facts:fact",
    "streams": "facts:stream",
    "lines": "lines:line",
    "statements": "statements:statement",
}
"""Addresses with an id, which may hold slashes."""


def split(path: str) -> tuple[str, str]:
    """An address without its suffix, and the suffix: the last one counts."""
    for suffix in SUFFIXES:
        if path.endswith(suffix):
            return path.removesuffix(suffix), suffix
    return path, ""


def answer(looking: Looking) -> Answer | None:
    """The answer of an address; None where there is nothing."""
    first, _, rest = looking.path.strip("/").partition("/")
    if first in PLAIN and not rest:
        return view(PLAIN[first])(looking)
    if first in WHOLE and rest:
        return view(WHOLE[first])(looking, rest)
    if first == "programs" and rest:
        name, _, period = rest.partition("/")
        if period:
            return view("programs:period")(looking, name, period)
        return view("programs:program")(looking, name)
    if first == "orders" and "/" in rest:
        store, _, order = rest.partition("/")
        return view("facts:order")(looking, store, order)
    return None


def view(name: str) -> Callable[..., Answer]:
    """A view by its module and function: `lists:status`."""
    module, _, function = name.partition(":")
    view: Callable[..., Answer] = getattr(import_module(f"{VIEWS}.{module}"), function)
    return view
