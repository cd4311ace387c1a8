"""The recorded names of parties, for pages that say more than their ids; and which ids are long."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from ledger.aggregates.binding_state import StoreBonds
from ledger.aggregates.partner import PartnerState
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.store.reader import LogReader

ID_LONG = 32
"""Characters up to which an id is not broken at its hyphens."""
NAMED: dict[str, Any] = {"partner": PartnerState, "store": StoreBonds}
"""Kinds of parties that facts give a name, with the state that has it."""


def names_of(connection: Connection, parties: Iterable[str], known_at: int) -> dict[str, str]:
    """The last recorded name of each party that has one; parties are written `partner:P-01`."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for party in parties:
        kind, _, own = party.partition(":")
        if kind in NAMED:
            by_kind[kind].append(own)
    reader = LogReader(connection, Clocks(FOREVER, known_at))
    names = {}
    for kind, ids in by_kind.items():
        for own, state in reader.states(kind, ids, NAMED[kind]).items():
            if state.name:
                names[f"{kind}:{own}"] = state.name
    return names
