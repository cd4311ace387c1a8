"""Our own columns in a file's header, and values that options give for all of its rows."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from ledger.intake.header import is_nameless
from ledger.intake.orders.refusals import (
    BadOrderColumn,
    DoubledColumn,
    MissingColumn,
    UnknownColumn,
)
from ledger.kernel.fold import fold
from ledger.kernel.orderlines import COLUMNS, OPTIONAL

KNOWN: Mapping[str, str | None] = {fold("error"): None} | {fold(name): name for name in COLUMNS}
"""Folded headers with their columns. A rejects file says what is wrong with a row in `error`;
corrected rows may keep it."""


def match(file: str, header: Sequence[str], fixed: Mapping[str, str]) -> list[str | None]:
    """The column of each header, None where it is not used or has no name.

    Raises `UnknownColumn` with the nearest known name, `DoubledColumn` or `MissingColumn`.
    """
    columns: list[str | None] = []
    for name in header:
        folded = fold(name)
        if is_nameless(name):
            columns.append(None)
            continue
        if folded not in KNOWN:
            near = get_close_matches(folded, KNOWN, n=1)
            meant = (KNOWN[near[0]] or near[0]) if near else None
            raise UnknownColumn(
                f"{file}: no column of orders is called {name!r}.",
                (f"Did you mean {meant!r}?" if meant else f"Known columns: {', '.join(COLUMNS)}.")
                + " A file with headers of its own is read through a mapping: duebook files FILE",
                file=file,
                column=name,
                nearest=meant,
            )
        columns.append(KNOWN[folded])
    _refuse_doubled(file, header, columns, fixed)
    for column in COLUMNS:
        if column not in columns and column not in fixed and column not in OPTIONAL:
            option = "--store S" if column == "store" else f"--set {column}=VALUE"
            raise MissingColumn(
                f"{file}: the column {column!r} is missing; found {', '.join(header)[:200]}.",
                f"Add it, or give one value for every row: {option}.",
                file=file,
                column=column,
            )
    return columns


def _refuse_doubled(
    file: str, header: Sequence[str], columns: Sequence[str | None], fixed: Mapping[str, str]
) -> None:
    for column in filter(None, dict.fromkeys(columns)):
        names = [name for name, meant in zip(header, columns, strict=True) if meant == column]
        if len(names) > 1:
            raise DoubledColumn(
                f"{file}: the columns {' and '.join(map(repr, names))} both mean {column}.",
                "Keep one of them.",
                file=file,
                column=column,
            )
        if column in fixed:
            raise DoubledColumn(
                f"{file}: has a column {names[0]!r}, and an option sets {column} as well.",
                "Leave out the option; it is for files that lack the column.",
                file=file,
                column=column,
            )


def check_fixed(fixed: Mapping[str, str]) -> None:
    """Raises `BadOrderColumn` for a fixed value of a column that orders do not have."""
    for column in fixed:
        if column not in COLUMNS:
            near = get_close_matches(column, COLUMNS, n=1)
            raise BadOrderColumn(
                f"an order has no column {column!r} that could be set.",
                f"Did you mean {near[0]!r}?" if near else f"Columns: {', '.join(COLUMNS)}.",
                column=column,
            )
