"""Types of event fields: ids, texts, amounts, codes, and counts read from a cell."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from ledger.kernel.errors import Refusal
from ledger.kernel.money import decimal_of

ID_MAX = 64
Id = Annotated[
    str,
    Field(
        # The length is separate: inside the pattern it takes the engine five times as long.
        pattern=r"^[\p{L}\p{N}\p{M}._-]+$",
        max_length=ID_MAX,
        description="letters, digits, '.', '_', '-' of any script, 1 to 64 long",
    ),
]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Reason = Annotated[Text | None, Field(description="why, in words")]
Ref = Annotated[Text | None, Field(description="where it can be looked up")]
Case = Annotated[Text | None, Field(description="the case it belongs to")]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166 code, such as DE")]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217 code")]
Amount = Annotated[str, Field(description="decimal string, exact in its currency")]


def decimal_said(text: str) -> Decimal:
    """Parses a plain decimal string. Raises `ValueError`, for the field, for anything else."""
    try:
        return decimal_of(text)
    except Refusal as refusal:
        raise ValueError(refusal.sentence.removesuffix(".")) from None


def above_zero(amount: str) -> str:
    """The amount. Raises `ValueError` unless it is a decimal above zero."""
    if decimal_said(amount) <= 0:
        raise ValueError("an amount above zero")
    return amount


def zero_or_more(amount: str) -> str:
    """The amount. Raises `ValueError` unless it is a decimal of zero or more."""
    if decimal_said(amount) < 0:
        raise ValueError("an amount of zero or more")
    return amount


def whole_of_cell(value: object) -> object:
    """A count written in a CSV cell (digits only) as an integer; anything else unchanged."""
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,15}", value) else value
