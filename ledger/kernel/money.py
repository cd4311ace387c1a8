"""Exact money: integer minor units and a currency, refused at the border when not exact."""

import re
from collections.abc import Sequence
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Clamped,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import Literal, NamedTuple

from ledger.kernel.currencies import COMMODITIES, EXPONENTS, OFTEN_MEANT
from ledger.kernel.errors import BadAmount, MixedCurrencies, UnknownCurrency
from ledger.kernel.near import near

DIGITS_MAX = 18
_CENTS = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{2}", re.ASCII)
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)

_GROUPED = re.compile(
    r"-?[0-9]{1,3}(?:[.' ][0-9]{3})+(?P<comma>,)[0-9]{1,2}"
    r"|-?[0-9]{1,3}(?:[,' ][0-9]{3})+(?P<point>\.)[0-9]{1,2}",
    re.ASCII,
)
"""An amount with grouped thousands and a decimal sign: it can mean one thing only."""
Rounding = Literal["half_up", "cut_off", "half_even"]
"""How a fraction of a minor unit is rounded. We round half up; the others are for what-ifs."""
MODES = {"half_up": ROUND_HALF_UP, "cut_off": ROUND_DOWN, "half_even": ROUND_HALF_EVEN}

EXACT = Context(prec=120, traps=[Inexact, InvalidOperation, Overflow, Clamped])
"""Arithmetic that raises instead of rounding: products of amounts and rates stay exact."""


def exponent(currency: str) -> int:
    """Decimals of a currency by ISO 4217, or of a declared commodity.

    Raises `UnknownCurrency`. Source: ISO 4217, table A.1.
    """
    digits = EXPONENTS.get(currency)
    if digits is None:
        digits = COMMODITIES.get(currency)
    if digits is None:
        raise UnknownCurrency(
            f"{currency!r} is not a currency of ISO 4217.",
            currency_hint(currency),
            found=currency,
        )
    return digits


def decimal_of(text: object) -> Decimal:
    """A plain decimal of at most 18 digits: no float, no exponent, no sign but minus.

    Raises `BadAmount` with what was found.
    """
    if not isinstance(text, str):
        raise BadAmount(
            f"{text!r} is a bare number; an amount is a decimal string.",
            f'Write it in quotes: "{text}".',
            found=text,
        )
    if not _PLAIN.fullmatch(text):
        raise BadAmount(
            f"{text!r} is not a plain decimal number.",
            _plain_hint(text),
            found=text,
        )
    if sum(map(str.isdigit, text)) > DIGITS_MAX:
        raise BadAmount(
            f"{text!r} has more than {DIGITS_MAX} digits.",
            "Check the amount: no real one is as long as this.",
            found=text,
        )
    return Decimal(text)


def currency_hint(code: object) -> str:
    """The code that was probably meant, such as CNY for `cny` or RMB, and how to write one."""
    meant = OFTEN_MEANT.get(str(code).upper()) or near(str(code), EXPONENTS)
    how = "Write the three-letter code in capitals, such as CNY or EUR."
    return f"Did you mean {' or '.join(meant)}? {how}" if meant else how


def _plain_hint(text: str) -> str:
    """How to write an amount; spelt out where the text can only mean one."""
    if match := _GROUPED.fullmatch(text):
        point = match["comma"] or match["point"]
        whole, _, decimals = text.rpartition(point)
        plain = f"{re.sub('[^-0-9]', '', whole)}.{decimals}"
        return f'Write "{plain}": a point before the decimals, nothing between thousands.'
    return 'Write digits and one point, such as "1204.50" or "-12.00".'


def canonical_amount(text: object, currency: str) -> str:
    """The amount written with exactly the currency's decimals: `1000` CNY is `1000.00`.

    Raises `BadAmount` (not plain, too long, too many decimals) or `UnknownCurrency`.
    """
    if EXPONENTS.get(currency) == 2 and type(text) is str and _CENTS.fullmatch(text):
        return text if text != "-0.00" else "0.00"
    return Money.parse(text, currency).text


def _without_zeros(text: object, digits: int) -> object:
    """An amount without zeros beyond its currency's decimals: `600.0000` CNY is `600.00`."""
    if not isinstance(text, str) or not _PLAIN.fullmatch(text):
        return text
    whole, point, decimals = text.partition(".")
    if not point or decimals[digits:].strip("0"):
        return text
    return f"{whole}.{decimals[:digits]}" if digits else whole


class Money(NamedTuple):
    """Minor units (cents) and a currency or commodity code."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: object, currency: str) -> "Money":
        """Reads a decimal string; zeros beyond the currency's decimals are ignored. Raises
        `BadAmount` or `UnknownCurrency`."""
        digits = exponent(currency)
        if digits == 2 and type(text) is str and _CENTS.fullmatch(text):
            return cls(int(text[:-3] + text[-2:]), currency)
        amount = decimal_of(_without_zeros(text, digits))
        places = -int(amount.as_tuple().exponent)
        if places > digits:
            raise BadAmount(
                f"{text!r} has {places} decimals; {currency} has {digits}.",
                f"Round it at its source to {digits} decimals.",
                found=text,
                expected=f"{digits} decimals",
            )
        return cls(int(EXACT.scaleb(amount, digits)), currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Zero in that currency. Raises `UnknownCurrency`."""
        exponent(currency)
        return cls(0, currency)

    @classmethod
    def rounded(cls, amount: Decimal, currency: str, rounding: Rounding = "half_up") -> "Money":
        """An exact amount in major units, rounded half up (away from zero) to the minor unit, or
        as a what-if says."""
        return cls(whole(EXACT.scaleb(amount, exponent(currency)), rounding), currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-exponent(self.currency), EXACT)

    @property
    def text(self) -> str:
        """The amount with the currency's decimals and no `-0.00`."""
        return f"{self.decimal:f}"

    def plus(self, other: "Money") -> "Money":
        """The sum. Raises `MixedCurrencies`."""
        if other.currency != self.currency:
            raise MixedCurrencies(
                f"{self.text} {self.currency} and {other.text} {other.currency} cannot be added.",
                "Convert one of them at a quoted rate first.",
            )
        return Money(self.minor + other.minor, self.currency)

    def negated(self) -> "Money":
        """The same amount seen from the other side."""
        return Money(-self.minor, self.currency)

    def times(self, factor: Decimal, rounding: Rounding = "half_up") -> "Money":
        """The product, rounded half up (away from zero) to the minor unit, or as a what-if says."""
        return Money(whole(EXACT.multiply(Decimal(self.minor), factor), rounding), self.currency)

    def split(self, weights: Sequence[int]) -> list["Money"]:
        """Parts in proportion to the weights that sum to the whole, by largest remainder.

        Of equal remainders the earlier part gets the cent. Weights are whole numbers, none
        negative, not all zero; otherwise `BadAmount`.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise BadAmount(f"{list(weights)} cannot divide an amount.", "Give positive weights.")
        sign, whole = (-1, -self.minor) if self.minor < 0 else (1, self.minor)
        shares = [divmod(whole * weight, total) for weight in weights]
        left = whole - sum(share for share, _ in shares)
        by_remainder = sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))
        cents = set(by_remainder[:left])
        parts = [share + (1 if i in cents else 0) for i, (share, _) in enumerate(shares)]
        assert sum(parts) == whole
        return [Money(sign * part, self.currency) for part in parts]


def half_up(amount: Decimal) -> int:
    """Rounds to a whole number of minor units, halves away from zero."""
    return whole(amount, "half_up")


def whole(amount: Decimal, rounding: Rounding) -> int:
    """Rounds to a whole number of minor units; cut off is towards zero."""
    return int(amount.to_integral_value(rounding=MODES[rounding]))


def sum_by_currency(amounts: "Sequence[Money]") -> dict[str, Money]:
    """One total per currency, codes in order."""
    totals: dict[str, Money] = {}
    for money in amounts:
        known = totals.get(money.currency)
        totals[money.currency] = known.plus(money) if known else money
    return dict(sorted(totals.items()))
