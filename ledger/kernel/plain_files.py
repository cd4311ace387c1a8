"""Files as DuckDB is to read them: by their own names, with their own columns."""

from pathlib import Path

PLAIN = "hive_partitioning = false"
"""Of every file that is read: DuckDB would take a folder `store=X` above it for the column `store`
of each row, in place of the file's own."""


def whole(path: Path | str) -> str:
    """The path from the root on: DuckDB looks for a name that begins with ~ in somebody's home, and
    asks a network for one that begins as an address does."""
    return str(Path(path).absolute())
