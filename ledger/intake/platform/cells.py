"""Cells of a workbook or CSV as ids, days and amounts: exact, or refused with what was found."""

import re
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from unicodedata import normalize

from ledger.intake.platform.sheets import Cell
from ledger.kernel.errors import Refusal
from ledger.kernel.money import Money

ZEROS = frozenset(("", "/", "-"))
SAFE_ID = 10**15
"""A workbook keeps 15 digits of a number: of a longer id the last ones are lost."""
_DAY = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}", re.ASCII)
_POWER = re.compile(r"[0-9][.,]?[0-9]*[eE][+]?[0-9]+", re.ASCII)


class BadCell(Exception):
    """A cell that cannot be used; `key` is the column's."""

    def __init__(self, key: str, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.key, self.code, self.sentence = key, code, sentence


def text_of(cell: Cell) -> str:
    """A cell's text without blanks around it, in NFC; another cell as it would be written."""
    return normalize("NFC", cell.strip()) if isinstance(cell, str) else str(cell)


def id_of(key: str, cell: Cell) -> str:
    """An id: text, or a whole number that is short enough to be whole. Raises `BadCell`."""
    text = text_of(cell)
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise BadCell(key, "bad_id", f"found {text}, expected an id as text.")
    if text in ZEROS:
        raise BadCell(key, "missing_field", "is empty.")
    if isinstance(cell, str) and not _POWER.fullmatch(text):
        return text
    if isinstance(cell, str) or not float(cell).is_integer() or abs(cell) >= SAFE_ID:
        raise BadCell(
            key,
            "id_as_number",
            f"found the number {text}, expected text: a number keeps 15 digits, and the last ones "
            "of this id are lost. Use the file as it was exported, not saved again.",
        )
    return str(int(cell))


def day_of(key: str, cell: Cell, *, needed: bool) -> str | None:
    """A day, `YYYY/MM/DD` or a workbook's own date. Raises `BadCell` for every other format."""
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return cell.isoformat()
    text = text_of(cell)
    if text in ZEROS and not needed:
        return None
    if text in ZEROS:
        raise BadCell(key, "missing_field", "is empty, expected a day as YYYY/MM/DD.")
    if isinstance(cell, str) and _DAY.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(text.replace("/", "-")).isoformat()
    raise BadCell(key, "bad_date", f"found {text!r}, expected a day as YYYY/MM/DD.")


def amount_of(key: str, cell: Cell, currency: str) -> Money:
    """An amount as text or number; blank, `/` and `-` are zero. Raises `BadCell`.

    A number is taken as the shortest decimal that gives it, which is what was written; one with
    more decimals than the currency has comes from a calculation and is refused.
    Raises `UnknownCurrency`.
    """
    zero = Money.zero(currency)
    text = cell.strip() if isinstance(cell, str) else _plain(cell)
    if text in ZEROS:
        return zero
    try:
        return Money.parse(text, currency)
    except Refusal as refusal:
        expected = f"expected an exact decimal amount in {currency}"
        said = f"found {text!r}, {expected}: {refusal.sentence}"
        raise BadCell(key, refusal.code, said) from None


def _plain(cell: Cell) -> str:
    """A number in digits; anything else as it is, to be refused."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return str(cell)
    return str(int(cell)) if float(cell).is_integer() else f"{Decimal(repr(cell)):f}"
