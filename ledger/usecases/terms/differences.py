"""How a version of terms differs from the one in force."""

from typing import Any, NamedTuple

from ledger.programs.edition import Edition

NAMES = ("program", "publisher", "version", "terms", "cite", "assumed", "source")
"""Keys that are compared parameter by parameter, or that name the version itself."""


class Difference(NamedTuple):
    """A parameter with another value, and where the value is cited from."""

    parameter: str
    was: Any
    now: Any
    cited: str | None
    keeps_citation: bool
    """Whether the value changed and its citation did not."""


def differences(before: Edition, after: Edition) -> list[Difference]:
    """The parameters that differ, those of the head first, in the order of the file."""
    old, new = _parameters(before), _parameters(after)
    differences = []
    for name in dict.fromkeys([*new, *old]):
        was, now = old.get(name), new.get(name)
        if was != now:
            cited = after.cite.get(name)
            kept = cited is not None and cited == before.cite.get(name)
            differences.append(
                Difference(name, was, now, cited, kept and not name.startswith("assumed"))
            )
    return differences


def _parameters(edition: Edition) -> dict[str, Any]:
    data = edition.as_data()
    head = {name: value for name, value in data.items() if name not in NAMES}
    assumed = {f"assumed: {name}": text for name, text in edition.assumed.items()}
    return head | edition.terms | assumed
