"""Amounts as files write them, with marks, units, brackets, trailing signs, as plain decimals.

What could mean two things is NULL: a point where the mapping says that decimals follow a comma,
groups that are not thousands, two signs. So is what is not an amount.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from ledger.kernel.currencies import EXPONENTS
from ledger.kernel.duck import literal

UNITS = {
    "€": "EUR",
    "£": "GBP",
    "R$": "BRL",
    "₹": "INR",
    "฿": "THB",
    "₫": "VND",
    "đ": "VND",
    "₱": "PHP",
    "zł": "PLN",
    "Rp": "IDR",
    "RM": "MYR",
    "₩": "KRW",
    "₺": "TRY",
    "₪": "ILS",
    "US$": "USD",
    "MX$": "MXN",
    "CA$": "CAD",
    "A$": "AUD",
    "S$": "SGD",
    "HK$": "HKD",
    "NT$": "TWD",
    "Kč": "CZK",
    "CN¥": "CNY",
    "RMB": "CNY",
    "元": "CNY",
    "円": "JPY",
}
"""Signs that mean one currency. `$`, `¥` and `kr` mean several: a mapping's words say which."""
_NAMES = (
    *("kr", "Ft", "lei", "Rs", "Bs", "TL", "Dh", "din", "SFr", "Fr", "руб", "р", "грн", "лв"),
    *("S/", "圓", "圆", "块", "원", "บาท"),
)
"""Names of currencies that do not identify one; a point may follow."""
_MINUS = "[-\u2212\u2013]"
_SIGN = f"(?:{_MINUS}|[+])?"
_TERM = "DECIMAL(30, 6)"
"""The type of sums: 24 digits before six decimals; no currency has more decimals."""
_BLANKS = r"[\s\x{a0}\x{202f}\x{2009}\x{3000}]+"


def plain(text: str, decimal: str, thousands: str | None, units: Iterable[str] = ()) -> str:
    """The amount of a cell as a plain decimal, in SQL; `units` may be written next to it, as
    currencies may. Other letters make it NULL: `32.13 DR` and `1.2M` say more than an amount."""
    number = _number(decimal, thousands)
    usual = f"-?[0-9]{{1,15}}(?:{_escaped(decimal)}[0-9]{{1,6}})?"
    short = f"-?{_escaped(decimal)}[0-9]{{1,6}}"
    point = text if decimal == "." else f"replace({text}, {literal(decimal)}, '.')"
    bare = f"regexp_replace({text}, '{_BLANKS}', ' ', 'g')"
    unit = _unit(tuple(units))
    shape = f"{_SIGN} ?(?:{unit})? ?{_SIGN} ?(?:{number}) ?{_SIGN} ?(?:{unit})? ?{_SIGN}"
    whole = f"[(] ?{shape} ?[)]|{shape}"
    digits = f"regexp_extract({bare}, {literal(number)})"
    if thousands:
        mark = " " if not thousands.strip() else thousands
        digits = f"replace({digits}, {literal(mark)}, '')"
    if decimal != ".":
        digits = f"replace({digits}, {literal(decimal)}, '.')"
    signs = f"length(regexp_replace({bare}, '[^-(\\x{{2212}}\\x{{2013}}]', '', 'g'))"
    value = f"CASE WHEN {signs} = 1 THEN '-' ELSE '' END || {digits}"
    return (
        f"CASE WHEN regexp_full_match({text}, {literal(usual)}) THEN {point}"
        f" WHEN regexp_full_match({text}, {literal(short)}) THEN replace({point}, '.', '0.')"
        f" WHEN regexp_full_match({bare}, {literal(whole)}) AND {signs} <= 1 THEN {value} END"
    )


@lru_cache(maxsize=32)
def _unit(units: tuple[str, ...]) -> str:
    """What may be written next to an amount, as a pattern: signs, codes of ISO 4217, names,
    `units`."""
    names = sorted({*UNITS, *_NAMES, *map(_without_blanks, units)} - {""}, key=len, reverse=True)
    codes = "|".join(sorted(EXPONENTS))
    said = "|".join(re.escape(name) for name in names)
    return rf"(?:{said})\.?|(?i:{codes})|\p{{L}}{{0,3}} ?\p{{Sc}}(?: ?(?i:{codes}))?"


def _without_blanks(text: str) -> str:
    return " ".join(text.split())


def _number(decimal: str, thousands: str | None) -> str:
    """A pattern of digits with the marks of a mapping, grouped as thousands or lakhs."""
    tail = f"(?:{_escaped(decimal)}[0-9]+)?"
    if not thousands:
        return f"[0-9]+{tail}"
    mark = _escaped(thousands if thousands.strip() else " ")
    return f"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}|[0-9]+){tail}"


def _escaped(sign: str) -> str:
    return {".": "[.]", "'": "'"}.get(sign, sign)


def beside(text: str) -> str:
    """What is written next to the digits of an amount, in SQL; NULL for nothing."""
    number = r"[-+0-9.,()\s\x{a0}\x{202f}\x{2009}\x{2212}\x{2013}\x{2019}'']"
    return f"nullif(regexp_replace({text}, '{number}', '', 'g'), '')"


def unit_of(text: str, words: Mapping[str, str]) -> str:
    """The currency written in the cell of an amount, in SQL; NULL where none is identified."""
    bare = beside(text)
    known = UNITS | {"".join(word.split()).rstrip("."): meant for word, meant in words.items()}
    whens = " ".join(f"WHEN {literal(a)} THEN {literal(b)}" for a, b in known.items())
    codes = ", ".join(map(literal, sorted(EXPONENTS)))
    return (
        f"CASE {bare} {whens} ELSE CASE WHEN upper({bare}) IN ({codes}) THEN upper({bare}) END END"
    )


def term(text: str, value: str) -> str:
    """An amount as a decimal that can be added; a blank cell is zero."""
    return f"CASE WHEN {text} IS NULL THEN 0 ELSE {_exact(value, 30, 6)} END"


def _exact(value: str, digits: int, decimals: int) -> str:
    """A plain decimal as one of so many digits and decimals; NULL where decimals would be lost."""
    more = f"regexp_matches({value}, '[.][0-9]{{{decimals}}}[0-9]*[1-9]')"
    return f"CASE WHEN NOT {more} THEN TRY_CAST({value} AS DECIMAL({digits}, {decimals})) END"


def summed(terms: list[str], less: list[str]) -> str:
    """A sum as a decimal; NULL where one of its terms is not an amount."""
    total = " + ".join(terms) or "0"
    return f"({total}" + "".join(f" - {amount}" for amount in less) + f")::{_TERM}"


def times(value: str, quantity: str) -> str:
    """The amount of one piece times their number, in SQL; NULL where either is not a number."""
    return as_text(f"({_exact(value, 22, 6)}) * ({_exact(quantity, 12, 3)})")


def shifted(value: str, decimals: int) -> str:
    """A whole number whose last digits are decimals, as a decimal; NULL for one that has
    decimals."""
    part = f"0.{'1'.zfill(decimals)}::DECIMAL({decimals + 1}, {decimals})"
    product = as_text(f"TRY_CAST({value} AS DECIMAL(24, 0)) * {part}")
    return f"CASE WHEN regexp_full_match({value}, '-?[0-9]{{1,18}}') THEN {product} END"


def summed_over(value: str, raw: str, alike: Sequence[str]) -> tuple[str, str]:
    """The sum of a value over the rows that agree in `alike`, in SQL, and one of the cells that it
    comes from; NULL where a cell is not an amount, or all are blank."""
    over = f"OVER (PARTITION BY {', '.join(alike)})"
    exact = _exact(value, 30, 6)
    total = as_text(f"sum({exact}) {over}")
    whole = f"count({raw}) {over} = count({exact}) {over} AND count({raw}) {over} > 0"
    wrong = f"max(CASE WHEN {exact} IS NULL THEN {raw} END) {over}"
    return f"CASE WHEN {whole} THEN {total} END", f"coalesce({wrong}, max({raw}) {over})"


def as_text(decimal: str) -> str:
    """A decimal as text, without trailing zeros."""
    return f"rtrim(rtrim(({decimal})::VARCHAR, '0'), '.')"


def negated(text: str) -> str:
    """The other sign of a plain decimal."""
    return (
        f"CASE WHEN starts_with({text}, '-') THEN substr({text}, 2)"
        f" WHEN regexp_full_match({text}, '[0.]+') THEN {text} ELSE '-' || {text} END"
    )
