"""What DuckDB is given: texts in its SQL, and files by their own names, with their own columns."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PLAIN = "hive_partitioning = false"
"""Of every file that is read: DuckDB would take a folder `store=X` above it for the column `store`
of each row, in place of the file's own."""


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def whole(path: Path | str) -> str:
    """The path from the root on: DuckDB looks for a name that begins with ~ in somebody's home, and
    asks a network for one that begins as an address does."""
    return str(Path(path).absolute())


def spill_of(database: "DuckDBPyConnection") -> Path:
    """The database's folder for what memory does not hold: swept after a command was killed.
    Raises `OSError` where it cannot be made."""
    (folder,) = database.execute("SELECT current_setting('temp_directory')").fetchall()[0]
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)
