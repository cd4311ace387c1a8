"""What a spreadsheet would run, decided in one place for every cell of CSV and of workbooks."""

import re

from ledger.kernel.shown import visible_cell

NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_BLANKS = r"[\s\x00-\x20\u200b-\u200f\u2060\ufeff]*"
_RUNS = re.compile(rf"[\t\r\n]|{_BLANKS}[-=+@＝＋－＠﹦﹢﹣﹫⁼⁺⁻]")
"""Also behind blanks, which some programs take off. The wide forms count in Chinese and Japanese
spreadsheets, the small and raised ones where text is folded first (OWASP, "CSV Injection")."""


def would_run(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula; a plain number is none."""
    return _RUNS.match(text) is not None and NUMBER.fullmatch(text) is None


def csv_cell(text: str) -> str:
    """A text as a cell of CSV: nothing in it that a terminal would obey, and a quote before one
    that a spreadsheet would run."""
    shown = visible_cell(text)
    return f"'{shown}" if would_run(text) or would_run(shown) else shown
