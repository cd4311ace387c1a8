"""What is wrong with one row, in words. The rules are those of `expressions`, for a few rows."""

import re
import unicodedata
from collections.abc import Mapping
from difflib import get_close_matches

from ledger.intake.columns import BLANKS
from ledger.intake.orders.expressions import (
    CATEGORY_CHARACTERS_MAX,
    ID_CHARACTERS_MAX,
    MINOR_MAX,
)
from ledger.intake.orders.rejected import RowFault
from ledger.kernel.currencies import EXPONENTS, OFTEN_MEANT
from ledger.kernel.errors import BadAmount, BadInstant, NoZone
from ledger.kernel.ids import EXPECTED, HINT, is_spoilt, unfit, unguarded
from ledger.kernel.instants import Instant, format_instant, parse_instant
from ledger.kernel.money import Money
from ledger.kernel.orderlines import COLUMNS, ENUMERATIONS, IDS, OPTIONAL

Row = Mapping[str, str | None]

_IDS = f"letters, digits, '.', '_' and '-', 1 to {ID_CHARACTERS_MAX} of them"
_BEYOND_AN_HOUR = re.compile(r"[+-][0-9]{2}:?[6-9][0-9]$", re.ASCII)
"""An offset that Python's own parser accepts."""


class _FaultFound(Exception):
    """Carries the fault out of the check that found it."""

    def __init__(self, fault: RowFault) -> None:
        super().__init__(fault.code)
        self.fault = fault


def fault_of(row: Row, now: Instant) -> RowFault | None:
    """The first fault in the order of the columns, or None where there is none."""
    cells = {name: tidied(row.get(name), is_id=name in IDS) for name in COLUMNS}
    try:
        for name in COLUMNS:
            if cells[name] is None and name not in OPTIONAL:
                raise _fault("missing_field", name, None, "a value", "Fill the cell.")
        for name in COLUMNS:
            _check(name, cells, now)
    except _FaultFound as fault_found:
        return fault_found.fault
    return None


def fault_of_fixed(column: str, value: str, now: Instant) -> RowFault | None:
    """What is wrong with one value for all rows, as far as it can be checked without them."""
    try:
        if tidied(value, is_id=column in IDS) is None:
            raise _fault("missing_field", column, None, "a value", "Give one.")
        if column not in ("amount", "refunded"):
            _check(column, {column: tidied(value, is_id=column in IDS)}, now)
    except _FaultFound as fault_found:
        return fault_found.fault
    return None


def tidied(cell: str | None, *, is_id: bool = False) -> str | None:
    """The cell without blanks around it, an id without guards either, in NFC; None if it is
    blank."""
    text = (cell or "").strip(BLANKS)
    return unicodedata.normalize("NFC", unguarded(text) if is_id else text) or None


def _fault(code: str, column: str, text: str | None, expected: str, hint: str) -> _FaultFound:
    return _FaultFound(RowFault(code, column, text, expected, hint))


def _check(name: str, cells: Mapping[str, str | None], now: Instant) -> None:
    text = cells[name]
    if text is None:
        return
    if name in IDS:
        _check_id(name, text)
    elif name in ("created_at", "updated_at"):
        _check_instant(name, text, now)
    elif name == "currency":
        _check_currency(text)
    elif name == "amount":
        currency = cells["currency"] or ""
        _check_currency(currency)
        _minor(name, text, currency)
    elif name == "refunded":
        _check_refund(text, cells["amount"] or "", cells["currency"] or "")
    elif name == "category":
        if len(text) > CATEGORY_CHARACTERS_MAX or any(
            unicodedata.category(c) == "Cc" for c in text
        ):
            expected = f"1 to {CATEGORY_CHARACTERS_MAX} printable characters"
            raise _fault("invalid_field", name, text, expected, "Shorten it.")
    else:
        _check_word(name, text)


def _check_id(name: str, text: str) -> None:
    if is_spoilt(text):
        raise _fault("spoilt_id", name, text, EXPECTED, HINT)
    if expected := unfit(text):
        raise _fault("invalid_field", name, text, expected, "Take it out, or give another id.")
    good = all(c in "._-" or unicodedata.category(c)[0] in "LNM" for c in text)
    if not good or len(text) > ID_CHARACTERS_MAX:
        raise _fault("invalid_field", name, text, _IDS, "Take out blanks and other signs.")


def _check_currency(text: str) -> None:
    if text not in EXPONENTS:
        near = OFTEN_MEANT.get(text.upper()) or get_close_matches(text.upper(), EXPONENTS, n=1)
        raise _fault(
            "unknown_currency",
            "currency",
            text,
            "a currency of ISO 4217",
            f"Did you mean {near[0]}?" if near else "Three capital letters, such as CNY.",
        )


def _check_word(name: str, text: str) -> None:
    words = ENUMERATIONS[name]
    if text not in words:
        near = get_close_matches(text.lower(), words, n=1)
        raise _fault(
            "invalid_field",
            name,
            text,
            " or ".join(words),
            f"Did you mean {near[0]}?" if near else f"Write one of these: {', '.join(words)}.",
        )


def _check_instant(name: str, text: str, now: Instant) -> None:
    try:
        instant = parse_instant(text)
        if _BEYOND_AN_HOUR.search(text):
            raise BadInstant(f"{text!r} has an offset of more than 59 minutes.", "Correct it.")
    except NoZone as refusal:
        expected = "a time with its zone"
        hint = f"{refusal.hint} Or say which zone it is of: --zone Europe/Berlin"
        raise _fault("no_zone", name, text, expected, hint) from None
    except BadInstant as refusal:
        expected = "an ISO 8601 instant of 1900 to 9999"
        raise _fault("invalid_field", name, text, expected, refusal.hint) from None
    if instant > now:
        raise _fault(
            "in_future",
            name,
            text,
            f"a time up to now, {format_instant(now)}",
            "Send it once it has happened, or correct the date or its zone.",
        )


def _minor(name: str, text: str, currency: str) -> int:
    try:
        minor = Money.parse(text, currency).minor
    except BadAmount as refusal:
        expected = f"a plain decimal with at most {EXPONENTS[currency]} decimals for {currency}"
        raise _fault("bad_amount", name, text, expected, refusal.hint) from None
    if minor < 0:
        hint = "An order is never negative: put what was paid back into refunded."
        raise _fault("bad_amount", name, text, "zero or more", hint)
    if minor > MINOR_MAX:
        hint = "Check the amount: no real one is as long as this."
        raise _fault("bad_amount", name, text, "at most 18 digits in minor units", hint)
    return minor


def _check_refund(text: str, amount: str, currency: str) -> None:
    if _minor("refunded", text, currency) > _minor("amount", amount, currency):
        raise _fault(
            "bad_refund",
            "refunded",
            text,
            f"0 to the amount, {amount} {currency}",
            "Refunded is what was paid back of this order so far.",
        )
