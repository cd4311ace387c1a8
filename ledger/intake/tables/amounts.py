"""Amounts as files write them: other marks, units, brackets and signs behind; one plain decimal.

What can mean two things is nothing: a point where the mapping says that decimals stand behind a
comma, thousands that are no thousands, two signs. What is no amount is NULL.
"""

from ledger.intake.columns import literal
from ledger.kernel.currencies import EXPONENTS

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
_UNIT = r"\p{L}{2,4}\.?|[đĐ元円원р]\.?|\p{L}{0,3}\p{Sc}"
"""A single letter is mostly none: `1.5O` is a slip of the finger."""
_MINUS = "[-\u2212\u2013]"
_SIGN = f"(?:{_MINUS}|[+])?"
_TERM = "DECIMAL(30, 6)"
"""Of sums: 24 digits before six decimals, which no currency has more of."""


def plain(text: str, decimal: str, thousands: str | None) -> str:
    """The amount of a cell as a plain decimal, in SQL."""
    number = _number(decimal, thousands)
    usual = f"-?[0-9]{{1,15}}(?:{_escaped(decimal)}[0-9]{{1,6}})?"
    point = text if decimal == "." else f"replace({text}, {literal(decimal)}, '.')"
    bare = f"regexp_replace({text}, '[\\s\\x{{a0}}\\x{{202f}}]', '', 'g')"
    shape = f"({_SIGN})(?:{_UNIT})?({_SIGN})({number})({_SIGN})(?:{_UNIT})?({_SIGN})"
    whole = f"[(]{shape}[)]|{shape}"
    digits = f"regexp_extract({bare}, {literal(number)})"
    if thousands and thousands.strip():
        digits = f"replace({digits}, {literal(thousands)}, '')"
    if decimal != ".":
        digits = f"replace({digits}, {literal(decimal)}, '.')"
    signs = f"length(regexp_replace({bare}, '[^-(\\x{{2212}}\\x{{2013}}]', '', 'g'))"
    value = f"CASE WHEN {signs} = 1 THEN '-' ELSE '' END || {digits}"
    return (
        f"CASE WHEN regexp_full_match({text}, {literal(usual)}) THEN {point}"
        f" WHEN regexp_full_match({bare}, {literal(whole)}) AND {signs} <= 1 THEN {value} END"
    )


def _number(decimal: str, thousands: str | None) -> str:
    """Digits with the marks of a mapping: thousands, or lakhs, that are some."""
    tail = f"(?:{_escaped(decimal)}[0-9]+)?"
    if not thousands or not thousands.strip():  # blanks are taken out before
        return f"[0-9]+{tail}"
    mark = _escaped(thousands)
    return f"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}}|[0-9]+){tail}"


def _escaped(sign: str) -> str:
    return {".": "[.]", "'": "'"}.get(sign, sign)


def unit_of(text: str, words: dict[str, str]) -> str:
    """The currency that stands in the cell of an amount, in SQL; NULL where there is none that
    means one currency."""
    bare = f"regexp_replace({text}, '[-+0-9.,()\\s\\x{{a0}}\\x{{202f}}\\x{{2212}}'']', '', 'g')"
    known = UNITS | words
    whens = " ".join(f"WHEN {literal(a)} THEN {literal(b)}" for a, b in known.items())
    codes = ", ".join(map(literal, sorted(EXPONENTS)))
    return f"CASE {bare} {whens} ELSE CASE WHEN {bare} IN ({codes}) THEN {bare} END END"


def term(text: str, value: str) -> str:
    """An amount as a decimal that can be added; a blank cell is nothing."""
    return f"CASE WHEN {text} IS NULL THEN 0 ELSE TRY_CAST({value} AS {_TERM}) END"


def summed(terms: list[str], less: list[str]) -> str:
    """A sum as a decimal; NULL where one of them is no amount."""
    found = " + ".join(terms) or "0"
    return f"({found}" + "".join(f" - {one}" for one in less) + f")::{_TERM}"


def as_text(decimal: str) -> str:
    """A decimal as text, without the zeros behind its decimals."""
    return f"rtrim(rtrim(({decimal})::VARCHAR, '0'), '.')"


def negated(text: str) -> str:
    """The other sign of a plain decimal."""
    return (
        f"CASE WHEN starts_with({text}, '-') THEN substr({text}, 2)"
        f" WHEN regexp_full_match({text}, '[0.]+') THEN {text} ELSE '-' || {text} END"
    )
