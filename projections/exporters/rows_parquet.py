"""Rows as a Parquet file, for other people's tools: typed, streamed, exact."""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from shutil import copyfileobj
from typing import IO, Any

from ledger.kernel.duck import PLAIN, literal
from ledger.kernel.errors import Refusal
from ledger.store.archive.connection import connect
from ledger.store.scratch import Scratch
from projections.cells import cell, is_money, is_number_column
from projections.exporters.rows_csv import NO_COLUMN

DIGITS_MAX = 38
"""Of a decimal in Parquet."""
MEMORY = "256MB"
OBJECT_BYTES = 64 * 1024 * 1024
"""Of a row as JSON."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z", re.ASCII
)
_NUMBER = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?", re.ASCII)


class NoColumns(Refusal):
    """An answer without rows: it names no columns, and a Parquet file needs some."""


class Column:
    """A column, and the narrowest type that has held all of its values so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._kinds: set[str] = set()
        self._whole = self._decimals = 0

    def text(self, value: Any) -> str | None:
        """The value as it is written, None for none; it is taken into account for the type."""
        if value is None:
            return None
        if isinstance(value, bool):
            self._kinds.add("BOOLEAN")
            return "true" if value else "false"
        shown = cell(value).encode("utf-8", "backslashreplace").decode()
        self._kinds.add(self._kind(value, shown))
        return shown

    def _kind(self, value: Any, shown: str) -> str:
        number = _NUMBER.fullmatch(shown)
        if number and (isinstance(value, int) or self._is_number(shown)):
            whole, decimals = number.groups()
            self._whole = max(self._whole, len(whole))
            self._decimals = max(self._decimals, len(decimals or ""))
            return "DECIMAL"
        if isinstance(value, float):
            return "DOUBLE"
        if isinstance(value, str) and _DATE.fullmatch(shown) and _exists(shown):
            return "DATE"
        if isinstance(value, str) and _INSTANT.fullmatch(shown) and _exists(shown):
            return "TIMESTAMPTZ"
        return "VARCHAR"

    def _is_number(self, shown: str) -> bool:
        """Whether a text is a number here; what is no amount and ends in a zero after the point, as
        the entry 12.10 does, is a name, as is what begins with one."""
        if not is_number_column(self.name):
            return False
        plain = not (shown.startswith("0") and shown[1:2].isdigit())
        return plain and (is_money(self.name) or "." not in shown or not shown.endswith("0"))

    @property
    def type(self) -> str:
        """The type of the column in SQL: text where its values are of several kinds."""
        if len(self._kinds) != 1:
            return "VARCHAR"
        (kind,) = self._kinds
        if kind != "DECIMAL":
            return kind
        if not self._decimals and self._whole < len(str(2**63)):
            return "BIGINT"
        digits = self._whole + self._decimals
        return f"DECIMAL({DIGITS_MAX}, {self._decimals})" if digits <= DIGITS_MAX else "VARCHAR"


def write(rows: Iterable[dict[str, Any]], file: IO[bytes]) -> None:
    """Writes the rows in their order, in little memory, by way of a temporary folder.

    Columns are those of the CSV. Amounts and counts are decimals and whole numbers, days dates,
    instants timestamps in UTC, yes and no booleans; a column of several kinds is text, as is a
    number that no decimal holds exactly. Nothing is a fraction in binary that was not one before.
    Raises `NoColumns`.
    """
    with Scratch() as folder:
        staged, made = folder / "rows.ndjson", folder / "rows.parquet"
        with staged.open("w", encoding="utf-8") as lines:
            columns = _staged(rows, lines)
        if not columns:
            raise NoColumns(
                "The answer has no rows, so that a Parquet file would have no columns.",
                "Ask for more, or write .csv or .json.",
            )
        names = _distinct([column.name for column in columns])
        texts = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(columns)))
        shown = ", ".join(
            f"CAST(c{number} AS {column.type}) AS {name}"
            for number, (column, name) in enumerate(zip(columns, names, strict=True))
        )
        with connect(folder, MEMORY, threads=1) as database:
            database.execute(
                f"COPY (SELECT {shown} FROM read_json({literal(str(staged))}, {PLAIN}, "
                f"format='newline_delimited', columns={{{texts}}}, "
                f"maximum_object_size={OBJECT_BYTES})) TO {literal(str(made))} "
                "(FORMAT parquet, COMPRESSION zstd)"
            )
        with made.open("rb") as content:
            copyfileobj(content, file)


def _exists(text: str) -> bool:
    """Whether there is such a day or instant."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _staged(rows: Iterable[dict[str, Any]], lines: IO[str]) -> list[Column]:
    """Writes the rows as text; their columns."""
    columns: list[Column] = []
    if isinstance(rows, list):
        columns = _columns(name for row in rows for name in row)
    for row in rows:
        columns = columns or _columns(row)
        values = {
            f"c{number}": column.text(row.get(column.name)) for number, column in enumerate(columns)
        }
        lines.write(json.dumps(values, ensure_ascii=False) + "\n")
    return columns


def _columns(names: Iterable[str]) -> list[Column]:
    return [Column(name) for name in dict.fromkeys(names) if name != NO_COLUMN]


def _distinct(names: Iterable[str]) -> Iterator[str]:
    """Names in quotes; those that others have but for their case get a number."""
    seen: dict[str, int] = {}
    for name in names:
        count = seen[name.casefold()] = seen.get(name.casefold(), 0) + 1
        text = name.replace('"', '""') + (f"_{count}" if count > 1 else "")
        yield f'"{text}"'
