"""Faults of CSV headers: other separators, other letter case, columns without names."""

import re
from collections.abc import Collection, Sequence

SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}
"""Separators of files that are not CSV with commas, and their names."""


_INDEX = re.compile(r"__index_level_[0-9]+__")
"""What pandas calls a column of row numbers in Parquet."""


def is_nameless(name: str) -> bool:
    """Whether a column has no name, as a comma at the end of every line makes one, or holds row
    numbers. Nothing is read from it."""
    return not name.strip() or _INDEX.fullmatch(name) is not None


def other_separator(header: Sequence[str]) -> str | None:
    """The separator of a header that reads as one cell because it has no commas, by its name."""
    if len(header) != 1:
        return None
    return next((name for sign, name in SEPARATORS.items() if sign in header[0]), None)


def one_cell(header: Sequence[str], separator: str) -> str:
    """A sentence for such a header."""
    return f"the header is one cell, {header[0][:80]!r}: the cells are separated by {separator}."


def in_other_case(header: Sequence[str], names: Collection[str]) -> dict[str, str]:
    """Columns that differ from one of the names only in letter case, each with that name."""
    folded = {name.casefold(): name for name in names}
    return {
        column: folded[column.casefold()]
        for column in header
        if column not in names and column.casefold() in folded
    }
