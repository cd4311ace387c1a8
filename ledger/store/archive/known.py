"""Which of the incoming lines the archive already knows, and which of them count from now on.

Of the versions of one line the one with the latest `updated_at` counts; of equal ones the later
archived. A version whose content is archived already is known, and dropped. Only lines that may
have another version, the suspects, are looked at one by one; many of them part by part, in memory
that a call of any size does not exceed.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from ledger.kernel.duck import PLAIN, literal, spill_of
from ledger.kernel.orderlines import CONTENT, KEY, KEY_HASH, STAGED
from ledger.store.archive.connection import MEMORY_LIMIT
from ledger.store.archive.folder import ArchivedFile
from ledger.store.archive.keys import keyed
from ledger.store.archive.refusals import ArchiveOutOfRoom, reason
from ledger.store.archive.sql import one_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

INCOMING = "archive_incoming"
SUSPECTS = "archive_suspects"
VERSIONS = "archive_versions"
PART = "archive_part"
KEPT = "archive_kept"
LINES = "archive_lines"
KEYS_MAX = 5_000_000
"""How many keys are looked for at a time."""
LITTLE = "700MB"
"""Of memory, for looking for known lines and comparing them."""
FLUSHED = 131_072
"""So many rows a thread holds while it deals them."""
SUSPECTS_MAX = 500_000
"""Of how many suspects all versions are compared at a time: more are dealt into parts by key."""

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
    (count,) = one_row(connection, f"SELECT count(*) FROM {INCOMING}")
    with _frugal(connection, count):
        return _sorted_out(connection, folder, history, count)


def _sorted_out(
    connection: "DuckDBPyConnection", folder: Path, history: Sequence[ArchivedFile], count: int
) -> Known:
    if history:
        _search(connection, keyed(connection, folder, history), -(-count // KEYS_MAX))
    (suspects,) = one_row(connection, f"SELECT count(*) FROM {SUSPECTS}")
    columns = ", ".join(STAGED)
    if not suspects:
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {LINES} AS"
            f" SELECT key, {columns}, '{FIRST}'::{VERSION} AS version FROM {INCOMING}"
        )
        return Known(0, 0, False)
    known_in = _compare(connection, folder, history, suspects)
    (suspected,) = one_row(
        connection,
        f"SELECT count(*) FROM {INCOMING} WHERE key IN (SELECT key FROM {SUSPECTS})",
    )
    lines = (
        f"SELECT key, {columns}, '{FIRST}'::{VERSION} AS version FROM {INCOMING}"
        f" WHERE key NOT IN (SELECT key FROM {SUSPECTS})"
        f" UNION ALL SELECT {KEY_HASH} AS key, {columns}, version FROM {VERSIONS}"
    )
    if count - suspected <= SUSPECTS_MAX:  # or each reader would look for them once more
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {KEPT} AS {lines}")
        lines = f"SELECT * FROM {KEPT}"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {LINES} AS {lines}")
    kept, first = one_row(
        connection,
        f"SELECT count(*), count(*) FILTER (WHERE version = '{FIRST}') FROM {VERSIONS}",
    )
    return Known(suspected - kept, kept - first, kept > first, tuple(sorted(known_in)))


@contextmanager
def _frugal(connection: "DuckDBPyConnection", count: int) -> Iterator[None]:
    """Less memory than the sorting of lines may take, where there are many of them: DuckDB takes
    more than it says while it deals rows into files, and what is dealt needs little."""
    if count <= SUSPECTS_MAX:
        yield
        return
    connection.execute(f"SET memory_limit = '{LITTLE}'")
    connection.execute(f"SET partitioned_write_flush_threshold = {FLUSHED}")
    try:
        yield
    finally:
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        connection.execute("RESET partitioned_write_flush_threshold")


def _search(connection: "DuckDBPyConnection", archived: str, times: int) -> None:
    """Adds the keys to the suspects that are among those archived: by a part of the incoming at a
    time, whose table fits into memory."""
    for turn in range(times):
        own = f"key % {times} = {turn}"
        connection.execute(
            f"INSERT INTO {SUSPECTS} SELECT key FROM ({archived})"
            f" WHERE {own} AND key IN (SELECT key FROM {INCOMING} WHERE {own})"
        )


def _compare(
    connection: "DuckDBPyConnection", folder: Path, history: Sequence[ArchivedFile], suspects: int
) -> set[int]:
    """Leaves in `VERSIONS` what is new of every suspect, and answers which files of the history
    hold what comes again."""
    new_file, kinds = len(history) + 1, _types(connection)
    columns = ", ".join(f"{name}::{kind} AS {name}" for name, kind in kinds.items())
    lines = [f"SELECT {new_file} AS file, {', '.join(STAGED)}, key FROM {INCOMING}"]
    if history:
        archived = keyed(connection, folder, history, ("file", *STAGED))
        lines.append(f"SELECT file, {columns}, key FROM ({archived})")
    known_in: set[int] = set()
    into = f"CREATE OR REPLACE TEMP TABLE {VERSIONS} AS"
    with closing(_dealt(connection, lines, suspects, columns)) as sources:
        for part in sources:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {PART} AS {_ranked(part, new_file)}")
            new = f"SELECT {', '.join(STAGED)}, version FROM {PART} WHERE is_new"
            connection.execute(f"{into} {new}")
            into = f"INSERT INTO {VERSIONS}"
            again = f"SELECT DISTINCT file FROM {PART} WHERE NOT is_new AND comes_again"
            known_in |= {int(file) for (file,) in connection.execute(again).fetchall()}
    connection.execute(f"DROP TABLE {PART}")
    return known_in


def _dealt(
    connection: "DuckDBPyConnection", lines: Sequence[str], suspects: int, columns: str
) -> Generator[str]:
    """Queries of all versions of a part of the suspects each, from queries of all lines.

    Where they are many they are read as often as they are looked for, and written to a folder for
    temporary files, a file or some for each part.
    """
    if suspects <= SUSPECTS_MAX:
        yield _where(lines, f"key IN (SELECT key FROM {SUSPECTS})")
        return
    times = -(-suspects // KEYS_MAX)
    parts = -(-suspects // (times * SUSPECTS_MAX))
    for turn in range(times):
        own = f"key % {times} = {turn}"
        versions = _where(lines, f"{own} AND key IN (SELECT key FROM {SUSPECTS} WHERE {own})")
        with _spilled(connection) as folder:
            with _telling_of_room():
                connection.execute(
                    f"COPY (SELECT *, key // {times} % {parts} AS part FROM ({versions}))"
                    f" TO {literal(folder)} (FORMAT parquet, COMPRESSION lz4, PARTITION_BY (part))"
                )
            for part in sorted(Path(folder).iterdir()):
                files = ", ".join(literal(str(path)) for path in sorted(part.iterdir()))
                yield f"SELECT file, {columns}, key FROM read_parquet([{files}], {PLAIN})"


@contextmanager
def _spilled(connection: "DuckDBPyConnection") -> Iterator[str]:
    """A folder among the temporary files of the database, until the end of the block."""
    with _telling_of_room():
        folder = TemporaryDirectory(dir=spill_of(connection))
    with folder as name:
        yield name


@contextmanager
def _telling_of_room() -> Iterator[None]:
    """Raises `ArchiveOutOfRoom` where temporary files cannot be written."""
    import duckdb

    try:
        yield
    except (duckdb.IOException, OSError) as error:
        raise ArchiveOutOfRoom(f"Temporary files cannot be written: {reason(error)}.") from None


def _where(queries: Sequence[str], condition: str) -> str:
    return " UNION ALL ".join(f"{query} WHERE {condition}" for query in queries)


def _ranked(source: str, new_file: int) -> str:
    """Every version, each content once where it was first, ranked by which one counts.

    `comes_again`: the call brings what an older file holds. Aggregated rather than by windows over
    all rows, which takes more than twice as long: only lines of several versions are ranked.
    """
    return f"""WITH once AS (
            SELECT {_SAME}, max(file) = {new_file} AS comes_again, min(
                {{'file': file, 'source_file': source_file, 'source_row': source_row}}) AS origin
            FROM ({source}) GROUP BY {_SAME}
        ), versions AS (
            SELECT {_SAME}, comes_again, origin.file AS file, origin.source_file AS source_file,
                origin.source_row AS source_row, origin.file = {new_file} AS is_new
            FROM once
        ), several AS (
            SELECT {_KEY} FROM versions GROUP BY {_KEY} HAVING count(*) > 1
        ), ranked AS (
            SELECT *, row_number() OVER (PARTITION BY {_KEY} ORDER BY {_LATEST}) AS rank,
                bool_or(NOT is_new) OVER (PARTITION BY {_KEY}) AS seen
            FROM versions SEMI JOIN several USING ({_KEY})
            UNION ALL
            SELECT *, 1, NOT is_new FROM versions ANTI JOIN several USING ({_KEY})
        )
        SELECT {", ".join(STAGED)}, file, is_new, comes_again,
            (CASE WHEN rank > 1 THEN '{PASSED}' WHEN seen THEN '{SUPERSEDES}' ELSE '{FIRST}' END)
                ::{VERSION} AS version
        FROM ranked"""


def _types(connection: "DuckDBPyConnection") -> dict[str, str]:
    """The types of the incoming columns, so that a few old lines do not change them."""
    rows = connection.execute(f"DESCRIBE SELECT {', '.join(STAGED)} FROM {INCOMING}").fetchall()
    return {str(name): str(kind) for name, kind, *_ in rows}
