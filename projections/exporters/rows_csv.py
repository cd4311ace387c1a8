"""Rows as CSV, for every command and for the web view."""

import csv
from collections.abc import Iterable
from typing import IO, Any

from projections.cells import cell
from projections.exporters.spreadsheet import csv_cell

NO_COLUMN = "explanation"
"""A tree, which has no place in a row."""


def write_csv(file: IO[str], rows: Iterable[dict[str, Any]]) -> None:
    """Writes a header and the rows. Of a list the header has every column that a row has; of other
    iterables those of the first row. No cell is one that a spreadsheet would run."""
    writer = csv.writer(file, lineterminator="\n")
    header: list[str] | None = None
    if isinstance(rows, list):
        header = list(dict.fromkeys(name for row in rows for name in row if name != NO_COLUMN))
        writer.writerow(map(csv_cell, header))
    for row in rows:
        if header is None:
            header = [name for name in row if name != NO_COLUMN]
            writer.writerow(map(csv_cell, header))
        writer.writerow([csv_cell(cell(row.get(name))) for name in header])
