"""Narrowing the rows of a report: by conditions, in an order, to some columns."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.kernel.errors import NoSuchColumn, Refusal

_CONDITION = re.compile(r"\s*([\w-]+?)\s*(!=|<=|>=|=|<|>|~)\s*(.*)", re.DOTALL)
_OPERATOR = re.compile(r"\s*[\w-]+?\s*([=<>!~]{2,})", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class BadCondition(Refusal):
    """A text that is not a condition on a column."""

    kind = "usage"


BLANKS = ("''", '""')
"""What stands for a blank cell where a value is expected."""


class Condition(NamedTuple):
    """A column, how it is compared, and with what."""

    column: str
    operator: str
    value: str

    @classmethod
    def parsed(cls, text: str) -> "Condition":
        """`store=S-1`, `due > 4,000.00`, `brand ~ nord`. Raises `BadCondition`."""
        match = _CONDITION.fullmatch(text)
        written = _OPERATOR.match(text)
        if written and written[1] not in _COMPARE:
            raise BadCondition(
                f"{text!r}: {written[1]} is not a comparison.",
                "Compare with one of = != < <= > >= ~ (contains).",
            )
        if match is None:
            raise BadCondition(
                f"{text!r} is not a condition.",
                "Write COLUMN=VALUE, or one of != < <= > >= ~ (contains): 'due > 4000'.",
            )
        column, operator, value = match.groups()
        return cls(column, operator, value.strip())

    def meets(self, cell: Any, *, is_number: bool) -> bool:
        """Whether a cell meets it: compared as numbers where both are numbers, thousands separated
        or not, else as texts. Equality is numeric only in a column of numbers: `01` and `1` are
        different ids. An empty cell is neither below nor above anything; `''` stands for it."""
        own = "" if cell is None else str(cell)
        if self.operator == "~":
            return _folded(self.value) in _folded(own)
        mine, theirs = number_of(own), number_of(self.value)
        as_numbers = is_number or self.operator not in ("=", "!=")
        if as_numbers and mine is not None and theirs is not None:
            return _COMPARE[self.operator](mine, theirs)
        if self.value in BLANKS:
            return _COMPARE[self.operator](own, "") if self.operator in ("=", "!=") else False
        if not own and self.operator not in ("=", "!="):
            return False
        return _COMPARE[self.operator](own, self.value)


def number_of(text: str) -> Decimal | None:
    """The number that a text is, with thousands separated or not; None for other texts."""
    plain = text.replace(",", "")
    return Decimal(plain) if _NUMBER.fullmatch(plain) else None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def narrowed(
    rows: Iterable[dict[str, Any]],
    conditions: Sequence[Condition] = (),
    *,
    is_number: Callable[[str], bool],
    known: Sequence[str] = (),
    sort: str | None = None,
    limit: int | None = None,
    columns: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """The rows that meet every condition, sorted by a column (`-COLUMN`: greatest first), at most
    `limit` of them, with some columns in the order in which they are named.

    `known`: the columns there are, in case there is no row to show them. Raises `NoSuchColumn`.
    """
    kept = list(rows)
    by = (sort or "").removeprefix("-")
    names = list(dict.fromkeys(name for row in kept for name in row)) or list(known)
    _refuse_unknown(
        names, [*(condition.column for condition in conditions), *([by] if by else []), *columns]
    )
    asked = [(condition, is_number(condition.column)) for condition in conditions]
    kept = [
        row
        for row in kept
        if all(
            condition.meets(row.get(condition.column), is_number=numbers)
            for condition, numbers in asked
        )
    ]
    if by:
        kept.sort(key=lambda row: _place(row.get(by)), reverse=bool(sort and sort[0] == "-"))
    if limit is not None:
        kept = kept[:limit]
    return [{name: row.get(name) for name in columns} for row in kept] if columns else kept


def _place(cell: Any) -> tuple[int, Decimal, str]:
    """Empty cells first, then numbers by size, then texts."""
    text = "" if cell is None else str(cell)
    number = number_of(text)
    if number is not None:
        return (1, number, "")
    return (2 if text else 0, Decimal(0), text)


def _refuse_unknown(known: list[str], asked: Iterable[str]) -> None:
    for name in asked:
        if known and name not in known:
            raise NoSuchColumn(
                f"The answer has no column {name!r}.", f"Columns: {', '.join(known)}."
            )
