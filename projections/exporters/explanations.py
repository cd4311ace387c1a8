"""The sheets of a statement's workbook that explain it: the steps to every line, as issued and as
it stands since it was adjusted."""

from collections.abc import Iterator
from typing import Any

from projections.exporters import sheet as sheets
from projections.exporters.sheet import (
    HEAD,
    INDENTED,
    WRAPPED,
    Amount,
    Cell,
    Placed,
    Sheet,
    Styles,
)
from projections.exporters.statement_tables import heads
from projections.pages.voice import Voice

Row = dict[str, Any]
COLUMNS = (
    *("line", "adjusted", "step", "required", "observed", "result", "clause", "amount", "currency"),
)
FACTS = "facts"
"""A column of the house's own list: the facts' positions in its log."""
WIDTHS = (32, 11, 36, 34, 34, 13, 22, 14, 11, 16)
INDENT = "  "


def explanations(
    book: Any, styles: Styles, answer: Row, voice: Voice, footer: str, *, with_facts: bool
) -> None:
    """All steps on one sheet, or on several where one is not enough."""
    columns = (*COLUMNS, FACTS) if with_facts else COLUMNS
    writing = _Explanations(book, styles, voice, footer, columns)
    for line in answer["lines"]:
        writing.tree(line["line"], "", line["explanation"])
    for row in answer["adjustments"]:
        writing.tree(row["line"], voice.day(row["issued_at"]), row.get("explanation") or {})
    writing.sheet.finish()


class _Explanations:
    def __init__(
        self, book: Any, styles: Styles, voice: Voice, footer: str, columns: tuple[str, ...]
    ) -> None:
        self._book, self._styles, self._voice, self._footer = book, styles, voice, footer
        self._columns = columns
        self._number = 0
        self.sheet = self._next()

    def tree(self, line: str, day: str, step: Row, depth: int = 0) -> None:
        """A step and below it its parts; nothing for a line that has no explanation."""
        if not step:
            return
        if self.sheet.row >= sheets.ROWS_MAX:
            self.sheet.finish()
            self.sheet = self._next()
        self.sheet.line([*self._cells(line, day, step, depth)], WRAPPED)
        for part in step.get("parts", ()):
            self.tree(line, day, part, depth + 1)

    def _next(self) -> Sheet:
        self._number += 1
        name = "Explanations" if self._number == 1 else f"Explanations {self._number}"
        sheet = Sheet(self._book, self._styles, name, WIDTHS[: len(self._columns)])
        sheet.heading(*heads(self._voice, self._columns), look=HEAD)
        sheet.freeze()
        sheet.printed(self._footer, repeated=0, sideways=True)
        return sheet

    def _cells(self, line: str, day: str, step: Row, depth: int) -> Iterator[Cell]:
        currency = step.get("currency", "")
        yield from (line, day, INDENT * depth + step["label"])
        yield from (step.get("required"), step.get("observed"), self._result(step))
        yield step.get("clause")
        yield Amount(step["amount"], currency) if "amount" in step else None
        yield Placed(currency, INDENTED) if currency else None
        if FACTS in self._columns:
            yield "; ".join(map(str, step.get("events", ())))

    def _result(self, step: Row) -> str:
        if step.get("pending"):
            return f"{self._voice.label('pending')}: {self._voice.word(step['pending'])}"
        met = step.get("met")
        return "" if met is None else self._voice.label("met" if met else "unmet")
