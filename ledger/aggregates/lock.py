"""Days on which nothing is posted any more: their books are locked."""

from typing import Annotated

from pydantic import Field

from ledger.aggregates.base import OwnEvent
from ledger.aggregates.fields import Text

LOCK_STREAM = "lock:book"


class PeriodLocked(OwnEvent):
    """No entry is posted on this day or an earlier one any more.

    Entries already posted on these days keep their day. What is recorded later for such a day is
    posted on the first day after the lock, with its own day in the description; a decision with
    such a posting date is refused. A lock never moves back.
    """

    TOPIC = "period-locked.v1"

    through: Annotated[str, Field(description="the last day that is locked")]
    reason: Text | None = None

    @property
    def stream(self) -> str:
        return LOCK_STREAM
