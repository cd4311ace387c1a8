"""Names of folders are never taken for columns of the files in them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path for room in ("ledger", "projections", "cli") for path in (ROOT / room).rglob("*.py")
)
READS = re.compile(r"read_(?:parquet|csv|csv_auto|json|json_auto|ndjson|ndjson_auto)\(")
AHEAD = 90
"""So many characters after a call begins, its options have begun."""


def unlike(source: str) -> list[str]:
    """The calls by which DuckDB reads files, and takes names of folders for columns."""
    return [
        source[call.start() : call.end() + AHEAD]
        for call in READS.finditer(source)
        if "{PLAIN}" not in source[call.end() : call.end() + AHEAD]
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_read_without_the_names_of_their_folders(path: Path) -> None:
    """Or a book in a folder `store=X` would have the orders of one store only."""
    assert unlike(path.read_text(encoding="utf-8")) == []


def test_a_call_that_goes_by_folders_is_seen() -> None:
    """In each of the ways in which DuckDB reads files."""
    assert unlike('f"SELECT * FROM read_parquet({path})"') != []
    assert unlike('f"SELECT * FROM read_csv({path}, header = true)"') != []
    assert unlike('f"SELECT * FROM read_parquet({path}, {PLAIN})"') == []
