"""The tables of a statement's workbook, one below the other on a grid of columns.

Heads and titles are labels: `duebook-statement`, the mapping that reads a statement back, names
those of the lines and the adjustments in every language.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from string import ascii_uppercase
from typing import Any

from ledger.kernel.money import exponent
from projections.exporters.sheet import (
    DIGITS_MAX,
    HAIR,
    HEAD,
    INDENTED,
    RIGHT,
    WRAPPED,
    Amount,
    Cell,
    Look,
    Placed,
    Sheet,
)
from projections.pages.statement_content import held
from projections.pages.voice import Voice, money

Row = dict[str, Any]
Columns = Sequence[str | None]
"""The labels of columns; none for one that is left free."""
BODY: Look = {**WRAPPED, **HAIR}
AMOUNTS = {
    *("amount", "was", "now", "difference", "issued", "brought_forward", "adjusted"),
    *("carried_forward", "due", "paid", "open", "advance"),
}
COUNTS = {"missing", "made_up", "balance", "uncovered"}
LINES: Columns = ("line", "subject", "outcome", "reason", None, None, "amount", "currency")
ADJUSTMENTS: Columns = (
    *("line", "day", "outcome", "reason", "was", "now", "difference", "currency"),
)
OBLIGATIONS: Columns = (
    *("obligation", "due_on", "state", None, "missing", "made_up", "amount", "currency"),
)
LINES_OF_SEVERAL: Columns = (
    *("line", "payee", "kind", "subject", "outcome", "reason", "amount", "currency", "payer"),
)
ADJUSTMENTS_OF_SEVERAL: Columns = (
    *("line", "payee", None, "day", "outcome", "reason", "difference", "currency", "was", "now"),
)
BALANCES: Columns = (
    *("statement", "payee", "issued", "adjusted", "brought_forward", "carried_forward", "due"),
    *("currency", "paid", "open", "advance"),
)
OBLIGATIONS_OF_SEVERAL: Columns = (
    *("obligation", "owed_to", "owed_by", "due_on", "state", "repeated_in", "amount", "currency"),
    *("missing", "made_up"),
)


def heads(voice: Voice, columns: Columns) -> Iterator[Cell]:
    """The heads of columns, one language below the other; those of numbers to the right."""
    for name in columns:
        if name is None:
            yield None
            continue
        lines = voice.label(name, "\n").split("\n")
        text = "\n".join(line[:1].upper() + line[1:] for line in lines)
        looks = {"currency": INDENTED} | dict.fromkeys(AMOUNTS | COUNTS, RIGHT)
        yield Placed(text, looks[name]) if name in looks else text


class Tables:
    """Writes tables on a sheet."""

    def __init__(self, sheet: Sheet, voice: Voice, title: Look) -> None:
        self.sheet, self.voice, self._title = sheet, voice, title

    def begin(self, title: str, columns: Columns) -> int:
        """A title in a row of its own, below it the heads; answers the row of these."""
        self.sheet.line()
        self.sheet.line([self.voice.label(title)], self._title)
        row = self.sheet.row
        self.sheet.heading(*heads(self.voice, columns), look=HEAD)
        return row

    def row(self, columns: Columns, row: Row) -> None:
        """The cells of a row under its columns. An amount beside a currency is a number."""
        self.sheet.line([_cell(row, name) for name in columns], BODY)

    def lines(self, answer: Row, columns: Columns) -> int:
        """A row per line, and a total per commodity; answers the row of the heads."""
        voice = self.voice
        heads = self.begin("lines", columns)
        for line in answer["lines"]:
            reason = voice.reasons([*line["unmet"], *line["held_for"]])
            self.row(columns, {**line, "outcome": self._outcome(line), "reason": reason})
        rows = (heads + 1, self.sheet.row)
        for currency, total in answer["totals"].items():
            self.sheet.line([*self._total(answer["lines"], columns, currency, total, rows)], HEAD)
        return heads

    def adjustments(self, answer: Row, columns: Columns, *, with_files: bool) -> None:
        """A row per adjusted line: by how much, from what to what, and what caused it."""
        voice = self.voice
        if answer["adjustments"]:
            self.begin("adjustments", columns)
        for row in answer["adjustments"]:
            codes = [*row.get("unmet", ()), *row.get("held_for", ())]
            causes = [voice.reasons(codes), row.get("why", ""), *_causes(row, voice, with_files)]
            more = {"day": voice.day(row["issued_at"]), "outcome": self._outcome(row)}
            self.row(columns, {**row, **more, "reason": "\n".join(filter(None, causes))})

    def payments(self, answer: Row, columns: Columns) -> None:
        """A row per payment, with the bank's day."""
        if answer["payments"]:
            self.begin("payments", columns)
        for row in answer["payments"]:
            more = {"day": self.voice.bank_day(row), "reference": row["ref"]}
            self.row(columns, {**row, **more})

    def balances(self, answer: Row, columns: Columns) -> None:
        """A row per statement and commodity: from what was brought forward to what is open."""
        if answer["statements"]:
            self.begin("balances", columns)
        for row in answer["statements"]:
            self.row(columns, row)

    def held(self, answer: Row, columns: Columns) -> None:
        """What was held for a party at the month's start and at its end."""
        rows = list(held(answer))
        if rows:
            self.begin("held_money", columns)
        for at, balance in rows:
            day = self.voice.day(balance["instant"])
            self.row(columns, {**balance, "held_at": self.voice.label(at), "day": day})

    def obligations(self, answer: Row, columns: Columns) -> None:
        """What is owed besides the lines: things to be made up, or money."""
        if answer["obligations"]:
            self.begin("obligations", columns)
        for row in answer["obligations"]:
            more = {"state": self.voice.label_or_word(row["state"]), "due_on": row["due"]}
            self.row(columns, {**row, **more})

    def _outcome(self, row: Row) -> str:
        return self.voice.label_or_word(row["outcome"])

    def _total(
        self, lines: list[Row], columns: Columns, currency: str, total: str, rows: tuple[int, int]
    ) -> Iterator[Cell]:
        """A row that sums the payable lines of a commodity, as a formula and as our figure.

        `rows` spans the heads, which add nothing, to the last line, counted from one.
        """
        summed = [
            Decimal(line["amount"])
            for line in lines
            if line["currency"] == currency and line["outcome"] == "payable"
        ]
        assert sum(summed) == Decimal(total), f"{currency}: the lines come to {sum(summed)}"
        letter = {name: ascii_uppercase[at] for at, name in enumerate(columns)}
        outcome, amount, code = (
            f"{letter[name]}{rows[0]}:{letter[name]}{rows[1]}"
            for name in ("outcome", "amount", "currency")
        )
        decimals = exponent(currency)
        own = f"{letter['currency']}{self.sheet.row + 1}"
        payable = self.voice.label("payable")
        formula = f'=ROUND(SUMIFS({amount},{code},{own},{outcome},"{payable}"),{decimals})'
        shown = formula if _adds_up(summed, decimals) else None
        cells: dict[str | None, Cell] = {
            "line": self.voice.label("total"),
            "amount": Amount(total, currency, shown),
            "currency": Placed(currency, INDENTED),
        }
        yield from (cells.get(name) for name in columns)


def _adds_up(amounts: list[Decimal], decimals: int) -> bool:
    """Whether a spreadsheet that adds these and rounds gets the last decimal right.

    Each of n additions in binary floating point errs by at most 2^-53 of the sum so far, so n
    times the sum of absolute amounts must stay below 2^53 halves of the last decimal.
    """
    size = sum(map(abs, amounts), Decimal(0))
    return len(amounts) * size < Decimal(10) ** (DIGITS_MAX - decimals)


def _cell(row: Row, name: str | None) -> Cell:
    value = row.get(name) if name else None
    if name in AMOUNTS and "currency" in row:
        return None if row["currency"] is None else Amount(value, row["currency"])
    if value and name == "currency":
        return Placed(value, INDENTED)
    if value and name in ("balance", "uncovered"):
        return Placed(money(value), RIGHT)
    return value if isinstance(value, int) else value and str(value)


def _causes(row: Row, voice: Voice, with_files: bool) -> Iterator[str]:
    """The facts and orders that caused an adjustment, as its recipient knows them; the house's own
    list says in which file and row each is."""
    for fact in row.get("facts", ()):
        place = f" ({fact['file']}:{fact['line']})" if with_files and fact.get("line") else ""
        yield f"{fact['type']} {voice.day(fact['at'])}{place}"
    for order in row.get("orders", ()):
        place = f" ({order['file']}:{order['row']})" if with_files else ""
        yield f"{order['order_id']}: {order['was'] or '–'} → {order['now'] or '–'}{place}"
