"""How the first difference between a file and the book is said."""

from ledger.kernel.shown import visible

SHOWN_MAX = 80


def differing(where: str, theirs: str, ours: str) -> str:
    """`Due: 28,000.00 in the file, 21,000.00 in the book`; an empty text is nothing."""
    place = f"{shortened(where)}: " if where else ""
    file, book = (shortened(text) or "nothing" for text in (theirs, ours))
    return f"{place}{file} in the file, {book} in the book"


def shortened(text: str) -> str:
    """A text of the file on one line, with everything visible, and no longer than is read."""
    shown = visible(text[: SHOWN_MAX + 1].strip())
    return shown if len(shown) <= SHOWN_MAX else shown[: SHOWN_MAX - 3] + "..."
