"""What is wrong with the header of a CSV that is one in another way than we read it."""

import re
from collections.abc import Collection, Sequence

SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}
"""What stands between the cells of files that are no CSV with commas, and what it is called."""


_INDEX = re.compile(r"__index_level_[0-9]+__")
"""What pandas calls a column of row numbers in Parquet."""


def is_nameless(name: str) -> bool:
    """Whether a column has no name: what a comma at the end of every line makes, or a column of
    row numbers. There is nothing to be read from it."""
    return not name.strip() or _INDEX.fullmatch(name) is not None


def other_separator(header: Sequence[str]) -> str | None:
    """What the cells are separated by, of a header that is one cell because it is not commas."""
    if len(header) != 1:
        return None
    return next((name for sign, name in SEPARATORS.items() if sign in header[0]), None)


def one_cell(header: Sequence[str], separator: str) -> str:
    """A sentence for such a header."""
    return f"the header is one cell, {header[0][:80]!r}: the cells are separated by {separator}."


def in_other_case(header: Sequence[str], names: Collection[str]) -> dict[str, str]:
    """Columns that are those of the names in every letter but not in its case, with the names."""
    folded = {name.casefold(): name for name in names}
    return {
        column: folded[column.casefold()]
        for column in header
        if column not in names and column.casefold() in folded
    }
