"""A recorded fact with the fields of the contract, as it was told and can be told again."""

import json
from typing import Any

from ledger.aggregates.base import Logged
from ledger.kernel.instants import format_instant


def as_told(recorded: Logged) -> dict[str, Any]:
    """The fact as a line of NDJSON has it."""
    event = recorded.event
    told = {"type": type(event).__name__, "at": format_instant(recorded.at)}
    told |= json.loads(event.model_dump_json(by_alias=True, exclude_none=True))
    return told | ({"by": recorded.by} if recorded.by else {})
