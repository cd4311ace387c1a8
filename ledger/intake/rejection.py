"""A row that cannot be used, as a value: where it stands, what is wrong, what to do."""

from typing import Any, NamedTuple

CODES = (
    "bad_json",
    "not_text",
    "line_too_long",
    "unknown_type",
    "invalid_field",
    "missing_field",
    "no_zone",
    "in_future",
    "bad_amount",
    "unknown_currency",
    "conflicting_id",
    "empty_file",
)


class Rejection(NamedTuple):
    """Why one line is not a fact. `raw` is the line's data, where it could be read at all;
    `text` the line itself where it is a JSON object, to the letter."""

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


class RowProblem(Exception):
    """Raised inside the intake of one row, caught there and turned into a `Rejection`."""

    def __init__(self, code: str, error: str, hint: str) -> None:
        super().__init__(error)
        self.code, self.error, self.hint = code, error, hint
