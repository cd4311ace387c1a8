"""What the platform says, row by row, whatever file it came in."""

from typing import NamedTuple

from ledger.kernel.errors import Refusal
from ledger.kernel.money import Money


class PlatformRow(NamedTuple):
    """One row of the platform's file. It names a line, or a store (and kind), or an order, and
    says an amount, or the outcome of a decision."""

    place: int
    line: str | None
    store: str | None
    kind: str | None
    order: str | None
    amount: Money | None
    other: dict[str, str]
    """Columns that were not asked for: kept and shown."""
    outcome: str | None = None
    payer: str | None = None

    def flipped(self) -> "PlatformRow":
        """The row with the other sign."""
        return self._replace(amount=self.amount.negated()) if self.amount else self


class PlatformFile(NamedTuple):
    """A file of the platform, read and checked whole."""

    name: str
    sha256: str
    rows: list[PlatformRow]
    nameless: int = 0
    """Columns without a name, which were passed over."""
    totals: int = 0
    """Total rows, which were checked."""


class StoreNeeded(Refusal):
    """A file without a store column, and nobody said which store it is of."""

    kind = "usage"


class StoreUnknown(Refusal):
    """A file said to be of a store that the book does not know."""
