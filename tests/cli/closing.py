"""A quarter on the command line: its words, and what tests of its closing share."""

from collections.abc import Callable
from typing import Any

from tests.quarter import PROGRAM

Duebook = Callable[..., Any]
JSON = ("--format", "json")
BY = ("--by", "lin")
AS_OF = ("--as-of", "2026-06-30")
LEFT = ("--leave-open", "--reason", "ratios come in May")
STATEMENT = f"{PROGRAM}/partner:P-1"
PAY = ("--currency", "CNY", *BY)
SETTLE = {
    *("program", "period", "terms", "rules_version", "as_of", "known_at", "provisional"),
    *("assumptions", "totals", "decisions", "lines", "obligations"),
}
"""Keys that the contract gives to `settle`, and to `statement` with more."""


def head_of(duebook: Duebook) -> str:
    return str(duebook("verify", *JSON).json["head"])


def tell(duebook: Duebook, file: Callable[..., str], *facts: dict[str, Any]) -> None:
    assert duebook("record", file(list(facts), "more.ndjson")).code == 0
