"""The platform's file through a mapping: rows by line, or a table of orders."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.intake.columns import trimmed
from ledger.intake.platform.added_rows import added_up
from ledger.intake.platform.canonical import BYTES_MAX, NAMES, row_of
from ledger.intake.platform.how import How
from ledger.intake.platform.orderfile import (
    PROBLEMS_MAX,
    THEIRS,
    USUAL,
    OrderFile,
    checked,
    minor_of,
)
from ledger.intake.platform.rows import PlatformFile, PlatformRow, StoreNeeded
from ledger.intake.problems import BadPlatformFile, Problem, refuse
from ledger.intake.tables.faults import split
from ledger.intake.tables.mapped import MappedTable
from ledger.intake.tables.plain_file import plain_file
from ledger.intake.tables.table import Progress, forget_malformed, malformed, opened
from ledger.intake.tables.targets import RECONCILE, target_named
from ledger.intake.tables.totals import refuse_differing_totals
from ledger.kernel.counted import counted
from ledger.kernel.duck import literal
from ledger.kernel.errors import Refusal
from ledger.kernel.ids import GUARDED
from ledger.kernel.money import Money

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROWS_AT_ONCE = 2_000
SHOWN = ("id", "type", "related", "statement", "created", "settled", "settlement", "amount")
"""What is shown of a row without an order, in addition to the unmapped cells."""
PLACES_MAX = 100_000
"""For at most this many orders the rows are listed that their amounts were added up from."""


def opened_file(
    connection: "DuckDBPyConnection", path: str, how: How, folder: Path, progress: Progress
) -> MappedTable:
    """A file as a table that is read through the mapping. Raises refusals of `intake.tables`, and
    `StoreNeeded`."""
    mapping = how.effective
    encoding = mapping.file.encoding if mapping else None
    file = plain_file(path, folder, encoding, guess=mapping is not None)
    target = target_named(RECONCILE)
    table = opened(connection, file, mapping, target, folder, progress)
    fixed = dict(how.fixed) | ({"store": how.store} if how.store else {})
    mapped = MappedTable(table, mapping, target, fixed, how.zone, keeps_others=True)
    _refuse_without(mapped)
    return mapped


def _refuse_without(mapped: MappedTable) -> None:
    """Refuses a file with nothing to compare."""
    has, name = mapped.values, Path(mapped.table.file.name).name
    if "order_id" in has and "line" not in has and "store" not in has:
        raise StoreNeeded(f"{name} has no store column.", "Say whose file it is: --store S-1007")
    lacks = [] if {"line", "store"} & set(has) else ["line (or store, or order_id and store)"]
    if "outcome" not in has or "amount" in has or "currency" in has:
        lacks += [column for column in ("amount", "currency") if column not in has]
    if lacks:
        raise BadPlatformFile(
            f"{name}: nothing gives {lacks[0]}; found "
            f"{', '.join(map(repr, filter(None, mapped.table.names)))[:500]}.",
            "Map them, or give --store and --column: duebook files FILE drafts a mapping.",
        )


def is_by_order(mapped: MappedTable) -> bool:
    """Whether a file names orders: then it is compared order by order."""
    return "order_id" in mapped.values and "line" not in mapped.values


def rows_of(
    connection: "DuckDBPyConnection", mapped: MappedTable, digest: Callable[[], str]
) -> PlatformFile:
    """The rows of a file by line. Raises `BadPlatformFile` with every row that cannot be used."""
    name = Path(mapped.table.file.name).name
    if mapped.table.copy.stat().st_size > BYTES_MAX:
        raise BadPlatformFile(f"{name} is too large to be compared line by line.", "Split it.")
    refuse_differing_totals(connection, mapped)
    left = mapped.left(True)
    names = [
        *mapped.values,
        *(header if header not in NAMES else f"{header} " for _, header in left),
    ]
    totals = 0
    problems: list[Problem] = []
    good: list[PlatformRow] = []
    result = connection.execute(f"{mapped.select(others=True)} ORDER BY place")
    while rows := result.fetchmany(ROWS_AT_ONCE):
        for place, fault, *cells in rows:
            *values, counts, is_total = cells
            totals += bool(is_total)
            if is_total or not (counts or fault):
                continue
            row = (
                _problem(place, fault)
                if fault
                else row_of(place, names, [cell or "" for cell in values])
            )
            if isinstance(row, Problem):
                problems.append(row)
            else:
                good.append(row)
    if mapped.mapping.rows.add_up:
        good, mixed = added_up(good)
        problems = sorted([*problems, *mixed], key=lambda problem: problem.place)
    refuse(name, problems)
    return PlatformFile(name, digest(), good, mapped.nameless, totals)


def _problem(place: int, fault: str) -> Problem:
    code, said, hint = split(fault)
    return Problem(place, code, f"{said} {hint}".strip())


def load_orders(
    database: "DuckDBPyConnection",
    mapped: MappedTable,
    digest: Callable[[], str],
    *,
    flip_sign: bool,
) -> OrderFile:
    """Reads a file by order into the table `theirs`: one row per order if the mapping adds up.

    A row that names an order belongs to it, whatever its type: also one whose own id is that of an
    order of the file or of ours. Raises `BadPlatformFile` with every row that cannot be used.
    """
    name = Path(mapped.table.file.name).name
    refuse_differing_totals(database, mapped)
    totals = _read(database, mapped)
    if not mapped.table.has_places and (count := malformed(database)):
        raise BadPlatformFile(
            f"{name}: {counted(count, 'row')} with another number of cells than the header, "
            "or that are not text.",
            "Export the file again.",
        )
    problems = [
        _problem(*row)
        for row in database.execute(
            "SELECT place, told FROM platform_rows WHERE told IS NOT NULL"
            f" ORDER BY place LIMIT {PROBLEMS_MAX}"
        ).fetchall()
    ]
    database.execute("DELETE FROM platform_rows WHERE told IS NOT NULL")
    if "id" in mapped.values:
        _find_orders(database)
    other = _take_out_others(database, mapped)
    adds_up = mapped.mapping.rows.add_up
    if adds_up:
        problems += _mixed(database)
    rows = checked(database, name, "place", flip_sign=flip_sign, known=problems)
    summed = _add_up(database) if adds_up else {}
    counts = (mapped.nameless, totals)
    return OrderFile(name, digest(), rows + len(other), other, summed, *counts)


def _read(database: "DuckDBPyConnection", mapped: MappedTable) -> int:
    """Fills the table `platform_rows`; returns the number of total rows, which are not in it."""
    if not mapped.table.has_places:
        forget_malformed(database)
    has = mapped.values

    def text(name: str) -> str:
        return mapped.shown(name) if name in has else "NULL::VARCHAR"

    def id_(name: str) -> str:
        bare = rf"regexp_replace({trimmed(text(name))}, {literal(GUARDED)}, '\1\2', 's')"
        return f"nfc_normalize({bare}) AS {name}"

    amount = trimmed(text("amount"))
    shown = [f"{text(column)} AS shown_{column}" for column in SHOWN if column in has]
    left = [f"{mapped.values_of.text((header,))} AS left_{at}" for at, header in mapped.left(True)]
    own = f"{trimmed(text('id'))} AS id" if "id" in has else "NULL::VARCHAR AS id"
    total = f"coalesce({mapped.is_total}, false)" if mapped.is_total else "false"
    columns = [
        *("place", f"{mapped.fault} AS told", f"{mapped.counts} AS counts", f"{total} AS is_total"),
        *(id_("store"), id_("order_id"), own, f"{amount} AS amount"),
        f"{trimmed(text('currency'))} AS currency",
        *(shown + left if mapped.mapping.rows.add_up or "id" in has else []),
    ]
    database.execute(
        "CREATE OR REPLACE TEMP TABLE platform_rows AS SELECT *,"
        f" {minor_of(USUAL, 'amount')} AS usual FROM (SELECT {', '.join(columns)}"
        f" FROM {mapped.placed})"
    )
    (totals,) = database.execute("DELETE FROM platform_rows WHERE is_total").fetchone() or (0,)
    return int(totals)


def _find_orders(database: "DuckDBPyConnection") -> None:
    """Assigns rows whose own id is that of an order to that order."""
    known = "SELECT order_id FROM platform_rows WHERE order_id IS NOT NULL"
    ours = database.execute(
        "SELECT count(*) FROM duckdb_views() WHERE view_name = 'orders'"
    ).fetchone()
    if ours and ours[0]:
        known += " UNION SELECT order_id FROM orders"
    database.execute(
        f"UPDATE platform_rows SET order_id = id WHERE order_id IS NULL AND id IN ({known})"
    )


def _take_out_others(database: "DuckDBPyConnection", mapped: MappedTable) -> list[dict[str, Any]]:
    """Removes the rows without an order; returns them as they are shown."""
    apart = "(NOT counts OR coalesce(order_id, '') = '')"
    if not (mapped.mapping.rows.add_up or mapped.mapping.rows.only or "id" in mapped.values):
        return []
    shown = [column for column in SHOWN if column in mapped.values]
    left = mapped.left(True)
    if not (mapped.mapping.rows.add_up or "id" in mapped.values):
        shown, left = [], []
    names = [*(f"shown_{column}" for column in shown), *(f"left_{at}" for at, _ in left)]
    rows = database.execute(
        f"SELECT {', '.join(['place', 'currency', *names])} FROM platform_rows WHERE {apart}"
        " ORDER BY place"
    ).fetchall()
    database.execute(f"DELETE FROM platform_rows WHERE {apart}")
    headers = [*shown, *(name for _, name in left)]
    return [
        {
            "place": place,
            **{
                name: _shown(name, cell, currency)
                for name, cell in zip(headers, cells, strict=True)
                if cell
            },
            **({"currency": currency} if currency else {}),
        }
        for place, currency, *cells in rows
    ]


def _shown(name: str, cell: str, currency: str | None) -> str:
    """A cell of a row without an order; an amount with the decimals of its currency."""
    if name not in ("amount", "settlement") or not currency:
        return cell
    try:
        return Money.parse(cell, currency).text
    except Refusal:
        return cell


def _mixed(database: "DuckDBPyConnection") -> list[Problem]:
    """Rows whose order has another currency further up: they cannot be added."""
    rows = database.execute(
        "SELECT place, order_id, currency, first, first_place FROM (SELECT *,"
        " first_value(currency) OVER same AS first, first_value(place) OVER same AS first_place"
        " FROM platform_rows WINDOW same AS (PARTITION BY store, order_id ORDER BY place))"
        f" WHERE currency <> first ORDER BY place LIMIT {PROBLEMS_MAX}"
    ).fetchall()
    return [
        Problem(
            place,
            "mixed_currencies",
            f"order {order}: found {currency}, expected {first} as in row {above}.",
        )
        for place, order, currency, first, above in rows
    ]


def _add_up(database: "DuckDBPyConnection") -> dict[tuple[str, str], tuple[int, ...]]:
    """One row for each order; and which rows it was added up from, where there are several."""
    database.execute(
        "CREATE TEMP TABLE added_up AS SELECT min(place) AS place, store, order_id,"
        " sum(minor)::BIGINT AS minor, currency, list(place ORDER BY place) AS places"
        f" FROM {THEIRS} GROUP BY store, order_id, currency"
    )
    rows = database.execute(
        "SELECT store, order_id, places FROM added_up WHERE len(places) > 1"
        f" ORDER BY place LIMIT {PLACES_MAX}"
    ).fetchall()
    database.execute(f"DROP VIEW {THEIRS}")
    database.execute(
        f"CREATE TEMP VIEW {THEIRS} AS SELECT place, store, order_id, minor, currency FROM added_up"
    )
    return {(store, order): tuple(places) for store, order, places in rows}
