"""What a spreadsheet would run as a formula, decided in one place for CSV and for workbooks."""

import re

from ledger.kernel.shown import visible_cell

NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_BLANKS = r"[\s\x00-\x20\u200b-\u200f\u2060\ufeff]*"
_RUNS = re.compile(rf"[\t\r\n]|{_BLANKS}[-=+@＝＋－＠﹦﹢﹣﹫⁼⁺⁻]")
"""Also after blanks, which some programs strip. The wide forms count in Chinese and Japanese
spreadsheets, the small and raised ones where text is folded first (OWASP, "CSV Injection")."""


def would_run(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula; a plain number is not one."""
    return _RUNS.match(text) is not None and NUMBER.fullmatch(text) is None


def csv_cell(text: str) -> str:
    """A text as a CSV cell: without control characters that a terminal would obey, and preceded
    by a quote if a spreadsheet would run it."""
    shown = visible_cell(text)
    return f"'{shown}" if would_run(text) or would_run(shown) else shown
