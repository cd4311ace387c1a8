"""SQL for the marks of a workbook's cells, and for words with a mapped meaning."""

from collections.abc import Mapping

from ledger.intake.columns import BLANKS
from ledger.intake.tables.mapping import OTHERS
from ledger.intake.tables.rows import MARKS
from ledger.kernel.duck import literal


def mark(sign: str) -> str:
    """A mark as SQL."""
    return f"chr({ord(sign)})"


def marks() -> str:
    """All marks, as one text."""
    return " || ".join(mark(sign) for sign in MARKS)


def stripped(cell: str, signs: str, *, marked: bool) -> str:
    """A cell without some characters at its ends; its mark is kept."""
    around = f"trim({cell}, {literal(signs + BLANKS)})"
    if not marked:
        return f"nullif({around}, '')"
    bare = f"nullif(trim(substr({cell}, 2), {literal(signs + BLANKS)}), '')"
    begins = " OR ".join(f"starts_with({cell}, {mark(sign)})" for sign in MARKS)
    return f"CASE WHEN {begins} THEN left({cell}, 1) || {bare} ELSE nullif({around}, '') END"


def in_words(text: str, words: Mapping[str, str]) -> str:
    """What a platform's words mean; `*` is any other text."""
    whens = [
        f"WHEN lower({text}) = {literal(a.strip().lower())} THEN {literal(b)}"
        for a, b in words.items()
        if a != OTHERS
    ]
    if OTHERS in words:
        whens.append(f"WHEN {text} IS NOT NULL THEN {literal(words[OTHERS])}")
    return f"CASE {' '.join(whens)} ELSE {text} END"
