"""Order lines by the million: the log knows the files that hold them, and what they sum to."""

from typing import Annotated

from pydantic import Field

from ledger.aggregates.base import Amount, Event
from ledger.aggregates.settlement import Frozen

ORDERS_STREAM = "orders:main"
SOURCE = "orders"
"""The source of facts that are derived from order lines."""


class OrderTotal(Frozen):
    """Sums over every line of a file, whether it counts or not: a control sum."""

    currency: str
    amount: Amount
    refunded: Amount


class OrdersArchived(Event):
    """An immutable file of order lines, named by its digest. Without this event it is nothing."""

    TOPIC = "orders-archived.v1"

    digest: Annotated[str, Field(description="sha256 of the file's bytes, and its name")]
    rows: int
    bytes: int
    first: Annotated[int, Field(description="the earliest creation of a line, microseconds UTC")]
    last: Annotated[int, Field(description="the latest creation of a line")]
    updated: Annotated[int, Field(description="the latest change of a line")]
    totals: tuple[OrderTotal, ...]
    revises: Annotated[bool, Field(description="holds lines that replace or repeat others")]
    known: int
    revised: int

    @property
    def stream(self) -> str:
        return ORDERS_STREAM
