"""A statement as a workbook: a sheet that can be printed and sent, and why, step by step.

A statement of one payee has the letterhead, what it comes to, its lines, adjustments and payments,
and its seal, as the page and the PDF have. Of several statements, which are the house's own list,
each row says whose it is, and adjustments name file and row of what caused them.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from projections.exporters.explanations import explanations
from projections.exporters.sheet import (
    BOLD,
    HAIR,
    INDENTED,
    Amount,
    Look,
    Placed,
    Sheet,
    Styles,
    fitting,
)
from projections.exporters.statement_tables import (
    ADJUSTMENTS,
    ADJUSTMENTS_OF_SEVERAL,
    BALANCES,
    LINES,
    LINES_OF_SEVERAL,
    OBLIGATIONS,
    OBLIGATIONS_OF_SEVERAL,
    Tables,
)
from projections.issued.mark import mark_of
from projections.pages.statement_content import (
    fingerprint,
    flows,
    how_to_check,
    owes,
    recipient,
)
from projections.pages.voice import Addressed, Voice

Row = dict[str, Any]
SINGLE = (32, 15, 14, 30, 12, 12, 14, 11)
SEVERAL = (37, 18, 14, 16, 14, 34, 14, 11, 14, 14, 14)
"""The widths of the columns, in digits."""
TITLE_MAX = 255
"""How much a property of a workbook holds. Source: Excel specifications and limits."""
TITLE: Look = {**BOLD, "font_size": 16}
SECTION: Look = {**BOLD, "font_size": 12}
SOFT: Look = {"font_color": "#56616D"}
CODE: Look = {"font_name": "Consolas"}


def write(answer: Row, path_or_file: str | Path | IO[bytes], to: Addressed | None = None) -> None:
    """Writes the workbook of a `statement` answer to a file, or to its path.

    Sheet "Statement": whose it is, what it comes to, a row per line, a total per commodity, then
    adjustments, payments and the seal. Sheet "Explanations": the steps of every line, also as
    adjusted, each level indented by two blanks; continued on further sheets when one is full.

    Days are those of the program's zone, codes are in words, labels in the letterhead's languages.
    Amounts are numbers in the format of their currency; those beyond 15 significant digits are
    texts. A total is a formula over its payable lines with our figure as its stored value, which
    programs that do not calculate show; where a spreadsheet could not add exactly, it is our
    figure alone. No text becomes a formula, a link or a number. The same answer gives the same
    bytes: the workbook is dated by `issued_at`. Raises `SheetFull` for more lines than a sheet
    holds.
    """
    import xlsxwriter  # type: ignore[import-untyped,unused-ignore]

    to = to or Addressed()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    file = str(path_or_file) if isinstance(path_or_file, Path) else path_or_file
    # In memory: a statement leaves nothing behind in a temporary folder.
    book = xlsxwriter.Workbook(file, {**safe, "in_memory": True})
    created = datetime.fromisoformat(answer["issued_at"]).astimezone(UTC)
    name = to.statement or answer["program"]
    title = fitting(f"{to.voice.label('statement')} {name}", TITLE_MAX)
    book.set_properties({"title": title, "created": created.replace(tzinfo=None)})
    styles = Styles(book)
    if to.statement:
        _single(Sheet(book, styles, "Statement", SINGLE), answer, to)
    else:
        _several(Sheet(book, styles, "Statement", SEVERAL), answer, to.voice)
    explanations(book, styles, answer, to.voice, name, with_facts=not to.statement)
    book.close()


def _single(sheet: Sheet, answer: Row, to: Addressed) -> None:
    voice = to.voice
    head = to.letterhead
    sheet.wide(f"{voice.label('statement')} {to.statement}", BOLD)
    sheet.freeze()  # the heads of the lines stand too far down: little would be left to scroll
    if head.name:
        sheet.wide(head.name, TITLE)
    for text in filter(None, (*head.address, head.contact)):
        sheet.wide(text, SOFT)
    sheet.line()
    period = f"{answer['period']['from']} – {answer['period']['to']}"
    for label, text in (
        ("to", recipient(answer, to.name)),
        ("number", to.statement),
        ("period", period),
        ("issued_on", voice.day(answer["issued_at"])),
    ):
        sheet.wide(f"{voice.label(label)}: {text}")
    _summary(sheet, answer, voice)
    tables = Tables(sheet, voice, SECTION)
    heads = tables.lines(answer, LINES)
    tables.adjustments(answer, ADJUSTMENTS, with_files=False)
    tables.payments(answer, ("reference", "day", *[None] * 4, "amount", "currency"))
    tables.held(answer, ("held_at", "day", *[None] * 3, "balance", "uncovered"))
    tables.obligations(answer, OBLIGATIONS)
    _seal(sheet, answer, to)
    sheet.printed(to.statement, repeated=heads)
    sheet.finish()


def _summary(sheet: Sheet, answer: Row, voice: Voice) -> None:
    """From the opening balance to the closing one, as far as there is money to pay."""
    rows = list(flows(answer))
    if not rows:
        return
    sheet.line()
    sheet.line([voice.label("summary")], SECTION)
    for flow, amount, currency in rows:
        look = {**HAIR, **BOLD} if flow in ("due", "open") else HAIR
        money = (Amount(amount, currency), Placed(currency, INDENTED))
        sheet.line([voice.label(flow), *[None] * 5, *money], look)
    if owes(answer):
        sheet.line([voice.label("negative")], SOFT)


def _seal(sheet: Sheet, answer: Row, to: Addressed) -> None:
    """The fingerprint, the commands that check it, and the mark that these read. Under a title of
    its own, so that a program that reads the sheet knows where the tables end."""
    voice = to.voice
    sheet.line()
    sheet.line([voice.label("fingerprint")], SECTION)
    sheet.wide(fingerprint(answer), CODE)
    for label, command in how_to_check(answer, to.statement, voice):
        sheet.wide(label, SOFT)
        sheet.wide(command, CODE)
    sheet.wide(mark_of(answer, voice.languages), {**SOFT, "font_size": 8})


def _several(sheet: Sheet, answer: Row, voice: Voice) -> None:
    sheet.line([f"{voice.label('statement')} {answer['program']}"], TITLE)
    for label, text in _based_on(answer):
        sheet.line([voice.label(label), text])
    tables = Tables(sheet, voice, SECTION)
    heads = tables.lines(answer, LINES_OF_SEVERAL)
    sheet.freeze(heads + 1)
    tables.adjustments(answer, ADJUSTMENTS_OF_SEVERAL, with_files=True)
    tables.payments(
        answer, ("statement", "reference", None, "day", None, None, "amount", "currency")
    )
    tables.balances(answer, BALANCES)
    tables.held(answer, ("held_at", "payee", None, "day", None, "balance", "uncovered"))
    tables.obligations(answer, OBLIGATIONS_OF_SEVERAL)
    sheet.printed(answer["program"], repeated=heads, sideways=True)
    sheet.finish()


def _based_on(answer: Row) -> Iterator[tuple[str, str]]:
    """What the statements of a period rest on: terms, clocks and seal."""
    terms, seal = answer["terms"], answer["seal"]
    yield "program", answer["program"]
    yield "period", f"{answer['period']['from']} – {answer['period']['to']}"
    yield "terms", f"{terms['publisher']} {terms['version']}, {terms['digest']}"
    yield "clocks", f"{answer['as_of']}, {answer['known_at']}"
    yield "issued_on", answer["issued_at"]
    yield "fingerprint", f"{seal['digest']} ({seal['by']}, {seal['position']})"
