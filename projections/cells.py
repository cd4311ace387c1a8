"""What the columns and cells of an answer are: amounts, numbers, texts."""

import json
import re
from typing import Any

from ledger.kernel.counted import grouped

NUMBERS = {
    *("amount", "position", "line", "known_at", "rows", "was", "now", "difference", "orders"),
    *("number", "count", "lines", "days", "rate", "charged_rate"),
    *("facts", "introduced", "withheld", "version", "row", "batch", "withdrawn_by", "events"),
    *("debit", "credit", "balance", "open", "due", "paid", "issued", "adjusted", "advance"),
    *("brought_forward", "carried_forward", "missing", "made_up", "changed_lines", "postings"),
}
MONEY = {
    *("amount", "was", "now", "difference", "ours", "theirs", "due", "paid", "open", "advance"),
    *("issued", "adjusted", "brought_forward", "carried_forward", "debit", "credit", "balance"),
    *("refunded", "net", "fee", "open_before", "open_after", "balance_before", "balance_after"),
}
"""Columns of amounts: in a table their thousands are separated."""
PERIOD = re.compile(r"[0-9]{4}-[0-9]{2}|[0-9]{4}q[1-4]|total")
"""Columns of a month or a quarter hold amounts too."""
NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


class PerCurrency(dict[str, str]):
    """Amounts by currency: an object in JSON, in a cell `60400.00 CNY;12.50 USD`."""

    def __str__(self) -> str:
        return ";".join(f"{amount} {code}" for code, amount in self.items())

    @property
    def grouped(self) -> str:
        """As people read it: `60,400.00 CNY, 12.50 USD`."""
        return ", ".join(f"{grouped(amount)} {code}" for code, amount in self.items())


def cell(value: Any) -> str:
    """A value as one cell: lists joined, None as empty."""
    if value is None:
        return ""
    if isinstance(value, PerCurrency):
        return str(value)
    if isinstance(value, list | tuple):
        return ";".join(cell(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def is_money(name: str) -> bool:
    """Whether a column holds amounts."""
    return name in MONEY or PERIOD.fullmatch(name) is not None


def is_number_column(name: str) -> bool:
    """Whether a column holds numbers, as far as its cells are numbers."""
    return name in NUMBERS or is_money(name)


def is_number(value: Any) -> bool:
    """Whether a cell is a number, or empty."""
    return value is None or not cell(value).strip("-0123456789.")
