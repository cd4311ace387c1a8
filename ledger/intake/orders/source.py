"""What the reading of orders needs from a file format."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from ledger.intake.columns import Cell
from ledger.intake.orders.rejected import RowFault

Raw = dict[str, str | None]


class Found(NamedTuple):
    """A row that is to be explained: its number for people, its cells, its fault if known."""

    row: int
    raw: Raw
    """Its cells by our columns."""
    fault: RowFault | None = None
    as_given: Raw | None = None
    """Its cells as they are in the file, where its columns differ from ours."""
    left_out: bool = False
    """Whether it is not among the rows that were read."""


class Source(Protocol):
    """An open order file, as CSV or Parquet."""

    cells: Mapping[str, Cell]
    """Where each column that the file or an option supplies comes from."""
    first_row: int
    """The number of the first row, as `source_row` counts."""
    nameless: int
    """How many columns without a name are passed over."""

    def origin(self) -> str:
        """The table expression that reads every row in order."""
        ...

    def malformed(self) -> bool:
        """After the reading: whether rows were left out because they have other cells."""
        ...

    @property
    def place(self) -> str | None:
        """The column that holds the number of each row, where there is one."""
        ...

    def at_rows(self, places: Sequence[int], rows: int) -> Iterator[Found]:
        """The rows of these numbers, as `source_row` counts them."""
        ...

    def find(self, positions: Sequence[int], rows: int) -> Iterator[Found]:
        """The rows at these positions, counted from 0 in what was read, and malformed ones."""
        ...
