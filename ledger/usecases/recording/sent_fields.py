"""A recorded fact with the fields of the contract, as it was sent and can be sent again."""

import json
from typing import Any

from ledger.aggregates.base import Logged
from ledger.kernel.instants import format_instant


def as_told(recorded: Logged) -> dict[str, Any]:
    """The fact as a line of NDJSON holds it."""
    event = recorded.event
    fields = {"type": type(event).__name__, "at": format_instant(recorded.at)}
    fields |= json.loads(event.model_dump_json(by_alias=True, exclude_none=True))
    return fields | ({"by": recorded.by} if recorded.by else {})
