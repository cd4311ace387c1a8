"""Order lines by the million: the log records the files that contain them, and their totals."""

from typing import Annotated, Any, Literal

from pydantic import Field

from ledger.aggregates.base import OwnEvent
from ledger.aggregates.fields import Amount, Text
from ledger.aggregates.settlement import Frozen

ORDERS_STREAM = "orders:main"
SOURCE = "orders"
"""The source named for what order lines report, alongside the sources of facts."""


class OrderTotal(Frozen):
    """Control totals: sums over every line of a file, whether it counts or not."""

    currency: str
    amount: Amount
    refunded: Amount


class OrderFile(Frozen):
    """An immutable file of order lines, named by its digest."""

    part: Annotated[int | None, Field(description="of a call in parts, which: stores by hash")] = (
        None
    )
    digest: Annotated[str, Field(description="sha256 of the file's bytes, and its name")]
    rows: int
    bytes: int
    first: Annotated[int, Field(description="the earliest creation of a line, microseconds UTC")]
    last: Annotated[int, Field(description="the latest creation of a line")]
    totals: tuple[OrderTotal, ...]
    columns: Annotated[
        tuple[Literal["item", "product", "creator"], ...],
        Field(description="of the columns that a row may lack, those that some row has"),
    ] = ()

    @property
    def items(self) -> bool:
        """Whether some lines are items of orders."""
        return "item" in self.columns


class OrdersArchived(OwnEvent):
    """A call that brought order lines, and the files that contain them. Files without this event
    do not count."""

    TOPIC = "orders-archived.v2"

    files: tuple[OrderFile, ...]
    updated: Annotated[int, Field(description="the latest change of a line")]
    revises: Annotated[bool, Field(description="holds lines that replace or repeat others")]
    known: int
    revised: int
    known_from: Annotated[
        tuple[int, ...], Field(description="positions of calls that had brought the known lines")
    ] = ()
    derived: Annotated[
        Literal[True] | None,
        Field(description="facts were derived from the lines, as older versions did"),
    ] = None

    @property
    def stream(self) -> str:
        return ORDERS_STREAM

    @property
    def rows(self) -> int:
        """How many lines the call brought."""
        return sum(file.rows for file in self.files)


def lifted(first: dict[str, Any]) -> dict[str, Any]:
    """An event of the first version, about its one file, in the shape of the second. Lines had
    no items, products or creators then, and facts were derived from them."""
    of_file = ("digest", "rows", "bytes", "first", "last", "totals")
    others = ("updated", "revises", "known", "revised")
    own = {name: first[name] for name in of_file}
    return {"files": [own], "derived": True} | {name: first[name] for name in others}


class OrdersWithdrawn(OwnEvent):
    """The lines of a call no longer count from here on; what they replaced counts again."""

    TOPIC = "orders-withdrawn.v1"

    archived: Annotated[int, Field(description="the position of its OrdersArchived")]
    reason: Text

    @property
    def stream(self) -> str:
        return ORDERS_STREAM
