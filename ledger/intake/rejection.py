"""A row that cannot be used, as a value: where it is, what is wrong, what to do."""

import pickle
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from tempfile import TemporaryFile
from typing import Any, NamedTuple

HELD_MAX = 10_000
CODES = {
    "bad_json": "the line is not one JSON object, or names a key twice",
    "not_csv": "quotes or separators that do not make a table",
    "not_text": "bytes that are not text of the encoding, or a NUL",
    "line_too_long": "a line of more than 1 MiB",
    "wrong_cells": "the row has more or fewer cells than the header",
    "unknown_type": "no fact of that type exists",
    "missing_field": "a field or cell that is needed is missing or empty",
    "invalid_field": "a field that does not exist, or a value that it may not have",
    "no_zone": "an instant without an offset, and nothing says which zone is meant",
    "in_future": "an instant that is still to come",
    "bad_amount": "not an exact decimal of its currency",
    "bad_refund": "refunded is below zero or more than the amount",
    "unknown_currency": "not a currency of ISO 4217, or an unknown commodity",
    "mixed_currencies": "rows of one order are in different currencies",
    "spoilt_id": "an id that a spreadsheet or script has turned into a number or a word",
    "cell_error": "an error of the spreadsheet, or a formula without a stored result",
    "conflicting_id": "the id is already used for different content",
    "conflicting_rows": "two rows of one order differ, and nothing says which one counts",
    "repeated_row": "a row of an order appears twice",
    "grain_differs": "an order is given by item here and as a whole elsewhere",
    "equation_differs": "the row's amounts do not add up as its mapping says",
    "totals_differ": "a totals row does not match the rows above it",
    "empty_file": "the file holds nothing",
}
"""Every code of a rejected row, of facts, orders and platform files, with what it means."""


class Rejection(NamedTuple):
    """Why one line is not a fact. `raw` is the line's data, where it could be read at all; `text`
    the line itself, verbatim, where it is a JSON object."""

    file: str
    line: int
    type: str | None
    code: str
    error: str
    hint: str
    raw: Any = None
    text: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The rejection in the shape of the public contract."""
        return {
            "file": self.file,
            "line": self.line,
            "type": self.type,
            "code": self.code,
            "error": self.error,
            "hint": self.hint,
        }


class Rejections(Sequence[Rejection]):
    """The rejections of a call in their order: some in memory, the rest in a temporary file, so
    that a file of bad lines takes no more memory than one of good ones."""

    def __init__(self, rejections: Iterable[Rejection] = ()) -> None:
        self._held: list[Rejection] = []
        self._spool: Any = None
        self._spooled = 0
        self.extend(rejections)

    def append(self, rejection: Rejection) -> None:
        """Adds one."""
        self._held.append(rejection)
        if len(self._held) >= HELD_MAX:
            if self._spool is None:
                self._spool = TemporaryFile()  # noqa: SIM115  # gone with the rejections
            self._spool.seek(0, 2)
            pickle.dump(self._held, self._spool)
            self._spooled += len(self._held)
            self._held = []

    def extend(self, rejections: Iterable[Rejection]) -> None:
        """Adds several."""
        for rejection in rejections:
            self.append(rejection)

    def __len__(self) -> int:
        return self._spooled + len(self._held)

    def __iter__(self) -> Iterator[Rejection]:
        place, seen = 0, 0
        while seen < self._spooled:
            self._spool.seek(place)
            held = pickle.load(self._spool)
            place, seen = self._spool.tell(), seen + len(held)
            yield from held
        yield from self._held

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return list(islice(self, *place.indices(len(self))))
        return next(islice(self, place % max(len(self), 1), None))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


class RowProblem(Exception):
    """Raised inside the intake of one row, caught there and turned into a `Rejection`."""

    def __init__(self, code: str, error: str, hint: str) -> None:
        super().__init__(error)
        self.code, self.error, self.hint = code, error, hint
