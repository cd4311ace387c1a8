"""What is done to the text of a cell, in SQL: other texts for some inside, words, marks."""

from collections.abc import Mapping as Names

from ledger.intake.columns import literal
from ledger.intake.tables.mapping import OTHERS
from ledger.intake.tables.rows import MARKS


def replaced(text: str, replace: Names[str, str]) -> str:
    for old, new in replace.items():
        text = f"replace({text}, {literal(old)}, {literal(new)})"
    return text


def in_words(text: str, words: Names[str, str]) -> str:
    """What a platform's words mean; `*` is any other that stands there."""
    whens = [
        f"WHEN lower({text}) = {literal(a.strip().lower())} THEN {literal(b)}"
        for a, b in words.items()
        if a != OTHERS
    ]
    if OTHERS in words:
        whens.append(f"WHEN {text} IS NOT NULL THEN {literal(words[OTHERS])}")
    return f"CASE {' '.join(whens)} ELSE {text} END"


def mark(sign: str) -> str:
    return f"chr({ord(sign)})"


def marks() -> str:
    return " || ".join(mark(one) for one in MARKS)
