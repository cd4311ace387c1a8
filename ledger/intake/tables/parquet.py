"""The columns of a Parquet file as text: those of a type that loses cents or digits are marked."""

from typing import TYPE_CHECKING

from ledger.intake.tables.plain_file import PlainFile
from ledger.intake.tables.rows import MOMENT, NUMBER, UNREADABLE
from ledger.kernel.duck import PLAIN, literal, whole

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FLOATS = ("FLOAT", "DOUBLE", "REAL")


def parquet_cells(connection: "DuckDBPyConnection", file: PlainFile) -> tuple[list[str], str, str]:
    """The names, the cells as `c0`, `c1`, ..., and what they are read from: a copy of the file."""
    read = f"read_parquet({literal(whole(file.path))}, {PLAIN}, file_row_number = true)"
    described = connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()
    columns = [(str(row[0]), str(row[1])) for row in described if row[0] != "file_row_number"]
    cells = ", ".join(f"{_cell(*column)} AS c{at}" for at, column in enumerate(columns))
    return [name for name, _ in columns], cells, read


def _cell(name: str, kind: str) -> str:
    """A value as text. A float keeps no cents and no long id; it is a fault where it is read."""
    quoted = '"' + name.replace('"', '""') + '"'
    text = f"{quoted}::VARCHAR"
    if kind == "VARCHAR" or kind.startswith("ENUM"):
        return text
    if kind.startswith("DECIMAL"):
        short = text if kind.endswith(",0)") else rf"regexp_replace({text}, '\.?0+$', '')"
        return f"chr({ord(NUMBER)}) || {short}"
    if kind in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"):
        return f"strftime({quoted}::TIMESTAMPTZ, '%Y-%m-%dT%H:%M:%S.%fZ')"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return f"chr({ord(MOMENT)}) || {text}"
    if kind in _FLOATS or kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "BLOB")):
        said = literal(f"a value of the type {kind}, which keeps neither cents nor long ids")
        return f"CASE WHEN {quoted} IS NOT NULL THEN chr({ord(UNREADABLE)}) || {said} END"
    return text
