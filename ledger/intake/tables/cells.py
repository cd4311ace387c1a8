"""The cells of a file's rows, as SQL: tidy, without marks, and tests of what a row holds."""

from collections.abc import Sequence

from ledger.intake.columns import trimmed
from ledger.intake.tables.header import Header
from ledger.intake.tables.mapping import NOT, OTHERS, Mapping, Sole
from ledger.intake.tables.marked import mark, marks, stripped
from ledger.intake.tables.rows import UNREADABLE
from ledger.kernel.duck import literal

_ENDS = r"^[\s\x{a0}\x{3000}]|[\s\x{a0}\x{3000}]$"
"""A blank at an end: looking for one is quicker than taking it off."""


class Cells:
    """Columns `c0`, `c1`, ... of a table with a header, as a mapping reads them.

    For a copy, `prepared` works each cell out once as `t0`, `t1`, ...; for a text that is read in
    place they are worked out where they are needed, as few rows need more than a quick look.
    """

    def __init__(self, mapping: Mapping, header: Header, *, marked: bool, in_place: bool) -> None:
        self._mapping, self._header, self._marked = mapping, header, marked
        self._file = mapping.file
        self._in_place = in_place
        self._steps: tuple[dict[str, str], dict[str, str]] = ({}, {})
        """What is worked out once a row, by name: what depends on cells, and what depends on
        that."""

    def knows(self, name: str) -> bool:
        """Whether the file has a column of that name."""
        return self._header.knows(name)

    def text(self, synonyms: Sequence[str]) -> str:
        """The text of a cell without the blanks around it; NULL for a blank one or no column."""
        at = self._header.at(synonyms)
        return "NULL::VARCHAR" if at is None else self._shown(self._cell(at))

    def named(self, name: str) -> str:
        """The text under a header, or of a column of ours by what it is read from."""
        if self._header.knows(name) or name not in self._mapping.columns:
            return self.text((name,))
        cells = [
            self.text(column.header) for column in self._mapping.columns[name] if column.header
        ]
        return f"coalesce({', '.join([*cells, 'NULL'])})"

    def unreadable(self, synonyms: Sequence[str]) -> str | None:
        """Whether a cell is one that holds no value, in SQL; None for files without such cells."""
        at = self._header.at(synonyms)
        if at is None or not self._marked:
            return None
        return f"starts_with(c{at}, {mark(UNREADABLE)})"

    def holds(self, sole: Sole) -> str:
        """Whether a row holds one of the given texts in each column, in SQL."""
        tests = []
        for header, texts in sole.items():
            said = f"lower({self.named(header)})"
            words = {text.strip().lower() for text in texts}
            ways = [f"{said} IS NOT NULL"] if OTHERS in words else []
            ways += [f"{said} IS NULL"] if "" in words else []
            nots = {word for word in words if word.startswith(NOT)}
            if some := ", ".join(map(literal, sorted(words - nots - {OTHERS, ""}))):
                ways.append(f"coalesce({said} IN ({some}), false)")
            if some := ", ".join(literal(word[1:].strip()) for word in sorted(nots)):
                ways.append(f"coalesce({said} NOT IN ({some}), true)")
            tests.append(f"({' OR '.join(ways)})")
        return " AND ".join(tests) or "true"

    def step(self, name: str, sql: str, *, last: bool = False) -> str:
        """Names an expression that is worked out once a row; a `last` one after the others."""
        self._steps[last][name] = sql
        return name

    def prepared(self, relation: str) -> str:
        """A table with the named expressions, worked out once a row however often they are used."""
        made = relation
        if not self._in_place:
            cells = [f"{self._tidied(at)} AS t{at}" for at in range(len(self._header.names))]
            made = f"(SELECT {', '.join(['*', *cells])} FROM {relation})"
        for steps in self._steps:
            if some := [f"{sql} AS {name}" for name, sql in steps.items()]:
                made = f"(SELECT {', '.join(['*', *some])} FROM {made})"
        return made

    def _tidied(self, at: int) -> str:
        cell = f"nullif({trimmed(f'c{at}')}, '')"
        if self._in_place:
            cell = f"CASE WHEN regexp_matches(c{at}, '{_ENDS}') THEN {cell} ELSE c{at} END"
        if self._file.strip:
            cell = stripped(cell, self._file.strip, marked=self._marked)
        if self._file.blanks:
            blanks = ", ".join(map(literal, self._file.blanks))
            cell = f"CASE WHEN {cell} NOT IN ({blanks}) THEN {cell} END"
        return cell

    def _cell(self, at: int, fill: Sequence[str] = ()) -> str:
        """A cell without blanks around it, NULL if it is blank; a mark is kept."""
        if not fill:
            return self._tidied(at) if self._in_place else f"t{at}"
        alike = ", ".join(self.text((header,)) for header in fill if header != OTHERS) or "true"
        order = f"PARTITION BY {alike} ORDER BY place ROWS UNBOUNDED PRECEDING"
        return f"last_value(t{at} IGNORE NULLS) OVER ({order})"

    def _shown(self, cell: str) -> str:
        """A cell's text without its mark."""
        return f"ltrim({cell}, {marks()})" if self._marked else cell
