"""Ids as they arrive in files: guarded by a spreadsheet's quoting, or spoilt.

A spreadsheet that takes a long id for a number keeps fifteen digits of it; the rest is lost, and
the order, store or fact can no longer be identified. Scripts write a missing id as a word.
"""

import re
from collections.abc import Callable

from ledger.kernel.shown import has_invisible

GUARDED = r'^(?:="(.*)"|[\t\']+(.*))$'
"""`="577"`, or a tab or an apostrophe in front: keeps an id from being taken for a number."""
SPOILT = (
    r"[0-9]\.[0-9]+[eE][+-]?[0-9]+|[0-9]+[eE][+-][0-9]+|[0-9]+\.0+"
    r"|(?i:nan|null|none|undefined|#n/?a|n/a|<na>|nat|#(?:value|ref|num|name|null|div/0)[!?])"
)
"""`5.77E+17`, `577.0`, and words for "no value"."""
_SURE = re.compile("[A-Za-z]+[-_.0-9][-_.0-9A-Za-z]*")
_GUARDED, _SPOILT = re.compile(GUARDED, re.DOTALL), re.compile(SPOILT)


is_sure: Callable[[str], object] = _SURE.fullmatch
"""Fast check: an id of this common form (a letter first, a digit or sign among the rest) is
neither guarded nor spoilt nor unfit."""


def unguarded(text: str) -> str:
    """The id without the guard that a spreadsheet needs."""
    match = _GUARDED.match(text)
    return text if match is None else match[1] if match[1] is not None else match[2]


def is_spoilt(text: str) -> bool:
    """Whether an id is a number that has lost digits, or a word for "no value"."""
    return _SPOILT.fullmatch(text) is not None


def unfit(text: str) -> str:
    """What is expected of an id that may not come in; empty for one that may.

    Ids recorded in older books are read as they are.
    """
    if text.startswith("-"):
        return "an id that does not begin with '-', as options do"
    if text in (".", ".."):
        return "an id that is not the name of a folder"
    if has_invisible(text):
        return "an id of which every character can be seen"
    return ""


EXPECTED = "an id as the system that gave it writes it"
HINT = (
    "A spreadsheet or a script has taken it for a number, of which 15 digits are kept, or wrote a "
    "word for nothing. Use the file as it was exported."
)
