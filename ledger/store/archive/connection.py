"""DuckDB as the archive needs it: bounded memory, UTC, rows in order, no extensions by itself."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY_LIMIT = "1200MB"
"""Of DuckDB's own buffers; the process stays under 1.5 GiB. With less, sorting twenty million
orders goes to the disk more often."""


def connect(
    temporary: Path, memory_limit: str = MEMORY_LIMIT, threads: int | None = None
) -> "DuckDBPyConnection":
    """An empty database in memory that spills into the folder `temporary`."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "temp_directory": str(temporary),
        "preserve_insertion_order": "true",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    if threads is not None:
        config["threads"] = str(threads)
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    return connection
