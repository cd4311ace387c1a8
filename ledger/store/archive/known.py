"""Which of the incoming lines the archive already knows, and which of them count from now on.

Of the versions of one order the one with the latest `updated_at` counts; of equal ones the later
archived; within a call the later row. A version whose content is archived already is known, and
dropped. Only orders that may have another version, the suspects, are looked at one by one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.kernel.orderlines import STAGED
from ledger.store.archive.keys import KEY, keyed
from ledger.store.archive.sql import literal, one_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

INCOMING = "archive_incoming"
SUSPECTS = "archive_suspects"
VERSIONS = "archive_versions"
LINES = "archive_lines"

FIRST, SUPERSEDES, PASSED = "first", "supersedes", "passed"
"""What a line was when it was archived: the only one of its order so far; one that counts in
place of an earlier file's; one that never counts, because another was later from the start."""
VERSION = f"ENUM('{FIRST}', '{SUPERSEDES}', '{PASSED}')"

_CONTENT = [name for name in STAGED if name not in ("source_file", "source_row")]
_SAME = ", ".join(_CONTENT)
_LATEST = "updated_at DESC, file DESC, source_file DESC, source_row DESC"


class Known(NamedTuple):
    """What became of the incoming lines; the relations hold them.

    `LINES` are those to be archived, with key and version; `VERSIONS`, if there are suspects,
    holds every version of them, old and new.
    """

    suspects: bool
    known: int
    revised: int
    replacing: bool
    """Whether a line is no plain first one, so that readers of the archive have to look twice."""


def sort_out(connection: "DuckDBPyConnection", table: str, history: Sequence[Path]) -> Known:
    """Compares the lines of `table` with each other and with the archived files, oldest first."""
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {INCOMING} AS SELECT {KEY} AS key, * FROM {table}"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {SUSPECTS} AS"
        f" SELECT key FROM {INCOMING} GROUP BY key HAVING count(*) > 1"
    )
    if history:
        connection.execute(
            f"INSERT INTO {SUSPECTS} SELECT key FROM ({keyed(connection, history, '')})"
            f" WHERE key IN (SELECT key FROM {INCOMING})"
        )
    (suspects,) = one_row(connection, f"SELECT count(*) FROM {SUSPECTS}")
    if not suspects:
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {LINES} AS"
            f" SELECT *, '{FIRST}'::{VERSION} AS version FROM {INCOMING}"
        )
        return Known(False, 0, 0, False)
    _compare(connection, history)
    _lines(connection)
    (incoming,) = one_row(
        connection,
        f"SELECT count(*) FROM {INCOMING} WHERE key IN (SELECT key FROM {SUSPECTS})",
    )
    kept, first = one_row(
        connection,
        f"SELECT count(*), count(*) FILTER (WHERE version = '{FIRST}')"
        f" FROM {VERSIONS} WHERE is_new",
    )
    return Known(True, incoming - kept, kept - first, kept > first)


def _compare(connection: "DuckDBPyConnection", history: Sequence[Path]) -> None:
    """Every version of every suspect, each content once, ranked by which one counts.

    `counts`: it does, now. `previous` is the version right before it, now; `previously` the one
    that was before this call: what each was worth, on which instant, in which currency.
    """
    columns = ", ".join(f"{name}::{kind} AS {name}" for name, kind in _types(connection).items())
    old = ""
    if history:
        names = ", ".join(literal(str(path)) for path in history)
        wanted = f", list_position([{names}], filename) AS file, {', '.join(STAGED)}"
        old = (
            f" UNION ALL SELECT file, {columns}, false FROM"
            f" ({keyed(connection, history, wanted)}) WHERE key IN (SELECT key FROM {SUSPECTS})"
        )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {VERSIONS} AS
        WITH versions AS (
            SELECT {len(history) + 1} AS file, {", ".join(STAGED)}, true AS is_new
            FROM {INCOMING} WHERE key IN (SELECT key FROM {SUSPECTS}){old}
        ), once AS (
            SELECT * FROM versions QUALIFY row_number() OVER (
                PARTITION BY {_SAME} ORDER BY file, source_file, source_row) = 1
        ), ranked AS (
            SELECT *, row_number() OVER (PARTITION BY store, order_id ORDER BY {_LATEST}) AS rank,
                bool_or(NOT is_new) OVER (PARTITION BY store, order_id) AS seen
                , {_before("PARTITION BY store, order_id")} AS previous
                , {_before("PARTITION BY store, order_id, is_new")} AS previously
            FROM once
        )
        SELECT {", ".join(STAGED)}, is_new, rank = 1 AS counts,
            previous, previously,
            (CASE WHEN rank > 1 THEN '{PASSED}' WHEN seen THEN '{SUPERSEDES}' ELSE '{FIRST}' END)
                ::{VERSION} AS version
        FROM ranked"""
    )


def _before(partition: str) -> str:
    """What the next older version is worth, NULL for the oldest."""
    worth = "{'net': amount_minor - refunded_minor, 'at': created_at, 'in': currency}"
    return f"lead({worth}) OVER ({partition} ORDER BY {_LATEST})"


def _lines(connection: "DuckDBPyConnection") -> None:
    columns = ", ".join(STAGED)
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {LINES} AS"
        f" SELECT key, {columns}, '{FIRST}'::{VERSION} AS version FROM {INCOMING}"
        f" WHERE key NOT IN (SELECT key FROM {SUSPECTS})"
        f" UNION ALL SELECT {KEY} AS key, {columns}, version FROM {VERSIONS} WHERE is_new"
    )


def _types(connection: "DuckDBPyConnection") -> dict[str, str]:
    """The types of the incoming columns, so that a few old lines do not change them."""
    found = connection.execute(f"DESCRIBE SELECT {', '.join(STAGED)} FROM {INCOMING}").fetchall()
    return {str(name): str(kind) for name, kind, *_ in found}
