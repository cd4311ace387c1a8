"""A Parquet file as it may be read: written again by another process.

A damaged Parquet file can end the process that reads it. So only a process of its own reads what
was given; everybody else reads its copy, which DuckDB wrote.
"""

import json
from pathlib import Path

from ledger.intake.in_words import of_reader
from ledger.intake.tables.own_process import run_reader

MEMORY_LIMIT = "1200MB"
"""Of DuckDB's own buffers."""
COPY = "parquet-copy"


class NotParquet(ValueError):
    """A file that cannot be read as Parquet, and why, in words."""


def copied(path: Path, folder: Path) -> Path:
    """The copy, in a folder that is made where it is missing. Raises `NotParquet`."""
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.iterdir()))
    given, copy = folder / f"given-{number}", folder / f"{COPY}-{number}"
    given.symlink_to(path.absolute())  # DuckDB would look for files that match a name with a star
    words = [str(given), str(copy), str(folder), MEMORY_LIMIT]
    ended = run_reader("ledger.intake.tables.parquet_process", words)
    if ended.code:
        raise NotParquet(f"its reader gave up over a damaged part (code {ended.code})")
    said = json.loads(ended.said)
    if "error" in said:
        raise NotParquet(of_reader(ValueError(said["error"])))
    if "type" in said:
        name, kind = said["type"]
        raise NotParquet(f"the column {name!r} is {kind}, which nobody here can copy")
    return copy
