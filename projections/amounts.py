"""Columns of amounts: a table keeps whole minor units, people read decimals."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column

from ledger.kernel.money import Money

MINOR = "_minor"


def decimals_of(columns: Iterable[Column[Any]]) -> tuple[str, ...]:
    """The names of a table's minor-unit columns as decimals: `amount` for `amount_minor`."""
    names = (column.name for column in columns)
    return tuple(name.removesuffix(MINOR) for name in names if name.endswith(MINOR))


def decimal_text(minor: int | None, currency: str | None) -> str | None:
    """An amount with its currency's decimals; None for None, and where there is no currency."""
    return Money(minor, currency).text if minor is not None and currency else None


def minor_of(text: str | None, currency: str | None) -> int | None:
    """The minor units of an amount; None for None. Raises `BadAmount`, `UnknownCurrency`."""
    return Money.parse(text, currency).minor if text is not None and currency else None


def with_decimals(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a table as a report shows it: decimals instead of minor units."""
    return {
        name.removesuffix(MINOR): decimal_text(value, row["currency"])
        if name.endswith(MINOR)
        else value
        for name, value in row.items()
    }
