"""An order that cannot be used, as a value: where it is, what is wrong, what to do."""

from typing import Any, NamedTuple


class RowFault(NamedTuple):
    """The one thing that is wrong with a row, in the words of the contract."""

    code: str
    column: str
    found: str | None
    expected: str
    hint: str


class RejectedRow(NamedTuple):
    """Why one row is not an order.

    `row` is what a person looks for: in CSV the line on which the row ends, the header being line
    1; in Parquet the number of the row, from 1. `raw` holds the cells as they are in the file.
    """

    file: str
    row: int
    code: str
    column: str
    found: str | None
    expected: str
    hint: str
    raw: dict[str, str | None] | None = None

    @classmethod
    def of(
        cls, file: str, row: int, fault: RowFault, raw: dict[str, str | None] | None
    ) -> "RejectedRow":
        """The fault with its place."""
        return cls(file, row, *fault, raw=raw)

    @property
    def error(self) -> str:
        """The fault as a sentence."""
        shown = "nothing" if self.found is None else repr(self.found[:80])
        return f"{self.column}: found {shown}, expected {self.expected}."

    def as_json(self) -> dict[str, Any]:
        """In the shape of the public contract, with what was found and expected."""
        return {
            "file": self.file,
            "row": self.row,
            "code": self.code,
            "column": self.column,
            "found": self.found,
            "expected": self.expected,
            "error": self.error,
            "hint": self.hint,
        }
