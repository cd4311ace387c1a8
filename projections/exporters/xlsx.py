"""A statement as a workbook: what is due, with totals as formulas, and why, line by line."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from string import ascii_uppercase
from typing import IO, Any

from ledger.kernel.money import exponent
from projections.exporters import sheet as sheets
from projections.exporters.sheet import DIGITS_MAX, Amount, Cell, Sheet, Styles

Row = dict[str, Any]
LINE_COLUMNS = (
    *("line", "payee", "kind", "subject", "outcome", "why", "amount", "currency", "payer"),
)
NAMED = ("line", "payee", "kind", "subject", "outcome")
SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        *("Adjustments", "adjustments"),
        (
            *("line", "payee", "issued_at", "position", "outcome", "why", "facts", "orders"),
            *("difference", "currency", "was", "now", "filled", "statement"),
        ),
    ),
    (
        *("Payments", "payments"),
        ("ref", "statement", "paid_at", "position", "by", "on", "amount", "currency"),
    ),
    (
        *("Balances", "statements"),
        (
            *("statement", "payee", "issued", "adjusted", "brought_forward", "carried_forward"),
            *("due", "currency", "paid", "open", "advance"),
        ),
    ),
    (
        *("Held", "held"),
        ("payee", "when", "instant", "balance", "uncovered"),
    ),
    (
        *("Obligations", "obligations"),
        (
            *("obligation", "owed_to", "owed_by", "state", "due", "missing", "made_up"),
            *("amount", "currency", "repeated_in"),
        ),
    ),
)
"""Below the lines: a title, a key of the answer, and its columns. Sections without rows are left
out, and so are columns that no row has."""
AMOUNTS = {
    *("amount", "was", "now", "difference", "issued", "brought_forward", "adjusted"),
    *("carried_forward", "due", "paid", "open", "advance"),
}
EXPLANATION_COLUMNS = (
    *("line", "step", "required", "observed", "met", "clause", "facts", "amount", "currency"),
)
INDENT = "  "


def write(answer: Row, path_or_file: str | Path | IO[bytes]) -> None:
    """Writes the workbook of a `statement` answer to a file, or to its path.

    Sheet "Statement": what the answer is based on, a row per line, a total per commodity, then
    adjustments, payments, balances and obligations. Sheet "Explanations": the tree of every
    line, one row per step, each level indented by two blanks; continued on further sheets when
    one is full.

    Amounts are numbers in the format of their currency; those beyond 15 significant digits are
    texts. A total is a formula over its payable lines with our figure as its stored value, which
    programs that do not calculate show; where a spreadsheet could not add exactly, it is our
    figure alone. No text becomes a formula, a link or a number. The same answer gives the same
    bytes: the workbook is dated by `issued_at`. Raises `SheetFull` for more lines than a sheet
    holds.
    """
    import xlsxwriter  # type: ignore[import-untyped,unused-ignore]

    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    file = str(path_or_file) if isinstance(path_or_file, Path) else path_or_file
    # In memory: a statement leaves nothing behind in a temporary folder.
    book = xlsxwriter.Workbook(file, {**safe, "in_memory": True})
    created = datetime.fromisoformat(answer["issued_at"]).astimezone(UTC)
    book.set_properties(
        {"title": f"Statement of {answer['program']}", "created": created.replace(tzinfo=None)}
    )
    styles = Styles(book)
    _statement(Sheet(book, styles, "Statement"), answer)
    _explanations(book, styles, answer["lines"])
    book.close()


def _statement(sheet: Sheet, answer: Row) -> None:
    for label, value in _head(answer):
        sheet.line([label, value])
    sheet.line()
    sheet.heading(*LINE_COLUMNS)
    heading = sheet.row
    for line in answer["lines"]:
        why = "; ".join([*line["unmet"], *line["held_for"]])
        cells: list[Cell] = [line[name] for name in NAMED]
        sheet.line([*cells, why, *_money(line["amount"], line["currency"]), line["payer"]])
    rows = (heading, sheet.row)
    for currency, total in answer["totals"].items():
        sheet.line([*_total(answer["lines"], currency, total, rows, sheet.row + 1)])
    answer = answer | {"held": list(_held(answer))}
    for title, key, columns in SECTIONS:
        _section(sheet, title, columns, answer.get(key) or [])
    sheet.finish()


def _held(answer: Row) -> Iterator[Row]:
    """The balance held for each party at the month's start and at its end."""
    for pot in answer.get("pots", ()):
        for at, when in (("at_start", "at the month's start"), ("at_cut", "at its end")):
            if at in pot:
                yield {"payee": pot["payee"], "when": when, **pot[at]}


def _money(amount: str | None, currency: str | None) -> tuple[Cell, Cell]:
    """An amount with its currency; empty for a decision."""
    return (None, None) if currency is None else (Amount(amount, currency), currency)


def _head(answer: Row) -> Iterator[tuple[str, Cell]]:
    terms, seal = answer["terms"], answer.get("seal") or {}
    yield "Program", answer["program"]
    yield "Period", f"{answer['period']['from']} to {answer['period']['to']}"
    yield "Terms", f"{terms['publisher']} version {terms['version']}"
    yield "Terms digest", terms["digest"]
    yield "Rules version", answer["rules_version"]
    yield "As of", answer["as_of"]
    yield "Known at", answer["known_at"]
    yield "Issued at", answer["issued_at"]
    yield "Sealed at", seal.get("position")
    yield "Sealed by", seal.get("by")
    yield "Seal digest", seal.get("digest")


def _total(
    lines: list[Row], currency: str, total: str, rows: tuple[int, int], row: int
) -> Iterator[Cell]:
    """A row that sums the payable lines of a commodity, as a formula and as our figure.

    `rows` spans the heading, which adds nothing, to the last line; `row` is the total's own.
    """
    summed = [
        Decimal(line["amount"])
        for line in lines
        if line["currency"] == currency and line["outcome"] == "payable"
    ]
    assert sum(summed) == Decimal(total), f"{currency}: the lines come to {sum(summed)}"
    outcome, amount, code = (
        f"{_letter(name)}{rows[0]}:{_letter(name)}{rows[1]}"
        for name in ("outcome", "amount", "currency")
    )
    decimals = exponent(currency)
    own = f"{_letter('currency')}{row}"
    formula = f'=ROUND(SUMIFS({amount},{code},{own},{outcome},"payable"),{decimals})'
    yield from ("Total", *[None] * len(NAMED))
    yield Amount(total, currency, formula if _adds_up(summed, decimals) else None, bold=True)
    yield currency


def _letter(name: str) -> str:
    """The letter of a column of the lines."""
    return ascii_uppercase[LINE_COLUMNS.index(name)]


def _adds_up(amounts: list[Decimal], decimals: int) -> bool:
    """Whether a spreadsheet that adds these and rounds gets the last decimal right.

    Each of n additions in binary floating point errs by at most 2^-53 of the sum so far, so n
    times the sum of absolute amounts must stay below 2^53 halves of the last decimal.
    """
    size = sum(map(abs, amounts), Decimal(0))
    return len(amounts) * size < Decimal(10) ** (DIGITS_MAX - decimals)


def _section(sheet: Sheet, title: str, columns: tuple[str, ...], rows: list[Row]) -> None:
    if not rows:
        return
    columns = tuple(name for name in columns if not name or any(name in row for row in rows))
    sheet.line()
    sheet.heading(title)
    sheet.heading(*(name.replace("_", " ") for name in columns))
    for row in rows:
        sheet.line([_cell(row, name) for name in columns])


def _cell(row: Row, name: str) -> Cell:
    value = row.get(name)
    if name in AMOUNTS and "currency" in row:
        return None if row["currency"] is None else Amount(value, row["currency"])
    if isinstance(value, list | tuple):
        return "; ".join(_place(part) if isinstance(part, dict) else str(part) for part in value)
    return value if isinstance(value, int) else value and str(value)


def _place(fact: Row) -> str:
    """A fact or an order as the recipient of a statement can find it: in which file and row."""
    if "order_id" in fact:
        fees = f"{fact['was'] or 'none'} to {fact['now'] or 'none'}"
        return f"{fact['order_id']} {fees} ({fact['file']}:{fact['row']})"
    place = f" ({fact['file']}:{fact['line']})" if fact.get("line") else ""
    return f"{fact['type']} {fact['at'][:10]}{place}"


def _explanations(book: Any, styles: Styles, lines: list[Row]) -> None:
    """All trees on one sheet, or on several where one is not enough."""
    number, sheet = 1, _explanation_sheet(book, styles, 1)
    for line in lines:
        for cells in _steps(line["line"], line["explanation"], 0):
            if sheet.row >= sheets.ROWS_MAX:
                sheet.finish()
                number += 1
                sheet = _explanation_sheet(book, styles, number)
            sheet.line(cells)
    sheet.finish()


def _explanation_sheet(book: Any, styles: Styles, number: int) -> Sheet:
    sheet = Sheet(book, styles, "Explanations" if number == 1 else f"Explanations {number}")
    sheet.heading(*EXPLANATION_COLUMNS)
    sheet.freeze()
    return sheet


def _steps(line: str, step: Row, depth: int) -> Iterator[list[Cell]]:
    """A step and below it its parts; nothing for a line that has no explanation."""
    if not step:
        return
    currency = step.get("currency", "")
    yield [
        *(line, INDENT * depth + step["label"], step.get("required"), step.get("observed")),
        *(_met(step), step.get("clause"), "; ".join(map(str, step.get("events", ())))),
        *(Amount(step["amount"], currency) if "amount" in step else None, currency),
    ]
    for part in step.get("parts", ()):
        yield from _steps(line, part, depth + 1)


def _met(step: Row) -> str:
    if step.get("pending"):
        return f"pending: {step['pending']}"
    return {True: "yes", False: "no", None: ""}[step.get("met")]
