"""Which of the incoming lines the archive already knows, and which of them count from now on.

Of the versions of one line the one with the latest `updated_at` counts; of equal ones the later
archived. A version whose content is archived already is known, and dropped. Only lines that may
have another version, the suspects, are looked at one by one.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.kernel.orderlines import CONTENT, KEY, KEY_HASH, STAGED
from ledger.store.archive.folder import ArchivedFile
from ledger.store.archive.keys import keyed
from ledger.store.archive.sql import one_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

INCOMING = "archive_incoming"
SUSPECTS = "archive_suspects"
VERSIONS = "archive_versions"
LINES = "archive_lines"

FIRST, SUPERSEDES, PASSED = "first", "supersedes", "passed"
"""What a line was when it was archived: the only version so far; one that counts in place of an
earlier file's; one that never counts, because another was later from the start."""
VERSION = f"ENUM('{FIRST}', '{SUPERSEDES}', '{PASSED}')"

_SAME = ", ".join(CONTENT)
_KEY = ", ".join(KEY)
_LATEST = "updated_at DESC, file DESC, source_file DESC, source_row DESC"


class Known(NamedTuple):
    """What became of the incoming lines; the relation `LINES` holds those to be archived, with
    key and version."""

    known: int
    revised: int
    replacing: bool
    """Whether a line is not simply a first version, so that readers of the archive compare
    versions."""
    known_in: tuple[int, ...] = ()
    """Which files of the history, from 1, hold the lines that are known."""


def sort_out(
    connection: "DuckDBPyConnection",
    table: str,
    folder: Path,
    history: Sequence[ArchivedFile],
    repeats: str | None,
) -> Known:
    """Compares the lines of `table` with each other and with the archived files, oldest first.

    `repeats` is a table of the keys that occur there more than once; None: they are searched for.
    """
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {INCOMING} AS SELECT {KEY_HASH} AS key, * FROM {table}"
    )
    repeated = f"SELECT key FROM {INCOMING} GROUP BY key HAVING count(*) > 1"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {SUSPECTS} AS"
        f" {f'SELECT key FROM {repeats}' if repeats else repeated}"
    )
    if history:
        connection.execute(
            f"INSERT INTO {SUSPECTS} SELECT key FROM ({keyed(connection, folder, history)})"
            f" WHERE key IN (SELECT key FROM {INCOMING})"
        )
    (suspects,) = one_row(connection, f"SELECT count(*) FROM {SUSPECTS}")
    columns = ", ".join(STAGED)
    if not suspects:
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {LINES} AS"
            f" SELECT key, {columns}, '{FIRST}'::{VERSION} AS version FROM {INCOMING}"
        )
        return Known(0, 0, False)
    _compare(connection, folder, history)
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {LINES} AS"
        f" SELECT key, {columns}, '{FIRST}'::{VERSION} AS version FROM {INCOMING}"
        f" WHERE key NOT IN (SELECT key FROM {SUSPECTS})"
        f" UNION ALL SELECT {KEY_HASH} AS key, {columns}, version FROM {VERSIONS} WHERE is_new"
    )
    return _counted(connection)


def _counted(connection: "DuckDBPyConnection") -> Known:
    (incoming,) = one_row(
        connection,
        f"SELECT count(*) FROM {INCOMING} WHERE key IN (SELECT key FROM {SUSPECTS})",
    )
    kept, first = one_row(
        connection,
        f"SELECT count(*), count(*) FILTER (WHERE version = '{FIRST}')"
        f" FROM {VERSIONS} WHERE is_new",
    )
    known_in = connection.execute(
        f"SELECT DISTINCT file FROM {VERSIONS} WHERE NOT is_new AND comes_again ORDER BY file"
    ).fetchall()
    files = tuple(int(row[0]) for row in known_in)
    return Known(incoming - kept, kept - first, kept > first, files)


def _compare(
    connection: "DuckDBPyConnection", folder: Path, history: Sequence[ArchivedFile]
) -> None:
    """Every version of every suspect, each content once, ranked by which one counts.

    `comes_again`: the call brings what an older file holds.
    """
    columns = ", ".join(f"{name}::{kind} AS {name}" for name, kind in _types(connection).items())
    old = ""
    if history:
        known = keyed(connection, folder, history, ("file", *STAGED))
        old = (
            f" UNION ALL SELECT file, {columns}, false FROM ({known})"
            f" WHERE key IN (SELECT key FROM {SUSPECTS})"
        )
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE {VERSIONS} AS
        WITH versions AS (
            SELECT {len(history) + 1} AS file, {", ".join(STAGED)}, true AS is_new
            FROM {INCOMING} WHERE key IN (SELECT key FROM {SUSPECTS}){old}
        ), once AS (
            SELECT *, bool_or(is_new) OVER (PARTITION BY {_SAME}) AS comes_again
            FROM versions QUALIFY row_number() OVER (
                PARTITION BY {_SAME} ORDER BY file, source_file, source_row) = 1
        ), ranked AS (
            SELECT *, row_number() OVER (PARTITION BY {_KEY} ORDER BY {_LATEST}) AS rank,
                bool_or(NOT is_new) OVER (PARTITION BY {_KEY}) AS seen
            FROM once
        )
        SELECT {", ".join(STAGED)}, file, is_new, comes_again,
            (CASE WHEN rank > 1 THEN '{PASSED}' WHEN seen THEN '{SUPERSEDES}' ELSE '{FIRST}' END)
                ::{VERSION} AS version
        FROM ranked"""
    )


def _types(connection: "DuckDBPyConnection") -> dict[str, str]:
    """The types of the incoming columns, so that a few old lines do not change them."""
    rows = connection.execute(f"DESCRIBE SELECT {', '.join(STAGED)} FROM {INCOMING}").fetchall()
    return {str(name): str(kind) for name, kind, *_ in rows}
