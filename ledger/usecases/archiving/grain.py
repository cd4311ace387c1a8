"""Orders that a call holds item by item and the archive as a whole, or the other way round."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.intake.orders.grain import (
    CLASHES,
    clashes,
    count_of,
    fault_of_grain,
    leave_out,
)
from ledger.kernel.duck import PLAIN, literal
from ledger.kernel.orderlines import KEY, KEY_HASH
from ledger.store.archive.folder import present
from ledger.store.archive.keys import keyed
from ledger.store.order_lines import Archived

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from ledger.intake.orders.reading import CheckedOrders


def refuse_other_grain(
    database: "DuckDBPyConnection",
    checked: "CheckedOrders",
    folder: Path,
    files: Sequence[Archived],
    keep: int,
) -> None:
    """Rejects the rows whose order is archived at the other grain, and names where.

    `files` are those of the calls that count.
    """
    if not files:
        return
    counts = database.execute(
        f"SELECT count(*) FILTER (WHERE item <> ''), count(*) FILTER (WHERE item = '')"
        f" FROM {checked.relation}"
    ).fetchone()
    assert counts is not None, "a count has a row"
    items, whole = counts
    parts = []
    if items:
        parts.append(_items_of_whole(database, checked.relation, folder, files))
    if whole and any(file.file.items for file in files):
        parts.append(_whole_of_items(checked.relation, folder, files))
    if not parts:
        return
    positions = ", ".join(f"({n}, {file.position})" for n, file in enumerate(files, start=1))
    database.execute(
        f"CREATE OR REPLACE TEMP TABLE {CLASHES} AS SELECT source_file, source_row,"
        " 'grain_differs' AS code, order_id, min(position) AS other_file, brings AS other_row"
        f" FROM ({' UNION ALL '.join(parts)}) JOIN (VALUES {positions}) AS call (file, position)"
        " USING (file) GROUP BY source_file, source_row, order_id, brings"
    )
    count = count_of(database, CLASHES)
    if not count:
        return
    shown = clashes(database, max(keep - len(checked.rejections), 0))
    faults = (
        (clash.place, fault_of_grain(clash, has_items=bool(clash.other[1]))) for clash in shown
    )
    checked.reject(faults, count)
    checked.relation = leave_out(database, checked.relation)


def _items_of_whole(
    database: "DuckDBPyConnection", relation: str, folder: Path, files: Sequence[Archived]
) -> str:
    """Rows with an item whose order is archived as one row."""
    described = [file.described() for file in files]
    old = keyed(database, folder, described, ("file", *KEY))
    own = (
        f"SELECT source_file, source_row, store, order_id, {KEY_HASH} AS key FROM"
        f" (SELECT source_file, source_row, store, order_id, '' AS item FROM {relation}"
        " WHERE item <> '')"
    )
    return (
        "SELECT own.source_file, own.source_row, own.order_id, old.file, 1::BIGINT AS brings"
        f" FROM ({own}) AS own JOIN ({old}) AS old"
        " ON old.key = own.key AND old.store = own.store AND old.order_id = own.order_id"
        " WHERE old.item = ''"
    )


def _whole_of_items(relation: str, folder: Path, files: Sequence[Archived]) -> str:
    """Rows without an item whose order is archived item by item."""
    paths = present(folder, [file.described() for file in files])
    parts = [
        f"SELECT {number}::INTEGER AS file, store, order_id"
        f" FROM read_parquet({literal(str(path))}, {PLAIN}) WHERE item <> ''"
        for number, (path, file) in enumerate(zip(paths, files, strict=True), start=1)
        if file.file.items
    ]
    return (
        "SELECT own.source_file, own.source_row, own.order_id, old.file, 0::BIGINT AS brings"
        f" FROM (SELECT * FROM {relation} WHERE item = '') AS own"
        f" JOIN ({' UNION ALL '.join(parts)}) AS old USING (store, order_id)"
    )
