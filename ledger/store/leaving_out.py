"""Facts that a what-if leaves out, however a rule reaches them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ledger.aggregates.base import R, Recorded

Keep = Callable[[Recorded], bool]
"""Which facts count, for a reconciliation's "what if"."""
POSITION = 3
"""Where rows of the index have their position: name, stream, instant, position."""


def kept(keep: Keep | None, facts: Iterable[R]) -> Iterator[R]:
    """Those of some facts that are not left out."""
    return iter(facts) if keep is None else filter(keep, facts)


def kept_rows(
    keep: Keep | None,
    rows: Iterable[Sequence[Any]],
    facts_at: Callable[[Iterable[int]], Iterable[Recorded]],
) -> Iterable[Sequence[Any]]:
    """Those of some rows of the index whose facts are not left out."""
    if keep is None:
        return rows
    listed = list(rows)
    positions = {fact.position for fact in kept(keep, facts_at({row[POSITION] for row in listed}))}
    return [row for row in listed if row[POSITION] in positions]
