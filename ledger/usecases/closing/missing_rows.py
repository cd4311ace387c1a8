"""Rows of a keyed table that a later version of terms has and a closed period lacked.

A row applies to the values that its key names, to all values of a field that it leaves out, and
to the days that it names, where rows of the table have days. It fills only what no row covered
when the period was closed: nothing that a row has decided may change.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from ledger.programs.program import Program

ONE_DAY = timedelta(days=1)
_DAYS = re.compile(
    r"@(?P<first>[0-9]{4}-[0-9]{2}-[0-9]{2})?\.\.(?P<last>[0-9]{4}-[0-9]{2}-[0-9]{2})?", re.ASCII
)
Row = dict[str, Any]


class Span(NamedTuple):
    """Calendar days, both ends included; `date.min` and `date.max` where an end is open."""

    first: date
    last: date

    def without(self, taken: Iterable["Span"]) -> Iterator["Span"]:
        """The days that are in none of some other spans."""
        start = self.first
        for span in sorted(taken):
            if span.last < start or span.first > self.last:
                continue
            if span.first > start:
                yield Span(start, span.first - ONE_DAY)
            if span.last >= self.last:
                return
            start = span.last + ONE_DAY
        yield Span(start, self.last)

    @property
    def text(self) -> str:
        """As it is written in the name of a row."""
        first = "" if self.first == date.min else self.first.isoformat()
        last = "" if self.last == date.max else self.last.isoformat()
        return f"@{first}..{last}"


ALWAYS = Span(date.min, date.max)


class Table(NamedTuple):
    """How the rows of a parameter are distinguished."""

    fields: tuple[str, ...]
    """Fields of the key; a row that has an earlier one takes precedence over a row that does
    not."""
    days: tuple[str, str] | None
    """The fields of a row's first and last day, where its rows have days."""

    @classmethod
    def of(cls, program: Program, name: str) -> "Table":
        """The table of a program's keyed parameter."""
        return cls(program.keyed[name], program.dated.get(name))

    def missing(self, have: list[Row], row: Row) -> Iterator[str]:
        """The name of each piece of a row that no existing row covers."""
        span = self._span(row)
        for piece in span.without(
            self._span(existing) for existing in have if self._decides(existing, row)
        ):
            dated = span != ALWAYS or piece != ALWAYS
            yield self._key(row) + (piece.text if dated else "")

    def named(self, rows: list[Row], name: str) -> list[Row]:
        """The rows that a name refers to: whole, or limited to the days that it names."""
        return [piece for row in rows for piece in self._pieces(row, name)]

    def _pieces(self, row: Row, name: str) -> Iterator[Row]:
        key, span = self._key(row), self._span(row)
        if name == key and span == ALWAYS:
            yield row
        elif name.startswith(key) and (days := _DAYS.fullmatch(name.removeprefix(key))):
            assert self.days is not None, f"{name} names days, and no row of the table has any"
            named = zip(self.days, days.groups(), strict=True)
            piece = {field: day for field, day in named if day is not None}
            if span.first <= self._span(piece).first and self._span(piece).last <= span.last:
                yield {name: value for name, value in row.items() if name not in self.days} | piece

    def _decides(self, existing: Row, row: Row) -> bool:
        """Whether an existing row overlaps a new one that ties with it or takes precedence over
        it. An existing row that takes precedence over the new one is not affected by it.
        """
        for field in self.fields:
            old, new = existing.get(field), row.get(field)
            if old and new and old != new:
                return False
        for field in self.fields:
            if bool(existing.get(field)) != bool(row.get(field)):
                return bool(row.get(field))
        return True

    def _span(self, row: Row) -> Span:
        if self.days is None:
            return ALWAYS
        first, last = (row.get(field) for field in self.days)
        return Span(
            date.fromisoformat(first) if first else date.min,
            date.fromisoformat(last) if last else date.max,
        )

    def _key(self, row: Row) -> str:
        return "/".join(str(row.get(field) or "") for field in self.fields)
